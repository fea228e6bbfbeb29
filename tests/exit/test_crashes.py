"""A crash is recorded at once, and stays the crash that it would have been."""

import os
import re
import signal
import subprocess
import sys

import pytest

from microbench import FileOutput
from tests.fakes import ROOT

from .conftest import BEGIN, BENCHES, IN_C, NAMES, ONE, WHERE, strict

CRASHES = {
    'SIGSEGV': 'never.fault(signal.SIGSEGV)',
    'SIGILL': 'never.fault(signal.SIGILL)',
    'SIGBUS': 'never.fault(signal.SIGBUS)',
    'SIGFPE': 'never.fault(signal.SIGFPE)',
    'SIGABRT': 'os.abort()',
}
EACH = pytest.mark.parametrize('name', CRASHES)


# Core dumps, as far as the system allows them.
DUMPS = """
import resource
_, most = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
"""


@pytest.fixture
def crash(tmp_path, never):
    """Run a program that crashes; return its records, wait status and standard error."""

    def run(code, **env):
        path = tmp_path / 'records.jsonl'
        path.unlink(missing_ok=True)
        begin = f'import sys; sys.path.insert(0, {str(ROOT)!r})\n{BEGIN}{IN_C}{DUMPS}'
        with (tmp_path / 'stderr').open('w+') as err:
            process = subprocess.Popen(
                [sys.executable, '-c', begin + code, path, never],
                env={**os.environ, **env},
                cwd=tmp_path,
                stderr=err,
            )
            _, status = os.waitpid(process.pid, 0)
            process.returncode = status
            for dump in tmp_path.glob('core*'):
                dump.unlink()
            err.seek(0)
            said = re.sub('0x[0-9a-f]+', 'ADDRESS', err.read())
            lines = path.read_bytes().splitlines() if path.exists() else []
            return [strict(line) for line in lines], status, said

    return run


def without(crash, code):
    """Return the wait status, with the bit for a core dump, and standard error."""
    return crash(code, MICROBENCH='off')[1:]


@EACH
@BENCHES
@WHERE
def test_a_crash(crash, name, where, benches):
    """Each record has phases and cause; the status is as without us, core dump and all."""
    code = benches + where.format(CRASHES[name])
    records, status, err = crash(code)
    assert [record['call']['name'] for record in records] == NAMES[benches]
    for record in records:
        assert (record['exit_signal'], record['exit_path']) == (name, 'native')
        assert [t['name'] for t in record['call']['timings']] == ['setup']
        assert [t['name'] for t in record['call']['open_timings']] == ['solve']
    assert os.WTERMSIG(status) == getattr(signal, name)
    assert (status, err) == without(crash, code)


def test_the_stack_runs_out_on_the_main_thread(crash):
    """The record is written from another stack."""
    code = ONE + 'never.overflow(1)'
    [record], status, err = crash(code)
    assert record['exit_signal'] == 'SIGSEGV'
    assert (status, err) == without(crash, code)


BEFORE = 'import faulthandler\nfaulthandler.enable()\n'


@EACH
@pytest.mark.parametrize(
    'code',
    [BEFORE + ONE, ONE + BEFORE, ONE + BEFORE + 'bench.record_on_exit("simulation")\n'],
    ids=['before', 'after', 'between'],
)
def test_faulthandler(crash, name, code):
    """The traceback of faulthandler is printed in any order; there is one record."""
    code += CRASHES[name]
    [record], status, err = crash(code)
    assert (record['exit_signal'], record['call']['name']) == (name, 'simulation')
    assert 'most recent call first' in err
    assert (status, err) == without(crash, code)


def test_faulthandler_and_a_stack_that_runs_out(crash):
    """Two alternate stacks are in use, one after the other."""
    for code in (BEFORE + ONE, ONE + BEFORE):
        [record], status, err = crash(code + 'never.overflow(1)')
        assert record['exit_signal'] == 'SIGSEGV'
        assert 'most recent call first' in err
        assert (status, err) == without(crash, code + 'never.overflow(1)')


def test_a_crash_that_was_sent(crash):
    """A crash signal from outside is no fault of an instruction, and still deadly."""
    code = ONE + 'os.kill(os.getpid(), signal.SIGSEGV); time.sleep(60)'
    [record], status, _ = crash(code)
    assert record['exit_signal'] == 'SIGSEGV'
    assert os.WTERMSIG(status) == signal.SIGSEGV


