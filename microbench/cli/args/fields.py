"""Parse the words after `-f`: NAME=TEXT, or NAME:=JSON for a value with a type."""

from __future__ import annotations

from ..words import UsageError, key_and_value, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

FLAG = '-f/--field'
TYPED = ':'  # at the end of a name


def field(word: str) -> tuple[str, Any]:
    """Return name and value of a field.

    >>> field('rank=0'), field('rank:=0'), field('where=a:=b')
    (('rank', '0'), ('rank', 0), ('where', 'a:=b'))

    Raises:
        UsageError: the name is missing, or the text after `:=` is not JSON.
    """
    key, text = key_and_value(FLAG, word, 'KEY=VALUE')
    if not key.endswith(TYPED):
        return key, text
    name = key[: -len(TYPED)]
    if not name.strip():
        raise UsageError(f'argument {FLAG}: {quote(word)} has no key: type KEY:=JSON')
    return name, _value(name, text)


def _value(name: str, text: str) -> Any:
    """Return the value of a JSON text; reject what readers of JSON disagree on."""
    import json  # start-up time

    rules: dict[str, Any] = {'parse_constant': _refuse_constant, 'parse_float': _finite}
    try:
        return json.loads(text, object_pairs_hook=_unique, **rules)
    except RecursionError:
        why = 'is nested too deeply'
    except ValueError as error:
        is_syntax = isinstance(error, json.JSONDecodeError)
        why = 'is not JSON' if is_syntax else f'cannot be stored: {error}'
    raise UsageError(
        f'argument {FLAG}: {quote(text)} {why}; type {quote(f"{name}=...")} for a text, or '
        f"{name}:=JSON with a number, true, null, '[1, 2]' ..."
    )


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f'{token} is not a number of JSON')


def _finite(token: str) -> float:
    value = float(token)
    if value in (float('inf'), float('-inf')):
        raise ValueError(f'{token} is beyond the numbers of readers')
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; reject equal keys, of which readers take the first or the last."""
    seen: dict[str, Any] = {}
    for name, value in pairs:
        if name in seen:
            raise ValueError(f'the key {quote(name)} comes twice')
        seen[name] = value
    return seen
