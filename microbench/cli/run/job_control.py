"""Ask which processes the controlling terminal signals."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Child


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal, whatever its streams are."""
    terminal = _open_terminal()
    if terminal is None:
        return False
    os.close(terminal)
    return True


def in_foreground() -> bool:
    """Return whether Ctrl-C on the controlling terminal signals this process group."""
    terminal = _open_terminal()
    if terminal is None:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # it was hung up
        return False
    finally:
        os.close(terminal)


def shares_terminal(child: Child) -> bool:
    """Return whether keys such as Ctrl-C signal the child too."""
    return not child.leads_group and in_foreground()


def _open_terminal() -> int | None:
    try:
        return os.open('/dev/tty', os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None
