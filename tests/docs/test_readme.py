"""What README.md says of microbench: each cell of its row in the table has a test here."""

import json
import re
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest

import microbench
from microbench import FileOutput

ROOT = Path(__file__).parents[2]
README = (ROOT / 'README.md').read_text('utf-8')

TIMES = 'functions, blocks, processes, commands'
KEEPS = 'every duration and phase; machine, process, versions, outcome'
LEFT = 'the record so far, with the phase that was open'

PROGRAM = """
from microbench import MicroBench

bench = MicroBench('results.jsonl')
bench.record_on_exit('process')


@bench
def function():
    with bench.time('first'):
        pass
    with bench.time('second'):
        pass


function()
with bench.record('block'):
    pass
try:
    with bench.record('failing'):
        raise ValueError
except ValueError:
    pass
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a program in Python in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(Path(microbench.__file__).parents[1]))
    monkeypatch.delenv('MICROBENCH', raising=False)

    def python(*words, check=True):
        command = [sys.executable, *words]
        return subprocess.run(command, capture_output=True, text=True, check=check)

    return python


@pytest.fixture
def records(run):
    """Return the records of PROGRAM and of a command, by name."""
    run('-c', PROGRAM)
    command = ['-o', 'results.jsonl', '-n', '3', '--', sys.executable, '-c', '']
    run('-m', 'microbench', *command)
    return {
        record['call']['name']: record
        for record in FileOutput('results.jsonl').get_results()
    }


def test_the_row_is_the_one_that_is_tested():
    """A cell that changes needs another test."""
    [row] = re.findall(r'^\| \*\*microbench\*\* \|(.*)\|$', README, re.MULTILINE)
    cells = [cell.strip() for cell in row.split('|')]
    assert cells[:3] == [TIMES, KEEPS, LEFT]


def test_each_cell_about_another_tool_is_checked():
    """tools/peers.py runs the tools; it names the cells that its checks are about."""
    checked = run_path(str(ROOT / 'tools' / 'peers.py'))['CHECKS']
    rows = re.findall(r'^\| \[([\w-]+)\]\(\S+\) \|(.*)\|$', README, re.MULTILINE)
    assert len(rows) == 6
    for tool, row in rows:
        about = '; '.join(name for name in checked if name.startswith(f'{tool}: '))
        for cell in row.split('|')[:3]:
            assert cell.strip() in about, f'{tool}: {cell}'


def test_it_times_what_the_row_lists(records):
    """Functions, blocks, processes and commands have records in one file."""
    command = Path(sys.executable).name
    assert list(records) == ['function', 'block', 'failing', 'process', command]
    assert records[command]['call']['returncode'] == [0, 0, 0]


def test_it_keeps_what_the_row_lists(records):
    """By default: durations and phases; machine, process, versions and outcome."""
    for name, record in records.items():
        assert len(record['call']['durations']) == (1 if name in PROGRAM else 3)
        assert record['host'].keys() >= {'hostname', 'os', 'cpu_cores_logical'}
        assert record['mb']['version'] == microbench.__version__
        assert record['python']['version']
    phases = [phase['name'] for phase in records['function']['call']['timings']]
    assert phases == ['first', 'second']
    assert records['function']['process']['pid']
    assert records['failing']['exception']['type'] == 'ValueError'


def test_what_is_left_after_kill_9(run):
    """The record so far, with its fields and the phase that was open."""
    kill = 'os.kill(os.getpid(), 9)'
    program = simulate().replace("print('solving', flush=True)", kill)
    done = run('-c', f'import os\n{program}', check=False)
    assert done.returncode == -9, done.stderr
    [record] = FileOutput('job.jsonl').get_results()
    assert (record['call']['name'], record['cells']) == ('simulate', 1_000_000)
    assert [phase['name'] for phase in record['call']['timings']] == ['setup']
    assert [phase['name'] for phase in record['call']['open_timings']] == ['solve']


def simulate():
    """Return the program that README.md shows."""
    [program] = re.findall(
        r'<!-- file: simulate\.py -->\n\n```python\n(.*?)```', README, re.DOTALL
    )
    return program


def test_the_program_is_the_one_of_the_demo():
    """README.md shows examples/simulate.py, without its docstring."""
    source = (ROOT / 'examples' / 'simulate.py').read_text('utf-8')
    assert source.partition('"""\n\n')[2] == simulate()


@pytest.mark.parametrize(
    ('question', 'command'),
    [
        ('Which phase dominates, and is it getting slower?', 'show steps.jsonl'),
        ('Which process was slow, and why?', 'diff ranks.jsonl'),
        ('What is this job doing now?', 'show job.jsonl'),
        ('What happened to the one that was killed?', 'show job.jsonl'),
    ],
)
def test_each_question_has_one_command(question, command):
    """Its output stands below it; test_docs.py executes it."""
    _, _, answer = README.partition(f'**{question}**')
    answer = answer.partition('\n**')[0].partition('\n## ')[0]
    assert re.findall(r'^\$ microbench (.*)$', answer, re.MULTILINE) == [command]


def test_the_samples_are_those_of_the_examples():
    """The files of the answers hold what the programs of examples/ write."""
    for name, count in (('steps', 60), ('ranks', 12)):
        path = ROOT / 'docs' / 'samples' / f'{name}.jsonl'
        found = [json.loads(line) for line in path.read_text('ascii').splitlines()]
        assert len(found) == count
        phases = {phase['name'] for record in found for phase in record['call']['timings']}
        source = (ROOT / 'examples' / f'{name}.py').read_text('utf-8')
        assert phases == set(re.findall(r"bench\.time\('(\w+)'\)", source))
