"""The answer of a comparison of commands, in all its forms."""

from __future__ import annotations

from ...analysis.scaling import Scaling
from ...analysis.words import FASTER, SLOWER
from ...comparison.text import MOST, interval
from ...messages import safe
from ...results import units
from ...results.averages import median
from ..terminal import Cell
from ..view.comparison_forms import bullet, fields
from ..view.exports import csv_lines, json_line, markdown_lines
from ..view.headings import Column, counted, heading, of_verdicts, paragraph, table
from .surrounded import differences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ...analysis.looks import Look
    from ...comparison.surroundings import Differing
    from ..terminal import Terminal
    from .scan import Scan
    from .turns import Turns
    from .variant import Variant

STYLES = {FASTER: 'green', SLOWER: 'red', None: 'yellow'}
BASE = 'the base'


class Answer:
    """What the runs of all commands say.

    Args:
        turns: the commands, and the looks at them.
        scan: the scan of numbers, if there is one and nothing else varies.
    """

    def __init__(self, turns: Turns, scan: Scan | None) -> None:
        self.turns = turns
        self.rows = [
            Row(variant, turns.looks.get(place))
            for place, variant in enumerate(turns.variants)
        ]
        self.scan_name = scan.name if scan is not None else ''
        self.scaling = self._scaling(scan) if scan is not None else None

    def _scaling(self, scan: Scan) -> Scaling:
        known = [row for row in self.rows if row.median is not None]
        sizes = [float(row.variant.values[scan.name]) for row in known]
        return Scaling(sizes, [row.median or 0.0 for row in known])

    def differing(self) -> Iterator[tuple[str, list[Differing]]]:
        """Yield the name of each command around which something differs, and what."""
        first = self.turns.variants[0]
        for variant in self.turns.variants[1:]:
            found = differences(first.examined, variant.examined)
            if found:
                yield safe(variant.name), found

    def notes(self) -> Iterator[str]:
        """Yield sentences below the table."""
        if self.scaling is not None:
            yield self._exponent(self.scaling)
        if self.turns.is_over_time:
            yield f'the time of {units.duration(self.turns.max_time)} is over: --max-time'
        for row in self.rows:
            for how, count in row.variant.failed.items():
                runs = counted(count, 'run')
                yield f'{safe(row.variant.name)}: {runs} {how}, left out of the times'

    def _exponent(self, found: Scaling) -> str:
        if found.exponent is None:
            return f'no exponent of {self.scan_name}: {found.why}'
        bounds = f'{found.low:.3g} to {found.high:.3g}'
        text = f'time ~ {self.scan_name} ^ {found.exponent:.3g}, {bounds} (95 %)'
        return f'{text}; {found.why}' if found.why else text


class Row:
    """A command, and how it compares with the first one.

    Args:
        variant: the command.
        look: the last look at it; None for the first one.
    """

    def __init__(self, variant: Variant, look: Look | None) -> None:
        self.variant, self.look = variant, look
        seconds = sorted(variant.seconds)
        self.median = median(seconds) if seconds else None
        self.runs = len(seconds)

    def cells(self) -> list[str]:
        """Return the texts of the columns."""
        look, failed = self.look, self.variant.failures
        ratio = None if look is None else look.ratio
        return [
            safe(self.variant.name),
            '' if self.median is None else units.duration(self.median),
            '' if ratio is None else f'× {ratio:#.4g}',
            '' if look is None else interval(look),
            self._verdict(),
            str(self.runs),
            str(failed) if failed else '',
        ]

    def _verdict(self) -> str:
        look = self.look
        if look is None:
            return Cell(BASE, 'dim')
        if look.verdict is None:
            return Cell(f'no verdict: {look.why}', STYLES[None])
        parts = [look.why] if look.why else []
        if look.more_runs is not None:
            parts.insert(0, f'about {counted(look.more_runs, "more run")} would tell')
        text = ': '.join([look.verdict, '; '.join(parts)]) if parts else look.verdict
        return Cell(text, STYLES.get(look.verdict))

    def as_dict(self) -> dict[str, Any]:
        """Return names and values."""
        variant, look = self.variant, self.look
        names = ('ratio', 'low', 'high', 'verdict', 'why', 'more_runs', 'chance')
        return {
            'name': variant.name,
            'command': variant.command,
            'values': variant.values,
            'median': self.median,
            'runs': self.runs,
            'failed': variant.failures,
            **{name: getattr(look, name, None) for name in names},
        }


TITLES = ('command', 'median', 'ratio', '95 %', 'verdict', 'runs', 'failed')
RIGHT = (1, 2, 3, 5, 6)
RANKS = {'95 %': 2, 'runs': 1}  # left out in falling order if there is no room


def forms(found: Answer, terminal: Terminal, options: Any) -> Iterator[str]:
    """Yield the lines of the form that is asked for."""
    if options.json:
        return _json_of(found)
    if options.csv:
        return csv_lines(row.as_dict() for row in found.rows)
    if options.markdown:
        return _markdown_of(found)
    return _shown(found, terminal)


def _shown(found: Answer, terminal: Terminal) -> Iterator[str]:
    count = sum(row.runs + row.variant.failures for row in found.rows)
    parts = [f'{len(found.rows)} commands', f'{counted(count, "run")} in random order']
    yield from heading(parts, terminal)
    yield ''
    yield from table(_columns(found), terminal)
    notes = list(found.notes())
    if notes:
        yield ''
    for note in notes:
        yield from paragraph(note, terminal)
    for name, some in found.differing():
        yield ''
        yield from heading([f'around {name}, compared with the first command'], terminal)
        for one in some:
            if one.is_unfair:
                yield from paragraph(safe(one.sentence), terminal, 'yellow')
        yield from fields([one for one in some if not one.is_unfair][:MOST], terminal)


def _columns(found: Answer) -> list[Column]:
    cells = zip(*(row.cells() for row in found.rows), strict=True)
    columns = [
        of_verdicts(list(column))
        if title == 'verdict'
        else Column(
            title,
            list(column),
            is_right=place in RIGHT,
            is_name=title == 'command',
            rank=RANKS.get(title, 0),
        )
        for place, (title, column) in enumerate(zip(TITLES, cells, strict=True))
    ]
    return [column for column in columns if any(column.cells)]


def _markdown_of(found: Answer) -> Iterator[str]:
    yield from markdown_lines(_columns(found))
    notes = list(found.notes())
    if notes:
        yield ''
    yield from (f'- {note}' for note in notes)
    for name, some in found.differing():
        yield ''
        yield f'Around {name}, compared with the first command:'
        yield ''
        yield from (f'- {bullet(one)}' for one in some[:MOST])


def _json_of(found: Answer) -> Iterator[str]:
    for row in found.rows:
        yield json_line({'kind': 'command', **row.as_dict()})
    if found.scaling is not None:
        names = ('exponent', 'low', 'high', 'why')
        values = {name: getattr(found.scaling, name) for name in names}
        yield json_line({'kind': 'scaling', 'name': found.scan_name, **values})
    for note in found.notes():
        yield json_line({'kind': 'note', 'text': note})
    for name, some in found.differing():
        for one in some:
            yield json_line({'kind': 'field', 'name': name, **one.as_dict()})
