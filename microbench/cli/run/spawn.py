"""The start of a process, without the price of importing subprocess.

That takes half as long as starting Python. So `posix_spawn` starts the plain case; it is
also how subprocess would do it if it passed all descriptors on. A program that has loaded
subprocess gets what `subprocess.Popen` makes, since that is what its tests replace.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import Any

# What Python ignores, and a program expects at its default: as in subprocess.
RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)


def environment() -> dict[bytes, bytes]:
    """Return the environment as bytes.

    To read `os.environ` takes a tenth of the time in which a small program runs.
    """
    return dict(os.environb)


def started(
    command: list[str], environ: Mapping[bytes, bytes] | None = None, **options: Any
) -> subprocess.Popen[bytes] | Process:
    """Return the process of a command, which has every descriptor that we were given.

    Args:
        command: program, looked for in PATH, and arguments.
        environ: the present environment, where it was read before.
        options: further arguments of Popen.

    Raises:
        OSError, ValueError: it could not be started; as Popen raises them.
    """
    plain = options.keys() <= {'process_group'} and 'subprocess' not in sys.modules
    if plain and sys.platform == 'linux':  # where it tells what went wrong with exec
        return Process(command, environ or environment(), **options)
    import subprocess

    return subprocess.Popen(command, close_fds=False, **options)


class Process:
    """A child process: what is used of a Popen object, and nothing else.

    Args:
        command: program and arguments.
        environ: its environment.
        process_group: 0 makes a group for it.
    """

    stdout = stderr = None
    returncode: int | None = None

    def __init__(
        self,
        command: list[str],
        environ: Mapping[bytes, bytes],
        process_group: int | None = None,
    ) -> None:
        group: dict[str, Any] = {}
        if process_group is not None:
            group['setpgroup'] = process_group
        self.pid = os.posix_spawnp(
            command[0], command, environ, setsigdef=RESTORED, **group
        )

    def send_signal(self, number: int) -> None:
        """Send it a signal; the caller knows that it was not collected yet."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for the end, and return the status as `returncode` has it."""
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode
