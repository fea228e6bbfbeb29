"""Start a process without importing subprocess.

That import takes half as long as starting Python. So `posix_spawn` starts the plain case;
subprocess would use it too if it passed on all descriptors. A program that has loaded
subprocess gets what `subprocess.Popen` returns, because its tests may replace that.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import Any

# What Python ignores, and a program expects at its default: as in subprocess.
RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
STREAMS = ('stdin', 'stdout', 'stderr')
PLAIN = {'process_group', *STREAMS}
PIPE = -1  # subprocess.PIPE


def environment() -> dict[bytes, bytes]:
    """Return the environment as bytes.

    Reading `os.environ` takes a tenth of the time in which a small program runs.
    """
    return dict(os.environb)


def start(
    command: list[str], environ: Mapping[bytes, bytes] | None = None, **options: Any
) -> subprocess.Popen[bytes] | Process:
    """Start a command that inherits every descriptor of this process.

    Args:
        command: program, looked up in PATH, and arguments.
        environ: the environment, if the caller has read it already.
        options: further arguments of Popen.

    Returns:
        The process: a `Process`, or what `subprocess.Popen` returns.

    Raises:
        OSError, ValueError: the command cannot be start; the errors are those of Popen.
    """
    plain = options.keys() <= PLAIN and PIPE not in options.values()
    if plain and 'subprocess' not in sys.modules and sys.platform == 'linux':
        # its posix_spawn reports why exec failed
        return Process(command, environ or environment(), **options)
    import subprocess

    process: subprocess.Popen[bytes] = _adapted(subprocess.Popen)(
        command, close_fds=False, **options
    )
    return process


class Signalled:
    """Send signals without collecting the process.

    `Popen.send_signal` polls first. This would collect a child that has ended, and lose its
    resource usage.
    """

    pid: int
    is_child = False  # the number may be invented until the kernel has confirmed it
    leads_group = False

    def send_signal(self, number: int) -> None:
        """Signal the process, or its group if it leads one; it was not collected yet."""
        if not self.is_child:
            super().send_signal(number)  # type: ignore[misc]
            return
        try:
            (os.killpg if self.leads_group else os.kill)(self.pid, number)
        except ProcessLookupError:
            pass  # other code has collected it


_popens: dict[Any, type] = {}  # a class is made once: the start of the command is timed


def _adapted(popen: Any) -> Any:
    """Return Popen with the methods of `Signalled`; a stub of a test as it is."""
    bases = getattr(popen, '__mro__', ())
    if all(base.__module__ != 'subprocess' for base in bases):
        return popen
    if popen not in _popens:
        _popens[popen] = type(popen.__name__, (Signalled, popen), {})
    return _popens[popen]


class Process(Signalled):
    """A child process with the part of Popen's interface that `Child` uses.

    Args:
        command: program and arguments.
        environ: its environment.
        process_group: 0 makes a group for it.
        streams: `stdin`, `stdout`, `stderr`: open descriptors.
    """

    is_child = True
    stdout = stderr = None
    returncode: int | None = None

    def __init__(
        self,
        command: list[str],
        environ: Mapping[bytes, bytes],
        process_group: int | None = None,
        **streams: int,
    ) -> None:
        more: dict[str, Any] = {}
        if process_group is not None:
            more['setpgroup'] = process_group
        if streams:
            more['file_actions'] = [
                (os.POSIX_SPAWN_DUP2, number, STREAMS.index(name))
                for name, number in streams.items()
            ]
        self.pid = os.posix_spawnp(command[0], command, environ, setsigdef=RESTORED, **more)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait until the process ends; return its status as `returncode` has it."""
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode
