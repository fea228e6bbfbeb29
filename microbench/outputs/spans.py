"""Records as spans of OpenTelemetry, in its JSON."""

from __future__ import annotations

from hashlib import sha256

from .http import record_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

INTERNAL, ERROR = 1, 2  # kind of a span, code of a status
LARGEST = (1 << 63) - 1
# Fields with a name in the semantic conventions of OpenTelemetry.
OF_RESOURCE = {
    'host.hostname': 'host.name',
    'host.os': 'os.type',
    'process.pid': 'process.pid',
    'python.executable': 'process.executable.path',
    'python.version': 'process.runtime.version',
}
OF_SPAN = {
    'call.qualname': 'code.function.name',
    'call.line': 'code.line.number',
    'process.thread': 'thread.name',
    'call.command': 'process.command_args',
    'exit_status': 'process.exit.code',
}
# What is said otherwise: by the span, its children and events.
ELSEWHERE = (
    'call.name',
    'call.start_time',
    'call.finish_time',
    'call.timings',
    'exception',
)


# --- spans ----------------------------------------------------------------------------


def resource_spans(record: dict[str, Any], service: str) -> dict[str, Any]:
    """Return the spans of a record, with what they belong to."""
    flat = dict(_flat(record))
    resource = {'service.name': service, 'telemetry.sdk.language': 'python'}
    resource.update(_renamed(flat, OF_RESOURCE))
    scope = {'name': 'microbench', 'version': str(flat.get('mb.version', ''))}
    return {
        'resource': {'attributes': attributes(resource)},
        'scopeSpans': [{'scope': scope, 'spans': spans(record, flat)}],
    }


def spans(record: dict[str, Any], flat: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the span of a record, then one for each of its phases."""
    identity = record_id(record) or sha256(repr(record).encode()).hexdigest()
    begin = nanoseconds(flat.get('call.start_time'))
    end = max(nanoseconds(flat.get('call.finish_time')), begin)
    root = {
        'traceId': trace_id(identity),
        'spanId': span_id(identity, ''),
        'name': str(flat.get('call.name') or '<record>'),
        'kind': INTERNAL,
        'startTimeUnixNano': str(begin),
        'endTimeUnixNano': str(end),
        'attributes': attributes(_own(flat)),
        **_outcome(record, end),
    }
    return [root, *_phases(record, root, begin)]


def _phases(
    record: dict[str, Any], root: dict[str, Any], begin: int
) -> Iterator[dict[str, Any]]:
    call = record.get('call')
    timings = call.get('timings') if isinstance(call, dict) else None
    for number, timing in enumerate(timings if isinstance(timings, list) else ()):
        duration = timing.get('duration') if isinstance(timing, dict) else None
        if not isinstance(duration, (int, float)):
            continue
        end = begin + max(round(duration * 1e9), 0)
        yield {
            'traceId': root['traceId'],
            'spanId': span_id(root['traceId'], str(number)),
            'parentSpanId': root['spanId'],
            'name': str(timing.get('name')),
            'kind': INTERNAL,
            'startTimeUnixNano': str(begin),
            'endTimeUnixNano': str(end),
        }
        begin = end


def _outcome(record: dict[str, Any], end: int) -> dict[str, Any]:
    """Return status and event of an exception; nothing if there was none."""
    error = record.get('exception')
    if not isinstance(error, dict):
        return {}
    named = {f'exception.{k}': v for k, v in error.items() if k in ('type', 'message')}
    event = {'name': 'exception', 'timeUnixNano': str(end), 'attributes': attributes(named)}
    status = {'code': ERROR, 'message': str(error.get('message', ''))}
    return {'status': status, 'events': [event]}


def _own(flat: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the span of a record."""
    found = _renamed(flat, OF_SPAN)
    for name, value in flat.items():
        if name in OF_RESOURCE or name in OF_SPAN or name.startswith(ELSEWHERE):
            continue
        found[f'microbench.{name}' if name.startswith(('mb.', 'call.')) else name] = value
    return found


def _renamed(flat: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {new: flat[old] for old, new in names.items() if flat.get(old) is not None}


def _flat(record: dict[str, Any], head: str = '') -> Iterator[tuple[str, Any]]:
    """Yield the values of nested objects with their names, joined by dots."""
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f'{head}{name}.')
        else:
            yield head + name, value


# --- values ---------------------------------------------------------------------------


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return attributes with typed values; a null is left out."""
    return [
        {'key': name, 'value': any_value(value)}
        for name, value in values.items()
        if value is not None
    ]


def any_value(value: Any) -> dict[str, Any]:
    """Return a value of JSON with its type; integers are text, as 64 bits need it.

    >>> any_value([1, 'a', True, None])['arrayValue']['values'][:2]
    [{'intValue': '1'}, {'stringValue': 'a'}]
    """
    if isinstance(value, bool):
        return {'boolValue': value}
    if isinstance(value, int) and abs(value) <= LARGEST:
        return {'intValue': str(value)}
    if isinstance(value, float):
        return {'doubleValue': value}
    if isinstance(value, list):
        return {'arrayValue': {'values': [any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {'kvlistValue': {'values': attributes(value)}}
    return {} if value is None else {'stringValue': str(value)}


def nanoseconds(text: Any) -> int:
    """Return a time of ISO 8601 in nanoseconds since 1970; 0 if it is none.

    >>> nanoseconds('1970-01-01T00:00:01.000000+00:00')
    1000000000
    """
    from datetime import datetime, timedelta, timezone

    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return 0
    if time.tzinfo is None:
        time = time.astimezone()
    since = time - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return max(since // timedelta(microseconds=1) * 1000, 0)


def trace_id(identity: str) -> str:
    """Return 32 hexadecimal digits: those of a record id, or of a digest.

    >>> trace_id('967e2427ff38fea1-0000000000000001')
    '967e2427ff38fea10000000000000001'
    """
    digits = identity.replace('-', '')
    if len(digits) == 32 and not set(digits) - set('0123456789abcdef') and int(digits, 16):
        return digits
    return sha256(identity.encode()).hexdigest()[:32]


def span_id(identity: str, part: str) -> str:
    """Return 16 hexadecimal digits for a part of a record."""
    return sha256(f'{identity}/{part}'.encode()).hexdigest()[:16]
