"""Only the process that registered writes a record, not its children."""

import signal
import sys

import pytest

from .conftest import REGISTERED

# Forking beside another thread: Python 3.12 and later warn, and none is here.
FORK = """
def forked(body):
    pid = os.fork()
    if pid == 0:
        body()
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def test_a_forked_child_that_ends(program):
    """Two processes run their exit functions; one record is written."""
    ended = program(REGISTERED + FORK + 'assert forked(lambda: None) == 0\n')
    assert ended.cause == {'exit_status': 0}
    assert (ended.status, ended.err) == (0, '')


def test_a_forked_child_ended_by_sigterm(program):
    """A child dies of the signal at once, and writes no record of its parent."""
    body = 'lambda: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(60))'
    ended = program(REGISTERED + FORK + f'assert forked({body}) == -signal.SIGTERM\n')
    assert ended.cause == {'exit_status': 0}
    assert ended.err == ''


def test_a_forked_child_with_a_handler_before(program):
    """The user's earlier handler runs in the child, which goes on."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: print("own", flush=True))\n'
    body = 'lambda: os.kill(os.getpid(), signal.SIGTERM)'
    ended = program(own + REGISTERED + FORK + f'assert forked({body}) == 0\n')
    assert (ended.cause, ended.out) == ({'exit_status': 0}, 'own\n')


def test_a_forked_child_that_fails(program):
    """A child's traceback is printed; its exception is not in the parent's record."""
    ended = program(REGISTERED + FORK + 'assert forked(lambda: 1 / 0) == 1\n')
    assert ended.cause == {'exit_status': 0}
    assert ended.err.count('ZeroDivisionError') == 1


def test_a_forked_child_registers_itself(program):
    """A child that registers has its own record beside the parent's."""
    body = 'lambda: (bench.record_on_exit("child"), sys.exit(5))'
    ended = program(REGISTERED + FORK + f'assert forked({body}) == 5\n')
    child, parent = ended.records
    assert (child['call']['name'], child['exit_status']) == ('child', 5)
    assert (parent['call']['name'], parent['exit_status']) == ('<process>', 0)


def test_a_forked_child_that_registered_and_is_terminated(program):
    """A signal writes the record of the child that registered."""
    body = """lambda: (bench.record_on_exit("child"),
        os.kill(os.getpid(), signal.SIGTERM), time.sleep(60))"""
    ended = program(REGISTERED + FORK + f'assert forked({body}) == -signal.SIGTERM\n')
    child, parent = ended.records
    assert (child['call']['name'], child['exit_signal']) == ('child', 'SIGTERM')
    assert parent['exit_status'] == 0


def test_signals_wait_while_a_child_is_born(program):
    """Signals to a new child, which CPython forgets, are blocked until it is ready."""
    code = """
def held():
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, [])
seen = []
os.register_at_fork(before=lambda: seen.append(held()),
                    after_in_child=lambda: seen.append(held()))
"""
    body = """lambda: print(
        seen[-1], held(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, flush=True)"""
    last = f'assert forked({body}) == 0\nprint(held())\n'
    ended = program(code + REGISTERED + FORK + last)
    assert (ended.out, ended.err) == ('True False True\nFalse\n', '')


STATE = """
def state():
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    status = open('/proc/self/status').read().splitlines()
    lines = dict(line.split(':') for line in status)
    libcs = 3 << 31  # 32 and 33: it takes them with the first thread
    signals = [int(lines[n], 16) & ~libcs for n in ('SigCgt', 'SigIgn', 'SigBlk')]
    return handlers, signals, sys.excepthook, sys.exit, SystemExit.__dict__['code']
"""


@pytest.mark.parametrize('own', ['', 'signal.signal(signal.SIGTERM, lambda *args: None)\n'])
@pytest.mark.parametrize('then', ['leave', 'redeliver'])
def test_a_forked_child_is_as_without_us(program, own, then):
    """A child has its original handlers, hooks and mask at once."""
    code = f"""
bench = MicroBench(path)
before = state()
bench.record_on_exit(then={then!r})
assert state() != before
def look():
    assert state() == before
    bench.record_on_exit('child', then={then!r})
    assert state() != before
    bench.cancel_record_on_exit()
    assert state() == before
assert forked(look) == 0
assert state() != before
"""
    ended = program(STATE + own + FORK + code)
    assert (ended.cause, ended.err) == ({'exit_status': 0}, '')


# A hook of fork in C, which sends a signal: no Python code of microbench runs around it.
STRUCK = """
import ctypes, functools
def raising(number, frame):
    raise KeyError(number)
signal.signal(signal.{0}, raising)
bench = MicroBench(path)
strike = functools.partial(ctypes.PyDLL(None).kill, os.getpid(), signal.{0})
if {1}:
    os.register_at_fork({2}=strike)
    bench.record_on_exit(then='redeliver')
else:
    bench.record_on_exit(then='redeliver')
    os.register_at_fork({2}=strike)
try:
    pid = os.fork()
    if pid:
        time.sleep(600)
    os._exit(0)
except KeyError as error:
    print(error)
    os._exit(7)
"""


