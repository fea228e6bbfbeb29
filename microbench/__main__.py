"""The command as a process: `microbench` and `python -m microbench`."""

from __future__ import annotations

import gc
import os
import signal
import sys

from .cli.main import main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run `main`, and end with the status that shells and schedulers expect."""
    _keep_status_of_children()
    try:
        main()
    except SystemExit as ended:
        sys.exit(shell_status(ended.code))
    finally:
        _give_up_broken_stdout()
        gc.freeze()  # spares a last search for garbage, a tenth of our start-up time


def shell_status(code: str | int | None) -> str | int | None:
    """Return 128 + N for -N, which says that signal N ended the child."""
    return 128 - code if isinstance(code, int) and code < 0 else code


def _keep_status_of_children() -> None:
    # Where a parent had us started with SIGCHLD ignored, the kernel would not keep how
    # the child ended.
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _give_up_broken_stdout() -> None:
    # What is still buffered for a reader that went away would fail once more when the
    # interpreter ends, and replace the exit status by 120.
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (AttributeError, ValueError):
        pass  # there is none, or it is closed


if __name__ == '__main__':
    console()
