"""The command as a child process: run once, or as often as asked, as one record."""

from __future__ import annotations

import os
import subprocess

from .. import _core
from ..core.run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.bench import MicroBenchBase

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # exit statuses, as shells and env(1) have them


class Child:
    """One execution of the command."""

    process: subprocess.Popen[bytes] | None = None  # None: it could not be started
    status: int | None = None  # as wait4(2) gives it; None: it was not waited for
    usage: Any = None
    duration_ns = 0

    def __init__(self, command: list[str]) -> None:
        self.command = command

    def run(self) -> None:
        """Start the command and wait for its end.

        The clock is read last before the start and first after the end.
        """
        began_ns = _core.clock_ns()
        try:
            # The child gets every descriptor that we were given, as it would without
            # us: `make -j` and `<(...)` of a shell hand some over. Our own ones are
            # closed when it is executed.
            self.process = subprocess.Popen(self.command, close_fds=False)
            _, self.status, self.usage = os.wait4(self.process.pid, 0)
        finally:
            self.duration_ns = _core.clock_ns() - began_ns
            self._settle()

    def _settle(self) -> None:
        """Leave no process behind, nor a Popen object that believes in one."""
        if self.process is None:
            return
        if self.status is None:
            self.process.kill()
            self.process.wait()
        else:
            self.process.returncode = self.returncode

    @property
    def returncode(self) -> int:
        """The exit status; negative: the signal that ended the child."""
        assert self.status is not None
        return os.waitstatus_to_exitcode(self.status)


class Measurement:
    """The command, run as often as asked, as one record.

    The first error ends it, and becomes the record's `exception`.
    """

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.child = Child(command)  # the present one, or the last
        self.returncodes: list[int] = []
        self.usage: list[Any] = []
        self.error: BaseException | None = None

    def record(self, bench: MicroBenchBase, iterations: int, warmup: int) -> None:
        """Warm up, run the iterations, hand the record to the sinks of the bench."""
        self._repeat(warmup, self._run_child)
        run = self._begin(bench)
        self._repeat(iterations, self._run_timed, run)
        run.finish(self.error)

    def run_unrecorded(self) -> None:
        """Run the command once, as if it had been started without us."""
        self._repeat(1, self._run_child)
        if self.error is None:
            self.returncodes.append(self.child.returncode)

    def _begin(self, bench: MicroBenchBase) -> Run:
        run = Run(bench, os.path.basename(self.command[0])).begin(
            invocation='CLI', command=self.command, returncode=self.returncodes
        )
        assert run.data is not None
        run.data['_children_usage'] = self.usage
        run.finish_wall_ns = run.start_wall_ns  # should no iteration end
        return run

    def _repeat(self, times: int, once: Callable[..., None], *args: Any) -> None:
        """Do it so often, unless there was an error before, or until there is one."""
        if self.error is not None:
            return
        try:
            for _ in range(times):
                once(*args)
        except BaseException as error:  # main() raises it again
            self.error = error

    def _run_child(self) -> None:
        self.child = Child(self.command)
        self.child.run()

    def _run_timed(self, run: Run) -> None:
        try:
            self._run_child()
        finally:
            run.add_duration(self.child.duration_ns)
        self.returncodes.append(self.child.returncode)
        self.usage.append(self.child.usage)

    # --- the outcome -----------------------------------------------------------------

    @property
    def start_error(self) -> OSError | None:
        """Why the command could not be started."""
        if isinstance(self.error, OSError) and self.child.process is None:
            return self.error
        return None

    @property
    def exit_status(self) -> int:
        """The first return code that is not 0; else 127 or 126 for a failed start."""
        failed = [code for code in self.returncodes if code]
        if self.start_error is not None:
            missing = isinstance(self.start_error, FileNotFoundError)
            failed.append(NOT_FOUND if missing else NOT_EXECUTABLE)
        return failed[0] if failed else 0
