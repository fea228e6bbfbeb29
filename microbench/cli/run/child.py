"""One execution of the command."""

from __future__ import annotations

import os
import signal
import sys
import threading

from ... import _core
from .spawn import started

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from .spawn import Process

    class Observer(Protocol):
        """What accompanies an execution, in the main thread."""

        def started(self, child: Child) -> None:
            """The process is there."""

        def ended(self, child: Child) -> None:
            """It has ended, and the clock was read; it may not be collected yet."""


class StillRunningError(Exception):
    """The child is no longer waited for: the record cannot wait."""


class Child:
    """One execution: started, waited for and collected; signalled by other threads.

    The kernel is asked whether the process is a child of ours. A stubbed one is not: it
    is collected with `os.wait4` alone, and its number is never used for a signal.

    Args:
        command: program and arguments.
        observers: told of start and end.
        options: further arguments of `spawn.started`.
        own_group: make a process group for it.
        check_deadline: called whenever a signal interrupts the waiting; it may raise
            StillRunningError.
        turn: called again and again while the child runs, instead of waiting for it, where
            no thread does what has to be done meanwhile; it waits by itself.
    """

    # None: it could not be started
    process: subprocess.Popen[bytes] | Process | None = None
    status: int | None = None  # as wait4(2) gives it; None: it was not collected
    usage: Any = None
    duration_ns = 0
    is_ours = False
    _began_ns = 0
    leads_group = False
    over = True  # nobody may signal it: not started yet, or ended
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
        self.lock = threading.Lock()  # held while it is signalled, or declared over
        self.texts: dict[str, str] = {}  # captured output, by name of the stream
        self.samples: list[dict[str, Any]] = []
        self.unsampled = ''  # why no more samples could be taken

    def run(self) -> None:
        """Start the command and wait for its end.

        The clock is read last before the start and first after the end.

        Raises:
            OSError: it could not be started.
            StillRunningError: it is still running, and `finish` waits for it.
        """
        self._begin()
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

    def _begin(self) -> None:
        """Start it; a script without `#!` by the shell, as execvp(3) does."""
        self._began_ns = _core.clock_ns()
        # The child gets every descriptor that we were given, as it would without us:
        # `make -j` and `<(...)` of a shell hand some over. Our own ones are closed when
        # it is executed.
        try:
            self.process = started(self.command, **self.options)
        except OSError as error:
            from .programs import as_script  # start-up time

            command = as_script(self.command, error)
            self._began_ns = _core.clock_ns()
            self.process = started(command, **self.options)

    def finish(self) -> None:
        """Wait for the end, have the observers do their part, collect the child."""
        self.duration_ns = (self._wait() or _core.clock_ns()) - self._began_ns
        self._finalize()
        if self.status is None:
            self._collect()

    def _identify(self) -> None:
        """Find out whose child it is; from now on it can be signalled."""
        try:
            self.is_ours = _core.child_end_ns(self.pid, False) >= 0
        except (OSError, TypeError, OverflowError):
            pass  # a stub
        if self.is_ours:
            self.leads_group = self.own_group and os.getpgid(self.pid) == self.pid
            # See spawn.Signalled; a stub with the number of a real child ignores both.
            vars(self.process).update(is_child=True, leads_group=self.leads_group)
        self.over = False

    def _wait(self) -> int:
        """Return the clock right after the end; 0 where the child is a stub."""
        if not self.is_ours:
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
        """It has ended: nobody signals it any more, everybody does what is left."""
        with self.lock:
            self.over = True
        observers, self.observers = self.observers, ()
        for observer in reversed(observers):
            observer.ended(self)

    def _collect(self) -> None:
        assert self.process is not None
        if self.is_ours and not _has_usage():
            _, self.status = os.waitpid(self.pid, 0)
        else:
            _, self.status, self.usage = os.wait4(self.pid, 0)
        self.process.returncode = self.returncode

    def _kill_and_reap(self) -> None:
        """Leave no process behind, nor a Popen object that believes in one."""
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
        """Whether it has ended, even if nobody has noticed; False for a stub."""
        try:
            return self.is_ours and _core.child_end_ns(self.pid, False) > 0
        except ChildProcessError:  # another thread has just collected it
            return True

    def signal(self, number: int, wake: bool = False) -> None:
        """Send a signal, to the whole group if we made one, unless it is over.

        Args:
            number: of the signal.
            wake: continue it, before and after: stopped, it would not react, and the kernel
                sends SIGHUP to stopped members of a group whose leader dies, setpgid(2).
        """
        with self.lock:
            if self.over:
                return
            assert self.process is not None
            if wake:
                self.wake()
            self.process.send_signal(number)
            if wake:
                self.wake()

    def send(self, number: int) -> None:
        """Send a signal if that is allowed; the caller knows that it is not over."""
        assert self.process is not None
        try:
            self.process.send_signal(number)
        except OSError:  # a program that has changed its user
            pass

    def wake(self) -> None:
        """SIGCONT to it, or its group; the caller knows that it was not collected yet."""
        if self.is_ours:
            assert self.process is not None
            try:
                self.process.send_signal(signal.SIGCONT)
            except AttributeError:  # a stub, with the number of a child of ours
                pass

    def terminate(self) -> None:
        """SIGTERM to it, or its group; the caller knows that it was not collected yet."""
        assert self.process is not None
        self.process.terminate()

    def kill(self) -> None:
        """SIGKILL to it, or its group; the caller knows that it was not collected yet."""
        assert self.process is not None
        self.process.kill()

    def kill_others(self) -> None:
        """SIGKILL to who is left in its group; it has ended, and is not collected."""
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
        import resource  # noqa: F401 - else os.wait4 fails, when the status is lost already
    except ImportError:
        return False
    return True


def _new_group() -> dict[str, Any]:
    if sys.hexversion >= 0x030B0000:
        return {'process_group': 0}
    return {'preexec_fn': os.setpgrp}
