"""Workers that import a script with `record_on_exit()` at its top.

Spawned workers do, and fork servers, which are the default from Python 3.14 on. What is at
the top of the script runs there again; the record of the whole process is the program's.
"""

import collections
import multiprocessing
import signal
import zipapp

import pytest

TOP = """
import importlib, os, signal, sys
from microbench import MicroBench

class Bench(MicroBench):
    monitor = staticmethod(lambda process: {'pid': process.pid})

    def capture_process(self, bm_data):
        bm_data['pid'] = os.getpid()

bench = Bench('records.jsonl')
bench.record_on_exit('program')
"""
TOP_ONLY_IMPORTS = """
import importlib, sys

def context():
    return importlib.import_module(sys.argv[1]).get_context(sys.argv[2])
"""
SCRIPT = """
@bench
def call():
    pass

call()
with bench.record('block'):
    pass

def work(number):
    with bench.time('outside a record'), bench.record('work'):
        return number

def wait():
    importlib.import_module(sys.argv[1]).parent_process().join()

def context():
    return importlib.import_module(sys.argv[1]).get_context(sys.argv[2])
"""
PROCESS = """
    process = context().Process(target=work, args=(0,))
    process.start()
    process.join()
    print(process.exitcode)
"""
POOL = """
    with context().Pool(2) as pool:
        print(pool.map(work, range(4), 1))
        pool.close()
        pool.join()
"""
EXECUTOR = """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=context()) as pool:
        print(list(pool.map(work, range(4))))
"""
MANAGER = """
    with context().Manager() as manager:
        print(manager.list([0]))
"""
MAIN = "\nif __name__ == '__main__':\n"

METHODS = pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])


def check(ran, tmp_path, *, works=1, terminated=False):
    """Assert that the program has one record, and nothing else is left."""
    names = collections.Counter(ran.names)
    assert (names['program'], names['work']) == (1, works), ran
    [program] = [r for r in ran.records if r['call']['name'] == 'program']
    assert 'timings' not in program['call']
    imports = [r['pid'] for r in ran.records if r['call']['name'] == 'block']
    assert program['pid'] in imports
    assert len(set(imports)) == len(imports) == names['call']
    assert 'multi-threaded' not in ran.err  # what fork() warns of, beside a monitor
    assert terminated or list(tmp_path.glob('.*.journal')) == []
    return program


def shown(method):
    """Return flags that show all warnings, unless a monitor would fork."""
    return () if method == 'fork' else ('-W', 'always')


@METHODS
@pytest.mark.parametrize('package', ['multiprocessing', 'multiprocess', 'billiard'])
def test_a_script(same, tmp_path, package, method):
    """Only the program writes its record, whatever its workers import."""
    pytest.importorskip(package)
    workers = MANAGER + PROCESS + POOL
    ran = same(TOP + SCRIPT + MAIN + workers, package, method, flags=shown(method))
    # dill, with which multiprocess pickles functions of a script, cannot on Python 3.15.
    check(ran, tmp_path, works=5 if ran.status == 0 else method == 'fork')


@METHODS
def test_an_executor(same, tmp_path, method):
    """The workers of concurrent.futures start when there is work for them."""
    ran = same(
        TOP + SCRIPT + MAIN + EXECUTOR, 'multiprocessing', method, flags=shown(method)
    )
    check(ran, tmp_path, works=4)


def test_the_default(same, tmp_path):
    """The default is fork up to Python 3.13, and a fork server from 3.14 on."""
    text = POOL.replace('context()', "importlib.import_module('multiprocessing')")
    flags = shown(multiprocessing.get_all_start_methods()[0])
    check(same(TOP + SCRIPT + MAIN + text, flags=flags), tmp_path, works=4)


STARTED = {
    'module': ['-m', 'prog'],
    'package': ['-m', 'app'],
    'directory': ['app'],
    'archive': ['app.pyz'],
}


@pytest.mark.parametrize('started', STARTED)
@METHODS
def test_other_programs(same, tmp_path, started, method):
    """Workers run a module's code again, but not that of `__main__.py`."""
    main = 'from tasks import *\n' + TOP + MAIN + PROCESS
    (tmp_path / 'app').mkdir()
    for folder in (tmp_path, tmp_path / 'app'):
        (folder / 'tasks.py').write_text(
            TOP.replace("bench.record_on_exit('program')", '') + SCRIPT
        )
    (tmp_path / 'app' / '__main__.py').write_text(main)
    zipapp.create_archive(tmp_path / 'app', tmp_path / 'app.pyz')
    command = STARTED[started]
    ran = same(main, 'multiprocessing', method, flags=shown(method), command=command)
    check(ran, tmp_path)


@METHODS
def test_a_module_that_registers(same, tmp_path, method):
    """A module that registers counts as the top of the script that imports it."""
    (tmp_path / 'begin.py').write_text(TOP)
    text = f'from begin import *\n{SCRIPT}{MAIN}{PROCESS}'
    check(same(text, 'multiprocessing', method, flags=shown(method)), tmp_path)


