"""Secrets are masked in the text of a record, so it does not matter how they got there.

Masked without being asked: the token `SLURM_JWT`, the password of `user:password@` in
URLs, and the values of our own options for passwords and headers. What the author of a
program has named himself stays as it is: arguments, return values, names, phases, and
variables listed in `env_vars`. Patterns in `redact` apply to all of these too, but never
to `mb`.

Most records hold nothing that looks like it. They are searched for a few words, which
takes less than a microsecond, and not decoded.
"""

from __future__ import annotations

from . import encoding
from .capture import namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from re import Pattern
    from typing import Any

    Path = tuple[str, ...]

MASK = '***'
DEEPEST = 100  # levels that are looked into; what is below them is masked as a whole
OPTIONS = ('--redis-password', '--http-output-header')
WORDS = (b'SLURM_JWT', b'slurm_jwt', b'"jwt"', *(o.encode() for o in OPTIONS))
SECRETS = (('SLURM_JWT',), ('slurm_jwt',), ('slurm', 'jwt'))  # ends of paths
CHOSEN = {
    *(('call', 'args'), ('call', 'kwargs'), ('call', 'return_value')),
    *(('call', 'name'), ('call', 'timings'), ('call', 'open_timings'), ('env',)),
}
# Fields that are written for each record also where no dict is built.
WRITTEN_BY_C = (
    *('invocation', 'name', 'duration', 'durations', 'start_time', 'finish_time'),
    *('timings', 'open_timings', 'timings_iteration', 'clock_step'),
)

# From the name of the user to the last @ before the path. It begins with fixed
# characters that cannot be inside it: so it takes linear time on any text.
PASSWORD = r'(://[^\s/?#:@"]*:)(?!\*\*\*@)[^\s/?#"]+@'  # noqa: S105


class Masker:
    """The masking of one bench.

    Args:
        redact: patterns on names (`'*token*'`) or dotted paths (`'call.kwargs.key'`) of
            fields, without regard to case; None masks nothing at all.

    Raises:
        ValueError: `redact` is nothing of the kind.
    """

    def __init__(self, redact: Any) -> None:
        if isinstance(redact, str):
            redact = (redact,)
        elif callable(redact):
            redact = ()  # a method of this name belongs to somebody else
        self.off = redact is None
        try:
            self.patterns = [pattern.lower() for pattern in redact or ()]
        except (TypeError, AttributeError):
            raise ValueError(f'redact has to list patterns, not {redact!r}') from None
        self._compiled: Pattern[str] | None = None

    def record(self, text: bytes) -> bytes:
        """Return the text of a record with secrets masked, and listed in `mb.masked`."""
        if not self._is_suspicious(text):
            return text
        record, paths = self._masked(text)
        if not paths:
            return text
        mb = namespace(record, 'mb')
        mb['masked'] = sorted({*paths, *mb.get('masked', ())})
        return encoding.encode(record)

    def fields(self, text: bytes) -> tuple[bytes, list[str]]:
        """Return the text of some fields with secrets masked, and their dotted paths."""
        if not self._is_suspicious(text):
            return text, []
        fields, paths = self._masked(text)
        return (encoding.encode(fields), sorted(paths)) if paths else (text, [])

    def reasons(self) -> Iterator[str]:
        """Yield patterns that may concern what C writes for each record."""
        for pattern in self.patterns:
            names = [*WRITTEN_BY_C, *(f'call.{name}' for name in WRITTEN_BY_C)]
            if pattern.startswith('call') or any(map(self._matches(pattern), names)):
                yield f'redact has {pattern!r}'

    def _is_suspicious(self, text: bytes) -> bool:
        if self.off:
            return False
        if self.patterns or (b'://' in text and b'@' in text):
            return True
        return any([word in text for word in WORDS])  # noqa: C419 - faster than lazily

    def _masked(self, text: bytes) -> tuple[dict[str, Any], list[str]]:
        from ..results.reading import decode_line  # start-up time

        record = decode_line(text)
        if record is None:
            return {}, []
        search = _Search(self)
        try:
            return search.masked_dict(record, (), False), search.paths
        except RecursionError:  # the program is near its limit already
            return {}, []

    def names(self, path: Path) -> bool:
        """Whether a pattern of the user's is about this field."""
        if not self.patterns:
            return False
        if self._compiled is None:
            self._compiled = _compiled(self.patterns)
        matches = self._compiled.match
        return bool(matches(path[-1].lower()) or matches('.'.join(path).lower()))

    def _matches(self, pattern: str) -> Any:
        return _compiled([pattern]).match


class _Search:
    """One walk through a decoded record; `paths` gets what was masked."""

    def __init__(self, masker: Masker) -> None:
        import re

        self.patterns = masker.patterns
        self.asked_for = masker.names
        self.without_password = re.compile(PASSWORD).sub
        self.paths: list[str] = []

    def masked(self, value: Any, path: Path, chosen: bool) -> Any:
        """Return the value, or what stands for it.

        Args:
            value: any JSON value.
            path: the names that lead to it.
            chosen: whether it belongs to what is masked only if asked for.
        """
        if value is None or value == MASK or path == ('mb',):
            return value
        chosen = chosen or path in CHOSEN
        if chosen and not self.patterns:
            return value
        secret = not chosen and (path[-1:] in SECRETS or path[-2:] in SECRETS)
        too_deep = len(path) > DEEPEST and isinstance(value, (dict, list))
        if secret or too_deep or self.asked_for(path):
            return self._noted(MASK, path)
        if isinstance(value, dict):
            return self.masked_dict(value, path, chosen)
        if isinstance(value, list):
            return self._masked_list(value, path, chosen)
        if isinstance(value, str) and not chosen and '://' in value:
            return self._masked_url(value, path)
        return value

    def masked_dict(self, value: dict[str, Any], path: Path, chosen: bool) -> Any:
        """Return an object with what is inside masked."""
        return {k: self.masked(v, (*path, k), chosen) for k, v in value.items()}

    def _masked_list(self, value: list[Any], path: Path, chosen: bool) -> list[Any]:
        items = []
        for number, item in enumerate(value):
            place = (*path, str(number))
            before = value[number - 1] if number else None
            if not chosen and before in OPTIONS and item != MASK:
                items.append(self._noted(MASK, place))
            elif not chosen and _is_assignment(item):
                option = item.partition('=')[0]
                items.append(self._noted(f'{option}={MASK}', place))
            else:
                items.append(self.masked(item, place, chosen))
        return items

    def _masked_url(self, value: str, path: Path) -> str:
        masked = self.without_password(rf'\1{MASK}@', value)
        return value if masked == value else self._noted(masked, path)

    def _noted(self, masked: str, path: Path) -> str:
        self.paths.append('.'.join(path))
        return masked


def _is_assignment(item: Any) -> bool:
    """Whether a word of a command is one of our options with its value."""
    if not isinstance(item, str):
        return False
    option, _, value = item.partition('=')
    return option in OPTIONS and value not in ('', MASK)


def _compiled(patterns: list[str]) -> Pattern[str]:
    import fnmatch
    import re

    return re.compile('|'.join(map(fnmatch.translate, patterns)))
