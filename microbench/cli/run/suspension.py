"""Stop and continue the program together with the command.

Ctrl-Z on a terminal stops both. A batch system or `kill -TSTP` may signal only the command,
and the program would run on. SIGSTOP cannot be handled, so it stops the command alone.

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
    """Stops the command together with its child."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._starting = False
        self._waiting = False  # for the child that is being started

    def starting(self) -> None:
        """Delay stops until the child exists."""
        self._starting = True

    def started(self, child: Child) -> None:
        """Stop this child too, also for a stop that was delayed."""
        self._child = child
        self.settled()

    def ended(self, child: Child) -> None:
        """Stop only the command from now on."""
        self._child = None

    def settled(self) -> None:
        """The child exists or cannot be started: perform a delayed stop."""
        self._starting = False
        if self._waiting:
            self._waiting = False
            self.stop()

    def stop(self) -> None:
        """Stop this process and the child until SIGCONT, which is forwarded like others."""
        child = self._child
        if self._starting:
            self._waiting = True
        elif child is None or child.over or shares_terminal(child):
            stop_by(STOP)
        else:
            child.send(STOP)
            stop_by(STOP)
            if child.leads_group:
                child.send(CONTINUE)  # an orphaned group does not stop, see setpgid(2)
