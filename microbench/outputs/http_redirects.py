"""Send one request of HTTP, and follow redirects that keep its body."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from urllib.error import HTTPError
    from urllib.request import Request

REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Only these headers are sent to another host; any other may contain a key.
HARMLESS = ('Accept', 'Content-', 'User-agent')
# Marks a request as redirected too often, so that urllib follows no redirect. A handler
# would need an opener of its own, which bypasses install_opener() and stubs of urlopen().
FOLLOWED_ENOUGH = dict.fromkeys(range(1000), 0)


def check_url(url: Any) -> None:
    """Check that a record can be sent to an address.

    Raises:
        TypeError: it is not a str.
        ValueError: it is not a web address, or contains a password.
    """
    from urllib.parse import urlsplit

    if not isinstance(url, str):
        raise TypeError(f'url has to be a str, not {url!r}')
    parts = urlsplit(url)
    if parts.scheme not in ('http', 'https') or not parts.hostname or parts.port == 0:
        raise ValueError('url has to begin with http:// or https:// and to name a host')
    if '@' in parts.netloc:
        raise ValueError('url contains a user or a password: give an Authorization header')


def sent(
    request: Request,
    timeout: float | None,
    strictly: bool,
    read: Callable[[Any], None] | None = None,
) -> str | None:
    """Send the request once; return the address of a redirect, else None.

    Args:
        request: what is sent.
        timeout: seconds for connecting and for each wait.
        strictly: follow no redirect to another server.
        read: function that is called with the answer of a server that took the request.
    """
    import urllib.error
    import urllib.request

    request.redirect_dict = FOLLOWED_ENOUGH  # type: ignore[attr-defined]
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - checked
            if read is not None:
                read(answer)
            return None
    except urllib.error.HTTPError as error:
        if error.fp is not None:
            error.close()  # closes the connection
        target = _target(request, error)
        if target is None or (strictly and not _is_trusted(request.full_url, target)):
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
        check_url(target)
    except ValueError as why:
        message = f'redirected to an address that takes no record: {why}'
        refused = HTTPError(
            request.full_url, error.code, message, error.headers, io.BytesIO()
        )
        refused.close()  # an open one warns when it is collected (CPython 3.15)
        raise refused from None
    return target


def redirected(request: Request, target: str) -> Request:
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
