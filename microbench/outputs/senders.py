"""The senders of this process: what becomes of them at a fork and at the end.

background.py has what one of them does. It stays here from its first record on, so that
what waits in it is sent even if nothing else refers to its sink.
"""

from __future__ import annotations

import atexit
import os
from time import monotonic

from .base import SEND_AT_END

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

END_SECONDS = 5.0  # for what waits at a normal end
FORK_SECONDS = 0.1  # that a fork waits for the threads

_senders: set[Any] = set()
_registered = False


def register(sender: Any) -> None:
    """Note a sender that starts a thread."""
    global _registered  # noqa: PLW0603 - once for the process
    _senders.add(sender)
    if not _registered:
        _registered = True
        SEND_AT_END.append(end_all)
        atexit.register(end_all, END_SECONDS)
        os.register_at_fork(
            before=_stop_all, after_in_parent=_go_on_all, after_in_child=_renew_all
        )


def discard(sender: Any) -> None:
    """Forget a sender in which nothing waits."""
    _senders.discard(sender)


def end_all(seconds: float) -> None:
    """Send what waits, in so many seconds together; keep or print the rest."""
    deadline = monotonic() + seconds
    waiting = [sender for sender in list(_senders) if sender.begin_end(deadline)]
    for sender in waiting:
        sender.end()
    for sender in list(_senders):
        sender.report()


def _stop_all() -> None:
    deadline = monotonic() + FORK_SECONDS
    for sender in list(_senders):
        sender.stop()
    for sender in list(_senders):
        sender.join(deadline - monotonic())


def _go_on_all() -> None:
    for sender in list(_senders):
        sender.go_on()


def _renew_all() -> None:
    for sender in list(_senders):
        sender.renew()


def start_without_signals(thread: Any) -> None:
    """Start a thread that gets no signals: they are for the program."""
    import signal

    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def last_words(sink: Any, count: int, where: str) -> str:
    """Return a sentence for records that were not sent before the end."""
    records, they = (
        ('1 record', 'it is') if count == 1 else (f'{count} records', 'they are')
    )
    hint = '; microbench resend sends them' if where.startswith('kept') else ''
    return f'microbench: {sink!r} did not take {records}: {they} {where}{hint}'
