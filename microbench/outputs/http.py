"""Send records to a web server: one request each."""

from __future__ import annotations

from time import monotonic

from .base import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from urllib.error import HTTPError
    from urllib.request import Request

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 10
# Only these headers are sent to another host; any other may contain a key.
HARMLESS = ('Accept', 'Content-', 'User-agent')
# Marks a request as redirected too often, so that urllib follows no redirect. A handler
# would need an opener of its own, which bypasses install_opener() and stubs of urlopen().
FOLLOWED_ENOUGH = dict.fromkeys(range(1000), 0)


class HttpOutput(Output):
    """Send each record to a web server, as one request.

    Args:
        url: address that begins with `http://` or `https://`.
        headers: headers to add to each request. `Content-Type` is `application/json`
            unless it is among them.
        timeout: seconds that connecting, and each wait for an answer, may take; None
            waits without limit.
        method: method of the request, such as `'POST'` or `'PUT'`.

    Raises:
        TypeError: `url` or `method` is not a str, or `headers` is not a dict.
        ValueError: `url` is not a web address or contains a password, or `timeout` is not
            positive.

    A redirect is followed with the same method and body; to another host, without headers
    that may be confidential. A failed request is not repeated.

    To send something else than the record, override `format_payload`:

    >>> class Chat(HttpOutput):
    ...     def format_payload(self, record):
    ...         return f'{record["call"]["name"]} is done'
    >>> Chat('https://chat.example.org/hook').format_payload({'call': {'name': 'fit'}})
    'fit is done'
    """

    local = False

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = 30.0,
        method: str = 'POST',
    ) -> None:
        _check_url(url)
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
        """Send one record.

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
        limits = [limit for limit in (self.timeout, timeout) if limit is not None]
        left = min(limits, default=None)
        deadline = None if left is None else monotonic() + left
        request = self._request(record)
        for _ in range(MOST_REDIRECTS + 1):
            target = _sent(request, left)
            if target is None:
                return
            request = _redirected(request, target)
            left = None if deadline is None else _time_until(deadline)
        raise OSError(f'{self!r} was redirected more than {MOST_REDIRECTS} times')

    def write(self, bm_json_str: str) -> None:
        """Send one record.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            OSError: the record was not sent; `write_record` lists the kinds.
            ValueError: the record is not a JSON object.
        """
        self.write_record(bm_json_str.encode())

    def _request(self, record: bytes) -> Request:
        from urllib.request import Request

        from ..results.reading import decode_line  # start-up time

        decoded = decode_line(record)
        if decoded is None:
            raise ValueError('the record is not a JSON object')
        body = self.format_payload(decoded)
        if isinstance(body, str):
            body = body.encode()
        headers = {'Content-Type': 'application/json'}
        given = {name.title(): value for name, value in self.headers.items()}
        headers.update(given)
        return Request(self.url, data=body, headers=headers, method=self.method)  # noqa: S310 - checked


def _check_url(url: Any) -> None:
    from urllib.parse import urlsplit

    if not isinstance(url, str):
        raise TypeError(f'url has to be a str, not {url!r}')
    parts = urlsplit(url)
    if parts.scheme not in ('http', 'https') or not parts.hostname or parts.port == 0:
        raise ValueError('url has to begin with http:// or https:// and to name a host')
    if '@' in parts.netloc:
        raise ValueError('url contains a user or a password: give an Authorization header')


def _sent(request: Request, timeout: float | None) -> str | None:
    """Send the request once; return the address of a redirect, else None."""
    import urllib.error
    import urllib.request

    request.redirect_dict = FOLLOWED_ENOUGH  # type: ignore[attr-defined]
    try:
        with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310 - checked
            return None
    except urllib.error.HTTPError as error:
        if error.fp is not None:
            error.close()  # closes the connection
        target = _target(request, error)
        if target is None:
            raise
        return target


def _target(request: Request, error: HTTPError) -> str | None:
    """Return the address that an answer redirects to; None if it is no redirect.

    Raises:
        HTTPError: the address is not a web address.
    """
    import io
    from urllib.error import HTTPError
    from urllib.parse import quote, urljoin

    location = error.headers.get('Location') if error.headers else None
    if error.code not in REDIRECTS or not location:
        return None
    try:
        target = urljoin(request.full_url, quote(location, safe="%/:=&?~#+!$,;'@()*[]"))
        _check_url(target)
    except ValueError as why:
        message = f'redirected to an address that takes no record: {why}'
        refused = HTTPError(
            request.full_url, error.code, message, error.headers, io.BytesIO()
        )
        refused.close()  # an open one warns when it is collected (CPython 3.15)
        raise refused from None
    return target


def _redirected(request: Request, target: str) -> Request:
    """Return the same request to another address."""
    from urllib.request import Request

    headers = request.headers
    if not _is_trusted(request.full_url, target):
        headers = {k: v for k, v in headers.items() if k.startswith(HARMLESS)}
    return Request(target, request.data, headers, method=request.get_method())  # noqa: S310 - checked


def _is_trusted(url: str, target: str) -> bool:
    """Return True if the target is the same server, or the same server over TLS."""
    old, new = _origin(url), _origin(target)
    return old == new or (old[0], new[0], old[1]) == ('http:80', 'https:443', new[1])


def _origin(url: str) -> tuple[str, str | None]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    port = parts.port or {'http': 80, 'https': 443}[parts.scheme]
    return f'{parts.scheme}:{port}', parts.hostname


def _time_until(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError('the time was over before the last redirect was followed')
    return left
