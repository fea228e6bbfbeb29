"""Digests of large values, for their summaries."""

from __future__ import annotations

from .. import _core
from .json_encoder import encode_strictly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def digest_of(value: Any) -> dict[str, str]:
    """Return `{'digest': 'sha256:...'}`; or nothing where the bytes cannot be read.

    It is made of the UTF-8 of a text; of the elements of an array in memory, row by row; of
    the JSON of a list, tuple, dict or set. What has its elements elsewhere has none.
    """
    import hashlib  # start-up time

    try:
        data = _bytes_of(value)
        return {'digest': f'sha256:{hashlib.sha256(data).hexdigest()}'} if data else {}
    except Exception:
        return {}


def _bytes_of(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value).encode('utf-8', 'surrogatepass')
    if isinstance(value, (dict, list, tuple, set, frozenset)):
        return _core.plain_text(value) or encode_strictly(value, None)
    if _holds_objects(value):
        return None  # addresses, which differ in each process
    try:
        view = memoryview(value)
    except (TypeError, ValueError):  # no buffer; or times of numpy
        return value.tobytes() if hasattr(type(value), '__array_interface__') else None
    return view if view.c_contiguous else view.tobytes()


def _holds_objects(value: Any) -> bool:
    return bool(getattr(getattr(value, 'dtype', None), 'hasobject', False))
