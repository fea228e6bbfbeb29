"""One execution of the command."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
import sys
from _thread import allocate_lock

from ... import _core
from .spawn import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from .spawn import Process

    class Observer(Protocol):
        """Acts at the start and the end of an execution, in the main thread.

        Before and after, the runner calls `starting` and `settled` of the first observer,
        the Forwarding, also where the process could not be started.
        """

        def started(self, child: Child) -> None:
            """The process exists."""

        def ended(self, child: Child) -> None:
            """The process has ended, and the clock was read; it may be uncollected."""


class StillRunningError(Exception):
    """The record can wait for the child no longer."""


class Child:
    """One execution: start a process, wait for it, collect it. Other threads signal it.

    The kernel says whether the process is a child of this one. A stub of a test is not: it
    is collected with `os.wait4` alone, and its number is never signalled.

    Args:
        command: program and arguments.
        observers: objects whose `started` and `ended` are called.
        options: further arguments of `spawn.start`.
        own_group: make a process group for the child.
        check_deadline: called whenever a signal interrupts the wait; it may raise
            StillRunningError.
        turn: called repeatedly while the child runs, if there is no timer thread; it waits
            for the next event and handles it.
    """

    # None: it could not be started
    process: subprocess.Popen[bytes] | Process | None = None
    status: int | None = None  # as from wait4(2); None: not collected
    usage: Any = None
    run_delay: float | None = None  # seconds; see delay.py
    duration_ns = 0
    is_real = False  # not a stub: the kernel says that it is our child
    _began_ns = 0
    leads_group = False
    over = True  # must not be signalled: not started yet, or ended
    timed_out = False

    def __init__(
        self,
        command: list[str],
        observers: Sequence[Observer] = (),
        options: Mapping[str, Any] | None = None,
        own_group: bool = False,
        check_deadline: Callable[[], None] = lambda: None,
        turn: Callable[[], None] | None = None,
    ) -> None:
        self.command = command
        self.observers = observers
        self.options = dict(options or {})
        if own_group:
            self.options.update(_new_group())
        self.own_group = own_group
        self.check_deadline = check_deadline
        self.turn = turn
        self.lock = allocate_lock()  # held while signalling, and while setting `over`
        self.texts: dict[str, str] = {}  # captured output by name of the stream
        self.samples: list[dict[str, Any]] = []
        self.unsampled = ''  # why no more samples could be taken

    def run(self) -> None:
        """Start the command and wait until it ends.

        The clock is read immediately before the start and immediately after the end.

        Raises:
            OSError: the command cannot be started.
            StillRunningError: the command is still running; `finish` waits for it.
        """
        self._start()
        try:
            self._identify()
            for observer in self.observers:
                observer.started(self)
            self.finish()
        except StillRunningError:
            self.duration_ns = _core.clock_ns() - self._began_ns
            raise
        except BaseException:
            self._kill_and_reap()
            raise

    def _start(self) -> None:
        """Start the command, or a script without `#!` with the shell, as execvp(3) does."""
        self._began_ns = _core.clock_ns()
        # The child inherits the descriptors that this process inherited, for instance from
        # `make -j` or from `<(...)` of a shell. Those opened here are close-on-exec.
        try:
            self.process = start(self.command, **self.options)
        except OSError as error:
            from .programs import as_script  # start-up time

            command = as_script(self.command, error)
            self._began_ns = _core.clock_ns()
            self.process = start(command, **self.options)

    def finish(self) -> None:
        """Wait for the end, call the observers, and collect the child."""
        self.duration_ns = (self._wait() or _core.clock_ns()) - self._began_ns
        self._finalize()
        if self.status is None:
            self._collect()

    def _identify(self) -> None:
        """Ask the kernel whether it is our child; from now on it may be signalled."""
        try:
            self.is_real = _core.child_end_ns(self.pid, False) >= 0
        except (OSError, TypeError, OverflowError):
            pass  # a stub
        if self.is_real:
            self.leads_group = self.own_group and os.getpgid(self.pid) == self.pid
            # See spawn.Signalled; a stub with the number of a real child ignores both.
            vars(self.process).update(is_child=True, leads_group=self.leads_group)
        self.over = False

    def _wait(self) -> int:
        """Wait, and return the clock right after the end; 0 for a stub."""
        if not self.is_real:
            self._collect()
            return 0
        while True:
            ended_ns = _core.child_end_ns(self.pid, self.turn is None)
            if ended_ns:
                return ended_ns
            if self.turn is not None:
                self.turn()
            self.check_deadline()

    def _finalize(self) -> None:
        """Forbid signals after the end, and call `ended` of the observers."""
        with self.lock:
            self.over = True
        observers, self.observers = self.observers, ()
        for observer in reversed(observers):
            observer.ended(self)

    def _collect(self) -> None:
        assert self.process is not None
        if self.is_real and not _has_usage():
            _, self.status = os.waitpid(self.pid, 0)
        else:
            _, self.status, self.usage = os.wait4(self.pid, 0)
        self.process.returncode = self.returncode

    def _kill_and_reap(self) -> None:
        """Kill and collect the child after an error, also for its Popen object."""
        assert self.process is not None
        if self.status is None:
            if self.leads_group or not self.has_ended:  # else the number may be reused
                self.process.kill()
            self.process.wait()
        if not self.duration_ns:
            self.duration_ns = _core.clock_ns() - self._began_ns
        self._finalize()

    @property
    def has_ended(self) -> bool:
        """True if the kernel reports that the child has ended; False for a stub."""
        try:
            return self.is_real and _core.child_end_ns(self.pid, False) > 0
        except ChildProcessError:  # another thread has just collected it
            return True

    def signal(self, number: int, wake: bool = False) -> None:
        """Send a signal to the child, or to its group if it leads one, unless it is over.

        Args:
            number: number of the signal.
            wake: send SIGCONT before and after. A stopped process would not react, and the
                kernel sends SIGHUP to stopped members of a group whose leader dies; see
                setpgid(2).
        """
        with self.lock:
            if not self.over:
                assert self.process is not None
                if wake:
                    self.wake()
                self.process.send_signal(number)
                if wake:
                    self.wake()

    def send(self, number: int) -> None:
        """Send a signal if that is permitted. Only call this while it is not over."""
        assert self.process is not None
        try:
            self.process.send_signal(number)
        except OSError:  # the program runs as another user
            pass

    def wake(self) -> None:
        """Send SIGCONT to the child or its group. Only call this before it is collected."""
        if self.is_real:
            assert self.process is not None
            try:
                self.process.send_signal(signal.SIGCONT)
            except AttributeError:  # a stub with the number of a real child
                pass

    def terminate(self) -> None:
        """Send SIGTERM to the child or its group. Only call this before it is collected."""
        assert self.process is not None
        self.process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the child or its group. Only call this before it is collected."""
        assert self.process is not None
        self.process.kill()

    def kill_others(self) -> None:
        """Send SIGKILL to the rest of its group, while it has ended and is uncollected."""
        if self.leads_group:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # other code has collected it

    @property
    def pid(self) -> int:
        """The number of the process, invented where that is a stub."""
        assert self.process is not None
        return self.process.pid

    @property
    def returncode(self) -> int:
        """The exit status; negative: the signal that ended the child."""
        assert self.status is not None
        return os.waitstatus_to_exitcode(self.status)


def _has_usage() -> bool:
    try:
        import resource  # noqa: F401 - without it os.wait4 loses the status
    except ImportError:
        return False
    return True


def _new_group() -> dict[str, Any]:
    if sys.hexversion >= 0x030B0000:
        return {'process_group': 0}
    return {'preexec_fn': os.setpgrp}
