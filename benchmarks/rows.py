"""A row of the table, and what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field

# What a unit comes to in its smallest one; a value is shown in the largest that fits.
SCALES = {
    'ns': (('ns', 1), ('µs', 1_000), ('ms', 1_000_000), ('s', 1_000_000_000)),
    'B': (('B', 1),),
    '': (('', 1),),
}


@dataclass(frozen=True)
class Goal:
    """A limit: of the ratio to the floor, of the value, or of the gain over 2.1.0.

    Args:
        limit: the largest ratio or value that is good; the smallest gain.
        of: `'ratio'`, `'value'` or `'gain'`.
    """

    limit: float
    of: str = 'ratio'


PREDECESSOR = 'microbench 2.1.0'


@dataclass(frozen=True)
class Row:
    """One measure. Values are in nanoseconds, bytes, or plain numbers.

    Args:
        measure: what is measured.
        value: what microbench takes.
        floor_name: what it is compared with.
        floor: what that takes.
        goal: what it is judged by.
        unit: `'ns'`, `'B'` or none.
        peers: what other libraries take for the nearest they have.
        note: put below the table.
    """

    measure: str
    value: float
    floor_name: str = ''
    floor: float | None = None
    goal: Goal | None = None
    unit: str = 'ns'
    peers: dict[str, float] = field(default_factory=dict)
    note: str = ''

    @property
    def ratio(self) -> float | None:
        """Return the value as a multiple of the floor."""
        return self.value / self.floor if self.floor else None

    @property
    def gain(self) -> float | None:
        """Return the ratio of the time of microbench 2.1.0 to this one."""
        before = self.peers.get(PREDECESSOR)
        return before / self.value if before is not None and self.value > 0 else None

    @property
    def ok(self) -> bool | None:
        """Return whether the goal is reached; None if there is nothing to judge."""
        if self.goal is None:
            return None
        judged = getattr(self, self.goal.of)
        if judged is None:
            return None
        if self.goal.of == 'gain':
            return bool(judged >= self.goal.limit)
        return bool(judged <= self.goal.limit)

    def verdict(self) -> str:
        """Return the last column."""
        return {None: '', True: 'yes', False: 'NO'}[self.ok]

    def judged(self) -> str:
        """Return what the goal is about: the ratio, the value, or the gain."""
        if self.goal is None or self.goal.of == 'value':
            return quantity(self.value, self.unit)
        number = getattr(self, self.goal.of)
        return '' if number is None else f'{digits(number)} ×'

    def goal_text(self) -> str:
        """Return the goal as the table has it."""
        if self.goal is None:
            return ''
        if self.goal.of == 'gain':
            return f'≥ {self.goal.limit:g} × 2.1.0'
        if self.goal.of == 'ratio':
            return f'≤ {self.goal.limit:g} ×'
        return f'≤ {quantity(self.goal.limit, self.unit)}'


def quantity(value: float | None, unit: str) -> str:
    """Return a value with three digits, in the largest unit of its kind that fits.

    >>> quantity(84.25, 'ns'), quantity(1234.0, 'ns'), quantity(24, 'B'), quantity(0, '')
    ('84.2 ns', '1.23 µs', '24 B', '0')
    """
    if value is None:
        return ''
    for name, size in reversed(SCALES[unit]):
        if abs(value) >= size or size == 1:
            return f'{digits(value / size)} {name}'.rstrip()
    raise AssertionError(unit)


def digits(value: float) -> str:
    """Return a number with three digits, and no zeros that say nothing in whole ones."""
    if value == int(value) or abs(value) >= 100:
        return f'{value:.0f}'
    return f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}'
