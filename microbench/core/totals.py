"""Totals of phases that a counter of the user's has measured: numbers of any kind.

What C measures it sums up itself (mb_phases.h).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_NAMES = 1000  # as in mb_phases.h: what comes later shares a total


class Totals:
    """Count, sum, minimum and maximum by name."""

    def __init__(self, other: Totals | None = None) -> None:
        there = {} if other is None else other._by_name
        self._by_name: dict[str | None, list[Any]] = {k: [*v] for k, v in there.items()}

    def add(self, values: Iterable[tuple[str, Any] | None]) -> None:
        """Add the values, each with its name; None stands for one that C has measured."""
        for pair in values:
            if pair is not None:
                self._add_one(*pair)

    def _add_one(self, name: str | None, value: Any) -> None:
        if name not in self._by_name and len(self._by_name) >= MOST_NAMES:
            name = None
        total = self._by_name.get(name)
        if total is None:
            self._by_name[name] = [1, value, value, value]
            return
        count, sum_, least, most = total
        try:
            total[:] = count + 1, sum_ + value, min(least, value), max(most, value)
        except Exception:
            total[0] = count + 1  # numbers that cannot be added: counted at least

    def entries(self) -> list[dict[str, Any]]:
        """Return the totals as they are in a record."""
        fields = ('name', 'count', 'sum', 'min', 'max')
        found = sorted(self._by_name.items(), key=lambda item: item[0] is None)
        return [dict(zip(fields, (k, *v), strict=True)) for k, v in found]
