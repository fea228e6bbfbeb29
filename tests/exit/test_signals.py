"""Signals: who is called, in which order, and what is left as it was."""

import signal

import pytest

from microbench import MicroBenchBase
from tests.exit.conftest import cause_of, strict

ONE = """
bench = MicroBench(path)
bench.record_on_exit()
"""
TERM = 'os.kill(os.getpid(), signal.SIGTERM)\n'

# A handler of the user's, which says what it was called with.
OWN = """
def own(number, frame):
    print(signal.Signals(number).name, frame.f_code.co_name, os.path.getsize(path))
signal.signal(signal.SIGTERM, own)
"""


def test_the_handler_before_runs_after_the_record(program):
    """It gets number and frame, the record is in the file, and then SIGTERM ends us."""
    ended = program(OWN + ONE + TERM)
    name, frame, size = ended.out.split()
    assert (name, frame) == ('SIGTERM', '<module>')
    assert int(size) > 0
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.status == -signal.SIGTERM


def test_a_handler_that_raises(program):
    """Its exception is the program's, which ends as it would without us."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: sys.exit(12))\n'
    one = ONE.replace('()', "(then='redeliver')")
    ended = program(own + one + TERM)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert (ended.status, ended.err) == (12, '')


def test_the_handler_before_is_called_once_for_two_benches(program):
    """Two benches and two registrations of one: one handler, called once."""
    code = 'bench.record_on_exit()\nother = MicroBench(path)\nother.record_on_exit()\n'
    ended = program(OWN + ONE + code + TERM)
    assert ended.out.count('SIGTERM') == 1
    assert len(ended.records) == 2


def test_an_ignored_signal_stays_ignored(program):
    """What the program ignores neither ends it nor writes a record."""
    ignore = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
    ended = program(ignore + ONE + TERM + 'print("alive")')
    assert ended.cause == {'exit_status': 0}
    assert (ended.status, ended.out) == (0, 'alive\n')


@pytest.mark.parametrize('name', ['SIGUSR1', 'SIGHUP'])
def test_other_signals_with_a_handler_are_left_to_it(program, name):
    """A checkpoint on SIGUSR1 goes on working: that signal does not mean the end."""
    own = f'signal.signal(signal.{name}, lambda *args: print("checkpoint"))\n'
    ended = program(own + ONE + f'os.kill(os.getpid(), signal.{name})')
    assert ended.cause == {'exit_status': 0}
    assert ended.out == 'checkpoint\n'


def test_a_handler_in_c_is_left_alone(program):
    """Such as the one of faulthandler, which only prints: the program goes on."""
    own = 'import faulthandler\nfaulthandler.register(signal.SIGUSR1)\n'
    ended = program(own + ONE + 'os.kill(os.getpid(), signal.SIGUSR1)\nsys.exit(3)')
    assert ended.cause == {'exit_status': 3}
    assert 'most recent call first' in ended.err


def test_a_signal_that_was_asked_for(program):
    """A signal given by name is taken over from a handler, which runs after us."""
    code = """
signal.signal(signal.SIGUSR1, lambda *args: print('checkpoint'))
bench = MicroBench(path)
bench.record_on_exit(signals='usr1')
os.kill(os.getpid(), signal.SIGUSR1)
"""
    ended = program(code)
    assert (ended.cause, ended.out) == ({'exit_signal': 'SIGUSR1'}, 'checkpoint\n')
    assert ended.status == -signal.SIGUSR1


def test_only_the_signals_that_were_asked_for(program):
    """With a choice of signals, SIGTERM is left alone if it is not among them."""
    code = """
bench = MicroBench(path)
bench.record_on_exit(signals=[signal.SIGHUP])
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(code + TERM)
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)


def test_a_real_time_signal(program):
    """The record names it by its distance from SIGRTMIN."""
    code = """
bench = MicroBench(path)
bench.record_on_exit(signals=[signal.SIGRTMIN + 3])
os.kill(os.getpid(), signal.SIGRTMIN + 3)
"""
    ended = program(code)
    assert ended.cause == {'exit_signal': 'SIGRTMIN+3'}
    assert ended.status == -(signal.SIGRTMIN + 3)


