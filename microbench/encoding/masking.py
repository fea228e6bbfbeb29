"""Mask secrets in the text of a record, whatever code has put them there.

By default, two things are masked: the token `SLURM_JWT`, and credentials in URLs,
connection strings, headers and commands (microbench/credentials.py). Fields that the
author of a program chose to record stay unchanged: arguments, return values, names,
phases, and variables listed in `env_vars`. Patterns in `redact` apply to all of these,
too, but never to `mb`.

Masking fails closed. If a record cannot be searched (no memory, or the stack is nearly
used up), everything that may contain a secret is masked, except measurements from C.

Most records contain nothing that looks like a secret. C searches them for a few words,
which takes a nanosecond per byte, and they are not decoded.
"""

from __future__ import annotations

from .. import _core
from . import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .masked_fields import Edits, Names

# Fields that C writes into each record.
WRITTEN_BY_C = (
    *('invocation', 'name', 'duration', 'durations', 'start_time', 'finish_time'),
    *('timings', 'open_timings', 'timings_iteration', 'clock_step'),
    *('timings_summary', 'count', 'sum', 'min', 'max'),
    *('histogram', 'mean', 'variance', 'unit', 'digits', 'buckets'),
    *('module', 'qualname', 'line', 'thread'),
    *('run_delay', 'load_average', 'resource_usage', 'utime', 'stime'),
    *('minflt', 'majflt', 'inblock', 'oublock', 'nvcsw', 'nivcsw'),
)


class Masker:
    """Mask the records of one bench.

    Args:
        redact: patterns for names (`'*token*'`) or dotted paths (`'call.kwargs.key'`) of
            fields; case is ignored. None turns masking off.

    Attributes:
        off: True if masking is turned off.
        has_patterns: True if `redact` has patterns. Without, only texts are masked that
            `_core.is_suspicious` finds.
        reasons: patterns that may match fields written by C, as text for a message.
        unmatched: patterns that have matched no field so far, as given.

    Raises:
        ValueError: `redact` is not a list of patterns.
    """

    def __init__(self, redact: Any) -> None:
        if isinstance(redact, str):
            redact = (redact,)
        elif callable(redact):
            redact = ()  # another mixin defines a method of this name
        self.off = redact is None
        try:
            self.unmatched = list(dict.fromkeys(redact or ()))
            patterns = [pattern.lower() for pattern in self.unmatched]
        except (TypeError, AttributeError):
            raise ValueError(f'redact has to list patterns, not {redact!r}') from None
        self._matches = _matcher(patterns) if patterns else None
        self.has_patterns = bool(patterns)
        self.reasons = tuple(
            f'redact has {pattern!r}' for pattern in patterns if _concerns_c(pattern)
        )

    def record(self, text: bytes) -> bytes:
        """Return the text of a record with its secrets masked and listed in `mb.masked`.

        The text may be any JSON value, or not JSON at all.
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
            ValueError, RecursionError, MemoryError: the fields could not be masked.
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
        """Return a record dict with secrets masked, for a user's own `to_json`.

        Objects that only an encoder can open are not searched. The record itself is not
        changed.
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
        except ValueError:  # a user's own to_json() may return text that is not JSON
            from .. import credentials  # start-up time

            return credentials.masked(text.decode('latin-1')).encode('latin-1')
        edits = self._edits(value)
        return json_text.encode(_edited(value, edits)) if edits else text

    def _edits(self, value: Any) -> Edits:
        from . import masked_fields  # start-up time

        asked_for = None if self._matches is None else self._is_asked_for
        return masked_fields.edits(value, asked_for)

    def _is_asked_for(self, names: Names) -> bool:
        """Return True if a pattern of the user matches this field."""
        assert self._matches is not None
        texts = names[-1].lower(), '.'.join(names).lower()
        if not any(map(self._matches, texts)):
            return False
        if self.unmatched:
            self.unmatched = [p for p in self.unmatched if not _matches_any(p, texts)]
        return True

    def _closed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Mask all but measurements; a single frame, since the stack may be used up."""
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


def is_record(value: Any) -> bool:
    """Return True for a whole record: its `mb` object has a run id."""
    mb = value.get('mb') if isinstance(value, dict) else None
    return isinstance(mb, dict) and 'run_id' in mb


def _edited(value: Any, edits: Edits) -> Any:
    """Return a value with secrets masked; if it is a record, list them in `mb.masked`."""
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
    names = [*WRITTEN_BY_C, *(f'call.{name}' for name in WRITTEN_BY_C), 'process.thread']
    return pattern.startswith('call') or any(map(_matcher([pattern]), names))


def _matches_any(pattern: str, texts: Iterable[str]) -> bool:
    return any(map(_matcher([pattern.lower()]), texts))


def _matcher(patterns: list[str]) -> Callable[[str], object]:
    import fnmatch
    import re

    return re.compile('|'.join(map(fnmatch.translate, patterns))).match
