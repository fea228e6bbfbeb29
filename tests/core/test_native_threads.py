"""Threads of the system, where `threading` has been patched to use another kind."""

import _thread
from math import inf, nan
from unittest import mock

import pytest

from microbench import _core, threads
from tests.fakes import printed


def test_a_thread_that_nothing_has_patched():
    """A thread runs, can be waited for, and has then ended."""
    with mock.patch.object(_thread, 'start_new_thread', lambda *args: None):
        assert threads.is_patched()
        seen = []
        thread = threads.new_thread(lambda: seen.append(_core.in_main_thread()), 'name')
        assert thread.is_alive()
        thread.start()
        thread.join(60)
        assert (thread.is_alive(), seen) == (False, [False])
        event = threads.event()
        assert (event.is_set(), event.wait(0)) == (False, False)
        event.set()
        event.set()
        assert (event.is_set(), event.wait(60)) == (True, True)
    assert not threads.is_patched()


@pytest.mark.parametrize('seconds', [-1e-9, -1.0, -inf, nan, 0.0])
def test_a_time_that_is_over(seconds):
    """A time that is already over is not waited for, as with `threading.Event`."""
    code = 'import sys; from microbench import _core; g = _core.Gate()\n'
    code += 'print(g.wait(float(sys.argv[1])), g.set(), g.wait(float(sys.argv[1])))'
    assert printed(code, seconds) == 'False None True\n'


def test_what_a_thread_raises(capsys):
    """A thread's error is reported as unraisable, and the thread ends."""
    thread = threads.NativeThread(lambda: 1 / 0)
    with mock.patch('sys.unraisablehook') as hook:
        thread.start()
        thread.join(60)
        for _ in range(1000):  # the hook comes just after the end
            if hook.called:
                break
            _core.Gate().wait(0.01)
    assert hook.called
    assert not thread.is_alive()
