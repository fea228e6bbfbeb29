"""Stop and continue the program together with the command.

Ctrl-Z on a terminal reaches both. A batch system, or `kill -TSTP`, may stop the command
only, and the program would run on. SIGSTOP has no handler, so it stops the command alone.

Everything happens in the main thread, the only one that starts and collects children. It
takes no lock, because the signal handler may interrupt code that holds one.
"""

from __future__ import annotations

import signal

from ...process.signals import stop_by
from .job_control import shares_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Child

STOP, CONTINUE = signal.SIGTSTP, signal.SIGCONT


class Suspension:
    """The stops of the command; an observer of its children."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._starting = False
        self._waiting = False  # for the child that is being started

    def starting(self) -> None:
        """Stop no more before the child is there."""
        self._starting = True

    def started(self, child: Child) -> None:
        """Let it take part in stops, also in one that came while it was started."""
        self._child = child
        self.settled()

    def ended(self, child: Child) -> None:
        """From here on only we stop."""
        self._child = None

    def settled(self) -> None:
        """The child is there, or could not be started."""
        self._starting = False
        if self._waiting:
            self._waiting = False
            self.stop()

    def stop(self) -> None:
        """Stop, and the child as well, until SIGCONT comes: it is passed on like others."""
        child = self._child
        if self._starting:
            self._waiting = True
        elif child is None or child.over or shares_terminal(child):
            stop_by(STOP)
        else:
            child.send(STOP)
            stop_by(STOP)
            if child.leads_group:
                child.send(CONTINUE)  # ours does not stop if it is orphaned, see setpgid(2)
