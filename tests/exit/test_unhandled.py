"""SIGUSR1, SIGUSR2, SIGHUP and SIGXCPU: Python sees the default, not microbench.

Libraries install a handler only where `signal.getsignal()` says that there is none.
"""

import signal

import pytest

from tests.fakes import PATIENT

from .conftest import SHORT

EACH = pytest.mark.parametrize('name', ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGXCPU'])
ONE = """
class Bench(MicroBench):
    def capture_late(self, bm_data):
        bm_data['late'] = True
bench = Bench(path)
bench.record_on_exit({0})
"""
KILL = 'os.kill(os.getpid(), signal.{0})\ntime.sleep(600)'


@EACH
@pytest.mark.parametrize('asked', ['', 'signals={0!r}'])
def test_python_goes_on_seeing_the_default(program, name, asked):
    """Python sees the default action, and still reacts with all captures."""
    code = f'assert signal.getsignal(signal.{name}) is signal.SIG_DFL\n'
    ended = program(ONE.format(asked.format(name)) + code + KILL.format(name))
    assert (ended.cause, ended.status) == (
        {'exit_signal': name},
        -getattr(signal, name),
    )
    assert ended.record['late'] is True
    assert ended.err == ''


@EACH
def test_a_handler_of_the_program_that_comes_later(program, name):
    """A later handler finds the default action, and replaces microbench's."""
    code = f"""
requeued = []
if signal.getsignal(signal.{name}) in (None, signal.SIG_DFL):
    before = signal.signal(signal.{name}, lambda *args: requeued.append(1))
    assert before is signal.SIG_DFL
os.kill(os.getpid(), signal.{name})
print(len(requeued))
"""
    ended = program(ONE.format('') + code)
    assert (ended.out, ended.cause) == ('1\n', {'exit_status': 0})


@EACH
def test_a_later_handler_and_a_second_registration(program, name):
    """A later handler stays, also through a second registration and cancelling."""
    code = f"""
def own(*args):
    print('own')
signal.signal(signal.{name}, own)
bench.record_on_exit('second')
os.kill(os.getpid(), signal.{name})
bench.cancel_record_on_exit()
assert signal.getsignal(signal.{name}) is own
os.kill(os.getpid(), signal.{name})
"""
    ended = program(ONE.format('') + code)
    assert (ended.records, ended.out, ended.err) == ([], 'own\nown\n', '')


@EACH
def test_python_that_is_late(in_c, name):
    """If Python is late, native code writes what was prepared."""
    ended = in_c(ONE.format('') + f'never.signal_and_hang(signal.{name}, 1)')
    assert ended.cause == {'exit_signal': name, 'exit_path': 'native'}
    assert 'late' not in ended.record
    assert ended.status == -getattr(signal, name)


@EACH
def test_a_signal_in_a_thread(program, name):
    """Python reacts in the main thread, wherever the signal has come."""
    code = f"""
def strike():
    signal.pthread_kill(threading.get_ident(), signal.{name})
threading.Thread(target=strike).start()
while True:
    time.sleep(0.001)
"""
    ended = program(ONE.format('') + code)
    assert (ended.cause, ended.record['late']) == ({'exit_signal': name}, True)


def test_several_at_once(program):
    """Of several signals, the first is recorded and ends the process."""
    code = """
signal.raise_signal(signal.SIGUSR2); signal.raise_signal(signal.SIGTERM)
time.sleep(600)
"""
    ended = program(ONE.format('') + code)
    assert (ended.cause, ended.status) == ({'exit_signal': 'SIGUSR2'}, -signal.SIGUSR2)


def test_during_a_normal_exit(program):
    """A signal at exit is in the completed record, and ends the process."""
    code = ONE.replace("bm_data['late']", "os.kill(os.getpid(), 10); bm_data['late']")
    ended = program(code.format(''))
    assert (ended.cause, ended.record['late']) == ({'exit_signal': 'SIGUSR1'}, True)
    assert ended.status == -signal.SIGUSR1


@pytest.mark.parametrize('name', ['SIGUSR1', 'SIGTERM'])
def test_cancelled_before_python_reacts(in_c, name):
    """A signal that came before cancelling ends the process, without a record."""
    code = f"""
has_come, there = os.pipe()
waits, go = os.pipe()
def cancel():
    os.read(has_come, 1)
    bench.cancel_record_on_exit()
    os.write(go, b'x')
threading.Thread(target=cancel).start()
ctypes.CDLL(sys.argv[2]).signal_and_wait(signal.{name}, there, waits)
time.sleep(600)
"""
    ended = in_c(ONE.format('') + code, grace=PATIENT)
    assert (ended.records, ended.status) == ([], -getattr(signal, name))


RELAYS = """
def handled():
    return [number for number in signal.valid_signals()
            if callable(signal.getsignal(number)) and number != signal.SIGINT]
"""


def test_what_is_installed_in_their_place(program):
    """One free real-time signal stands in for all, and is given back."""
    code = """
taken = signal.SIGRTMAX
signal.signal(taken, lambda *args: None)
bench = MicroBench(path)
bench.record_on_exit()
assert handled() == [signal.SIGTERM, taken - 1, taken]
bench.record_on_exit(signals='TERM')
assert handled() == [signal.SIGTERM, taken]
bench.record_on_exit(signals='HUP')
assert handled() == [taken - 1, taken]
bench.cancel_record_on_exit()
assert handled() == [taken]
"""
    ended = program(RELAYS + code)
    assert (ended.records, ended.err) == ([], '')


def test_the_signal_in_their_place(program):
    """The stand-in signal itself ends the process, as without microbench."""
    ended = program(
        ONE.format('') + 'os.kill(os.getpid(), signal.SIGRTMAX)\ntime.sleep(600)'
    )
    assert ended.cause == {'exit_signal': 'SIGRTMAX'}
    assert ended.status == -signal.SIGRTMAX


TWO = """
bench = MicroBench(path)
bench.record_on_exit('defaults')
assert handled() == [signal.SIGTERM, signal.SIGRTMAX]
other = MicroBench(path)
other.record_on_exit('wants it', signals=['RTMAX'])
assert handled() == [signal.SIGTERM, signal.SIGRTMAX - 1, signal.SIGRTMAX]
"""


@pytest.mark.parametrize(
    ('cancelled', 'left', 'name'),
    [
        ('bench', ['signal.SIGRTMAX'], 'SIGRTMAX'),
        ('other', ['signal.SIGTERM', 'signal.SIGRTMAX - 1'], 'SIGUSR1'),
    ],
)
def test_a_bench_that_asks_for_that_signal(program, cancelled, left, name):
    """Another signal takes its place; each bench has its record."""
    code = f"""
{cancelled}.cancel_record_on_exit()
assert handled() == [{', '.join(left)}]
os.kill(os.getpid(), signal.{name})
time.sleep(600)
"""
    ended = program(RELAYS + TWO + code)
    assert (ended.cause, ended.err) == ({'exit_signal': name}, '')
    assert ended.status == -getattr(signal, name)


@pytest.mark.parametrize('name', ['SIGRTMAX', 'SIGUSR1'])
def test_both_benches(program, name):
    """Each signal leaves both records, and ends the process."""
    code = f'os.kill(os.getpid(), signal.{name})\ntime.sleep(600)\n'
    ended = program(RELAYS + TWO + code)
    assert [record['exit_signal'] for record in ended.records] == [name, name]
    assert ended.status == -getattr(signal, name)


def test_a_bench_that_asks_for_it_in_a_thread(program):
    """In a thread Python's handlers cannot change, so the stand-in signal stays."""
    code = """
bench = MicroBench(path)
bench.record_on_exit('defaults')
other = MicroBench(path)
thread = threading.Thread(target=other.record_on_exit, kwargs={'signals': ['RTMAX']})
thread.start()
thread.join()
bench.cancel_record_on_exit()
os.kill(os.getpid(), signal.SIGRTMAX)
time.sleep(600)
"""
    ended = program(RELAYS + code, flags=['-W', 'ignore'])
    assert (ended.cause, ended.status) == ({'exit_signal': 'SIGRTMAX'}, -signal.SIGRTMAX)


def test_a_bench_that_asks_for_all_of_them(program):
    """If no signal is free, the first stays in place as long as it is needed."""
    code = """
bench = MicroBench(path)
bench.record_on_exit('defaults')
other = MicroBench(path)
other.record_on_exit(signals=list(range(signal.SIGRTMIN, signal.SIGRTMAX + 1)))
other.cancel_record_on_exit()
os.kill(os.getpid(), signal.SIGUSR1)
time.sleep(600)
"""
    ended = program(RELAYS + code)
    assert (ended.cause, ended.status) == ({'exit_signal': 'SIGUSR1'}, -signal.SIGUSR1)


def test_a_program_that_takes_it_away(in_c):
    """If the program takes the stand-in signal, native code writes the record."""
    code = 'signal.signal(signal.SIGRTMAX, signal.SIG_DFL)\n'
    ended = in_c(ONE.format('') + code + KILL.format('SIGUSR1'), grace=SHORT)
    assert ended.cause == {'exit_signal': 'SIGUSR1', 'exit_path': 'native'}
    assert ended.status == -signal.SIGUSR1


@EACH
def test_no_such_signal_to_be_had(program, name):
    """Without a free signal, an ordinary and visible Python handler is installed."""
    code = f"""
from microbench.process import handlers
handlers.REAL_TIME = ()
{ONE.format('')}
assert callable(signal.getsignal(signal.{name}))
"""
    ended = program(code + KILL.format(name))
    assert (ended.cause, ended.record['late']) == ({'exit_signal': name}, True)


def test_registered_off_the_main_thread(program):
    """Off the main thread native code handles them; existing handlers stay."""
    code = """
other = MicroBench(path)
thread = threading.Thread(target=other.record_on_exit)
thread.start()
thread.join()
"""
    ended = program(ONE.format('') + code + KILL.format('SIGUSR1'), flags=['-W', 'ignore'])
    assert len(ended.records) == 2
    assert {record['exit_signal'] for record in ended.records} == {'SIGUSR1'}