@pytest.mark.parametrize('name', ['SIGTERM', 'SIGINT', 'SIGALRM'])
@pytest.mark.parametrize('when', ['before', 'after_in_parent'])
@pytest.mark.parametrize('first', [True, False])
def test_a_signal_while_a_child_is_born(program, name, when, first):
    """An exception of the handler leaves `os.fork()` and reaches the program."""
    ended = program(STRUCK.format(name, first, when))
    number = int(getattr(signal, name))
    assert (ended.status, ended.out, ended.err) == (7, f'{number}\n', '')


@pytest.mark.parametrize('last', ['pass', 'os.kill(os.getpid(), signal.SIGTERM)'])
@pytest.mark.parametrize('leave', ['sys.exit(0)', 'os._exit(0)', 'pass'])
def test_a_hook_that_forks_at_the_end(program, last, leave):
    """The child writes nothing of its parent's, wherever it goes on."""
    code = f"""
class Bench(MicroBench):
    def capturepost_fork(self, bm_data):
        child = os.fork()
        if child == 0:
            {leave}
        else:
            bm_data['child'] = os.waitpid(child, 0)[1]
bench = Bench(path)
bench.record_on_exit()
{last}
"""
    flags = ['-W', 'ignore::DeprecationWarning']  # of fork() beside a watchdog
    ended = program(code, flags=flags)
    refused = 'capture_errors' in ended.call  # Python 3.12 forks at no normal end
    assert refused or ended.record['child'] in (0, signal.SIGTERM)  # which ends both
    assert ended.err == ''


def test_phases_in_a_forked_child(program):
    """A child's phases are not in its parent's record, and the child goes on."""
    body = 'lambda: bench.time("child").__enter__()'
    ended = program(REGISTERED + FORK + f'assert forked({body}) == 0\n')
    assert not {'timings', 'open_timings'} & set(ended.call)


def test_fork_beside_a_monitor(program):
    """The sampler stays with the parent; the child ends without waiting for it."""
    code = """
class Bench(MicroBenchBase):
    monitor = staticmethod(lambda process: {'pid': process.pid})
bench = Bench(path)
bench.record_on_exit()
"""
    flags = ['-W', 'ignore::DeprecationWarning']  # of fork() beside a thread
    ended = program(code + FORK + 'assert forked(lambda: None) == 0\n', flags=flags)
    assert len({sample['pid'] for sample in ended.call['monitor']}) == 1
    assert ended.err == ''


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
def test_multiprocessing(program, tmp_path, method):
    """Processes and a pool that is terminated write nothing of their parent's."""
    (tmp_path / 'work.py').write_text('def double(number): return 2 * number\n')
    code = f"""
import multiprocessing
sys.path.insert(0, {str(tmp_path)!r})
import work
context = multiprocessing.get_context({method!r})
process = context.Process(target=work.double, args=(1,))
process.start()
process.join()
assert process.exitcode == 0
with context.Pool(2) as pool:
    assert pool.map(work.double, range(4)) == [0, 2, 4, 6]
process = context.Process(target=time.sleep, args=(60,))
process.start()
process.terminate()
process.join()
assert process.exitcode == -signal.SIGTERM
"""
    quiet = ['-W', 'ignore::DeprecationWarning']
    ended = program(REGISTERED + code, flags=quiet if sys.version_info >= (3, 12) else ())
    assert ended.cause == {'exit_status': 0}
    assert (ended.status, ended.err) == (0, '')


def test_a_program_started_by_us(program):
    """A program started by subprocess has the signals as they were before."""
    code = """
import subprocess
child = 'import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)'
print(subprocess.run([sys.executable, '-c', child], capture_output=True, text=True).stdout)
"""
    assert program(REGISTERED + code).out.strip() == 'True'
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# --- native code in children ----------------------------------------------------------

HANG = 'never.signal_and_hang(signal.SIGTERM, 1)'


def test_a_forked_child_that_hangs_in_c(in_c):
    """A child that hangs in C dies of the signal, and nothing is written."""
    ended = in_c(REGISTERED + FORK + f'assert forked(lambda: {HANG}) == -signal.SIGTERM\n')
    assert ended.cause == {'exit_status': 0}
    assert ended.err == ''


def test_a_forked_child_that_crashes(in_c):
    """A crashing child has no record, and its core dump is unchanged."""
    body = 'lambda: never.fault(signal.SIGSEGV)'
    ended = in_c(REGISTERED + FORK + f'assert forked({body}) == -signal.SIGSEGV\n')
    assert ended.cause == {'exit_status': 0}


