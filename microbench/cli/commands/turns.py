"""Which command is next, and when the answer is clear.

A round runs each command once, in a random order. A command whose difference from the first
one is clear runs no more; when all of them are, the comparison ends.
"""

from __future__ import annotations

from random import Random
from time import monotonic

from ...analysis.looks import Look, next_look
from ...analysis.words import SLOWER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .variant import Variant

FEWEST, SHORTEST = 10, 3.0  # rounds, and seconds, before the first look


class Turns:
    """The order of the runs, and the answer so far.

    Args:
        variants: the commands; the others are compared with the first one.
        max_time: seconds after which no round begins.
        rounds: fixed number of rounds; 0 for as many as are needed.
        margin: difference that does not matter, as a share.
        clock: returns seconds.
        random: makes the order.

    Attributes:
        looks: the last look at each of the other commands.
        is_over_time: the time was over before the answer was clear.
    """

    is_over_time = False

    def __init__(
        self,
        variants: Sequence[Variant],
        max_time: float,
        *,
        rounds: int = 0,
        margin: float,
        clock: Callable[[], float] = monotonic,
        random: Random | None = None,
    ) -> None:
        self.variants = list(variants)
        self.max_time, self.rounds, self.margin = max_time, rounds, margin
        self.clock, self.random = clock, random or Random()  # noqa: S311
        self.looks: dict[int, Look] = {}
        self._looked = 0
        self._looks_at = FEWEST

    def __iter__(self) -> Iterator[tuple[int, Variant]]:
        """Yield the number of the round and the command to run."""
        began, number, longest = self.clock(), 0, 0.0
        while not self._is_over(number, began, longest):
            start = self.clock()
            for variant in self._order():
                yield number, variant
            longest = self.clock() - start
            number += 1

    def _order(self) -> list[Variant]:
        open_ = [
            variant
            for place, variant in enumerate(self.variants)
            if not place or not self._is_clear(place)
        ]
        self.random.shuffle(open_)
        return open_

    def _is_clear(self, place: int) -> bool:
        return place in self.looks and self.looks[place].is_clear

    def _is_over(self, number: int, began: float, longest: float) -> bool:
        past = self.clock() - began
        if self.rounds:
            return number >= self.rounds
        if number and past + longest > self.max_time:
            self.is_over_time = True
            return True
        if number < self._looks_at or past < SHORTEST:
            return False
        self._looks_at = next_look(number)
        self.look()
        return all(map(self._is_clear, range(1, len(self.variants))))

    def look(self) -> None:
        """Look at all commands that are not clear yet."""
        self._looked += 1
        others = len(self.variants) - 1
        for place in range(1, len(self.variants)):
            if not self._is_clear(place):
                base, new = self._pairs(place)
                self.looks[place] = Look(base, new, self._looked, others, self.margin)

    def _pairs(self, place: int) -> tuple[list[float], list[float]]:
        """Return the runs of the rounds in which both commands went well."""
        base, new = self.variants[0].rounds, self.variants[place].rounds
        both = sorted(base.keys() & new.keys())
        return [base[number] for number in both], [new[number] for number in both]

    def finish(self) -> None:
        """Look for the last time, at what is not clear yet."""
        if not all(map(self._is_clear, range(1, len(self.variants)))):
            self.look()

    def is_slower_by(self, limit: float) -> bool:
        """Return whether a command is slower for certain, and its ratio above a limit."""
        return any(
            look.verdict == SLOWER and (look.ratio or 0.0) > 1 + limit
            for look in self.looks.values()
        )
