"""Delivery state of one record: which sinks have tried it, and what they raised."""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Last:
    """The last record of the process: native code writes it if Python takes too long.

    Python claims it right before the first sink that native code would write to, or once
    another sink has taken it.

    Args:
        claim: whether the record is left to the caller; true once.
        seconds: that all sinks together have; None for any time.
    """

    def __init__(self, claim: Callable[[], bool], seconds: float | None) -> None:
        self.seconds = seconds
        self.thread = get_ident()
        self.reported = False  # on standard error
        self._claim = claim
        self._is_claimed: bool | None = None

    def claim(self) -> bool:
        """Claim the record; return True if Python, not the watchdog, owns it."""
        if self._is_claimed is None:
            self._is_claimed = self._claim()
        return self._is_claimed


class Turns:
    """Outcome of the sinks that have tried the record.

    Attributes:
        errors: one for each of these sinks: the exception it raised, or None.
        trying: number of the sink that has the record, or has had it last.
        over: all sinks have tried, and a lost record was printed.
        lost: a record that is neither in a sink nor on standard error.
        interruption: Ctrl-C, or the like, while a sink was trying.
    """

    errors: tuple[BaseException | None, ...] = ()
    trying = -1
    over = False
    lost: bytes | None = None
    interruption: BaseException | None = None
