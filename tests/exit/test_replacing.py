"""A second call starts anew; cancelling leaves everything as it was."""

import os
import signal
from datetime import datetime

import pytest

from .conftest import REGISTERED, TERM

# The watchdog is a thread of its own then, and libc has a signal of its own for threads.
SANITIZED = bool(os.environ.get('MICROBENCH_SANITIZE'))

# All that a registration may change in a process: what it does change, and what not.
STATE = """
def read(names):
    return [line for line in open('/proc/self/status') if line.startswith(names)]
def changed():
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    hooks = [sys.excepthook, sys.exit, SystemExit.__dict__['code']]
    return handlers, hooks, read(SIGNALS)
def kept():
    counts = threading.active_count(), os.listdir('/proc/self/task'), read('FDSize')
    return counts, sorted(os.listdir('/proc/self/fd'))
# Without SigQ: it counts the signals queued for all processes of the user.
SIGNALS = 'SigPnd', 'SigBlk', 'SigIgn', 'SigCgt', 'Shd'
"""
if SANITIZED:
    STATE += "SIGNALS = 'SigPnd', 'SigBlk', 'SigIgn'\n"

# The signals that lead to a handler, as the system knows them, without 32 and 33, which
# libc has for itself from the first thread on.
CAUGHT = """
def caught():
    [mask] = [l for l in open('/proc/self/status') if l.startswith('SigCgt')]
    caught = {n for n in range(1, 65) if int(mask.split()[1], 16) >> (n - 1) & 1}
    return caught - {32, 33}
"""

MONITORED = """
class Bench(MicroBenchBase):
    monitor = staticmethod(lambda process: {'pid': process.pid})
"""


def test_a_second_call_replaces_the_first(program):
    """There is one record, with the new name, start and phases."""
    code = """
bench = MicroBench(path)
bench.record_on_exit('first')
with bench.time('before'):
    pass
between = time.time()
bench.record_on_exit('second')
with bench.time('after'):
    pass
bench.between = between
print(between)
"""
    ended = program(code)
    assert ended.call['name'] == 'second'
    assert [t['name'] for t in ended.call['timings']] == ['after']
    start = datetime.fromisoformat(ended.call['start_time']).timestamp()
    assert start >= float(ended.out) - 1e-5


def test_a_signal_after_a_second_call(program):
    """SIGTERM writes the second registration only."""
    code = (
        "bench = MicroBench(path)\nbench.record_on_exit('1')\nbench.record_on_exit('2')\n"
    )
    ended = program(code + TERM)
    assert (ended.call['name'], ended.cause) == ('2', {'exit_signal': 'SIGTERM'})
    assert ended.status == -signal.SIGTERM


def test_signals_during_second_calls(program, tmp_path):
    """A signal at any moment leaves one record of either registration."""
    code = """
bench = MicroBench(path)
bench.record_on_exit('first')
number = int(sys.argv[2])
def strike(frame, event, argument):
    global number
    if event == 'call' and frame.f_code.co_filename.startswith(microbench.__path__[0]):
        number -= 1
        if number == 0:
            os.kill(os.getpid(), signal.SIGTERM)
    return None
sys.settrace(strike)
bench.record_on_exit('second')
sys.settrace(None)
print(number)
sys.exit(0)
"""
    for number in range(1, 200, 3):
        ended = program(code, number)
        assert len(ended.records) == 1, number
        assert list(tmp_path.glob('.*.journal')) == []
        if ended.out:
            break
        assert ended.cause['exit_signal'] == 'SIGTERM'
    assert number > 20


def test_hooks_are_installed_once(program):
    """Any number of calls by any number of benches installs each hook once."""
    code = """
before = sys.excepthook
benches = [MicroBench(path) for _ in range(3)]
benches[0].record_on_exit()
installed = sys.excepthook, signal.getsignal(signal.SIGTERM), SystemExit.__dict__['code']
assert installed[0] is not before
for bench in benches * 2:
    bench.record_on_exit()
assert installed == (
    sys.excepthook, signal.getsignal(signal.SIGTERM), SystemExit.__dict__['code'])
"""
    ended = program(code)
    assert (len(ended.records), ended.err) == (3, '')


def test_the_handlers_follow_the_second_call(program):
    """Signals that only the first call asked for are given back."""
    code = """
bench = MicroBench(path)
bench.record_on_exit(signals='HUP')
assert {signal.SIGHUP} < caught()
bench.record_on_exit(signals='USR1')
assert signal.SIGHUP not in caught()
assert {signal.SIGUSR1} < caught()
bench.record_on_exit(handle_sigterm=False)
assert caught() == {signal.SIGINT}
"""
    assert program(CAUGHT + code).err == ''


def test_the_first_monitor_ends(program):
    """After a second call one sampler is left, and its samples are of the new run."""
    code = """
bench = Bench(path)
for _ in range(3):
    bench.record_on_exit()
    assert threading.active_count() == 2
"""
    ended = program(MONITORED + code)
    assert (len(ended.call['monitor']), ended.err) == (1, '')


