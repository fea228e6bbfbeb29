"""Make rows of groups and of their phases: to print, or for other programs."""

from __future__ import annotations

from ...messages import safe
from ..values import as_json, brief
from .detail import command_line
from .moments import at
from .series import Figures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .groups import Group, Groups
    from .series import Series

SORTS = ('n', 'median', 'p95', 'stdev', 'min', 'max', 'total', 'records', 'failed')


class GroupRow:
    """A group, or a phase of one, with its statistics.

    Attributes:
        group: the group.
        phase: name of the phase; None for the group itself.
        figures: statistics of its durations.
        share: its part of the time of all groups, or of the group; None if unknown.
    """

    __slots__ = ('figures', 'group', 'phase', 'share')

    def __init__(
        self, group: Group, series: Series, whole: float, phase: str | None = None
    ) -> None:
        self.group = group
        self.phase = phase
        self.figures = Figures(series)
        total = self.figures.total
        is_part = total is not None and whole > 0 and total >= 0
        self.share = total / whole if is_part and total is not None else None

    def figure(self, name: str) -> Any:
        """Return a number to sort by, or to print as JSON."""
        if name in ('records', 'failed'):
            return getattr(self.group, name)
        found = {'n': 'count', 'stdev': 'deviation', 'min': 'least', 'max': 'most'}
        return getattr(self.figures, found.get(name, name))


def rows_of(groups: Groups) -> list[list[GroupRow]]:
    """Return the rows of each group: its own, then those of its phases."""
    found = groups.found()
    timed = [group for group in found if group.is_timed]
    whole = sum(max(group.runs.total, 0.0) for group in timed)
    return [
        [
            GroupRow(group, group.runs, whole if group.is_timed else 0.0),
            *(
                GroupRow(group, series, group.runs.total, name)
                for name, series in group.phases.items()
            ),
        ]
        for group in found
    ]


def in_order(rows: list[list[GroupRow]], sort: str | None, reverse: bool) -> None:
    """Sort groups by a figure, if one is given; those without it come last."""

    def rank(one: list[GroupRow]) -> tuple[bool, float]:
        figure = one[0].figure(sort or '')
        return figure is None, 0 if figure is None else figure

    if sort is not None:
        rows.sort(key=rank)
    if reverse:
        rows.reverse()


# --- texts -------------------------------------------------------------------------------


def field_texts(group: Group, fields: Sequence[str]) -> dict[str, str]:
    """Return the values of the fields of a group as texts, by title."""
    return {
        field: command_line(value) if field == 'command' else brief(value)
        for field, value in zip(fields, group.values, strict=True)
    }


def outcome_of(group: Group) -> str:
    """Return how the runs of a group ended.

    >>> from .groups import Group
    >>> group = Group((), True)
    >>> outcome_of(group)
    'ok'
    >>> group.failed, group.endings = 3, {'SIGTERM': 1, 'exit 1': 2}
    >>> outcome_of(group)
    '3 failed: 2 × exit 1, 1 × SIGTERM'
    """
    if not group.failed:
        return 'ok'
    often = sorted(group.endings.items(), key=lambda item: -item[1])
    if len(often) == 1:
        return f'{group.failed} failed: {often[0][0]}'
    kinds = ', '.join(f'{count} × {ending}' for ending, count in often)
    return f'{group.failed} failed: {kinds}'


# --- for programs ------------------------------------------------------------------------


def as_objects(rows: Iterable[Sequence[GroupRow]], fields: Sequence[str]) -> list[Any]:
    """Return a JSON object for each group, with its phases in a list."""
    return [
        {
            'by': dict(zip(fields, one[0].group.values, strict=True)),
            'records': one[0].group.records,
            'failed': one[0].group.failed,
            'endings': one[0].group.endings,
            'first': _stamp(one[0].group.first),
            'last': _stamp(one[0].group.last),
            'unit': 's' if one[0].group.is_timed else None,
            **_figures(one[0]),
            'phases': [{'name': row.phase, **_figures(row)} for row in one[1:]],
        }
        for one in rows
    ]


def _stamp(seconds: float | None) -> str | None:
    return None if seconds is None else at(seconds, utc=True).isoformat('T', 'microseconds')


def _figures(row: GroupRow) -> dict[str, Any]:
    figures = ('n', 'median', 'p95', 'stdev', 'min', 'max', 'total')
    trend = row.figures.trend
    return {
        **{name: row.figure(name) for name in figures},
        'share': row.share,
        'is_rough': row.figures.is_rough,
        'trend': trend
        and {
            'ratio': trend.ratio,
            'begin': trend.begin,
            'end': trend.end,
            'chance': trend.chance,
        },
    }


def as_cells(rows: Iterable[Sequence[GroupRow]], fields: Sequence[str]) -> list[Any]:
    """Return a flat object for each group and each phase."""
    objects = as_objects(rows, fields)
    return [_flat(one, part) for one in objects for part in (one, *one['phases'])]


def _flat(one: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    names = ('n', 'median', 'p95', 'stdev', 'min', 'max', 'total', 'share', 'is_rough')
    trend = part['trend']
    return {
        **{name: _plain(value) for name, value in one['by'].items()},
        'phase': part.get('name') if part is not one else None,
        **{name: one[name] for name in ('records', 'failed')},
        **{name: part[name] for name in names},
        'trend': trend and trend['ratio'],
        **{name: one[name] for name in ('unit', 'first', 'last')},
    }


def _plain(value: Any) -> Any:
    return as_json(value) if isinstance(value, (list, dict)) else value


def label_of(row: GroupRow, texts: dict[str, str], first: str) -> str:
    """Return the text that stands for a row: a phase is indented."""
    if row.phase is not None:
        return f'  {safe(row.phase)}'
    return (first == 'name' and texts.get('command')) or texts[first] or '–'
