"""The command as a process: `microbench` and `python -m microbench`."""

from __future__ import annotations

import gc

if __name__ == '__main__':
    from . import gil

    gil.ensure()

collects = gc.isenabled()
gc.disable()  # imports make no garbage, and searching for it takes a tenth of the start

import _signal as signal  # type: ignore[import-not-found]  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from .cli.main import main  # noqa: E402
from .cli.run.forwarding import EndedBy  # noqa: E402
from .process.signals import end_by  # noqa: E402

if collects:
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()  # this moves all objects to the oldest generation
    gc.enable()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def console() -> NoReturn:
    """Run `main`, and end with the status that shells and schedulers expect.

    Raises:
        SystemExit: always, unless a signal ends the process.
    """
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
    _die_by(number)


def shell_status(code: str | int | None) -> str | int | None:
    """Return 128 + N for -N: signal N ended the child. Return other codes unchanged."""
    return 128 - code if isinstance(code, int) and code < 0 else code


def _die_by(number: int) -> NoReturn:
    """End by this signal, so that shells and schedulers see it in the wait status."""
    if number in (signal.SIGXCPU, signal.SIGQUIT):  # their default action dumps core
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    end_by(number)
    sys.exit(128 + number)  # the first process of a container does not die of signals


def _fill_closed_streams() -> None:
    # A file that we open would otherwise get the number 0, 1 or 2, and receive what is
    # printed. The child does not inherit these descriptors.
    while (number := _nothing()) <= 2:
        pass
    os.close(number)


def _nothing() -> int:
    """Open the null device, or an empty pipe where that is missing."""
    try:
        return os.open(os.devnull, os.O_RDWR)
    except OSError:  # a chroot without /dev
        number, other = os.pipe()
        os.close(other)
        return number


def _keep_status_of_children() -> None:
    # If the parent process ignored SIGCHLD, so do we, and the kernel discards the exit
    # status of the child.
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _give_up_broken_stdout() -> None:
    # If the reader went away, the interpreter would fail to flush the buffer when it
    # ends, and replace the exit status by 120.
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(_nothing(), sys.stdout.fileno())
    except (AttributeError, ValueError):
        pass  # it is None or closed


if __name__ == '__main__':
    console()
