"""The command as a real process: wait status, standard error and records."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import __version__
from microbench.cli.args import options, selected_mixins
from microbench.cli.main import SUBCOMMANDS
from tests.cli.conftest import OUT

# --- the exit status ------------------------------------------------------------------


@pytest.mark.parametrize(
    ('script', 'status', 'returncode'),
    [
        ('exit 0', 0, 0),
        ('exit 3', 3, 3),
        ('exit 255', 255, 255),
        ('kill -TERM $$', 128 + signal.SIGTERM, -signal.SIGTERM),
        ('kill -KILL $$', 128 + signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_the_exit_status_is_that_of_the_child(command, script, status, returncode):
    """The status is 128 + N for a child ended by signal N; the record has -N."""
    outcome = command(*OUT, '--', 'sh', '-c', script)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (status, '', '')
    record = outcome.record
    assert record['call']['returncode'] == [returncode]
    assert 'exception' not in record


def test_the_exit_status_is_the_first_one_that_is_not_zero(command):
    """Failing iterations do not stop the loop; the first failure counts."""
    script = 'echo >> ran; set -- $(wc -l < ran); [ $1 = 1 ] && exit 0; exit $((2 + $1))'
    outcome = command(*OUT, '-n', '4', 'sh', '-c', script)
    assert (outcome.status, outcome.stderr) == (4, '')
    assert outcome.call['returncode'] == [0, 4, 5, 6]


def test_the_status_of_a_warm_up_does_not_count(command):
    """Warm-up leaves no trace: no return code, no duration, no usage."""
    script = 'echo >> ran; [ $(wc -l < ran) != 1 ]'
    outcome = command(*OUT, '-w', '1', 'sh', '-c', script)
    assert (outcome.status, outcome.stderr) == (0, '')
    record = outcome.record
    assert record['call']['returncode'] == [0]
    assert len(record['call']['durations']) == len(record['resource_usage']) == 1


# --- commands that cannot be started --------------------------------------------------


@pytest.mark.parametrize('warmup', ['0', '2'])
@pytest.mark.parametrize(
    ('program', 'status', 'error', 'why'),
    [
        ('no-such-program', 127, 'FileNotFoundError', 'No such file or directory'),
        ('./no-such-program', 127, 'FileNotFoundError', 'No such file or directory'),
        ('./not-executable', 126, 'PermissionError', 'Permission denied'),
        ('./not-executable/x', 126, 'NotADirectoryError', 'Not a directory'),
        ('./no-format', 126, 'OSError', 'Exec format error'),
    ],
)
def test_a_failed_start_is_one_line_and_a_record(
    command, tmp_path, program, status, error, why, warmup
):
    """The status is 127 for a missing file, 126 for another failure; also in a warm-up."""
    (tmp_path / 'not-executable').write_text('')
    (tmp_path / 'no-format').write_bytes(b'\x7fELF\0')
    (tmp_path / 'no-format').chmod(stat.S_IRWXU)
    outcome = command(*OUT, '-w', warmup, '-n', '3', '--', program)
    assert (outcome.status, outcome.stdout) == (status, '')
    assert outcome.stderr == f'microbench: cannot start {program!r}: {why}\n'
    record = outcome.record
    assert record['exception']['type'] == error
    assert record['call']['returncode'] == []
    assert record['call']['durations'] == []
    assert record['call']['start_time'] <= record['call']['finish_time']
    assert record['resource_usage'] == []


def test_a_program_that_vanishes_ends_the_loop(command, tmp_path):
    """Earlier runs are in the record; the status of a failed start comes last."""
    program = tmp_path / 'once'
    program.write_text('#!/bin/sh\nrm once\n')
    program.chmod(stat.S_IRWXU)
    outcome = command(*OUT, '-n', '3', './once')
    assert outcome.status == 127
    assert outcome.stderr.startswith("microbench: cannot start './once': ")
    record = outcome.record
    assert record['call']['returncode'] == [0]
    assert len(record['call']['durations']) == 1
    assert len(record['resource_usage']) == 1


# --- iterations, warm-up, fields ------------------------------------------------------


@pytest.mark.parametrize(
    ('options', 'runs', 'timed'),
    [
        ([], 1, 1),
        (['-n', '3'], 3, 3),
        (['--iterations=2', '--warmup=3'], 5, 2),
        (['--iter', '2', '--warm', '1'], 3, 2),
        (['-n3', '-w0'], 3, 3),
    ],
)
def test_the_command_runs_as_often_as_asked(command, tmp_path, options, runs, timed):
    """A run has one record with duration, return code and usage of each iteration."""
    outcome = command(*OUT, *options, '--', 'sh', '-c', 'echo line >> ran')
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')
    assert (tmp_path / 'ran').read_text() == 'line\n' * runs
    record = outcome.record
    assert record['call']['returncode'] == [0] * timed
    assert [d > 0 for d in record['call']['durations']] == [True] * timed
    assert [u['maxrss'] > 0 for u in record['resource_usage']] == [True] * timed


def test_the_record_says_how_it_came_about(command, tmp_path):
    """The record has invocation, name, words, time zone, counter, default mixins."""
    outcome = command(*OUT, '--', '/bin/sh', '-c', ':', '--', '-n', 'ä ö')
    assert (outcome.status, outcome.stderr) == (0, '')
    record = outcome.record
    assert record['call']['invocation'] == 'CLI'
    assert record['call']['name'] == 'sh'
    assert record['call']['command'] == ['/bin/sh', '-c', ':', '--', '-n', 'ä ö']
    assert record['call']['working_dir'] == str(tmp_path)
    assert 'capture_errors' not in record['call']
    assert record['call']['start_time'].endswith('+00:00')
    assert record['mb']['timezone'] == 'UTC'
    assert record['mb']['duration_counter'] == 'perf_counter'
    assert record['python']['version'] == sys.version.split()[0]
    assert record['host']['os'] == sys.platform
    assert set(record['resource_usage'][0]) - {'maxrss_is_upper_bound'} == {
        *('utime', 'stime', 'minflt', 'majflt', 'inblock', 'oublock'),
        *('nvcsw', 'nivcsw', 'maxrss'),
    }


def test_fields_are_strings_whatever_their_name(command):
    """A field with the name of a constructor parameter is a string like any other."""
    fields = {
        'experiment': 'base=line',
        'empty': '',
        'number': '3',
        'tz': 'x',
        'iterations': '0',
        'warmup': 'y',
        'outfile': 'elsewhere',
        'outputs': 'z',
        'json_encoder': 'a',
        'duration_counter': 'b',
        'on_output_error': 'c',
        'self': 'd',
        'too_many': 'e',
        'a b.c': 'ä',
    }
    words = [f'--field={key}={value}' for key, value in fields.items()]
    outcome = command(*OUT, *words, 'true')
    assert (outcome.status, outcome.stderr) == (0, '')
    record = outcome.record
    assert {key: record[key] for key in fields} == fields


def test_of_two_fields_of_one_name_the_last_one_counts(command):
    """A script has a default, and its caller passes another value."""
    outcome = command(*OUT, '-f', 'stage=test', '-f', 'stage=night', 'true')
    assert (outcome.status, outcome.record['stage']) == (0, 'night')


def test_fields_are_masked_as_asked(command):
    """Patterns mask names and dotted paths, also of what mixins store."""
    words = ['--redact', '*token*', '--redact=host.hostname', '-f', 'my_token=x']
    outcome = command(*OUT, *words, '-f', 'b=y', 'true')
    assert (outcome.status, outcome.stderr) == (0, '')
    record = outcome.record
    assert (record['my_token'], record['b']) == ('***', 'y')
    assert record['host']['hostname'] == '***'
    assert record['mb']['masked'] == ['host.hostname', 'my_token']


def test_a_pattern_that_matches_nothing_is_a_warning(command):
    """The record is the same, and so is the status; --quiet keeps it silent."""
    words = [
        '--redact',
        '*PASSWORD*',
        '--redact',
        'call.Command.1',
        '--redact',
        'call.name',
    ]
    outcome = command(*OUT, *words, 'sh', '-c', 'exit 3')
    sentence = "microbench: --redact '*PASSWORD*' matches no field of the record\n"
    assert (outcome.status, outcome.stderr) == (3, sentence)
    assert outcome.record['mb']['masked'] == ['call.command.1', 'call.name']
    outcome = command(*OUT, '-q', *words, 'true')
    assert (outcome.status, outcome.stderr) == (0, '')


SECRETS = ['--password', 'hunter2', '--token=tok', '-H', 'Authorization: Bearer abc']
SECRETS += ['API_KEY=k', 'DB_PASS=s3', 'http://u:p@h']
MASKED = ['--password', '***', '--token=***', '-H', 'Authorization: Bearer ***']
MASKED += ['API_KEY=***', 'DB_PASS=***', 'http://u:***@h']


def test_secrets_among_the_words_of_the_command(command):
    """Passwords are masked, and the record lists where; the command gets them."""
    outcome = command(*OUT, '--no-mixin', 'echo', *SECRETS)
    assert outcome.stdout == ' '.join(SECRETS) + '\n'
    assert outcome.record['call']['command'] == ['echo', *MASKED]
    changed = [n for n, word in enumerate(SECRETS, 1) if word != MASKED[n - 1]]
    paths = [f'call.command.{number}' for number in changed]
    assert outcome.record['mb']['masked'] == sorted(paths)


def test_masking_can_be_switched_off(command):
    """With --no-redact all words are stored; the token of a job stays masked."""
    words = ['--no-redact', 'echo', *SECRETS]
    outcome = command(*OUT, *words, env={'SLURM_JWT': 't', 'SLURM_JOB_ID': '7'})
    record = outcome.record
    assert (outcome.status, outcome.stderr) == (0, '')
    assert record['call']['command'] == ['echo', *SECRETS]
    assert record['slurm'] == {'jwt': '***', 'job_id': '7'}
    assert record['mb']['masked'] == ['slurm.jwt']


def test_without_mixins_there_is_timing_and_command_only(command):
    """Without mixins not even the Python version is recorded."""
    outcome = command(*OUT, '--no-mixin', 'true')
    assert (outcome.status, outcome.stderr) == (0, '')
    record = outcome.record
    assert set(record) == {'mb', 'call'}
    assert set(record['call']) == {
        *('invocation', 'name', 'command', 'returncode'),
        *('start_time', 'finish_time', 'durations'),
    }


def test_a_command_line_of_a_megabyte(command):
    """The longest command line that the system allows is in the record."""
    words = ['x' * 100_000] * 10
    outcome = command(*OUT, '--no-mixin', '--', 'true', *words)
    assert (outcome.status, outcome.stderr) == (0, '')
    assert outcome.call['command'] == ['true', *words]


def test_words_that_are_no_text(command):
    """Bytes that are not UTF-8 reach the command; the record shows where they were."""
    done = command(*OUT, '-f', b'a=\xff', 'printf', b'\xff')
    assert (done.status, done.stdout, done.stderr) == (0, '\udcff', '')
    assert done.call['command'] == ['printf', done.record['a']]


# --- where the record goes ------------------------------------------------------------


def test_without_a_file_the_record_is_the_last_line_of_standard_output(command):
    """The record follows the child's output; nothing else is printed."""
    outcome = command('echo', 'hello')
    assert (outcome.status, outcome.stderr, outcome.records) == (0, '', [])
    said, record = outcome.stdout.splitlines()
    assert said == 'hello'
    assert json.loads(record)['call']['command'] == ['echo', 'hello']