def test_registered_inside_a_patch_of_the_modules(program):
    """A second call outside of the patch replaces the first."""
    code = """
import unittest.mock
bench = MicroBench(path)
with unittest.mock.patch.dict(sys.modules):
    bench.record_on_exit('first')
bench.record_on_exit('second')
"""
    assert program(code).call['name'] == 'second'


OWN = 'signal.signal(signal.SIGTERM, lambda *args: None)\n'


@pytest.mark.parametrize('own', ['', OWN])
@pytest.mark.parametrize('second', ['', 'bench.record_on_exit()\n'])
def test_cancelling_leaves_nothing(program, own, second):
    """Handlers, threads and descriptors are as before; there never is a thread."""
    code = f"""
bench = MicroBench(path)
before, rest = changed(), kept()
bench.record_on_exit(then='redeliver')
{second}
assert changed() != before
assert {SANITIZED} or kept() == rest, (kept(), rest)
bench.cancel_record_on_exit()
assert (changed(), kept()) == (before, rest)
bench.record_on_exit(then='leave')
bench.cancel_record_on_exit()
bench.cancel_record_on_exit()
assert (changed(), kept()) == (before, rest)
"""
    ended = program(STATE + own + code)
    assert (ended.records, ended.status, ended.err) == ([], 0, '')


def test_cancelling_one_of_two(program):
    """The other one keeps handlers and hooks; the thread of a monitor ends."""
    code = """
import psutil
bench, other = Bench(path), MicroBench(path)
threading.Thread(target=int).start()  # the C library's own handler comes with the first
before, rest = changed(), kept()
while len(rest[0][1]) > 1:
    rest = kept()
bench.record_on_exit()
other.record_on_exit()
bench.cancel_record_on_exit()
assert changed() != before
other.cancel_record_on_exit()
assert changed() == before
while kept() != rest:  # the kernel takes a moment to clear away a thread
    pass
"""
    ended = program(STATE + MONITORED + code)
    assert (ended.records, ended.err) == ([], '')


def test_cancelling_without_a_registration(program):
    """Cancelling without a registration does nothing."""
    ended = program('MicroBench(path).cancel_record_on_exit()')
    assert (ended.records, ended.status, ended.err) == ([], 0, '')


@pytest.mark.parametrize('again', [False, True])
def test_cancelling_off_the_main_thread(program, again):
    """The signal ends the process again; the table of Python follows in the main thread."""
    code = f"""
thread = threading.Thread(target=bench.cancel_record_on_exit)
thread.start()
thread.join()
assert signal.SIGTERM not in caught()
if {again}:
    bench.record_on_exit()
    assert signal.SIGTERM in caught()
    bench.cancel_record_on_exit()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(CAUGHT + REGISTERED + code + TERM)
    assert (ended.records, ended.status, ended.err) == ([], -signal.SIGTERM, '')


def test_a_cancelled_bench_under_a_later_excepthook(program):
    """A hook that has wrapped microbench's still works, and so does a new registration."""
    code = """
bench = MicroBench(path)
bench.record_on_exit()
before = sys.excepthook
sys.excepthook = lambda *args: (print('later'), before(*args))
bench.cancel_record_on_exit()
bench.record_on_exit()
1 / 0
"""
    ended = program(code)
    assert ended.record['exception']['type'] == 'ZeroDivisionError'
    assert (ended.out, ended.err.count('Traceback')) == ('later\n', 1)


def test_a_hook_that_was_put_back_is_wrapped_again(program):
    """A registration finds its hook gone, as test suites leave it, and installs it anew."""
    code = """
bench, before = MicroBench(path), sys.excepthook
bench.record_on_exit()
sys.excepthook = before
bench.record_on_exit()
assert sys.excepthook is not before
bench.cancel_record_on_exit()
assert sys.excepthook is before
bench.record_on_exit()
1 / 0
"""
    ended = program(code)
    assert ended.record['exception']['type'] == 'ZeroDivisionError'
    assert ended.err.count('Traceback') == 1


def test_phases_after_cancelling(program):
    """Phases after cancelling belong to no record, and nothing is raised."""
    code = """
bench = MicroBench(path)
bench.record_on_exit()
phase = bench.time('open')
with phase:
    bench.cancel_record_on_exit()
with bench.time('after'):
    pass
with bench.record('block'), bench.time('inside'):
    pass
"""
    ended = program(code)
    assert [t['name'] for t in ended.call['timings']] == ['inside']


def test_switched_off(program):
    """MICROBENCH=off installs no handler, thread or hook, and writes no record."""
    code = """
bench = Bench(path)
before = changed(), kept()
bench.record_on_exit()
assert (changed(), kept()) == before
bench.cancel_record_on_exit()
"""
    ended = program(STATE + MONITORED + code, env={'MICROBENCH': 'off'})
    assert (ended.records, ended.status, ended.err) == ([], 0, '')
