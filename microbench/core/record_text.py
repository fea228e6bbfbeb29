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
    from .settings import Settings
    from .times import timedelta

# Fields that C writes itself, or that have no value yet.
MEASURED = frozenset(
    [
        *('durations', 'timings', 'timings_iteration', 'open_timings', 'monitor'),
        *('timings_summary', 'histogram'),
        *('start_time', 'finish_time', 'clock_step'),
    ]
)

# What stands for the name of a thread in texts that records have in common: the member of
# `process`, and its text. A name that a program gives to a thread is another one.
THREAD = {'thread': '\0thread'}
ANY_THREAD = b',"thread":"\\u0000thread"'


class RecordText:
    """The text of one record, or with an empty `call` that of each record of a plan.

    Attributes:
        head: `{"mb":{...,"record_id":"`.
        call: the fields of `call` that come before the measurements.
        tail: the other fields, each with a comma before it.
        rest: those that come after what C captures, likewise.
        utc_offset: seconds that the time zone is east of UTC.
        secret: True to leave the measurements out.
        thread_at: place in the tail for the name of a thread; -1 for none.
    """

    __slots__ = ('call', 'head', 'rest', 'secret', 'tail', 'thread_at', 'utc_offset')

    def __init__(
        self,
        mb: bytes,
        call: bytes,
        fields: bytes,
        offset: timedelta | None,
        secret: bool,
        rest: bytes = b'{}',
    ) -> None:
        """Take the pieces from encoded objects, and the offset of a tzinfo."""
        self.head = b'{"mb":' + mb[:-1] + b',"record_id":"'[mb == b'{}' :]
        self.call = call[1:-1]
        tail = further(fields)
        self.thread_at = tail.find(ANY_THREAD)
        self.tail = tail.replace(ANY_THREAD, b'', 1)
        self.rest = further(rest)
        self.utc_offset = offset.days * 86400 + offset.seconds if offset else 0
        self.secret = secret

    def line(self, run: _core.OpenRun, more: dict[str, Any]) -> bytes:
        """Return the text of the record with its measurements so far, and more fields."""
        tail = self.tail + further(json_text.encode(more))
        return _core.record_text(
            run, self.head, self.call, tail, self.utc_offset, self.secret
        )

    def tail_of(self, run: _core.OpenRun) -> bytes:
        """Return the tail, with the name of the thread of a run if it has one."""
        at = self.thread_at
        if run.thread is None or at < 0:
            return self.tail
        return self.tail[:at] + run.thread + self.tail[at:]

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
    offset: timedelta | None,
    encode: Callable[[dict[str, Any], type | None], bytes] = json_text.encode,
    encoder: type | None = None,
    rest: dict[str, Any] | None = None,
) -> RecordText:
    """Encode the fields of a record, and mask their secrets.

    Raises:
        ValueError, RecursionError, MemoryError: the fields could not be masked.
    """
    tail = encode(fields, encoder)
    around = b'{"call":' + encode(call, encoder) + b'}'
    identity = b'{"mb":' + encode(mb, encoder) + b'}'
    tail, names = masker.fields(tail)
    around, names_in_call = masker.fields(around)
    identity, names_in_mb = masker.fields(identity)
    end, names_in_rest = masker.fields(encode(rest, encoder)) if rest else (b'{}', [])
    names += names_in_call + names_in_mb + names_in_rest
    if names:
        mb = {**mb, 'masked': sorted({*mb.get('masked', ()), *names})}
        identity, _ = masker.fields(b'{"mb":' + encode(mb, encoder) + b'}')
    inner = around[8:-1] if around.startswith(b'{"call":{') else b'{}'  # masked as a whole
    return RecordText(identity[6:-1], inner, tail, offset, bool(masker.reasons), end)


def of_dict(
    data: dict[str, Any], start_wall_ns: int, settings: Settings, encoder: type | None
) -> RecordText:
    """Return the text of an open record that is built as a dict.

    Args:
        data: the record so far.
        start_wall_ns: its start.
        settings: of its plan.
        encoder: encoder class of the user; None for the standard one.
    """
    masker, start = settings.masker, _core.moment(start_wall_ns, settings.tz)
    fields = {k: v for k, v in data.items() if not str(k).startswith('_')}
    fields = settings.without_large(fields)
    mb, call = dict(fields.pop('mb', {})), fields.pop('call', {})
    mb.pop('record_id', None)
    known = {k: v for k, v in call.items() if k not in MEASURED}
    if masker.reasons:  # placeholders: a pattern may match them
        known.update({'durations': [], 'start_time': start, 'finish_time': start})
    call = {'invocation': 'Python', **known}
    aware = start if start.tzinfo is not None else start.astimezone()

    def encode(fields: dict[str, Any], encoder: type | None) -> bytes:
        return json_text.encode_known(fields, encoder, settings.limits)

    return built(mb, call, fields, masker, aware.utcoffset(), encode, encoder)


def further(text: bytes) -> bytes:
    """Return the members of an encoded object, each with a comma before it."""
    return b',' + text[1:-1] if text != b'{}' else b''


# --- a run without a dict -------------------------------------------------------------


def completed(run: Any, exception: BaseException | None, value: Any) -> bytes:
    """Return the line of a HookedRun, with its outcome; secrets are masked."""
    plan = run.plan
    fixed = plan.fixed_text or plan.text(run.config, run.owner)
    call, after, usage = _pieces(run, exception, value)
    tail = fixed.tail_of(run) + usage + fixed.rest
    if exception is not None:
        tail += further(json_text.encode({'exception': described(exception)}))
    offset = fixed.utc_offset
    text = _core.record_text(run, fixed.head, call, tail, offset, after=after)
    if exception is not None or plan.captures is not None:
        text = plan.settings.masker.record(text)  # these may hold anything
    return text


def _pieces(
    run: Any, exception: BaseException | None, value: Any
) -> tuple[bytes, bytes, bytes]:
    """Return `call` before the measurements and after them, and a part of the tail."""
    assert run.name is not None
    captures = run.plan.captures
    if captures is not None:
        if exception is None and not run.completed:
            run.keep(Exception, captures.native.finish, run, value)
        run.completed = True
    return _core.pieces(run, run.name)


def described(exception: BaseException) -> dict[str, str]:
    """Return the record's `exception` object."""
    return {'type': type(exception).__name__, 'message': text_of(exception)}


NOTHING = RecordText(b'{}', b'{}', b'{}', None, secret=True)