def test_each_run_appends_one_line(command):
    """Three runs append three records, each with its own id."""
    outcomes = [command(*OUT, 'echo', str(i)) for i in range(3)]
    assert [o.stdout for o in outcomes] == ['0\n', '1\n', '2\n']
    assert [o.stderr for o in outcomes] == [''] * 3
    records = outcomes[-1].records
    assert [r['call']['command'] for r in records] == [['echo', str(i)] for i in range(3)]
    assert len({r['mb']['record_id'] for r in records}) == 3


def test_a_dead_destination_costs_neither_record_nor_status(command):
    """One line says beforehand what will fail, the last one is the record."""
    outcome = command('-o', 'missing/below/out.jsonl', '--', 'sh', '-c', 'exit 3')
    assert (outcome.status, outcome.stdout, outcome.records) == (3, '', [])
    warning, record = outcome.stderr.splitlines()
    assert warning == (
        "microbench: FileOutput('missing/below/out.jsonl') "
        'cannot take records as things are: '
        "FileNotFoundError: [Errno 2] No such file or directory: 'missing/below/out.jsonl'"
    )
    assert json.loads(record)['call']['returncode'] == [3]


def test_a_dead_destination_and_a_failed_start(command):
    """Standard error has three lines: warning, record, and why the start failed."""
    outcome = command('-o', 'missing/below/out.jsonl', 'no-such-program')
    assert (outcome.status, outcome.stdout) == (127, '')
    warning, record, error = outcome.stderr.splitlines()
    assert warning.startswith("microbench: FileOutput('missing/below/out.jsonl') cannot")
    assert json.loads(record)['exception']['type'] == 'FileNotFoundError'
    assert error.startswith("microbench: cannot start 'no-such-program': ")


