"""Which handlers a signal calls, in which order, and what stays as it was."""

import signal

import pytest

from microbench import MicroBenchBase
from microbench.process.signals import name_of

from .conftest import REGISTERED, TERM, cause_of, strict

BY_TERM = {'exit_signal': 'SIGTERM'}
WELL = {'exit_status': 0}
REGISTER = 'bench.record_on_exit()'

# A handler of the program, which prints what it is called with.
OWN = """
def own(number, frame):
    print(signal.Signals(number).name, frame.f_code.co_name, os.path.getsize(path))
signal.signal(signal.SIGTERM, own)
"""

# What the programs of the tables are made of; `on_top` installs a handler that calls the
# one before it.
PARTS = """
bench = MicroBench(path)
def term(number=signal.SIGTERM):
    os.kill(os.getpid(), number)
def on(handler, number=signal.SIGTERM):
    signal.signal(number, handler)
def says(word, then=lambda: None):
    return lambda *args: (print(word), then(), print('end'))
def on_top(then=lambda: None):
    before = signal.getsignal(signal.SIGTERM)
    def later(*args):
        print('later')
        then()
        before(*args)
        print('goes on')
    on(later)
    return later
"""
LOOP = """
import asyncio
async def main():
    stopped = asyncio.Event()
    {0}
    {1}
    term()
    await stopped.wait()
    print('shut down')
asyncio.run(main())
"""
HANDLES = 'asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)'
WAITS = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
waiting = threading.Thread(target=lambda: print(signal.sigwait([signal.SIGTERM]).name))
waiting.start()
bench.record_on_exit()
term()
waiting.join()
"""
CHECKPOINTS = """
on(says('checkpoint'), signal.{0})
bench.record_on_exit()
term(signal.{0})
"""
SURVIVED = {
    'ignored': (f'on(signal.SIG_IGN); {REGISTER}; term(); print("alive")', 'alive\n', WELL),
    'SIGUSR1 with a handler': (CHECKPOINTS.format('SIGUSR1'), 'checkpoint\nend\n', WELL),
    'SIGHUP with a handler': (CHECKPOINTS.format('SIGHUP'), 'checkpoint\nend\n', WELL),
    'replaced': (f'{REGISTER}; on(says("later")); term()', 'later\nend\n', WELL),
    'on top': (f'{REGISTER}; on_top(); term()', 'later\ngoes on\n', BY_TERM),
    'sigwait()': (WAITS, 'SIGTERM\n', WELL),
    'a later loop': (LOOP.format(REGISTER, HANDLES), 'shut down\n', WELL),
    'a loop': (LOOP.format(HANDLES, REGISTER), 'shut down\n', BY_TERM | WELL),
}


@pytest.mark.parametrize('name', SURVIVED)
def test_a_signal_that_does_not_end_the_program(program, name):
    """The program decides, as without microbench, whether a signal means the end."""
    code, out, cause = SURVIVED[name]
    ended = program(PARTS + code)
    assert (ended.status, ended.out, ended.err) == (0, out, '')
    assert ended.cause == cause


LAST = 'bench.record_on_exit("last")'
OTHER = 'other = MicroBench(path); other.record_on_exit("last")'
WOKEN_UP = f"""
import socket
here, there = socket.socketpair()
there.setblocking(False)
signal.set_wakeup_fd(there.fileno())
on(lambda *args: print(here.recv(9)))
{LAST}
term()
"""
CHAIN = 'later\nown\nend\ngoes on\n'
FIRST = f'on(says("own")); {REGISTER}'
CALLED = {
    'two benches': (f'{FIRST}; {LAST}; {OTHER}; term()', 'own\nend\n'),
    'to its end': (f'on(says("own", term)); {LAST}; term()', 'own\nend\n'),
    'on top': (f'{FIRST}; on_top(); {LAST}; term()', CHAIN),
    'a second signal on top': (f'{FIRST}; on_top(term); {LAST}; term()', CHAIN),
    'set_wakeup_fd()': (WOKEN_UP, "b'\\x0f'\n"),
}


@pytest.mark.parametrize('name', CALLED)
def test_the_handlers_before_are_called(program, name):
    """Each handler is called once, to its end; then the signal ends the process."""
    code, out = CALLED[name]
    ended = program(PARTS + code)
    assert (ended.status, ended.out) == (-signal.SIGTERM, out)
    found = [(record['call']['name'], cause_of(record)) for record in ended.records]
    assert found == [('last', BY_TERM)] * (1 + code.count(OTHER))


@pytest.mark.parametrize('again', ['', REGISTER])
def test_a_handler_on_top_after_cancelling(program, again):
    """The handler on top calls that of microbench, which calls the oldest one."""
    code = f"""
