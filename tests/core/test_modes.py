"""Switches of the interpreter under which records are the same, and nothing is printed."""

import subprocess
import sys

import pytest

from tests.fakes import ROOT, environment, printed

PROGRAM = """
import asyncio, contextlib, threading
from concurrent.futures import ThreadPoolExecutor
from microbench import MicroBench

class Monitored(MicroBench):
    monitor_interval = 1000

    def monitor(self, process):
        return {'pid': process.pid}

class Hooked(MicroBench):
    def capture_x(self, bm_data):
        bm_data['x'] = 1

BENCHES = MicroBench(sys.argv[1] + '.text'), Hooked(sys.argv[1] + '.dict')

def right(condition):
    if not condition:  # assert is nothing with -OO
        raise SystemError

def program(bench):
    @bench
    def plain(n):
        with bench.time('part'):
            return n + 1

    @bench
    def yields(n):
        for i in range(n):
            with bench.time('step'):
                yield i

    @bench
    async def waits(n):
        async with bench.time('wait'):
            await asyncio.sleep(0)
        return n

    @bench
    async def both(n):
        for i in range(n):
            yield await waits(i)

    @bench
    def fails():
        raise KeyError

    async def tasks():
        # -X dev warns of steps that take longer, as they do on a busy machine.
        asyncio.get_running_loop().slow_callback_duration = 600
        async with bench.arecord('tasks'):
            await asyncio.gather(*map(waits, range(50)))
            return [i async for i in both(5)]

    def phase(name):
        with bench.time(name):
            pass

    for n in range(300):  # enough to be compiled
        right(plain(n) == n + 1)
        right(list(yields(3)) == [0, 1, 2])
        with contextlib.suppress(KeyError):
            fails()
    right(asyncio.run(tasks()) == [0, 1, 2, 3, 4])
    with ThreadPoolExecutor(2) as pool:
        for n in range(3):
            with bench.record(f'pool {n}'):
                list(pool.map(phase, 'ab'))
        list(pool.map(plain, range(100)))

counts = []
for bench in BENCHES:
    program(bench)
    found = {}
    for record in bench.get_results():
        call = record['call']
        phases = tuple(sorted(timing['name'] for timing in call.get('timings', ())))
        kind = call['name'], phases, record.get('exception', {}).get('type')
        found[kind] = found.get(kind, 0) + 1
    counts.append(found)
monitored = Monitored()
with monitored.record():
    pass
[record] = monitored.get_results()
print(len(record['call']['monitor']), counts[0] == counts[1])
for kind, number in sorted(counts[0].items(), key=str):
    print(number, *kind)

# what is open at the end: a daemon thread in a record, with a monitor
inside = threading.Event()
def forever():
    with monitored.record(), bench.time('open'):
        inside.set()
        threading.Event().wait()
import warnings
warnings.filterwarnings('ignore', 'monitor: this run was not started by the main thread')
threading.Thread(target=forever, daemon=True).start()
inside.wait()
"""
EXPECTED = """\
1 True
1 both () None
300 fails () KeyError
400 plain ('part',) None
1 pool 0 ('a', 'b') None
1 pool 1 ('a', 'b') None
1 pool 2 ('a', 'b') None
1 tasks () None
55 waits ('wait',) None
300 yields ('step', 'step', 'step') None
"""

FROM_14 = pytest.mark.skipif(
    sys.version_info < (3, 14), reason='runs from CPython 3.14 on: a new switch'
)
# Of an interpreter that was built without it, a variable in the environment is ignored.
MODES = {
    'as ever': ((), {}),
    'errors': (('-W', 'error'), {}),
    'development': (('-X', 'dev', '-W', 'error'), {}),
    'isolated': (('-I',), {}),
    'optimized': (('-OO',), {}),
    'locale': (('-X', 'utf8=0'), {'LC_ALL': 'C', 'PYTHONCOERCECLOCALE': '0'}),
    'compiler': ((), {'PYTHON_JIT': '1'}),
}
NEW_MODES = {
    'inherited context': ('-X', 'thread_inherit_context=1'),
    'warnings by context': ('-X', 'context_aware_warnings=1'),
    'both': (*('-X', 'thread_inherit_context=1'), '-X', 'context_aware_warnings=1'),
}