EXIT_3 = ('sh', '-c', 'exit 3')


def assert_last_resort(done):
    """The status is the child's; a warning and the record are on standard error."""
    assert done.status == 3
    warning, record = done.stderr.splitlines()
    assert warning.startswith('microbench: standard output did not take a record: ')
    assert json.loads(record)['call']['returncode'] == [3]


def test_a_reader_that_went_away_costs_neither_record_nor_status(command):
    """The record survives `microbench ... | head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert_last_resort(command(*EXIT_3, stdout=writer))
    finally:
        os.close(writer)


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='needs /dev/full')
def test_a_full_disk_costs_neither_record_nor_status(command):
    """The record survives `microbench ... > file` on a full disk."""
    with Path('/dev/full').open('w') as full:
        assert_last_resort(command(*EXIT_3, stdout=full))


def test_a_closed_standard_output_costs_neither_record_nor_status(ended):
    """The record survives `microbench ... >&-`."""
    closed = 'exec "$0" -m microbench sh -c "exit 3" >&-'
    assert_last_resort(ended('sh', '-c', closed, sys.executable))


# --- the child lives as it would without us -------------------------------------------


def test_the_child_has_our_standard_streams(command):
    """The child has the standard input, output and error of the command."""
    done = command(*OUT, 'sh', '-c', 'cat; echo err >&2', input='through\n')
    assert (done.status, done.stdout, done.stderr) == (0, 'through\n', 'err\n')


def test_the_child_has_the_descriptors_that_were_handed_to_us(command):
    """Descriptors of `<(...)` and of make's job server reach the child."""
    reader, writer = os.pipe()
    os.write(writer, b'handed over\n')
    os.close(writer)
    try:
        outcome = command(*OUT, 'cat', f'/dev/fd/{reader}', pass_fds=[reader])
    finally:
        os.close(reader)
    assert (outcome.status, outcome.stderr) == (0, '')
    assert outcome.stdout == 'handed over\n'


