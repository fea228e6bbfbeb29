"""Read result files behind URLs, such as `s3://bucket/run-*.jsonl`, with fsspec."""

from __future__ import annotations

import io
import re
from errno import EIO, ENOENT
from os import strerror

from ..messages import one_line
from .lost import contents
from .patterns import SIGNS, is_result_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

URL = re.compile(r'[A-Za-z][A-Za-z0-9+.-]+(::|://)')


def is_url(path: str) -> bool:
    """Return True for a URL, as fsspec has them.

    >>> is_url('memory://a.jsonl'), is_url('a.jsonl')
    (True, False)
    """
    return URL.match(path) is not None


def files_at(url: str) -> list[str]:
    """Return the URLs of the files that a URL stands for: a file, directory or pattern.

    Raises:
        OSError: there are none, or the server does not say.
        ImportError: fsspec, or what it needs for this kind of URL, is not installed.
        ValueError: fsspec does not know this kind of URL.
    """
    try:
        return _found(*_file_system(url), url)
    except (OSError, ImportError, ValueError):
        raise
    except Exception as error:  # those of the library behind it
        raise _as_os_error(error, url) from error


def _found(system: Any, path: str, url: str) -> list[str]:
    if system.isdir(path):
        found = [one for one in system.find(path) if _is_result(path, one)]
    elif SIGNS.search(path) and not system.exists(path):
        found = [one for one in system.glob(path) if not system.isdir(one)]
        if not found:
            raise FileNotFoundError(ENOENT, 'no file matches', url)
    elif system.exists(path):
        return [url]
    else:
        raise FileNotFoundError(ENOENT, strerror(ENOENT), url)
    return [system.unstrip_protocol(one) for one in sorted(found)]


def _is_result(above: str, path: str) -> bool:
    parts = path.removeprefix(above).strip('/').split('/')
    return is_result_name(parts[-1]) and not any(part.startswith('.') for part in parts)


def blocks_at(url: str) -> Iterator[bytes]:
    """Yield the contents in blocks of whole lines, unpacked if they are compressed.

    There are no journals behind a URL.

    Raises:
        OSError: the file cannot be read, or not to its end.
    """
    try:
        system, path = _file_system(url)
        with system.open(path, 'rb') as raw, io.BufferedReader(raw) as file:
            yield from contents(file)
    except OSError:
        raise
    except Exception as error:  # those of the library behind it
        raise _as_os_error(error, url) from error


def _file_system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise ImportError(f'{url!r} needs fsspec: pip install fsspec') from None
    system, path = url_to_fs(url)
    return system, path


def _as_os_error(error: Exception, url: str) -> OSError:
    return OSError(EIO, one_line(error), url)