@pytest.mark.parametrize('mode', MODES)
def test_a_mode(mode, tmp_path):
    """Records are complete under a compiler, warnings as errors, other encodings."""
    flags, env = MODES[mode]
    assert printed(PROGRAM, tmp_path / 'records', flags=flags, env=env) == EXPECTED


@FROM_14
@pytest.mark.parametrize('mode', NEW_MODES)
def test_a_new_mode(mode, tmp_path):
    """A thread that inherits the context and outlives a record serves the next one."""
    flags = NEW_MODES[mode]
    assert printed(PROGRAM, tmp_path / 'records', flags=flags) == EXPECTED


INHERITS = """
import threading
from microbench import MicroBenchBase
bench, other = MicroBenchBase(), MicroBenchBase()

def phase(name):
    with bench.time(name):
        pass

with other.record('other'):
    thread = threading.Thread(target=phase, args=('in a thread',))
    thread.start()
    thread.join()
[record] = other.get_results()
print([timing['name'] for timing in record['call'].get('timings', ())])
"""


@FROM_14
@pytest.mark.parametrize(('inherits', 'phases'), [(0, []), (1, ['in a thread'])])
def test_a_thread_that_inherits(inherits, phases):
    """A phase goes to the record that was active when the thread started, as in a task."""
    flags = ('-X', f'thread_inherit_context={inherits}')
    assert printed(INHERITS, flags=flags) == f'{phases}\n'


POOL = """
import contextvars, threading
from concurrent.futures import ThreadPoolExecutor
from microbench import MicroBenchBase
bench = MicroBenchBase()

def phase(name):
    with bench.time(name):
        pass

def request(pool):
    with bench.record('second'):
        pool.submit(TASK, 'phase').result()

with ThreadPoolExecutor(1) as pool, bench.record('first'):
    pool.submit(phase, 'first phase').result()
    context = contextvars.Context()
    thread = threading.Thread(target=lambda: context.run(request, pool))
    thread.start()
    thread.join()
for record in bench.get_results():
    print(record['call']['name'], [t['name'] for t in record['call'].get('timings', ())])
"""
GOES_TO = {
    # In which context the task runs: of the thread, of its submitter.
    ('0', 'phase'): "second []\nfirst ['first phase']\n",
    ('1', 'phase'): "second []\nfirst ['first phase', 'phase']\n",
    (
        '0',
        'contextvars.copy_context().run, phase',
    ): "second ['phase']\nfirst ['first phase']\n",
    (
        '1',
        'contextvars.copy_context().run, phase',
    ): "second ['phase']\nfirst ['first phase']\n",
}


@FROM_14
@pytest.mark.parametrize(('inherits', 'task'), GOES_TO)
def test_a_pool_that_serves_two_records(inherits, task):
    """A pool's thread keeps its first record; a task with a context uses its own."""
    code = POOL.replace('TASK', task)
    flags = ('-X', f'thread_inherit_context={inherits}')
    assert printed(code, flags=flags) == GOES_TO[inherits, task]


SUITES = {
    'PYTHON_THREAD_INHERIT_CONTEXT': ('test_phases.py', 'test_tasks.py', 'test_threads.py'),
    'PYTHON_CONTEXT_AWARE_WARNINGS': ('test_monitor.py', 'test_phases.py'),
    'PYTHONDEVMODE': ('test_recursion.py::test_fifteen_thousand_levels', 'test_monitor.py'),
}


@FROM_14
@pytest.mark.parametrize('variable', SUITES)
def test_tests_under_a_switch(variable):
    """Tests of threads, warnings and recursion pass with a switch in the environment."""
    files = [ROOT / 'tests' / 'core' / name for name in SUITES[variable]]
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *files],
        cwd=ROOT,
        env={**environment(), variable: '1'},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
