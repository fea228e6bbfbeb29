"""Other handlers, other threads and other languages still get their signals."""

import os
import signal

import pytest

from .conftest import cause_of

# The watchdog is a thread of its own then, that waits for a signal.
SANITIZED = bool(os.environ.get('MICROBENCH_SANITIZE'))

ONE = """
bench = MicroBench(path)
bench.record_on_exit()
"""
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'
HANG = 'never.signal_and_hang(signal.SIGTERM, 1)\n'


# --- handlers in Python ---------------------------------------------------------------

LATER = """
before = signal.getsignal(signal.SIGTERM)
def later(number, frame):
    print('later')
    before(number, frame)
signal.signal(signal.SIGTERM, later)
"""
OLDEST = 'signal.signal(signal.SIGTERM, lambda *args: print("oldest"))\n'


def test_a_handler_on_top_and_a_second_registration(program):
    """The chain goes on to the oldest handler; each is called once."""
    ended = program(OLDEST + ONE + LATER + 'bench.record_on_exit("second")\n' + TERM)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.call['name'] == 'second'
    assert (ended.status, ended.out) == (-signal.SIGTERM, 'later\noldest\n')


def test_a_handler_on_top_after_cancelling(program):
    """It is called, and calls microbench's handler, which calls the oldest one."""
    code = OLDEST + ONE + LATER + 'bench.cancel_record_on_exit()\n' + TERM + 'print(1)\n'
    ended = program(code)
    assert (ended.records, ended.status) == ([], 0)
    assert ended.out == 'later\noldest\n1\n'


def test_a_handler_on_top_of_a_second_registration_after_cancelling(program):
    """All registrations are gone, in whatever order the handlers came."""
    code = OLDEST + ONE + LATER + 'bench.record_on_exit()\nbench.cancel_record_on_exit()\n'
    ended = program(code + 'assert signal.getsignal(signal.SIGTERM) is later\n' + TERM)
    assert (ended.records, ended.status, ended.out) == ([], 0, 'later\noldest\n')


def test_a_second_signal_in_a_handler_on_top(program):
    """The second signal does not count as a call by that handler, which may end alone."""
    twice = LATER.replace("print('later')", f"print('later'); {TERM.strip()}; print('end')")
    ended = program(OLDEST + ONE + twice + 'bench.record_on_exit()\n' + TERM)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.out == 'later\nend\noldest\n'


def test_a_handler_of_the_program_is_not_killed(in_c):
    """Native code hangs, so the handler never runs; the record is written all the same."""
    code = """
signal.signal(signal.SIGTERM, lambda *args: None)
bench = MicroBench(path)
bench.record_on_exit(grace=0)
def watch():
    while not os.path.exists(path) or not open(path).read().endswith('\\n'):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)
free = ctypes.CDLL(sys.argv[2])
threading.Thread(target=watch, daemon=True).start()
free.signal_and_hang(signal.SIGTERM, 1)
"""
    ended = in_c(code)
    assert ended.cause == {'exit_signal': 'SIGTERM', 'exit_path': 'native'}
    assert ended.status == -signal.SIGKILL


def test_a_loop_that_begins_to_wait_later(program):
    """add_signal_handler after us: the loop shuts the program down as without us."""
    code = f"""
import asyncio
async def main():
    stopped = asyncio.Event()
    bench.record_on_exit()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    {TERM}    await stopped.wait()
    print('shut down')
bench = MicroBench(path)
asyncio.run(main())
"""
    ended = program(code)
    assert (ended.status, ended.out) == (0, 'shut down\n')
    assert ended.cause == {'exit_status': 0}


def test_a_thread_that_waits_for_the_signal(program):
    """A signal that sigwait() takes does not end the process."""
    code = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
def wait():
    print(signal.sigwait([signal.SIGTERM]).name)
waiting = threading.Thread(target=wait)
waiting.start()
"""
    ended = program(code + ONE + TERM + 'waiting.join()')
    assert (ended.status, ended.out) == (0, 'SIGTERM\n')
    assert ended.cause == {'exit_status': 0}


def test_a_file_descriptor_that_is_woken_up(program):
    """The bytes that set_wakeup_fd asks for are still written."""
    code = """
import socket
here, there = socket.socketpair()
there.setblocking(False)
signal.set_wakeup_fd(there.fileno())
signal.signal(signal.SIGTERM, lambda *args: print(here.recv(9)))
"""
    assert program(code + ONE + TERM).out == "b'\\x0f'\n"


# --- handlers in C --------------------------------------------------------------------

NOTED = 'print(never.noted() == signal.SIGTERM, flush=True)\n'


def test_a_handler_in_c_that_python_does_not_know(in_c):
    """It runs, and is not replaced; the record is there before, natively."""
    until_written = 'while not os.path.exists(path): pass\n'
    code = 'never.install_note(signal.SIGTERM)\n' + ONE + TERM + until_written + NOTED
    ended = in_c(code)
    assert ended.cause == {'exit_signal': 'SIGTERM', 'exit_path': 'native'}
    assert (ended.status, ended.out) == (0, 'True\n')


@pytest.mark.parametrize('again', ['', 'bench.record_on_exit()\n'])
def test_a_handler_in_c_that_was_installed_later(in_c, again):
    """It calls microbench's, which writes the record and leaves the end to it."""
    code = ONE + 'never.install_note(signal.SIGTERM)\n' + again + TERM + NOTED
    ended = in_c(code)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert (ended.status, ended.out) == (0, 'True\n')