def test_a_forked_child_with_a_record_that_hangs_in_c(in_c):
    """The child's own record is written natively, once."""
    body = f'lambda: (bench.record_on_exit("child"), {HANG})'
    ended = in_c(REGISTERED + FORK + f'assert forked({body}) == -signal.SIGTERM\n')
    child, parent = ended.records
    assert (child['call']['name'], child['exit_path']) == ('child', 'native')
    assert (parent['call']['name'], parent['exit_status']) == ('<process>', 0)


def test_forking_beside_an_armed_record(program):
    """No thread exists of which Python 3.12 and later would warn at a fork."""
    code = REGISTERED + FORK + 'for _ in range(3): assert forked(lambda: None) == 0\n'
    ended = program(code, flags=['-W', 'error'])
    assert (ended.cause, ended.err) == ({'exit_status': 0}, '')


# --- workers of multiprocessing -------------------------------------------------------

WORK = """
import os, signal, sys, time
import microbench

def work(path, how):
    bench = microbench.MicroBench(path)
    bench.record_on_exit('worker')
    with bench.time('work'):
        pass
    if how == 'raises':
        1 / 0
    elif how == 'exits':
        sys.exit(3)
    elif how == 'is terminated':
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    elif how == 'gives up':
        bench.cancel_record_on_exit()

def start(path, barrier):
    work(path, 'returns')
    barrier.wait()
"""
ENDS = {
    'returns': (0, {'exit_status': 0}),
    'raises': (1, {'exit_status': 1}),
    'exits': (3, {'exit_status': 3}),
    'is terminated': (-signal.SIGTERM, {'exit_signal': 'SIGTERM'}),
    'gives up': (0, None),
}


@pytest.mark.parametrize(
    'more',
    ['', 'class Finalize: pass', 'class BaseProcess: pass'],
    ids=['nothing else', 'Finalize', 'BaseProcess'],
)
def test_a_module_of_the_program_named_process(program, tmp_path, more):
    """A user's module named `process` is not taken for a package with workers."""
    package = tmp_path / 'app'
    package.mkdir()
    (package / '__init__.py').touch()
    util, process = (more, '') if 'Finalize' in more else ('', more)
    (package / 'util.py').write_text(util)
    (package / 'process.py').write_text(
        "def current_process():\n    print('called', flush=True)\n" + process
    )
    code = f"""
sys.path.insert(0, {str(tmp_path)!r})
import app.process, app.util
with bench.record('block'):
    pass
"""
    ended = program(REGISTERED + code)
    assert (ended.out, ended.err, len(ended.records)) == ('', '', 2)


@pytest.mark.parametrize('how', ENDS)
@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
def test_a_worker_with_a_record_of_its_own(program, tmp_path, method, how):
    """A worker's own record has the cause, though such a process skips atexit."""
    (tmp_path / 'work.py').write_text(WORK)
    code = f"""
import multiprocessing
sys.path.insert(0, {str(tmp_path)!r})
import work
context = multiprocessing.get_context({method!r})
worker = context.Process(target=work.work, args=(path, {how!r}))
worker.start()
worker.join()
print(worker.exitcode)
"""
    status, cause = ENDS[how]
    ended = program(REGISTERED + code)
    assert ended.out == f'{status}\n'
    *workers, parent = ended.records
    assert parent['exit_status'] == 0
    assert len(workers) == (cause is not None)
    for worker in workers:
        assert worker['call']['name'] == 'worker'
        assert {name: worker[name] for name in cause} == cause
        raised = how == 'raises' and sys.version_info < (3, 13)  # then it is over
        assert ('exception' in worker) == raised
    assert ended.err.count('Traceback') == (how == 'raises')
    assert list(tmp_path.glob('.*.journal')) == []


def test_a_pool_that_is_terminated(program, tmp_path):
    """The workers of a terminated pool write their records, however they end.

    One may wait for a lock that terminate() holds, and Python not handle the signal, which
    came right before sem_wait(3): then native code ends it after the usual time.
    """
    (tmp_path / 'work.py').write_text(WORK)
    code = f"""
import multiprocessing
multiprocessing.set_start_method('fork')
sys.path.insert(0, {str(tmp_path)!r})
import work
barrier = multiprocessing.Barrier(3)
pool = multiprocessing.Pool(2, work.start, (path, barrier))
barrier.wait()
assert pool.map(abs, range(-9, 0)) == list(range(9, 0, -1))
pool.terminate()
pool.join()
"""
    ended = program(REGISTERED + code, grace='0.25')
    *workers, parent = ended.records
    assert parent['exit_status'] == 0
    assert len(workers) == 2
    ends = [worker.get('exit_signal', worker.get('exit_status')) for worker in workers]
    assert set(ends) <= {'SIGTERM', 0}
    assert ended.err == ''
