"""Build the text of a record, less its id and its measurements, which C adds.

The file, the journal, and the native write of a dying process all get a record from these
pieces, so that it is the same in each of them:

    head  record_id  "},"call":{  call  measurements  }  tail  }
"""

from __future__ import annotations

from .. import _core
from ..encoding import json_text
from ..messages import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..encoding.masking import Masker
    from .times import datetime, timedelta

# Fields that C writes itself, or that have no value yet.
MEASURED = frozenset(
    [
        *('durations', 'timings', 'timings_iteration', 'open_timings', 'monitor'),
        'timings_summary',
        *('start_time', 'finish_time', 'clock_step'),
    ]
)


class RecordText:
    """The text of one record, or with an empty `call` that of each record of a plan.

    Attributes:
        head: `{"mb":{...,"record_id":"`.
        call: the fields of `call` that come before the measurements.
        tail: the other fields, each with a comma before it.
        utc_offset: seconds that the time zone is east of UTC.
        secret: True to leave the measurements out.
    """

    __slots__ = ('call', 'head', 'secret', 'tail', 'utc_offset')

    def __init__(
        self,
        mb: bytes,
        call: bytes,
        fields: bytes,
        offset: timedelta | None,
        secret: bool,
    ) -> None:
        """Take the pieces from encoded objects, and the offset of a tzinfo."""
        self.head = b'{"mb":' + mb[:-1] + b',"record_id":"'[mb == b'{}' :]
        self.call = call[1:-1]
        self.tail = further(fields)
        self.utc_offset = offset.days * 86400 + offset.seconds if offset else 0
        self.secret = secret

    def line(self, run: _core.OpenRun, more: dict[str, Any]) -> bytes:
        """Return the text of the record with its measurements so far, and more fields."""
        tail = self.tail + further(json_text.encode(more))
        return _core.record_text(
            run, self.head, self.call, tail, self.utc_offset, self.secret
        )

    def mirror_in(self, journal: _core.Journal, run: _core.OpenRun) -> bool:
        """Mirror an open run into a journal until it is closed; False without room."""
        pieces = self.head, self.call, self.tail, self.utc_offset, self.secret
        return journal.mirror(run, *pieces)

    def refresh(self, run: _core.OpenRun) -> bool:
        """Replace the text in the journal of a run; False if it has none, or no room."""
        return _core.refresh(run, self.head, self.call, self.tail)


def built(
    mb: dict[str, Any],
    call: dict[str, Any],
    fields: dict[str, Any],
    masker: Masker,
    encode: Callable[[dict[str, Any]], bytes],
    offset: timedelta | None,
) -> RecordText:
    """Encode the fields of a record, and mask their secrets.

    Raises:
        ValueError, RecursionError, MemoryError: the fields could not be masked.
    """
    tail, names = masker.fields(encode(fields))
    around, names_in_call = masker.fields(b'{"call":' + encode(call) + b'}')
    identity, names_in_mb = masker.fields(b'{"mb":' + encode(mb) + b'}')
    names += names_in_call + names_in_mb
    if names:
        mb = {**mb, 'masked': sorted({*mb.get('masked', ()), *names})}
        identity, _ = masker.fields(b'{"mb":' + encode(mb) + b'}')
    inner = around[8:-1] if around.startswith(b'{"call":{') else b'{}'  # masked as a whole
    return RecordText(identity[6:-1], inner, tail, offset, bool(masker.reasons))


def of_dict(
    data: dict[str, Any], start: datetime, masker: Masker, encoder: type | None
) -> RecordText:
    """Return the text of an open record that is built as a dict.

    Args:
        data: the record so far.
        start: its start, in the time zone of its bench.
        masker: of its bench.
        encoder: encoder class of the user; None for the standard one.
    """
    fields = {k: v for k, v in data.items() if not str(k).startswith('_')}
    mb, call = dict(fields.pop('mb', {})), fields.pop('call', {})
    mb.pop('record_id', None)
    known = {k: v for k, v in call.items() if k not in MEASURED}
    if masker.reasons:  # placeholders: a pattern may match them
        known.update({'durations': [], 'start_time': start, 'finish_time': start})

    def encode(fields: dict[str, Any]) -> bytes:
        return _encoded(fields, encoder)

    call = {'invocation': 'Python', **known}
    aware = start if start.tzinfo is not None else start.astimezone()
    return built(mb, call, fields, masker, encode, aware.utcoffset())


def described(exception: BaseException) -> dict[str, str]:
    """Return the record's `exception` object."""
    return {'type': type(exception).__name__, 'message': text_of(exception)}


def further(text: bytes) -> bytes:
    """Return the members of an encoded object, each with a comma before it."""
    return b',' + text[1:-1] if text != b'{}' else b''


def _encoded(fields: dict[str, Any], encoder: type | None) -> bytes:
    """Return an encoded object without unencodable fields; the record itself warns."""
    try:
        return json_text.encode_strictly(fields, encoder)
    except Exception:
        kept = {name: _encodable(value, encoder) for name, value in fields.items()}
        return json_text.encode_strictly(
            {name: value for name, value in kept.items() if value is not json_text},
            encoder,
        )


def _encodable(value: Any, encoder: type | None) -> Any:
    try:
        json_text.encode_strictly(value, encoder)
    except Exception:
        return json_text  # no value of a record
    return value


NOTHING = RecordText(b'{}', b'{}', b'{}', None, secret=True)
