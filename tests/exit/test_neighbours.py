"""Handlers in C, and native code that hangs, still get their signals."""

import signal

import pytest

from .conftest import REGISTERED, SHORT, TERM, cause_of

BY_TERM = {'exit_signal': 'SIGTERM'}
AGAIN = 'bench.record_on_exit()\n'
OTHER = 'Bench(path).record_on_exit("other", signals=[number])\n'
NOTE = 'never.install_note(signal.SIGTERM)\n'
NOTED = 'print(never.noted() == signal.SIGTERM, flush=True)\n'


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


def test_a_handler_in_c_that_python_does_not_know(in_c):
    """It runs and is not replaced; native code has written the record before."""
    until_written = 'while not os.path.exists(path): pass\n'
    code = NOTE + REGISTERED + TERM + until_written + NOTED
    ended = in_c(code, grace=SHORT)
    assert ended.cause == {'exit_signal': 'SIGTERM', 'exit_path': 'native'}
    assert (ended.status, ended.out) == (0, 'True\n')


@pytest.mark.parametrize('again', ['', AGAIN])
def test_a_handler_in_c_that_was_installed_later(in_c, again):
    """It calls that of microbench, which writes the record and leaves the end to it."""
    ended = in_c(REGISTERED + NOTE + again + TERM + NOTED)
    assert ended.cause == BY_TERM
    assert (ended.status, ended.out) == (0, 'True\n')


def test_a_handler_in_c_after_cancelling(in_c):
    """It calls that of microbench, which lets SIGTERM end the process."""
    code = REGISTERED + NOTE + 'bench.cancel_record_on_exit()\n'
    ended = in_c(code + TERM + 'time.sleep(60)')
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)


def test_a_handler_in_c_is_left_alone(program):
    """A handler in C that only prints, as of faulthandler, lets the program go on."""
    own = 'import faulthandler\nfaulthandler.register(signal.SIGUSR1)\n'
    ended = program(own + REGISTERED + 'os.kill(os.getpid(), signal.SIGUSR1)\nsys.exit(3)')
    assert ended.cause == {'exit_status': 3}
    assert 'most recent call first' in ended.err


@pytest.mark.parametrize('again', ['', AGAIN, OTHER], ids=['once', 'again', 'other'])
@pytest.mark.parametrize('name', ['SIGTERM', 'SIGUSR1'])
@pytest.mark.parametrize('chain', [True, False])
def test_a_handler_in_c_stays_in_front(program, name, chain, again):
    """The handler in front decides, as without microbench, whether to call the next one."""
    code = f"""
import faulthandler
number = signal.{name}
faulthandler.register(number, chain={chain})
{again}
os.kill(os.getpid(), number)
print('alive')
"""
    ended = program(REGISTERED + code)
    dies = (-getattr(signal, name), '')
    assert (ended.status, ended.out) == (dies if chain else (0, 'alive\n'))
    assert 'most recent call first' in ended.err
    cause = {'exit_signal': name} if chain else {'exit_status': 0}
    count = 2 if again == OTHER else 1
    assert [cause_of(record) for record in ended.records] == [cause] * count
