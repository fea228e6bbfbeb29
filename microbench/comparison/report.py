"""The result of a comparison, with its forms."""

from __future__ import annotations

from ..analysis.words import INCONCLUSIVE
from .page import html_of
from .rows import pairs_of, rows_of
from .surroundings import differing
from .text import lines_of
from .words import STRETCHES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .rows import Row
    from .samples import Group, Side
    from .surroundings import Differing

MOST_NAMES = 5  # of groups, in a message


class Comparison:
    """Two sets of records, compared: a sequence of rows.

    `str()` returns it as text, `html()` as a table, and a notebook displays it.

    Args:
        base: the records that are the reference.
        new: the records that are compared with it.
        margin: difference that does not matter, as a share.

    Attributes:
        rows: a `Row` for each group of the same name and command that both sides have, and
            for each of its phases.
        surroundings: a `Differing` for each field that differs, the most suspicious first.
        warnings: sentences: what makes the comparison unfair, and what was left out.
    """

    def __init__(self, base: Side, new: Side, margin: float) -> None:
        self.base, self.new = base, new
        self.margin = margin
        self.pairs = pairs_of(base, new)
        self.rows: list[Row] = rows_of(self.pairs, margin)
        self.surroundings: list[Differing] = differing(base, new)
        self.warnings = list(self._warnings())

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]

    def __str__(self) -> str:
        return '\n'.join(lines_of(self.rows, self.warnings, self.others))

    __repr__ = __str__

    def html(self) -> str:
        """Return HTML with a table of the rows, the warnings and what else differs."""
        return html_of(self.rows, self.warnings, self.others)

    def _repr_html_(self) -> str:
        return self.html()

    @property
    def others(self) -> list[Differing]:
        """Those of `surroundings` that make nothing unfair."""
        return [one for one in self.surroundings if not one.is_unfair]

    def is_slower_by(self, share: float) -> bool:
        """Return whether a whole run is slower for certain, and by more than a share.

        Args:
            share: 0.1 for 10 %.
        """
        return any(row.phase is None and row.is_slower_by(share) for row in self.rows)

    # --- warnings ----------------------------------------------------------------------

    def _warnings(self) -> Iterator[str]:
        for side in (self.base, self.new):
            if side.newer:
                records = 'a record' if side.newer == 1 else f'{side.newer} records'
                yield f'{side.title}: {records} of a newer schema left out, so upgrade'
            if side.left_out:
                values = 'a value' if side.left_out == 1 else f'{side.left_out} values'
                yield f'{side.title}: {values} left out: no finite number'
        if not self.pairs:
            yield self._nothing()
            return
        for one in self.surroundings:
            if one.is_unfair:
                yield one.sentence
        yield from self._alone()
        if any(row.drifts and row.verdict == INCONCLUSIVE for row in self.rows):
            yield 'runs that drift have to take turns: one of each side at a time'
        elif any(row.is_of_stretches for row in self.rows):
            yield STRETCHES

    def _nothing(self) -> str:
        names = [_names(list(side.groups.values())) for side in (self.base, self.new)]
        if not all(names):
            empty = self.base if not names[0] else self.new
            return f'nothing to compare: {empty.title} holds no records'
        return f'nothing to compare: one side has {names[0]}, the other one {names[1]}'

    def _alone(self) -> Iterator[str]:
        paired = {id(group) for pair in self.pairs for group in pair}
        for side in (self.base, self.new):
            alone = [one for one in side.groups.values() if id(one) not in paired]
            if alone:
                yield f'only in {side.title}: {_names(alone)}'


def _names(groups: list[Group]) -> str:
    names = list(dict.fromkeys(str(group.name) for group in groups))
    more = len(names) - MOST_NAMES
    return ', '.join(names[:MOST_NAMES]) + (f' and {more} more' if more > 0 else '')
