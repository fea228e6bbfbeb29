"""What is known of a record while the sinks have their turns."""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Last:
    """The last record of the process: native code writes it if this takes too long.

    It is claimed right before the first sink that native code would write to, or when
    another one has taken it.

    Args:
        claim: whether the record is left to the caller; true once.
        seconds: that all sinks together have; None for any time.
    """

    def __init__(self, claim: Callable[[], bool], seconds: float | None) -> None:
        self.seconds = seconds
        self.thread = get_ident()
        self.told = False  # on standard error
        self._claim = claim
        self._ours: bool | None = None

    def claim(self) -> bool:
        """Whether the record is ours, from now on if it was nobody's."""
        if self._ours is None:
            self._ours = self._claim()
        return self._ours


class Turns:
    """What came of the sinks that have had their turn.

    Attributes:
        errors: one for each of them: what it has raised, or None.
        begun: some may have had theirs.
        over: each has, and what is lost was printed.
        lost: a record that is nowhere: neither in a sink, nor on standard error.
        interruption: Ctrl-C, or the like, while one of them had its turn.
    """

    __slots__ = ('begun', 'errors', 'interruption', 'lost', 'over')

    def __init__(self) -> None:
        self.errors: list[BaseException | None] = []
        self.begun = self.over = False
        self.lost: bytes | None = None
        self.interruption: BaseException | None = None
