"""How large a value in a record may be, and where larger ones are summarized.

Most values are small, and C finds that while it encodes them. `large` does the rest.
"""

from __future__ import annotations

from sys import maxsize

from .. import _core
from ..descriptors import loaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AUTO = 'auto'
TEXT, CONTAINER = 4096, 65_536  # what AUTO stands for
SHORT = TEXT // 6 - 2  # characters: so many fit, however they are escaped


class Limits:
    """Sizes in bytes of JSON, above which a value is summarized.

    Args:
        max_value: one size for all values; None for no limit, `'auto'` for usual ones.
        digests: summaries have a digest of the whole value.
        encoder: encoder class of the user, which converts values first; or None.

    Attributes:
        array: size of an array, a frame, a tensor, or of bytes.
        text: size of a text.
        container: size of a list, tuple, dict or set, with all that is in it.

    Raises:
        TypeError, ValueError: max_value is none of these.
    """

    __slots__ = ('array', 'container', 'digests', 'encoder', 'text')

    def __init__(
        self, max_value: Any = AUTO, digests: bool = False, encoder: type | None = None
    ) -> None:
        size = checked(max_value)
        self.array: int = TEXT if size == AUTO else maxsize if size is None else size
        self.text = self.array
        self.container = CONTAINER if size == AUTO else self.array
        self.digests = digests
        self.encoder = encoder

    @property
    def are_none(self) -> bool:
        """No value is ever summarized."""
        return self.array == maxsize

    def summarized(self, value: Any) -> Any:
        """Return a value with summaries in place of its large parts, or of all of it.

        A value that has none is returned itself.
        """
        if self.are_none or _fits(value, self):
            return value
        return _summarized(value, self)

    def without_arrays(self, value: Any) -> Any:
        """Return a value with summaries in place of its large arrays only.

        Hooks may put long texts and lists into a record, and mean to.
        """
        if self.are_none:
            return value
        arrays = Limits(self.array, self.digests, self.encoder)
        arrays.text = arrays.container = maxsize
        return _summarized(value, arrays)


def _summarized(value: Any, limits: Limits) -> Any:
    def load() -> Any:
        from . import large  # start-up time

        return large

    try:
        return loaded(load).summarized(value, limits)
    except OSError:  # no descriptor is left to read the module with
        return value


def _fits(value: Any, limits: Limits) -> bool:
    return _core.plain_text_within(value, limits.text, limits.container) is not None


def checked(max_value: Any) -> Any:
    """Return `'auto'`, None or an integer.

    Raises:
        TypeError: it is of another type.
        ValueError: it is negative, or larger than any value.
    """
    if max_value is None or (type(max_value) is str and max_value == AUTO):
        return max_value
    try:
        size = int(type(max_value).__index__(max_value))
    except (AttributeError, TypeError):
        size = None
    if size is None or isinstance(max_value, bool):
        raise TypeError(
            f"max_value has to be a number of bytes, None or 'auto', not {max_value!r}"
        )
    if not 0 <= size < maxsize:
        raise ValueError(f'max_value has to be from 0 to {maxsize - 1}, not {size}')
    return size


def limits_of(bench: Any) -> Limits:
    """Return the limits that a bench has by its attributes."""
    config = getattr(bench, '_bench_config', None)
    return Limits(
        getattr(bench, 'max_value', AUTO),
        bool(getattr(bench, 'digest_values', False)),
        getattr(config, 'encoder', None),
    )
