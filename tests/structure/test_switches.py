"""microbench works under each switch of the interpreter."""

import site

import pytest

from microbench import FileOutput
from tests.fakes import python

SWITCHES = {
    'no site': ['-S'],
    'isolated': ['-I'],
    'isolated, no site': ['-I', '-S'],
    'no environment': ['-E'],
    'no docstrings': ['-OO'],
    'import times': ['-X', 'importtime'],
    'UTF-8 mode off': ['-X', 'utf8=0'],
    'UTF-8 mode on': ['-X', 'utf8=1'],
    'warnings are errors': ['-W', 'error'],
    'bytes are no text': ['-bb'],
    'development mode': ['-X', 'dev'],
    'all warnings, UTF-8 mode off': ['-X', 'dev', '-W', 'error', '-bb', '-X', 'utf8=0'],
}
LIBRARIES = f'import sys; sys.path[1:1] = {site.getsitepackages()!r}\n'  # without site
DECORATED = """
@bench
def double(number):
    return 2 * number
"""
WORK = """
number = double(21)
with bench.record('block'):
    with bench.time('phase'):
        pass
try:
    with bench.record('fails'):
        1 / 0
except ZeroDivisionError:
    pass
"""
PROGRAM = f"""
import microbench
from microbench import MBFunctionCall, MBHostInfo, MBPeakMemory, MBPythonInfo, MicroBench

class Bench(MicroBench, MBFunctionCall, MBHostInfo, MBPeakMemory, MBPythonInfo):
    pass

bench = Bench(sys.argv[1], letter='\\xe9', numbers={{3}})
bench.record_on_exit('process')
{DECORATED}
{WORK}
print(number, len(bench.get_results()))
"""
EMPTIED = f"""
from microbench import MicroBench

bench = MicroBench(sys.argv[1])
bench.record_on_exit('process')
{DECORATED}
sys.path.clear()
sys.path_importer_cache.clear()
{WORK}
print(number)
"""
CONSOLE = 'from microbench.__main__ import console; console()'
NAMES = ['double', 'block', 'fails', 'process']
switched = pytest.mark.parametrize('flags', SWITCHES.values(), ids=SWITCHES)


def ran(code, *args, flags, **options):
    """Return the output of a program, which must succeed without a word on stderr."""
    done = python(LIBRARIES + code, *args, flags=flags, env={'LC_ALL': 'C'}, **options)
    said = [line for line in done.stderr.splitlines() if not line.startswith('import time')]
    assert (done.returncode, said) == (0, [])
    return done.stdout


def names_in(path):
    """Return the names of the records in a file."""
    return [record['call']['name'] for record in FileOutput(path).get_results()]


@switched
def test_a_program(tmp_path, flags):
    """Calls, blocks, phases, exceptions and the process leave their records."""
    path = tmp_path / 'records.jsonl'
    assert ran(PROGRAM, path, flags=flags) == '42 3\n'
    assert names_in(path) == NAMES
    first, block, fails, process = FileOutput(path).get_results()
    assert (first['letter'], first['numbers'], first['call']['args']) == ('é', [3], [21])
    assert [timing['name'] for timing in block['call']['timings']] == ['phase']
    assert fails['exception']['type'] == 'ZeroDivisionError'
    assert process['exit_status'] == 0


@switched
def test_the_command(tmp_path, flags):
    """The command runs a program with every mixin, and shows the record."""
    path = tmp_path / 'records.jsonl'
    words = ['-o', path, '--all', '--stdout', '--', 'echo', 'up']
    assert ran(CONSOLE, *words, flags=flags, cwd=tmp_path) == 'up\n'
    [record] = FileOutput(path).get_results()
    assert record['call']['stdout'] == ['up\n']
    assert ran(CONSOLE, 'show', path, flags=flags).startswith('echo  ok\n')


@switched
@pytest.mark.parametrize('words', [['--help'], ['--show-mixins'], ['show', '--help']])
def test_help(flags, words):
    """The help names each mixin, also without docstrings."""
    text = ran(CONSOLE, *words, flags=flags)
    assert ('host-info' if words == ['--show-mixins'] else 'usage: ') in text


@pytest.mark.parametrize('flags', [[], ['-S'], ['-OO', '-X', 'dev', '-W', 'error']])
def test_a_search_path_that_is_emptied(tmp_path, flags):
    """With an emptied search path, benches set up before go on."""
    path = tmp_path / 'records.jsonl'
    assert ran(EMPTIED, path, flags=flags) == '42\n'
    assert names_in(path) == NAMES
