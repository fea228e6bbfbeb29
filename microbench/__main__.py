"""The command as a process: `microbench` and `python -m microbench`."""

from __future__ import annotations

import gc

if __name__ == '__main__':
    from . import gil

    gil.ensure()

collects = gc.isenabled()
gc.disable()  # what is imported is no garbage, and looking for it takes a tenth of a start

import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

from .cli.main import main  # noqa: E402
from .cli.run.forwarding import EndedBy  # noqa: E402
from .process.signals import end_by  # noqa: E402

if collects:
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()  # all is in the oldest generation now: enabled, it begins with none
    gc.enable()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run `main`, and end with the status that shells and schedulers expect."""
    _fill_closed_streams()
    _keep_status_of_children()
    try:
        main()
    except EndedBy as ended:
        number = -int(ended.code or 0)
    except KeyboardInterrupt:
        number = signal.SIGINT
    except SystemExit as ended:
        sys.exit(shell_status(ended.code))
    finally:
        _give_up_broken_stdout()
        gc.freeze()  # spares a last search for garbage
    _end_by(number)


def shell_status(code: str | int | None) -> str | int | None:
    """Return 128 + N for -N, which says that signal N ended the child."""
    return 128 - code if isinstance(code, int) and code < 0 else code


def _end_by(number: int) -> NoReturn:
    """End by the signal, so that shells and schedulers see it in the wait status."""
    if number in (signal.SIGXCPU, signal.SIGQUIT):  # their default action dumps core
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    end_by(number)
    sys.exit(128 + number)  # the first process of a container does not die of signals


def _fill_closed_streams() -> None:
    # A file of ours that got one of their numbers would get what is meant for them. The
    # child does not see these: they are closed when it is executed.
    while (number := _nothing()) <= 2:
        pass
    os.close(number)


def _nothing() -> int:
    """Open the null device; where there is none, a pipe that has nothing to read."""
    try:
        return os.open(os.devnull, os.O_RDWR)
    except OSError:  # a chroot without /dev
        number, other = os.pipe()
        os.close(other)
        return number


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
        os.dup2(_nothing(), sys.stdout.fileno())
    except (AttributeError, ValueError):
        pass  # there is none, or it is closed


if __name__ == '__main__':
    console()
