"""The end of a child, as C reports it; csrc/tests covers what waits for it."""

import os
import signal
import subprocess

import pytest

from microbench import _core


def test_the_clock_is_read_and_the_child_stays():
    """A reading is between start and now, repeatedly, before the child is collected."""
    before = _core.clock_ns()
    with subprocess.Popen(['true']) as process:
        first = _core.child_end_ns(process.pid, True)
        again = _core.child_end_ns(process.pid, False)
        assert before < first <= again <= _core.clock_ns()
        assert os.waitpid(process.pid, 0) == (process.pid, 0)
        process.returncode = 0


def test_a_running_child_has_no_end():
    """A running child gives 0 without blocking."""
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE) as process:
        assert _core.child_end_ns(process.pid, False) == 0


def test_a_handler_runs_while_it_blocks_and_may_raise():
    """A handler is called during the wait; its exception ends the wait."""

    def handler(number, frame):
        calls.append(number)
        if waiting and len(calls) > 1:
            waiting.clear()
            raise LookupError

    calls, waiting = [], []
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        with subprocess.Popen(['cat'], stdin=subprocess.PIPE) as process:
            with pytest.raises(LookupError):
                waiting.append(True)
                while not _core.child_end_ns(process.pid, True):
                    pass
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert calls[:2] == [signal.SIGALRM] * 2


@pytest.mark.parametrize(
    'number', [1, 2**22 + 12345, os.getpid()], ids=['init', 'none', 'itself']
)
def test_a_process_that_is_no_child(number):
    """Another process is a ChildProcessError at once."""
    with pytest.raises(ChildProcessError):
        _core.child_end_ns(number, True)
