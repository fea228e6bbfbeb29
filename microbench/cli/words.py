"""Convert words of a command line, and quote them in messages."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 100  # characters of a word, or of a suggested line, in a message
MOST_SECONDS = 1e9  # thirty years; time-outs of threads and sockets overflow beyond


class UsageError(Exception):
    """The command line is wrong. The message says what to type instead.

    Args:
        message: text of the error.
        value: the rejected value of an option, if it may be the command.
        is_required: whether the option needs at least one value.
    """

    def __init__(self, message: str, value: str | None = None, is_required: bool = False):
        super().__init__(message)
        self.value = value
        self.is_required = is_required


def quote(word: str) -> str:
    """Return the word in quotes; cut a long one."""
    return repr(word if len(word) <= LONGEST else word[:LONGEST] + '...')


def program_name() -> str:
    """Return the name by which the command was started, for messages."""
    started_as = os.path.basename(sys.argv[0]) if sys.argv else ''
    if started_as.startswith('microbench'):
        return 'microbench'
    return 'python -m microbench'


def typed(words: list[str]) -> str:
    """Return these words as a command line to type; shorten a long one."""
    import shlex

    text = shlex.join(words) if len(words) < LONGEST else ''
    if words and not 0 < len(text) <= 2 * LONGEST:
        text = '... -- COMMAND [ARG ...]' if '--' in words else '...'
    return f'{program_name()} {text}'.rstrip()


def hint_unquoted(program: str) -> str:
    """Return a hint for a command that was quoted as one word, such as `'ls -l'`."""
    if not any(map(str.isspace, program)):
        return ''
    line = typed(['--', 'sh', '-c', program])
    return f'; a command is typed without quotes around it, or as {line}'


def integer_from(least: int, most: int = sys.maxsize) -> Callable[[str], int]:
    """Return a function that converts a word to an integer from `least` to `most`."""

    def convert(word: str) -> int:
        number = _integer(word, least + 2)
        if number < least:
            raise ValueError(f'{number} is too few: type {least} or more')
        if number > most:
            raise ValueError(f'{quote(word)} is too many: type {most} or less')
        return number

    return convert


def runs_from(least: int, auto: int) -> Callable[[str], int]:
    """Return a function that converts a number of runs, or the word `auto` to `auto`."""
    number = integer_from(least)
    return lambda word: auto if word == 'auto' else number(word)


def percent(word: str) -> float:
    """Convert a percentage to a share.

    >>> percent('10%'), percent('0.5')
    (0.1, 0.005)
    """
    try:
        share = float(word.strip().removesuffix('%')) / 100
    except ValueError:
        share = -1.0
    if not 0 < share < 100:
        raise ValueError(f'it is a percentage, such as 10%, not {quote(word)}')
    return share


def _integer(word: str, example: int) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(
            f'{quote(word)} is not a whole number: type for instance {example} here, '
            'then -- and the command'
        ) from None


def seconds(word: str) -> float:
    """Convert a word to a number of seconds above 0, which may be a fraction."""
    try:
        number = float(word)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_SECONDS:  # false for NaN
        raise ValueError(
            f'{quote(word)} is not a time: type a number of seconds above 0, such as 1.5, '
            f'and at most {MOST_SECONDS:.0f}'
        )
    return number


def key_and_value(flag: str, word: str, form: str) -> tuple[str, str]:
    """Split a word at its first separator into key and value.

    Args:
        flag: name of the option, for messages.
        word: the value of that option.
        form: the expected form: KEY=VALUE, or KEY:VALUE.

    Raises:
        UsageError: the separator or the key is missing.
    """
    separator = form[len('KEY')]
    key, divides, value = word.partition(separator)
    if divides and key.strip():
        return key, value
    missing = 'key' if divides else repr(separator)
    raise UsageError(f'argument {flag}: {quote(word)} has no {missing}: type {form}')