def test_the_child_inherits_no_descriptor_of_microbench(command):
    """Every iteration sees the descriptors that it sees without microbench."""
    listing = 'import os; print(sorted(os.listdir("/dev/fd")))'
    outcome = command(*OUT, '-n', '2', '-w', '1', sys.executable, '-c', listing)
    assert (outcome.status, outcome.stderr) == (0, '')
    outside = subprocess.check_output([sys.executable, '-c', listing], text=True)
    assert outcome.stdout == outside * 3


def test_a_caller_that_ignores_sigchld_does_not_cost_the_status(ended):
    """If SIGCHLD were ignored, the kernel would forget how the child ended."""
    program = (
        'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);'
        'os.execv(sys.executable, [sys.executable, "-m", "microbench", *sys.argv[1:]])'
    )
    done = ended(sys.executable, '-c', program, *OUT, *EXIT_3)
    assert (done.status, done.stdout, done.stderr) == (3, '', '')
    assert done.call['returncode'] == [3]


def test_words_that_are_no_text_reach_the_child(command, tmp_path):
    """Bytes of a file name that are not UTF-8 are passed on and recorded."""
    outcome = command(*OUT, 'touch', b'name-\xff')
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')
    assert (tmp_path / os.fsdecode(b'name-\xff')).exists()
    assert outcome.call['command'] == ['touch', r'name-\xff']


