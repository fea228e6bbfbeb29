"""`main()` called from Python, as test suites of scripts do."""

import io
import json
import os
import signal
import sys
from types import ModuleType

import pytest

from microbench.__main__ import console, main
from microbench.cli.main import SUBCOMMANDS, subcommand
from tests.cli.conftest import FAKE_PID, status_of, stub_processes
from tests.fakes import printed


def record_from(capsys):
    """Return the one record on standard output, where nothing else may be."""
    out, err = capsys.readouterr()
    assert err == ''
    [line] = out.splitlines()
    return json.loads(line)


# --- the code of main and of console --------------------------------------------------


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_main_hands_over_the_raw_return_code(number, capsys):
    """main() returns -N for a child ended by signal N, as subprocess does."""
    assert status_of(main, ['sh', '-c', f'kill -{number} $$']) == -number
    assert record_from(capsys)['call']['returncode'] == [-number]


@pytest.mark.parametrize(
    ('script', 'status'), [('kill -TERM $$', 143), ('exit 3', 3), ('exit 0', 0)]
)
def test_console_translates_signals(script, status, capsys, monkeypatch):
    """The entry point takes its words from the process, and turns -N into 128 + N."""
    monkeypatch.setattr('sys.argv', ['microbench', 'sh', '-c', script])
    assert status_of(console) == status
    assert record_from(capsys)['call']['command'] == ['sh', '-c', script]


def test_console_leaves_other_endings_alone(monkeypatch, capsys):
    """Usage errors still end with 2."""
    monkeypatch.setattr('sys.argv', ['/usr/bin/microbench'])
    assert status_of(console) == 2
    assert 'microbench: error: no command: type microbench --' in capsys.readouterr().err


# --- a stubbed process ----------------------------------------------------------------


class FakeProcess:
    """A stand-in for `subprocess.Popen`; its number belongs to no process."""

    pid = FAKE_PID
    returncode = None

    def __init__(self):
        self.calls = []

    def kill(self):
        self.calls.append('kill')

    def wait(self):
        self.calls.append('wait')


@pytest.fixture
def stub(monkeypatch):
    """Stub process creation; `stub(statuses)` gives what os.wait4 finds, in order."""

    def install(*statuses):
        process, commands = FakeProcess(), []

        def popen(command, **options):
            commands.append(command)
            return process

        stub_processes(monkeypatch, popen, *statuses)
        process.commands = commands
        return process

    return install


def test_a_stubbed_process_is_waited_for_and_never_signalled(stub, capsys):
    """Popen and wait4 are looked up when they are called; the number is not used."""
    process = stub(0, 0, signal.SIGTERM, 5 << 8)
    words = ['-n', '3', '-w', '1', '--', 'simulate', '--fast']
    assert status_of(main, words) == -signal.SIGTERM
    assert process.commands == [['simulate', '--fast']] * 4
    assert process.calls == []
    record = record_from(capsys)
    assert record['call']['returncode'] == [0, -signal.SIGTERM, 5]
    assert [u['utime'] for u in record['resource_usage']] == [0.5] * 3
    assert [u['maxrss'] for u in record['resource_usage']] == [1024 * 1024] * 3


def test_the_clock_is_read_right_around_the_child(stub, capsys, monkeypatch):
    """Durations are the differences of the readings before and after each iteration."""
    stub(0, 0, 0)
    readings = iter([0, 5, 10_000_000, 20_000_000, 30_000_000, 60_000_000])
    monkeypatch.setattr('microbench._core.clock_ns', lambda: next(readings))
    assert status_of(main, ['-n', '2', '-w', '1', 'simulate']) == 0
    assert record_from(capsys)['call']['durations'] == [0.01, 0.03]


