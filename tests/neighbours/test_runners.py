"""Records of programs that run another program name its end correctly."""

import pytest

from tests.neighbours.conftest import needs

PROGRAM = """
import sys
from microbench import MicroBench

bench = MicroBench('records.jsonl')
bench.record_on_exit('job')
with bench.time('step'):
    print('work')
how = sys.argv[1]
if how == 'exit':
    sys.exit(3)
if how == 'raise':
    raise ValueError('boo')
"""
SILENT = ('-W', 'ignore')

RUN_PATH = """
import runpy, sys
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name='__main__')
"""

# What runs it, and what it needs beside the standard library.
RUNNERS = {
    'python': ((), None),
    'runpy': (('-c', RUN_PATH), None),
    'cProfile': (('-m', 'cProfile', '-o', 'profile'), None),
    'profile': (('-m', 'profile', '-o', 'profile'), None),
    'trace': (('-m', 'trace', '--count', '-C', 'counts'), None),
    'pdb': (('-m', 'pdb', '-c', 'continue', '-c', 'quit'), None),
    'coverage': (('-m', 'coverage', 'run'), 'coverage'),
    'viztracer': (('-m', 'viztracer', '-o', 'trace.json', '--quiet'), 'viztracer'),
    'kernprof': (('-m', 'kernprof'), 'line_profiler'),
    'pyinstrument': (('-m', 'pyinstrument', '-o', 'profile'), 'pyinstrument'),
    'debugpy': (('-m', 'debugpy', '--listen', '0'), 'debugpy'),
    'ipython': (('-m', 'IPython', '--no-banner', '--colors=NoColor', '--quick',
                 '--profile-dir=.ipython'), 'IPython'),
    'scalene': (('-m', 'scalene', 'run', '--cpu-only', '-o', 'profile.json'), 'scalene'),
}  # fmt: skip

# Those that go on to the interpreter's end as the program does.
PLAIN = ('python', 'runpy', 'coverage')


@pytest.mark.parametrize('how', ['end', 'exit', 'raise'])
@pytest.mark.parametrize('runner', RUNNERS)
def test_what_is_claimed_is_true(run, runner, how):
    """The status is the real one, or absent; an exception is claimed if it was the end."""
    flags, package = RUNNERS[runner]
    if package:
        needs(package)
    ran = run(PROGRAM, how, flags=(*SILENT, *flags))
    [record] = ran.records
    assert record['call']['name'] == 'job'
    assert [timing['name'] for timing in record['call']['timings']] == ['step']
    assert record.get('exit_status', ran.status) == ran.status, ran
    assert 'exit_path' not in record
    if 'exception' in record:
        assert (record['exception']['type'], how, ran.status) == ('ValueError', 'raise', 1)
    if runner in PLAIN:
        assert record['exit_status'] == {'end': 0, 'exit': 3, 'raise': 1}[how]
        assert ('exception' in record) == (how == 'raise')


RUNS_EXIT_FUNCTIONS = """
import atexit, runpy, sys
from microbench import MicroBench

MicroBench  # loaded, as by a runner that lives on
error = None
try:
    runpy.run_path('job.py', run_name='__main__')
except BaseException as raised:
    error = raised
atexit._run_exitfuncs()
if error is not None and sys.argv[2] == 'on':
    raise error
"""


@pytest.mark.parametrize('after', ['on', 'off'])
@pytest.mark.parametrize('how', ['end', 'exit', 'raise'])
def test_exit_functions_that_run_early(run, tmp_path, how, after):
    """A record made before the end says nothing of it; all else is there."""
    (tmp_path / 'job.py').write_text(PROGRAM)
    ran = run(RUNS_EXIT_FUNCTIONS, how, after, flags=SILENT)
    [record] = ran.records
    assert [timing['name'] for timing in record['call']['timings']] == ['step']
    assert not {'exit_status', 'exception', 'exit_path'} & record.keys()


REPORTS = """
import runpy, sys
from microbench import MicroBench

try:
    runpy.run_path('job.py', run_name='__main__')
except ValueError:
    {}
"""


@pytest.mark.parametrize(
    ('handler', 'status', 'claimed'),
    [
        ('sys.exit(1)', 1, False),
        ('sys.exit(4)', 4, False),
        ('sys.excepthook(*sys.exc_info()); sys.exit(1)', 1, False),
        ('sys.modules["__main__"] = main; sys.excepthook(*sys.exc_info()); sys.exit(1)',
         1, True),
        ('sys.modules["__main__"] = main; sys.excepthook(*sys.exc_info()); sys.exit(4)',
         4, False),
        ('sys.modules["__main__"] = main; sys.excepthook(*sys.exc_info())', 0, False),
    ],
)  # fmt: skip
def test_an_exception_that_is_reported(run, tmp_path, handler, status, claimed):
    """An exception that left the main module is recorded; the process fails too."""
    (tmp_path / 'job.py').write_text(
        'import sys\nsys.modules["runpy"].main = sys.modules["__main__"]\n' + PROGRAM
    )
    text = REPORTS.format('main = runpy.main; ' + handler)
    [record] = run(text, 'raise').records
    assert record['exit_status'] == status
    assert ('exception' in record) == claimed


IN_MAIN = """
import sys
from microbench import MicroBench

bench = MicroBench('records.jsonl')
bench.record_on_exit('job')
try:
    raise ValueError('boo')
except ValueError:
    sys.excepthook(*sys.exc_info())
sys.exit(1)
"""


def test_a_program_that_reports_and_goes_on(run):
    """An exception that the runner has handled did not end the process."""
    [record] = run(IN_MAIN).records
    assert record['exit_status'] == 1
    assert 'exception' not in record


def test_pytest(run, tmp_path):
    """A record of a whole run of pytest has its status, whatever the tests did."""
    (tmp_path / 'test_it.py').write_text("""
from microbench import MicroBench

bench = MicroBench('records.jsonl')
bench.record_on_exit('tests')

def test_fails():
    with bench.time('test'):
        assert 1 == 2
""")
    call = f'import pytest; raise SystemExit(pytest.main(["-q", {str(tmp_path)!r}]))'
    ran = run(call)
    [record] = ran.records
    assert (record['exit_status'], ran.status) == (1, 1)