# --- interrupted ----------------------------------------------------------------------


def test_ctrl_c_ends_the_child_and_still_writes_a_record(environment, tmp_path):
    """The interrupted iteration has a duration; then SIGINT ends the command."""
    # A test suite in the background has SIGINT ignored, and so would its children.
    program = (
        'import signal; signal.signal(signal.SIGINT, signal.default_int_handler);'
        'from microbench.__main__ import console; console()'
    )
    script = 'echo >> ran; [ $(wc -l < ran) = 1 ] && exit 0; echo $$; exec cat'
    words = [*OUT, '-n', '3', 'sh', '-c', script]
    with subprocess.Popen(
        [sys.executable, '-c', program, *words],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,  # never closed: cat waits until it is killed
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        stderr = process.stderr.read()
        status = process.wait(timeout=60)
    assert status == -signal.SIGINT
    assert stderr == ''
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    [line] = (tmp_path / 'out.jsonl').read_text().splitlines()
    record = json.loads(line)
    assert record['exit_signal'] == 'SIGINT'
    assert record['call']['returncode'] == [0, -signal.SIGINT]
    assert len(record['call']['durations']) == len(record['resource_usage']) == 2
    assert 'exception' not in record


# --- switched off, help, version ------------------------------------------------------


def test_switched_off_it_only_runs_the_command(command, tmp_path):
    """With `MICROBENCH=off` the command runs once and nothing is recorded."""
    script = 'echo line >> ran; exit 3'
    outcome = command('-n', '5', 'sh', '-c', script, env={'MICROBENCH': 'off'})
    assert (outcome.status, outcome.stdout, outcome.stderr) == (3, '', '')
    assert (tmp_path / 'ran').read_text() == 'line\n'


def test_switched_off_a_failed_start_is_still_reported(command):
    """A failed start is one line and status 127, but no record."""
    outcome = command(*OUT, 'no-such-program', env={'MICROBENCH': 'off'})
    assert (outcome.status, outcome.stdout, outcome.records) == (127, '', [])
    assert outcome.stderr == (
        "microbench: cannot start 'no-such-program': No such file or directory\n"
    )


def test_version(command):
    """`--version` prints name and version, and runs nothing."""
    outcome = command('--version', 'no-such-program')
    assert (outcome.status, outcome.stderr) == (0, '')
    assert outcome.stdout == f'microbench {__version__}\n'


@pytest.mark.parametrize('flag', ['-h', '--help', '--hel'])
def test_help_names_every_option(command, flag):
    """The help has 84 columns on any terminal; options of mixins come last."""
    outcome = command(flag, '-x', env={'COLUMNS': '20'})
    assert (outcome.status, outcome.stderr) == (0, '')
    assert max(map(len, outcome.stdout.splitlines())) <= 84
    shown = set(re.findall(r'--[a-z-]+[a-z]', outcome.stdout))
    own = [o for group in options.GROUPS.values() for o in group]
    theirs = selected_mixins.options_of(selected_mixins.own())
    assert {o.flags[-1] for o in (*own, *theirs)} <= shown
    assert re.search(
        r'^mixin options:\n  --.*\[file-hash\] how to hash',
        outcome.stdout,
        re.MULTILINE | re.DOTALL,
    )
    assert all(
        re.search(f'^  {name} ', outcome.stdout, re.MULTILINE) for name in SUBCOMMANDS
    )