def test_an_interrupted_wait_still_writes_a_record(stub, capsys):
    """The child is killed and collected; KeyboardInterrupt reaches the caller."""
    process = stub(0, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        main(['-n', '3', 'simulate'])
    assert process.calls == ['kill', 'wait']
    record = record_from(capsys)
    assert record['exception'] == {'type': 'KeyboardInterrupt', 'message': ''}
    assert record['call']['returncode'] == [0]
    assert len(record['call']['durations']) == 2


def test_an_interrupted_warm_up_still_writes_a_record(stub, capsys):
    """The record shows that nothing was timed."""
    process = stub(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        main(['-w', '2', 'simulate'])
    assert process.commands == [['simulate']]
    record = record_from(capsys)
    assert record['exception']['type'] == 'KeyboardInterrupt'
    assert record['call']['durations'] == record['call']['returncode'] == []


def test_an_error_of_waiting_is_no_failed_start(stub, capsys):
    """An error of waiting is recorded and raised: no status would be true."""
    stub(ChildProcessError(10, 'No child processes'))
    with pytest.raises(ChildProcessError):
        main(['simulate'])
    assert record_from(capsys)['exception']['type'] == 'ChildProcessError'


@pytest.mark.parametrize('number', [0, -1, 1, 2**31 - 1, 2**70, None])
def test_any_number_will_do(stub, capsys, number, monkeypatch):
    """The stub's number may also be one that the kernel rejects."""
    process = stub()
    monkeypatch.setattr(process, 'pid', number, raising=False)
    monkeypatch.setattr(os, 'wait4', lambda pid, options: (pid, 5 << 8, None))
    assert status_of(main, ['--timeout', '60', 'simulate']) == 5
    assert record_from(capsys)['call']['returncode'] == [5]
    assert process.calls == []


def test_both_names_of_standard_output_may_be_one_stub(stub, monkeypatch):
    """A stub without a descriptor gets the record as text."""
    stub(0)
    out = io.StringIO()
    monkeypatch.setattr('sys.stdout', out)
    monkeypatch.setattr('sys.__stdout__', out)
    assert status_of(main, ['simulate']) == 0
    assert json.loads(out.getvalue())['call']['command'] == ['simulate']


def test_a_stub_may_have_no_usage(monkeypatch, stub, capsys):
    """A record without usage leaves the field out, and no capture fails."""
    process = stub()
    monkeypatch.setattr(os, 'wait4', lambda pid, options: (process.pid, 0, None))
    assert status_of(main, ['-m', 'resource-usage', 'peak-memory', '--', 'simulate']) == 0
    record = record_from(capsys)
    assert record['resource_usage'] == []
    assert type(record['call']['peak_memory_bytes']) is int
    assert 'capture_errors' not in record['call']


def test_without_the_module_resource_the_command_still_runs(monkeypatch, capsys):
    """`os.wait4` needs it, and fails without it only after it has taken the status."""
    monkeypatch.setitem(sys.modules, 'resource', None)
    assert status_of(main, ['-m', 'resource-usage', '--', 'sh', '-c', 'exit 3']) == 3
    record = record_from(capsys)
    assert (record['call']['returncode'], record['resource_usage']) == ([3], [])


# --- mixins and subcommands -----------------------------------------------------------


class MBFailing:
    """A mixin that fails."""

    def capture_failing(self, bm_data):
        """Fail."""
        raise LookupError('no such module')


def test_a_failing_capture_is_noted_and_stops_nothing(capsys):
    """Captures are optional in the command."""
    words = ['-m', f'{__name__}:MBFailing', '--', 'sh', '-c', 'exit 3']
    assert status_of(main, words) == 3
    assert record_from(capsys)['call']['capture_errors'] == [
        {'method': 'capture_failing', 'error': 'LookupError: no such module'}
    ]


def test_a_subcommand_is_the_very_first_word(monkeypatch):
    """A subcommand gets the words after its name; its status ends the process."""
    got = []
    module = ModuleType('microbench.cli.view.probe')
    module.main = lambda words: got.append(words) or 4
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(SUBCOMMANDS, 'probe', 'a module that was imported')
    assert status_of(main, ['probe', '--json', 'out.jsonl']) == 4
    assert got == [['--json', 'out.jsonl']]


@pytest.mark.parametrize('before', [['--'], ['-n', '1'], ['-w', '0', '--']])
def test_elsewhere_its_name_is_that_of_a_program(before, monkeypatch, stub, capsys):
    """After `--` or an option, a subcommand's name is a program's."""
    monkeypatch.setitem(SUBCOMMANDS, 'probe', 'no module at all')
    process = stub(0)
    assert status_of(main, [*before, 'probe', 'x']) == 0
    assert process.commands == [['probe', 'x']]
    assert record_from(capsys)['call']['name'] == 'probe'


def test_every_subcommand_has_its_module():
    """Each subcommand can be run, and has one line in the help."""
    assert all(callable(subcommand(name)) for name in SUBCOMMANDS)
    assert all(SUBCOMMANDS.values())


@pytest.mark.parametrize('before', ['enable()', 'disable()', 'freeze()'])
def test_the_collector_is_as_it_was(before):
    """The garbage collector is off only while modules are imported."""
    code = f"""
import gc
gc.{before}
found = gc.isenabled(), gc.get_freeze_count() > 0
import microbench.__main__
print((gc.isenabled(), gc.get_freeze_count() > 0) == found)
"""
    assert printed(code) == 'True\n'
