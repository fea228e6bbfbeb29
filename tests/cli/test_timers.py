"""The thread that acts while the main thread waits."""

import os
import signal
import threading
from pathlib import Path
from time import monotonic

import pytest

from microbench.cli.run.timers import TimerThread


@pytest.fixture
def watched():
    """Start timers and collect what they report."""
    heard = []
    timers = TimerThread(heard.append)
    timers.start()
    yield timers, heard
    timers.stop()


def test_actions_are_done_in_the_order_of_their_times(watched):
    """Actions run by time, not by order of request; past ones run at once."""
    timers, _ = watched
    done, all_done = [], threading.Event()
    now = monotonic()
    for delay in (0.03, 0.01, 0.02, -1.0):
        timers.at(now + delay, lambda delay=delay: done.append(delay))
    timers.at(now + 0.04, all_done.set)
    assert all_done.wait(60)
    assert done == [-1.0, 0.01, 0.02, 0.03]


def test_what_is_cancelled_is_not_done(watched):
    """Cancelling twice, or too late, does nothing."""
    timers, _ = watched
    done, all_done = [], threading.Event()
    now = monotonic()
    timer = timers.at(now + 0.01, lambda: done.append(1))
    timers.cancel(timer)
    timers.cancel(timer)
    last = timers.at(now + 0.02, all_done.set)
    assert all_done.wait(60)
    timers.cancel(last)
    assert done == []


def test_signals_are_heard_in_their_order(watched):
    """The timer thread gets the numbers that the C half of a handler writes."""
    timers, heard = watched
    arrived = threading.Event()
    os.write(timers.writer, bytes([signal.SIGTERM, signal.SIGUSR1]))
    timers.at(monotonic(), arrived.set)
    assert arrived.wait(60)
    assert heard == [signal.SIGTERM, signal.SIGUSR1]


def test_an_error_of_an_action_ends_nothing(watched, capsys):
    """The error is printed on one line, and the thread goes on."""
    timers, _ = watched
    done = threading.Event()
    timers.at(monotonic() - 1, lambda: {}['key'])
    timers.at(monotonic(), done.set)
    assert done.wait(60)
    assert capsys.readouterr().err == "microbench: while the command ran: KeyError: 'key'\n"


def test_a_very_late_action(watched):
    """An action may be later than poll(2) can sleep."""
    timers, heard = watched
    timers.cancel(timers.at(monotonic() + 1e12, lambda: heard.append(0)))
    timers.at(float('inf'), lambda: heard.append(0))
    done = threading.Event()
    timers.at(monotonic(), done.set)
    assert done.wait(60)
    assert heard == []


def test_stopping_leaves_nothing():
    """No thread and no descriptor remain; pending actions are dropped."""

    def descriptors():
        return len(list(Path('/dev/fd').iterdir()))

    before = descriptors()
    timers = TimerThread(lambda number: None)
    timers.start()
    timers.at(monotonic() + 600, lambda: pytest.fail('it is not due'))
    timers.stop()
    assert not timers.threaded
    assert descriptors() == before
