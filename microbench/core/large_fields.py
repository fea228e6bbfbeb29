"""Summarize large static fields in a record, when all hooks have seen them.

Mixins merge their own fields into a static field that is a dict: these are never cut.
"""

from __future__ import annotations

from ..encoding.json_text import SCALARS, as_dict
from ..encoding.limits import SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..encoding.limits import Limits


class LargeFields:
    """The static fields of a bench that may be above its limits.

    Args:
        static: all static fields.
        limits: sizes of values.
    """

    __slots__ = ('fields', 'limits')

    def __init__(self, static: dict[str, Any], limits: Limits) -> None:
        self.limits = limits
        most = min(SHORT, limits.text // 6 - 2)  # characters that surely fit
        self.fields = {
            name: value for name, value in static.items() if not _is_small(value, most)
        }

    def summarized(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with summaries of them."""
        found = {n: record[n] for n in self.fields if n in record}
        return {**record, **{n: self._tried(n, value) for n, value in found.items()}}

    def _tried(self, name: str, value: Any) -> Any:
        try:
            return self._reduced(name, value)
        except Exception:  # it cannot even be asked for its class: the encoder warns
            return value

    def _reduced(self, name: str, value: Any) -> Any:
        given = as_dict(self.fields[name])
        if given is None:  # a mixin may have replaced it
            return value if isinstance(value, dict) else self.limits.summarized(value)
        if isinstance(value, dict) and (name in ('mb', 'call') or value.keys() - given):
            own = {n: self.limits.summarized(value[n]) for n in given if n in value}
            return {**value, **own}
        return self.limits.summarized(value)


def _is_small(value: Any, most: int) -> bool:
    return len(value) <= most if type(value) is str else type(value) in SCALARS