@pytest.mark.parametrize(
    ('signals', 'error'),
    [
        ('SIGKILL', 'no process can handle SIGKILL'),
        (['TERM', 'SIGSTOP'], 'no process can handle SIGSTOP'),
        (signal.SIGCHLD, 'SIGCHLD does not end a process'),
        ('SIGNONE', 'is not a signal of this system'),
        ('SIG_DFL', 'is not a signal of this system'),
        (0, 'is not a signal of this system'),
        (4711, 'is not a signal of this system'),
    ],
)
def test_signals_that_cannot_be_handled(signals, error):
    """Nothing is promised that Python code cannot do: ValueError, and no registration."""
    with pytest.raises(ValueError, match=error):
        MicroBenchBase().record_on_exit(signals=signals)


def test_wrong_arguments():
    """An invalid signal or time is rejected with the name of the argument."""
    with pytest.raises(TypeError):
        MicroBenchBase().record_on_exit(signals=[1.5])
    with pytest.raises(ValueError, match='grace'):
        MicroBenchBase().record_on_exit(grace=-1)


def test_handle_sigterm_false(program):
    """No handler of any kind: SIGTERM ends the process, and Python cannot write."""
    code = """
bench = MicroBench(path)
before = [signal.getsignal(number) for number in signal.valid_signals()]
bench.record_on_exit(handle_sigterm=False)
assert before == [signal.getsignal(number) for number in signal.valid_signals()]
"""
    ended = program(code + TERM)
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)


def test_off_the_main_thread(program):
    """One RuntimeWarning, no handler; the record is written at a normal exit."""
    code = """
bench = MicroBench(path)
thread = threading.Thread(target=bench.record_on_exit)
thread.start()
thread.join()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(code)
    assert ended.cause == {'exit_status': 0}
    assert ended.err.count('RuntimeWarning') == 1


def test_off_the_main_thread_without_handlers(program):
    """A caller that asks for no handler gets no warning."""
    code = """
bench = MicroBench(path)
thread = threading.Thread(target=bench.record_on_exit, args=('x', False))
thread.start()
thread.join()
"""
    ended = program(code)
    assert (ended.cause, ended.err) == ({'exit_status': 0}, '')


CAPTURED = """
class Bench(MicroBench):
    def capture_slow(self, bm_data):
        {inside}
        bm_data['captured'] = True
bench = Bench(path)
bench.record_on_exit()
"""


@pytest.mark.parametrize('second', ['SIGTERM', 'SIGHUP'])
def test_a_second_signal_while_the_first_is_handled(program, second):
    """One record, whole, of the first signal; and the first ends the process."""
    code = CAPTURED.format(inside=f'os.kill(os.getpid(), signal.{second})')
    ended = program(OWN + code + TERM)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.record['captured'] is True
    assert ended.out.count('SIGTERM') == 1
    assert ended.status == -signal.SIGTERM


def test_a_second_signal_in_the_handler_before(program):
    """A handler that checkpoints is not entered again, and runs to its end."""
    own = f"""
def own(number, frame):
    print('begun')
    {TERM}    print('done')
