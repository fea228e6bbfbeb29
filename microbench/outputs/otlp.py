"""Send records to an OpenTelemetry collector, as spans: OTLP/HTTP with JSON."""

from __future__ import annotations

import os
from hashlib import sha256

from .http import HttpOutput, address_of, record_id
from .spool import class_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any
    from urllib.request import Request

PATH = '/v1/traces'
AGAIN = frozenset({429, 502, 503, 504})  # what the specification has repeated
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


class OtlpOutput(HttpOutput):
    """Send each record to an OpenTelemetry collector: a span, with its phases as children.

    Args:
        endpoint: address of the collector. Without a path, `/v1/traces` is added.
        service_name: `service.name` of the spans; None for OTEL_SERVICE_NAME, or
            `microbench`.
        headers: headers to add to each request.
        timeout: seconds that connecting, and each wait for an answer, may take.
        background: send from a thread, and try again what the collector does not take.
        batch: with `background`, the records that one request may have.
        spool: directory that keeps what is not sent, for `microbench resend`.

    Raises:
        TypeError, ValueError: as `HttpOutput` raises them.

    The ids of trace and spans are made from `mb.record_id`, so that a record that is sent
    again gives the same spans. Phases are laid one after the other, since a record has
    their durations, not their beginnings.

    >>> OtlpOutput('http://localhost:4318').url
    'http://localhost:4318/v1/traces'
    """

    def __init__(
        self,
        endpoint: str,
        *,
        service_name: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = 30.0,
        background: bool = False,
        batch: int = 1,
        spool: Any = None,
    ) -> None:
        named = os.environ.get('OTEL_SERVICE_NAME')
        self.service_name = service_name or named or 'microbench'
        super().__init__(
            endpoint,
            headers=headers,
            timeout=timeout,
            background=background,
            batch=batch,
            spool=spool,
        )
        if endpoint.rstrip('/').count('/') == 2:
            self.url = endpoint.rstrip('/') + PATH

    def __repr__(self) -> str:
        """Return the address without its path."""
        return super().__repr__().replace('HttpOutput', 'OtlpOutput', 1)

    def format_payload(self, record: dict[str, Any]) -> bytes | str:
        """Return the body of the request for one record.

        Args:
            record: the record as a dict.

        Returns:
            an ExportTraceServiceRequest as JSON, in bytes.
        """
        return self._body([record])

    def _body(self, records: list[dict[str, Any]]) -> bytes:
        import json

        spans = [resource_spans(record, self.service_name) for record in records]
        return json.dumps({'resourceSpans': spans}).encode()

    def _request(self, records: list[bytes]) -> Request:
        from ..results.reading import decode_line  # start-up time

        request = super()._request(records)
        if len(records) > 1:
            decoded = [line for line in map(decode_line, records) if line is not None]
            request.data = self._body(decoded)
        if 'Content-Type' not in {name.title() for name in self.headers}:
            request.add_header('Content-Type', 'application/json')
        return request

    def _retry_after(self, error: Exception) -> float | None:
        from urllib.error import HTTPError

        if isinstance(error, HTTPError) and error.code not in AGAIN:
            return None
        return super()._retry_after(error)

    def _describe(self) -> dict[str, Any]:
        own = type(self) is OtlpOutput
        kind = {'kind': 'otlp', 'class': class_name(self)} if own else {}
        return {**super()._describe(), **kind, 'service_name': self.service_name}


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


def again(target: dict[str, Any], to: str | None, headers: dict[str, str]) -> OtlpOutput:
    """Return the sink that sends what a spool keeps.

    Raises:
        ValueError: address or headers are missing.
    """
    sink = OtlpOutput(
        address_of(target, to, headers),
        headers=headers,
        service_name=target.get('service_name'),
    )
    sink.background = True  # without a thread: each request has a key, as before
    sink.batch = sink._most_in_batch = target.get('batch', 1)
    return sink
