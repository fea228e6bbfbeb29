"""Secrets are masked in the text of a record, so it does not matter how they got there.

Masked without being asked: the token `SLURM_JWT`, and credentials in URLs, connection
strings, headers and commands (microbench/credentials.py). What the author of a program has
chosen to record stays as it is: arguments, return values, names, phases, and variables
listed in `env_vars`. Patterns in `redact` apply to all of these too, but never to `mb`.

Masking fails closed. Where it cannot look into a record (no memory, a stack that is nearly
used up), everything that may hold a secret is masked; what C has measured stays.

Most records hold nothing that looks like a secret. C looks for a few words in them, which
takes a nanosecond a byte, and they are not decoded.
"""

from __future__ import annotations

from .. import _core
from . import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .masked_fields import Edits, Names

# Fields that are written for each record also where no dict is built.
WRITTEN_BY_C = (
    *('invocation', 'name', 'duration', 'durations', 'start_time', 'finish_time'),
    *('timings', 'open_timings', 'timings_iteration', 'clock_step'),
    *('timings_summary', 'count', 'sum', 'min', 'max'),
)


class Masker:
    """The masking of one bench.

    Args:
        redact: patterns on names (`'*token*'`) or dotted paths (`'call.kwargs.key'`) of
            fields, without regard to case; None masks nothing at all.

    Attributes:
        reasons: the patterns that may concern what C writes for each record, in words.
        unmatched: the patterns that have not matched any field so far, as they were given.

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
            self.unmatched = list(dict.fromkeys(redact or ()))
            patterns = [pattern.lower() for pattern in self.unmatched]
        except (TypeError, AttributeError):
            raise ValueError(f'redact has to list patterns, not {redact!r}') from None
        self._matches = _matcher(patterns) if patterns else None
        self.reasons = tuple(
            f'redact has {pattern!r}' for pattern in patterns if _concerns_c(pattern)
        )

    def record(self, text: bytes) -> bytes:
        """Return the text of a record with secrets masked, and listed in `mb.masked`.

        The text may be any JSON value, or none at all.
        """
        try:
            if self.off or (self._matches is None and not _core.is_suspicious(text)):
                return text
            return self._record(text)
        except Exception:  # RecursionError, MemoryError ...
            return _core.closed_text(text, not self.reasons)

    def fields(self, text: bytes) -> tuple[bytes, list[str]]:
        """Return the text of some fields with secrets masked, and their dotted paths.

        Raises:
            ValueError, RecursionError, MemoryError: they could not be masked.
        """
        if not self._is_suspicious(text):
            return text, []
        from ..json_library import loads  # start-up time

        fields = loads(text)
        edits = self._edits(fields)
        if not edits:
            return text, []
        return json_text.encode(edits.applied(fields)), sorted(edits.names)

    def values(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record, for a user's own way to write it, with secrets masked.

        What only an encoder can look into is as it was. The record itself is not changed.
        """
        if self.off:
            return record
        try:
            text = json_text.plain(record)
            if text is not None and not self._is_suspicious(text):
                return record
            masked: dict[str, Any] = _edited(record, self._edits(record))
            return masked
        except Exception:
            return self._closed(record)

    def _is_suspicious(self, text: bytes) -> bool:
        if self.off:
            return False
        return self._matches is not None or _core.is_suspicious(text)

    def _record(self, text: bytes) -> bytes:
        from ..json_library import loads  # start-up time

        try:
            value = loads(text)
        except ValueError:  # of a to_json() of a user's own: there are no names to look at
            from .. import credentials  # start-up time

            return credentials.masked(text.decode('latin-1')).encode('latin-1')
        edits = self._edits(value)
        return json_text.encode(_edited(value, edits)) if edits else text

    def _edits(self, value: Any) -> Edits:
        from . import masked_fields  # start-up time

        asked_for = None if self._matches is None else self._is_asked_for
        return masked_fields.edits(value, asked_for)

    def _is_asked_for(self, names: Names) -> bool:
        """Whether a pattern of the user's is about this field."""
        assert self._matches is not None
        texts = names[-1].lower(), '.'.join(names).lower()
        if not any(map(self._matches, texts)):
            return False
        if self.unmatched:
            self.unmatched = [p for p in self.unmatched if not _matches_any(p, texts)]
        return True

    def _closed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return what can be in no secret, with all else masked; with one frame only."""
        closed: dict[str, Any] = {}
        call: dict[str, Any] = {}
        for name in record:
            closed[name] = _core.MASK
        measured = record.get('call')
        measured = measured if isinstance(measured, dict) else {}
        for name in measured:
            known = name in WRITTEN_BY_C and not self.reasons
            call[name] = measured[name] if known else _core.MASK
        mb = record.get('mb')
        if isinstance(mb, dict):
            closed['mb'] = {**mb, 'masked': [str(name) for name in record if name != 'mb']}
        return {**closed, 'call': call}


def _edited(value: Any, edits: Edits) -> Any:
    """Return a value with secrets masked and, if it is a record, listed."""
    if not edits:
        return value
    value = edits.applied(value)
    mb = value.get('mb', {}) if isinstance(value, dict) else None
    if isinstance(mb, dict):
        known = mb.get('masked')
        known = [str(name) for name in known] if isinstance(known, list) else []
        value['mb'] = {**mb, 'masked': sorted({*edits.names, *known})}
    return value


def _concerns_c(pattern: str) -> bool:
    names = [*WRITTEN_BY_C, *(f'call.{name}' for name in WRITTEN_BY_C)]
    return pattern.startswith('call') or any(map(_matcher([pattern]), names))


def _matches_any(pattern: str, texts: Iterable[str]) -> bool:
    return any(map(_matcher([pattern.lower()]), texts))


def _matcher(patterns: list[str]) -> Callable[[str], object]:
    import fnmatch
    import re

    return re.compile('|'.join(map(fnmatch.translate, patterns))).match
