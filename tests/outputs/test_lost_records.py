"""If neither a sink nor standard error takes a record, the journal keeps it."""

import json

import pytest

from microbench import FileOutput, _core
from tests.fakes import python

# The file takes nothing more; a journal has 64 KiB. There is no standard error.
BEGIN = """
import os, resource, signal, sys
from microbench import MicroBench, MicroBenchBase, Output

path = sys.argv[1]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open(path, 'w') as file:
    file.write(69_999 * ' ' + chr(10))

def fail():
    resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, 70_000))

class Slower(MicroBench):
    def capture_x(self, bm_data):
        bm_data['x'] = 1

class Failing(Output):
    def write_record(self, record, timeout=None):
        raise OSError('no room')

bench = {'text': MicroBench, 'dict': Slower}[sys.argv[2]](path)
os.close(2)
"""
WAYS = {
    'block': """
with bench.record('work'):
    with bench.time('step'):
        fail()
""",
    'call': """
def work():
    with bench.time('step'):
        fail()
bench(work)()
""",
    'failing call': """
def work():
    with bench.time('step'):
        fail()
    raise ValueError('boo')
try:
    bench(work)()
except ValueError:
    pass
""",
    'process': """
bench.record_on_exit('work')
with bench.time('step'):
    fail()
""",
    'process by a signal': """
bench.record_on_exit('work')
with bench.time('step'):
    fail()
os.kill(os.getpid(), signal.SIGTERM)
""",
    'two sinks': """
bench = type(bench)(outputs=[Failing(), *bench._bench_config.delivery.sinks])
with bench.record('work'):
    with bench.time('step'):
        fail()
""",
}


@pytest.mark.parametrize('form', ['text', 'dict'])
@pytest.mark.parametrize('way', WAYS)
def test_it_comes_back(tmp_path, way, form):
    """The record comes back complete and once; the next writer stores it."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + WAYS[way], path, form)
    assert done.stdout == ''
    [record] = FileOutput(str(path)).get_results()
    assert record['call']['name'] == 'work'
    assert [timing['name'] for timing in record['call']['timings']] == ['step']
    assert not {'exit_path', 'recovered'} & record.keys()
    assert ('x' in record) == (form == 'dict')
    assert ('exception' in record) == (way == 'failing call')
    assert record.get('exit_signal') == ('SIGTERM' if 'signal' in way else None)
    python('from microbench import MicroBench\nMicroBench(sys.argv[1])(len)(())', path)
    lines = filter(str.strip, path.read_text().splitlines())
    names = [json.loads(line)['call']['name'] for line in lines]
    assert sorted(names) == ['len', 'work']
    assert list(tmp_path.glob('.*.journal')) == []


def test_the_record_of_the_command(tmp_path):
    """The command's record comes back too, and its status is the child's."""
    path = tmp_path / 'records.jsonl'
    last = """
fail()
command = [sys.executable, '-m', 'microbench', '-o', path, '--', 'sh', '-c', 'exit 3']
os.execve(sys.executable, command, {**os.environ, 'PYTHONPATH': sys.path[0]})
"""
    assert python(BEGIN + last, path, 'text').returncode == 3
    [record] = FileOutput(str(path)).get_results()
    assert (record['call']['name'], record['call']['returncode']) == ('sh', [3])
    assert 'exit_path' not in record


def test_native_code_finds_no_place_either(tmp_path):
    """A record that it has claimed and not written is recovered as after SIGKILL."""
    path = tmp_path / 'records.jsonl'
    last = """
bench.record_on_exit('work')
fail()
import ctypes
ctypes.string_at(0)
"""
    python(BEGIN + last, path, 'text')
    [record] = FileOutput(str(path)).get_results()
    assert (record['call']['name'], record['exit_path']) == ('work', 'recovered')
    assert record['exit_signal'] == 'SIGSEGV'


def test_one_of_several_sinks_takes_it(tmp_path):
    """If one of several sinks takes the record, nothing is kept."""
    path, other = tmp_path / 'records.jsonl', tmp_path / 'other.jsonl'
    way = """
from microbench import FileOutput
bench = MicroBench(outputs=[*bench._bench_config.delivery.sinks, FileOutput(sys.argv[3])])
with bench.record('work'):
    fail()
"""
    python(BEGIN + way, path, 'text', other)
    assert len(other.read_text().splitlines()) == 1
    assert FileOutput(str(path)).get_results() == []


def test_standard_error_takes_it(tmp_path):
    """A record on standard error is not kept as well."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN.replace('os.close(2)', '') + WAYS['block'], path, 'text')
    lines = [line for line in done.stderr.splitlines() if line.startswith('{')]
    assert [json.loads(line)['call']['name'] for line in lines] == ['work']
    assert FileOutput(str(path)).get_results() == []


def test_more_than_standard_error_shows(tmp_path):
    """After ten lines, when only a count is printed, the journal keeps the records."""
    path = tmp_path / 'records.jsonl'
    way = """
fail()
for number in range(15):
    with bench.record(f'work {number}'):
        pass
"""
    done = python(BEGIN.replace('os.close(2)', '') + way, path, 'text')
    shown = [line for line in done.stderr.splitlines() if line.startswith('{')]
    assert len(shown) == 10
    kept = [record['call']['name'] for record in FileOutput(str(path)).get_results()]
    assert kept == [f'work {number}' for number in range(10, 15)]


def test_a_journal_that_is_switched_off(tmp_path):
    """With the journal off nothing is kept, and the program is the same."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + WAYS['block'], path, 'text', env={'MICROBENCH_JOURNAL': 'off'})
    assert done.returncode == 0
    assert FileOutput(str(path)).get_results() == []


def test_a_run_without_a_journal_keeps_nothing():
    """Without a journal the result says that nothing was kept."""
    from microbench import MicroBench
    from microbench.core.run import Run

    run = Run(MicroBench(), 'work').begin()
    assert not _core.keep(run, b'{}')
    run.abandon()