@pytest.mark.parametrize('package', ['multiprocessing', 'multiprocess', 'billiard'])
def test_a_preloaded_module(same, tmp_path, package):
    """A module that the fork server preloads registers nothing."""
    pytest.importorskip(package)
    (tmp_path / 'begin.py').write_text(TOP + SCRIPT)
    preload = "    context().set_forkserver_preload(['begin'])\n"
    text = f'from begin import *\n{MAIN}{preload}{PROCESS}'
    check(same(text, package, 'forkserver', flags=shown('forkserver')), tmp_path)


LATE = """
    import late
    process = context().Process(target=late.work, args=(0,))
    process.start()
    process.join()
    print(process.exitcode)
    with context().Pool(1) as pool:
        print(pool.map(late.work, range(4)))
        pool.close()
        pool.join()
"""


@pytest.mark.parametrize(
    ('method', 'registered'), [('fork', 1), ('spawn', 2), ('forkserver', 2)]
)
def test_a_module_that_comes_with_a_task(same, tmp_path, method, registered):
    """A module that a worker imports with a task registers in the worker."""
    (tmp_path / 'late.py').write_text(TOP + SCRIPT)
    ran = same(TOP_ONLY_IMPORTS + MAIN + LATE, 'multiprocessing', method)
    names = collections.Counter(ran.names)
    assert (names['program'], names['work']) == (registered, 5)


FROZEN = """
import sys
from microbench import MicroBench
sys.frozen = True
bench = MicroBench('records.jsonl')
bench.record_on_exit('program')
"""
FROZEN_LINES = {
    ('--multiprocessing-fork', 'tracker_fd=5', 'pipe_handle=7'): 0,
    ('--billiard-fork', 'pipe_handle=7'): 0,
    ('-B', '-c', 'from multiprocessing.resource_tracker import main;main(5)'): 0,
    ('-c', 'from multiprocess.forkserver import main; main(3, 4, [])'): 0,
    ('-c', 'import sys; from multiprocessing.forkserver import main; main(3)'): 0,
    (): 1,
    ('-c',): 1,
    ('-c', 'print()'): 1,
    ('serve', '--multiprocessing-fork'): 1,
}


@pytest.mark.parametrize('line', FROZEN_LINES, ids=' '.join)
def test_command_lines_of_a_frozen_program(run, line):
    """Only workers and their servers register nothing."""
    ran = run(FROZEN, *line)
    assert (ran.status, ran.err, len(ran.records)) == (0, '', FROZEN_LINES[line])


def test_the_command_line_of_a_worker_in_a_script(run):
    """A script that is not frozen may have such an argument."""
    assert run(FROZEN.replace('frozen', 'other'), '--multiprocessing-fork').names == [
        'program'
    ]


def test_a_worker_of_loky_with_the_script(same, tmp_path):
    """A loky worker may import the script, and registers nothing of its own then."""
    pytest.importorskip('loky')
    text = """
    import loky
    context = loky.backend.get_context('loky_init_main')
    with loky.ProcessPoolExecutor(2, context=context) as pool:
        print(list(pool.map(work, range(4))))
"""
    check(same(TOP + SCRIPT + MAIN + text), tmp_path, works=4)


@pytest.mark.parametrize('backend', ['loky', 'multiprocessing'])
def test_joblib_with_the_script(same, tmp_path, backend):
    """Joblib's workers need no script, or import it."""
    pytest.importorskip('joblib')
    text = f"""
    from joblib import Parallel, delayed
    print(Parallel(n_jobs=2, backend={backend!r})(delayed(work)(n) for n in range(4)))
"""
    ran = same(TOP + SCRIPT + MAIN + text)
    check(ran, tmp_path, works=4, terminated=backend == 'multiprocessing')


ENDED = """
    process = context().Process(target=wait)
    process.start()
    os.kill(os.getpid(), getattr(signal, sys.argv[3]))
    while True:
        signal.pause()
"""
ENDS = {
    'SIGTERM': {'exit_signal': 'SIGTERM'},
    'SIGHUP': {'exit_signal': 'SIGHUP'},
    'SIGKILL': {'exit_path': 'recovered'},
    'SIGSEGV': {'exit_signal': 'SIGSEGV', 'exit_path': 'native'},
}


@pytest.mark.parametrize('number', ENDS)
@METHODS
def test_a_program_that_is_killed(run, tmp_path, number, method):
    """One record has the signal; the worker and its server end by themselves."""
    ran = run(TOP + SCRIPT + MAIN + ENDED, 'multiprocessing', method, number)
    assert ran.status == -getattr(signal, number)
    assert ran.names.count('program') == 1
    [program] = [r for r in ran.records if r['call']['name'] == 'program']
    known = ('exit_signal', 'exit_path', 'exit_status')
    assert {name: program[name] for name in known if name in program} == ENDS[number]