def test_a_crash_in_a_handler_of_sigterm(crash):
    """The capture that crashes costs the whole record, not the prepared one."""
    code = """
class Bench(MicroBench):
    def capture_crash(self, bm_data):
        never.fault(signal.SIGSEGV)
bench = Bench(path)
bench.record_on_exit()
os.kill(os.getpid(), signal.SIGTERM)
"""
    [record], status, _ = crash(code)
    assert record['exit_signal'] == 'SIGSEGV'
    assert os.WTERMSIG(status) == signal.SIGSEGV


@pytest.mark.parametrize('name', ['SIGSEGV', 'SIGFPE'])
@pytest.mark.parametrize('first', ['theirs', 'microbench'])
def test_a_handler_that_recovers(crash, name, first):
    """A recovered fault is no death: the record shows a normal end."""
    theirs = f'never.install_recovery(signal.{name})\n'
    code = theirs + ONE if first == 'theirs' else ONE + theirs
    code += f"""
for _ in range(3):
    assert never.fault_and_recover(signal.{name}) == signal.{name}
sys.exit(3)
"""
    [record], status, err = crash(code)
    assert 'exit_signal' not in record
    assert record['exit_status'] == 3
    assert (os.WEXITSTATUS(status), err) == (3, '')


@pytest.mark.parametrize('name', ['SIGSEGV', 'SIGFPE'])
@pytest.mark.parametrize(
    'code',
    [
        ONE + 'never.start_runtime(signal.{0})\n',
        ONE + 'never.start_runtime(signal.{0})\nbench.record_on_exit("simulation")\n',
        'never.start_runtime(signal.{0})\n' + ONE,
    ],
    ids=['later', 'between', 'before'],
)
def test_a_runtime_that_came_later(crash, name, code):
    """A later runtime keeps its report and its way to end; the record is there."""
    code = code.format(name) + f'never.fault(signal.{name})'
    [record], status, err = crash(code)
    assert record['exit_signal'] in (name, 'SIGABRT')
    assert record['exit_path'] == 'native'
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert err == 'report\n'
    assert (status, err) == without(crash, code)


def test_a_runtime_after_cancelling(crash):
    """After cancelling, a runtime finds no handler of microbench."""
    code = ONE + 'never.start_runtime(signal.SIGSEGV)\nbench.cancel_record_on_exit()\n'
    records, status, err = crash(code + 'never.fault(signal.SIGSEGV)')
    assert (records, err) == ([], 'report\n')
    assert os.WTERMSIG(status) == signal.SIGABRT


def test_a_process_that_recovered_and_is_killed_later(crash, tmp_path):
    """The recovered record does not name the earlier fault as its cause."""
    code = f"""
never.install_recovery(signal.SIGSEGV)
{ONE}
assert never.fault_and_recover(signal.SIGSEGV) == signal.SIGSEGV
with bench.time('after'):
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert crash(code)[:2] == ([], signal.SIGKILL)
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert record['exit_path'] == 'recovered'
    assert 'exit_signal' not in record
    assert [timing['name'] for timing in record['call']['timings']] == ['setup', 'after']


def test_only_crashes_that_were_asked_for(crash):
    """With a choice of signals, a crash can be included or left out."""
    code = "bench = MicroBench(path)\nbench.record_on_exit(signals='SEGV')\n"
    assert crash(code + 'os.abort()')[0] == []
    [record], _, _ = crash(code + CRASHES['SIGSEGV'])
    assert record['exit_signal'] == 'SIGSEGV'


def test_an_ignored_crash(crash):
    """A signal that the program ignores, as far as the system lets it, writes nothing."""
    code = 'signal.signal(signal.SIGFPE, signal.SIG_IGN)\n' + ONE
    [record], status, _ = crash(code + 'never.fault(signal.SIGFPE)')
    assert (record['exit_status'], status) == (0, 0)


def test_no_handlers_at_all(crash):
    """`handle_sigterm=False` leaves crashes alone too."""
    code = 'bench = MicroBench(path)\nbench.record_on_exit(handle_sigterm=False)\n'
    assert crash(code + CRASHES['SIGSEGV'])[0] == []
