"""Send records to a web server; `http_redirects` follows redirects."""

from __future__ import annotations

from time import monotonic, time

from .backoff import retry_after
from .http_redirects import check_url, redirected, sent
from .network import NetworkOutput
from .spool import class_name, described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any
    from urllib.request import Request

MOST_REDIRECTS = 10
OWN_CLASSES = 'microbench.outputs.http.HttpOutput', 'microbench.outputs.otlp.OtlpOutput'
TEMPORARY = frozenset({408, 425, 429})  # as 5xx: another attempt may succeed


class HttpOutput(NetworkOutput):
    """Send each record to a web server, as one request.

    Args:
        url: address that begins with `http://` or `https://`.
        headers: headers to add to each request. `Content-Type` is `application/json`
            unless it is among them.
        timeout: seconds that connecting, and each wait for an answer, may take; None
            waits without limit.
        method: method of the request, such as `'POST'` or `'PUT'`.
        background: send from a thread, and try again what the server does not take.
        batch: with `background`, the records that one request may have; with more than
            one, its body is one line a record (`application/x-ndjson`).
        spool: directory that keeps what is not sent, for `microbench resend`.

    Raises:
        TypeError: `url` or `method` is not a str, or `headers` is not a dict.
        ValueError: `url` is not a web address or contains a password, `timeout` is not
            positive, or `batch` comes without `background`.

    A redirect is followed with the same method and body; to another host, without headers
    that may be confidential, and not at all with `background` or `spool`. A failed request
    is repeated with `background` only.

    To send something else than the record, override `format_payload`:

    >>> class Chat(HttpOutput):
    ...     def format_payload(self, record):
    ...         return f'{record["call"]["name"]} is done'
    >>> Chat('https://chat.example.org/hook').format_payload({'call': {'name': 'fit'}})
    'fit is done'
    """

    _read: Callable[[Any], None] | None = None  # of subclasses: reads an answer

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = 30.0,
        method: str = 'POST',
        background: bool = False,
        batch: int = 1,
        spool: Any = None,
    ) -> None:
        check_url(url)
        if not (headers is None or hasattr(headers, 'keys')):
            raise TypeError(f'headers has to be a dict, not {type(headers).__name__}')
        if not isinstance(method, str):
            raise TypeError(f'method has to be a str, not {method!r}')
        if not (timeout is None or (hasattr(timeout, '__float__') and timeout > 0)):
            raise ValueError(f'timeout has to be positive or None, not {timeout!r}')
        self.url = url
        self.headers = dict(headers or {})
        self.timeout = timeout
        self.method = method.upper()
        self.batch = self._most_in_batch = records_in_batch(batch, background)
        self._configure(background, spool)

    def __repr__(self) -> str:
        """Return the address without its path, which is the secret of a web hook."""
        from urllib.parse import urlsplit

        parts = urlsplit(self.url)
        return f'HttpOutput({parts.scheme + "://" + parts.netloc!r})'

    def format_payload(self, record: dict[str, Any]) -> bytes | str:
        """Return the body of the request; override this to send something else.

        Args:
            record: the record as a dict.

        Returns:
            bytes, or a str that is sent as UTF-8. The default is the record as JSON.
        """
        import json

        return json.dumps(record).encode()

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Send one record; with `background`, hand it to the thread.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: seconds for all redirects together, in addition to the sink's own
                limit; None for no further limit.

        Raises:
            urllib.error.HTTPError: the status of the answer was not 2xx.
            urllib.error.URLError: the server cannot be reached.
            TimeoutError: the server did not answer in time.
            OSError: the request was redirected more than ten times.
            ValueError: the record is not a JSON object.
        """
        self._put(record, timeout)

    def write(self, bm_json_str: str) -> None:
        """Send one record.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            OSError: the record was not sent; `write_record` lists the kinds.
            ValueError: the record is not a JSON object.
        """
        self.write_record(bm_json_str.encode())

    # --- for the thread, and for resend.py --------------------------------------------

    def _load(self) -> None:
        super()._load()
        import email.utils  # noqa: F401 - for later
        import json  # noqa: F401
        import urllib.request  # noqa: F401

        if self.url.startswith('https'):
            import ssl  # noqa: F401

    def _send(self, records: list[bytes], timeout: float | None) -> None:
        limits = [limit for limit in (self.timeout, timeout) if limit is not None]
        left = min(limits, default=None)
        deadline = None if left is None else monotonic() + left
        request = self._request(records)
        for _ in range(MOST_REDIRECTS + 1):
            target = sent(request, left, strictly=self._may_repeat, read=self._read)
            if target is None:
                return
            request = redirected(request, target)
            left = None if deadline is None else _time_until(deadline)
        raise OSError(f'{self!r} was redirected more than {MOST_REDIRECTS} times')

    @property
    def _may_repeat(self) -> bool:
        """True if a record may be sent again: then a key marks it as the same."""
        return self.background or self._spool is not None

    def _request(self, records: list[bytes]) -> Request:
        from urllib.request import Request

        from ..results.reading import decode_line  # start-up time

        decoded = [line for line in map(decode_line, records) if line is not None]
        if len(decoded) != len(records):
            raise ValueError('the record is not a JSON object')
        bodies = [as_bytes(self.format_payload(record)) for record in decoded]
        headers = {'Content-Type': 'application/json'}
        if self.batch > 1:
            headers = {'Content-Type': 'application/x-ndjson'}
            bodies = [body + b'\n' for body in bodies]
        if self._may_repeat:
            headers['Idempotency-Key'] = key_of(decoded)
        given = {name.title(): value for name, value in self.headers.items()}
        headers.update(given)
        return Request(self.url, b''.join(bodies), headers, method=self.method)  # noqa: S310 - checked

    def _retry_after(self, error: Exception) -> float | None:
        from http.client import HTTPException
        from urllib.error import HTTPError

        if not isinstance(error, HTTPError):
            return 0.0 if isinstance(error, (OSError, HTTPException)) else None
        if error.code not in TEMPORARY and error.code < 500:
            return None
        return retry_after(error.headers and error.headers.get('Retry-After'), time())

    def _describe(self) -> dict[str, Any]:
        url, complete = described(self.url)
        return {
            'kind': 'http',
            'class': class_name(self),
            'url': url,
            'complete': complete,
            'method': self.method,
            'batch': self.batch,
            'headers': sorted(name.title() for name in self.headers),
        }


def again(target: dict[str, Any], to: str | None, headers: dict[str, str]) -> HttpOutput:
    """Return the sink that sends what a spool keeps.

    Args:
        target: what `_describe` returned, or nothing.
        to: another address; None for that of the target.
        headers: that belong to each request.

    Raises:
        ValueError: address or headers are missing, or a user's class made the requests.
    """
    url = address_of(target, to, headers)
    sink = HttpOutput(url, headers=headers, method=target.get('method', 'POST'))
    sink.background = True  # without a thread: each request has a key, as before
    sink.batch = sink._most_in_batch = target.get('batch', 1)
    return sink


def address_of(target: dict[str, Any], to: str | None, headers: dict[str, str]) -> str:
    """Return the address for what a spool keeps: another one, or that of the target.

    Raises:
        ValueError: it is not known, or headers are missing.
    """
    made_by = target.get('class', OWN_CLASSES[0])
    if made_by not in OWN_CLASSES:
        raise ValueError(
            f'{made_by} makes its own requests: call resend(DIR, to={made_by}(...)) of '
            'microbench.outputs.resend'
        )
    if to is None and not target.get('complete'):
        raise ValueError(f'{target.get("url")} is not the whole address: give it by --to')
    given = {name.title() for name in headers}
    missing = [name for name in target.get('headers', ()) if name not in given]
    if missing and to is None:
        raise ValueError(
            f'these headers are not in the spool: give --header {missing[0]}:...'
        )
    return str(to or target['url'])


def records_in_batch(batch: Any, background: Any) -> int:
    """Return a checked number of records."""
    if isinstance(batch, bool) or not isinstance(batch, int):
        raise TypeError(f'batch has to be a number of records, not {batch!r}')
    if batch < 1:
        raise ValueError(f'batch has to be at least 1, not {batch}')
    if batch > 1 and not background:
        raise ValueError('batch needs background=True: only a thread collects records')
    return batch


def as_bytes(body: bytes | str) -> bytes:
    """Return a body; a str as UTF-8."""
    return body.encode() if isinstance(body, str) else body


def key_of(records: list[dict[str, Any]]) -> str:
    """Return the key that marks a request as sent before: of the ids of records.

    A record without an id has a digest instead.

    >>> key_of([{'mb': {'record_id': '967e2427ff38fea1-0000000000000001'}}])
    '967e2427ff38fea1-0000000000000001'
    """
    import json

    ids = [record_id(record) or _digest(json.dumps(record)) for record in records]
    return ids[0] if len(ids) == 1 else _digest('\n'.join(ids))


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()


def record_id(record: dict[str, Any]) -> str:
    """Return the id of a record; empty if it has none."""
    mb = record.get('mb')
    found = mb.get('record_id') if isinstance(mb, dict) else None
    return found if isinstance(found, str) and found.isascii() else ''


def _time_until(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError('the time was over before the last redirect was followed')
    return left