@pytest.mark.parametrize('again', ['', 'bench.record_on_exit()\n'])
def test_a_handler_in_c_that_sends_the_signal_to_ours(program, again):
    """It restores microbench's for a moment; without us the default action would come."""
    code = """
import faulthandler
faulthandler.register(signal.SIGTERM, chain=True)
"""
    ended = program(ONE + code + again + TERM + 'print("alive")\n')
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert (ended.status, ended.out) == (-signal.SIGTERM, '')
    assert 'most recent call first' in ended.err


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGUSR1'])
@pytest.mark.parametrize('chain', [True, False])
def test_a_handler_in_c_stays_in_front(program, name, chain):
    """A bench that is registered beside the first one goes behind it as well."""
    code = f"""
import faulthandler
number = signal.{name}
faulthandler.register(number, chain={chain})
Bench(path).record_on_exit('other', signals=[number])
os.kill(os.getpid(), number)
print('alive')
"""
    ended = program('Bench = MicroBench\n' + ONE + code)
    dies = (-getattr(signal, name), '')
    assert (ended.status, ended.out) == (dies if chain else (0, 'alive\n'))
    cause = {'exit_signal': name} if chain else {'exit_status': 0}
    assert [cause_of(record) for record in ended.records] == [cause, cause]


def test_a_handler_in_c_after_cancelling(in_c):
    """It calls microbench's, which does what would be done without us: SIGTERM ends us."""
    code = ONE + 'never.install_note(signal.SIGTERM)\nbench.cancel_record_on_exit()\n'
    ended = in_c(code + TERM + 'time.sleep(60)')
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)


# --- what is left behind --------------------------------------------------------------

STATE = """
KEPT = 'SigPnd', 'SigBlk', 'SigIgn', 'SigCgt', 'ShdPnd', 'Threads', 'FDSize'
def state():
    status = open('/proc/self/status').read().splitlines()
    kept = [line for line in status if line.startswith(KEPT)]
    descriptors = sorted(os.listdir('/proc/self/fd'))
    return kept, len(os.listdir('/proc/self/task')), descriptors
"""


@pytest.mark.parametrize('own', ['', OLDEST])
@pytest.mark.parametrize('second', ['', 'bench.record_on_exit()\n'])
def test_cancelling_leaves_nothing(program, own, second):
    """Handlers, threads and descriptors are those of before; there never is a thread."""
    if SANITIZED:  # libc has a signal of its own for threads
        own += "KEPT = 'SigPnd', 'SigBlk', 'SigIgn', 'Threads'\n"
    same = 'pass' if SANITIZED else 'assert state()[1:] == before[1:], state()'
    code = f"""
bench = MicroBench(path)
before = state()
handlers = [signal.getsignal(number) for number in signal.valid_signals()]
bench.record_on_exit(then='redeliver')
{second}
{same}
bench.cancel_record_on_exit()
assert state() == before, (before, state())
assert handlers == [signal.getsignal(number) for number in signal.valid_signals()]
"""
    ended = program(STATE + own + code)
    assert (ended.records, ended.status, ended.err) == ([], 0, '')


def test_cancelling_in_another_thread(program):
    """The signal is deadly again at once; Python's own table follows in the main thread."""
    code = """
bench = MicroBench(path)
bench.record_on_exit()
thread = threading.Thread(target=bench.cancel_record_on_exit)
thread.start()
thread.join()
assert bool(signal.SIGTERM in caught()) is False
bench.record_on_exit()
assert signal.SIGTERM in caught()
bench.cancel_record_on_exit()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    caught = """
def caught():
    [mask] = [l for l in open('/proc/self/status') if l.startswith('SigCgt')]
    return [n for n in range(1, 65) if int(mask.split()[1], 16) >> (n - 1) & 1]
"""
    ended = program(caught + code + TERM)
    assert (ended.records, ended.status, ended.err) == ([], -signal.SIGTERM, '')


def test_registered_inside_a_patch_of_the_modules(program):
    """A second call outside of it replaces the first: one record."""
    code = """
import unittest.mock
bench = MicroBench(path)
with unittest.mock.patch.dict(sys.modules):
    bench.record_on_exit('first')
bench.record_on_exit('second')
"""
    assert program(code).call['name'] == 'second'