on(says('own')); {REGISTER}
later = on_top()
{again}
bench.cancel_record_on_exit()
assert signal.getsignal(signal.SIGTERM) is later
term()
"""
    ended = program(PARTS + code)
    assert (ended.records, ended.status, ended.out) == ([], 0, CHAIN)


def test_a_handler_that_raises(program):
    """The exception of a handler ends the program, as without microbench."""
    code = 'on(lambda *args: sys.exit(12)); bench.record_on_exit(then="redeliver"); term()'
    ended = program(PARTS + code)
    assert ended.cause == BY_TERM
    assert (ended.status, ended.err) == (12, '')


def test_the_handler_before_runs_after_the_record(program):
    """It gets number and frame, the record is in the file, and SIGTERM ends the program."""
    ended = program(OWN + REGISTERED + TERM)
    name, frame, size = ended.out.split()
    assert (name, frame) == ('SIGTERM', '<module>')
    assert int(size) > 0
    assert ended.cause == BY_TERM
    assert ended.status == -signal.SIGTERM


# --- which signals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ('signals', 'number', 'name', 'out'),
    [
        ("'usr1'", 'SIGUSR1', 'SIGUSR1', ['checkpoint', 'end']),
        ('[signal.SIGRTMIN + 3]', 'SIGRTMIN + 3', 'SIGRTMIN+3', []),
    ],
)
def test_a_signal_that_was_asked_for(program, signals, number, name, out):
    """A signal is taken over from its handler, which runs after the record is written."""
    code = f"""
number = signal.{number}
if {out}:
    on(says('checkpoint'), number)
bench.record_on_exit(signals={signals})
print(int(number), flush=True)
term(number)
"""
    ended = program(PARTS + code)
    assert (ended.cause, ended.out.split()[1:]) == ({'exit_signal': name}, out)
    assert ended.status == -int(ended.out.split()[0])


@pytest.mark.parametrize(
    ('options', 'kept'),
    [
        ('signals=[signal.SIGHUP]', '[signal.SIGTERM]'),
        ('handle_sigterm=False', 'signal.valid_signals()'),
    ],
)
def test_a_signal_that_was_not_asked_for(program, options, kept):
    """SIGTERM is left alone: it ends the process without a record."""
    code = f"""
before = [signal.getsignal(number) for number in {kept}]
bench.record_on_exit({options})
assert before == [signal.getsignal(number) for number in {kept}]
term()
"""
    ended = program(PARTS + code)
    assert (ended.records, ended.status, ended.err) == ([], -signal.SIGTERM, '')


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
    """Signals that no handler can get raise ValueError, and nothing is registered."""
    with pytest.raises(ValueError, match=error):
        MicroBenchBase().record_on_exit(signals=signals)


def test_wrong_arguments():
    """An invalid signal or time is rejected with the name of the argument."""
    with pytest.raises(TypeError):
        MicroBenchBase().record_on_exit(signals=[1.5])
    with pytest.raises(ValueError, match='grace'):
        MicroBenchBase().record_on_exit(grace=-1)


@pytest.mark.parametrize('handles', [True, False])
def test_off_the_main_thread(program, handles):
    """The record is written at a normal exit; a wanted handler is warned about."""
    code = f"""
thread = threading.Thread(target=bench.record_on_exit, args=('x', {handles}))
thread.start()
thread.join()
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    ended = program(PARTS + code)
    assert ended.cause == WELL
    assert ended.err.count('RuntimeWarning') == handles == bool(ended.err)


# --- a second signal, and signals at each moment ---------------------------------------

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
    """The first signal is in the record, which is complete, and ends the process."""
    code = CAPTURED.format(inside=f'os.kill(os.getpid(), signal.{second})')
    ended = program(OWN + code + TERM)
    assert ended.cause == BY_TERM
    assert ended.record['captured'] is True
    assert ended.out.count('SIGTERM') == 1
    assert ended.status == -signal.SIGTERM


@pytest.mark.parametrize('hook', ['capture_slow', 'capturepost_slow'])
def test_a_signal_during_a_normal_exit(program, hook):
    """The record is completed with the signal, which ends the process."""
    code = CAPTURED.format(inside=TERM).replace('capture_slow', hook)
    ended = program(OWN + code)
    assert ended.cause == BY_TERM
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
    ended = program(REGISTERED + code)
    assert ended.cause == BY_TERM
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


# Ctrl-C ends the program while SIGTERM is about to: before we begin.
BROKEN_IN = BY_TERM | {'exception': {'type': 'KeyboardInterrupt', 'message': ''}}


@pytest.mark.parametrize(
    ('last', 'causes'),
    [
        ('', [WELL]),
        (TERM, [BY_TERM, BY_TERM | {'exit_path': 'native'}, BROKEN_IN]),
    ],
    ids=['a normal end', 'SIGTERM'],
)
def test_ctrl_c_at_each_moment_of_the_end(program, tmp_path, last, causes):
    """There is one record with a cause in the file, and none on standard error."""
    ended = program(STRIKING + last)
    assert (ended.status, ended.records) == (0, [])
    assert '{"mb"' not in ended.err
    assert list(tmp_path.glob('.*.journal')) == []
    paths, struck = (list(tmp_path.glob(each)) for each in ('*.*[0-9]', '*.struck'))
    assert len(paths) == len(struck) + 1 > 20
    for path in paths:
        assert cause_of(strict(path.read_bytes())) in causes, path


def test_names():
    """Each signal has the name that the module `signal` gives it."""
    known = [
        number for number in signal.valid_signals() if isinstance(number, signal.Signals)
    ]
    assert [name_of(int(number)) for number in known] == [number.name for number in known]
    assert name_of(signal.SIGRTMIN + 3) == 'SIGRTMIN+3'
