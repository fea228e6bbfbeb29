"""Send records to an OpenTelemetry collector, as spans: OTLP/HTTP with JSON."""

from __future__ import annotations

import os
from http.client import HTTPException

from .http import HttpOutput, address_of
from .spans import resource_spans
from .spool import class_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from urllib.request import Request

PATH = '/v1/traces'
AGAIN = frozenset({429, 502, 503, 504})  # what the specification has repeated
MOST_READ = 1 << 16  # bytes of an answer


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

    Attributes:
        rejected: spans that the collector has dropped out of requests that it took.
        rejection: why, as it says.

    Raises:
        TypeError, ValueError: as `HttpOutput` raises them.

    If the collector takes a request and drops some of its spans (`partialSuccess`), they
    are not sent again: there is one RuntimeWarning, and `rejected` counts them.

    The ids of trace and spans are made from `mb.record_id`, so that a record that is sent
    again gives the same spans. Phases are laid one after the other, since a record has
    their durations, not their beginnings.

    >>> OtlpOutput('http://localhost:4318').url
    'http://localhost:4318/v1/traces'
    """

    rejected = 0
    rejection = ''
    _may_tell = True

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

    def _read(self, answer: Any) -> None:
        """Note what the collector says about a request that it has taken."""
        from ..results.reading import decode_line  # start-up time

        try:
            found = decode_line(answer.read(MOST_READ))
        except (OSError, HTTPException):  # the request is taken, whatever follows
            return
        count, why = partial_success(found or {})
        is_new = self._may_tell and not (self.rejected or self.rejection)
        self.rejected += count
        self.rejection = why or self.rejection
        if (count or why) and is_new:
            dropped = f'dropped {count} spans' if count else 'took all spans, and warns'
            self._tell(f'{self!r} {dropped}: {why or "no reason is given"}')

    def _retry_after(self, error: Exception) -> float | None:
        from urllib.error import HTTPError

        if isinstance(error, HTTPError) and error.code not in AGAIN:
            return None
        return super()._retry_after(error)

    def _describe(self) -> dict[str, Any]:
        own = type(self) is OtlpOutput
        kind = {'kind': 'otlp', 'class': class_name(self)} if own else {}
        return {**super()._describe(), **kind, 'service_name': self.service_name}


def partial_success(answer: dict[str, Any]) -> tuple[int, str]:
    """Return how many spans a collector has dropped, and why; 0 and no text for none.

    >>> partial_success({'partialSuccess': {'rejectedSpans': '2', 'errorMessage': 'large'}})
    (2, 'large')
    """
    found = answer.get('partialSuccess')
    found = found if isinstance(found, dict) else {}
    try:
        count = int(found.get('rejectedSpans') or 0)  # 64 bits are text in JSON
    except (TypeError, ValueError):
        count = 0
    why = str(found.get('errorMessage') or '')
    return max(count, 0), ' '.join(why.split())


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
    sink._may_tell = False  # the caller looks
    sink.batch = sink._most_in_batch = target.get('batch', 1)
    return sink