signal.signal(signal.SIGTERM, own)
"""
    ended = program(own + ONE + TERM)
    assert ended.out == 'begun\ndone\n'
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.status == -signal.SIGTERM


@pytest.mark.parametrize('hook', ['capture_slow', 'capturepost_slow'])
def test_a_signal_during_a_normal_exit(program, hook):
    """The record is completed, says so, and the signal ends the process."""
    code = CAPTURED.format(inside=TERM).replace('capture_slow', hook)
    ended = program(OWN + code)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.record['captured'] is True
    assert ended.out.startswith(f'SIGTERM {hook} ')
    assert ended.status == -signal.SIGTERM


def test_ctrl_c_during_the_end(program):
    """An impatient Ctrl-C costs the capture it hits, not the record."""
    code = CAPTURED.format(inside='os.kill(os.getpid(), signal.SIGINT)')
    ended = program(code + '1 / 0')
    assert ended.record['exception']['type'] == 'ZeroDivisionError'
    assert ended.call['capture_errors'] == [
        {'method': 'capture_slow', 'error': 'KeyboardInterrupt: '}
    ]
    assert ended.status == 1


def test_a_handler_installed_later_replaces_ours(program):
    """The program has decided otherwise: its handler alone is called."""
    ended = program(ONE + OWN + 'open(path, "w").close()\n' + TERM)
    assert ended.out.startswith('SIGTERM <module>')
    assert (ended.cause, ended.status) == ({'exit_status': 0}, 0)


def test_a_handler_installed_later_that_calls_ours(program):
    """The record is written; the later handler decides whether the process goes on."""
    later = """
before = signal.getsignal(signal.SIGTERM)
signal.signal(signal.SIGTERM, lambda *args: (before(*args), print('goes on')))
"""
    ended = program(ONE + later + TERM + 'print("end")')
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert (ended.status, ended.out) == (0, 'goes on\nend\n')


def test_a_signal_that_an_event_loop_waits_for(program):
    """The loop shuts the program down as it would without us."""
    code = f"""
import asyncio
async def main():
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    bench.record_on_exit()
    {TERM}    await stopped.wait()
    print('shut down')
bench = MicroBench(path)
asyncio.run(main())
"""
    ended = program(code)
    assert (ended.status, ended.out, ended.err) == (0, 'shut down\n', '')
    assert ended.cause == {'exit_signal': 'SIGTERM', 'exit_status': 0}


def test_signal_while_the_main_thread_joins(program):
    """A signal from another thread reaches the main thread, wherever it waits."""
    code = """
def kill():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
thread = threading.Thread(target=kill, daemon=True)
with bench.time('joining'):
    thread.start()
    thread.join()
"""
    ended = program(ONE + code)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert [t['name'] for t in ended.call['open_timings']] == ['joining']
    assert ended.status == -signal.SIGTERM


STRIKING = """
def next_process():
    for number in range(1, 1000, 5):
        where = f'{path}.{number}'
        child = os.fork()
        if child == 0:
            return number, where
        os.waitpid(child, 0)
        if not os.path.exists(where + '.struck'):
            break
    os._exit(0)

class Hooked(MicroBench, microbench.MBHostInfo):
    def capture_a(self, bm_data):
        bm_data['a'] = 1
left, where = next_process()
bench = Hooked(where)
bench.record_on_exit('simulation')
def strike(frame, event, argument):
    global left
    if event == 'call' and frame.f_code.co_filename.startswith(microbench.__path__[0]):
        left -= 1
        if left == 0:
            os.close(os.open(where + '.struck', os.O_CREAT))
            raise KeyboardInterrupt
    return strike
sys.settrace(strike)
"""


BY_TERM = {'exit_signal': 'SIGTERM'}
# Ctrl-C ends the program while SIGTERM is about to: before we begin.
BROKEN_IN = BY_TERM | {'exception': {'type': 'KeyboardInterrupt', 'message': ''}}


@pytest.mark.parametrize(
    ('last', 'causes'),
    [
        ('', [{'exit_status': 0}]),
        (TERM, [BY_TERM, BY_TERM | {'exit_path': 'native'}, BROKEN_IN]),
    ],
    ids=['a normal end', 'SIGTERM'],
)
def test_ctrl_c_at_each_moment_of_the_end(program, tmp_path, last, causes):
    """One record, in the file, with a cause; and none on standard error."""
    ended = program(STRIKING + last)
    assert (ended.status, ended.records) == (0, [])
    assert '{"mb"' not in ended.err
    assert list(tmp_path.glob('.*.journal')) == []
    paths, struck = (list(tmp_path.glob(each)) for each in ('*.*[0-9]', '*.struck'))
    assert len(paths) == len(struck) + 1 > 20
    for path in paths:
        assert cause_of(strict(path.read_bytes())) in causes, path
