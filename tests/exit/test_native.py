"""Signals that Python cannot handle in time: native code writes the records."""

import signal

import pytest

from microbench import FileOutput
from tests.fakes import PATIENT

from .conftest import ONE, SHORT, TIME_IS_OVER, strict

HANG = 'never.signal_and_hang(signal.{0}, 1)'


def kinds(value):
    """Return the value with types in place of anything but containers."""
    if isinstance(value, dict):
        return {name: kinds(item) for name, item in value.items()}
    return [kinds(item) for item in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize('name', ['SIGHUP', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2'])
def test_other_signals(in_c, name):
    """Each signal of the list ends the process and is the cause."""
    ended = in_c(ONE + HANG.format(name))
    assert ended.cause == {'exit_signal': name, 'exit_path': 'native'}
    assert ended.status == -getattr(signal, name)


def test_a_native_record_is_like_any_other(in_c):
    """A native record has fields of the same types, and one that says it is native."""
    native = in_c(ONE + HANG.format('SIGTERM')).record
    whole = in_c(ONE + 'os.kill(os.getpid(), signal.SIGTERM)', grace=PATIENT).record
    assert native.pop('exit_path') == 'native'
    del whole['resource_usage']  # what is known at the end alone
    whole['call'].pop('run_delay', None)
    assert kinds(native) == kinds(whole)
    assert list(native) == list(whole)


def test_metadata_is_prepared_at_registration(in_c):
    """Repeatable captures, static fields and env_vars are prepared at registration."""
    code = """
class Bench(MicroBench, microbench.MBHostInfo, microbench.MBWorkingDir,
            microbench.MBSlurmInfo):
    env_vars = ['QUEUE']
    def capture_own(self, bm_data):
        print('once', flush=True)
bench = Bench(path, settings={'n': 1})
bench.record_on_exit()
"""
    job = {'QUEUE': 'short', 'SLURM_JOB_ID': '4711'}
    ended = in_c(code + HANG.format('SIGTERM'), env=job)
    record = ended.record
    assert record['env'] == {'QUEUE': 'short'}
    assert record['slurm']['job_id'] == '4711'
    assert record['settings'] == {'n': 1}
    assert {'hostname', 'os'} <= set(record['host'])
    assert record['call']['working_dir']
    assert ended.out == ''


@pytest.mark.parametrize(
    'last',
    [
        'sys.exit()',
        HANG.format('SIGTERM'),
        'os.kill(os.getpid(), signal.SIGKILL)',
    ],
    ids=['Python', 'native', 'recovered'],
)
def test_fields_that_are_added_later(in_c, tmp_path, last):
    """The record has the latest values, whether Python or C writes it."""
    code = """
for number in range(100):
    bench.add_fields(late=number, more={'x' * number: number}, call={'mood': number})
"""
    ended = in_c(ONE + code + last)
    [record] = FileOutput(tmp_path / 'records.jsonl').get_results()
    assert (record['late'], record['call']['mood']) == (99, 99)
    assert record['more'] == {'x' * 99: 99}
    assert record['experiment'] == 'baseline'
    assert [timing['name'] for timing in record['call']['timings']] == ['setup']
    assert ended.err == ''


def test_secrets_are_masked(in_c):
    """Native code writes what was masked before."""
    code = ONE.replace("'baseline'", "'https://me:hidden@example.org/'")
    record = in_c(code + HANG.format('SIGTERM')).record
    assert 'hidden' not in record['experiment']
    assert record['mb']['masked'] == ['experiment']


SECRET = """
class Bench(MicroBench):
    redact = ['*durations', 'call.timings', 'token']
bench = Bench(path, token='hidden')
bench.record_on_exit('simulation')
with bench.time('secret phase'):
    pass
"""


def test_a_secret_in_the_exception_of_what_was_prepared(program):
    """A secret in an exception is masked there too."""
    for redact in ("'*durations'", "'nothing'"):
        code = f"""
class Bench(MicroBench):
    redact = [{redact}]
Bench(path).record_on_exit()
microbench.process.exit_run.ExitRun._complete = lambda *args: 1 / 0
raise ValueError('cannot reach http://me:hidden@host/')
"""
        [record] = program(code).records
        assert record['exception']['message'] == 'cannot reach http://me:***@host/'


@pytest.mark.parametrize(
    'last',
    [
        HANG.format('SIGTERM'),
        'os.abort()',
        'os.kill(os.getpid(), signal.SIGKILL)',
        'microbench.process.exit_run.ExitRun._complete = lambda *args: 1 / 0\n',
    ],
    ids=['native', 'crash', 'recovered', 'as prepared'],
)
def test_secrets_in_what_native_code_writes(in_c, tmp_path, last):
    """Native code cannot mask, so such a record has no measurements."""
    ended = in_c(SECRET + last)
    for journal in tmp_path.glob('.*.journal'):
        assert b'secret phase' not in journal.read_bytes()
    records = FileOutput(tmp_path / 'records.jsonl').get_results()
    [record] = records or [strict(line.encode()) for line in ended.err.splitlines()[-1:]]
    assert record['call']['durations'] == '***'
    assert record['call']['start_time'] == record['call']['finish_time']
    assert not {'timings', 'open_timings'} & set(record['call'])
    assert record['token'] == '***'
    assert {'token', 'call.durations'} <= set(record['mb']['masked'])


def test_an_output_of_ones_own(in_c):
    """to_json() and output_result() are not called: the record is written unchanged."""
    code = """
class Bench(MicroBench):
    def to_json(self, obj):
        return 'changed'
    def output_result(self, bm_data):
        raise KeyError
bench = Bench(path)
bench.record_on_exit('simulation')
"""
    assert in_c(code + HANG.format('SIGTERM')).call['name'] == 'simulation'


BLOCKED = """
class Bench(MicroBench):
    def capture_blocked(self, bm_data):
        {0}
bench = Bench(path)
bench.record_on_exit('simulation')
"""


@pytest.mark.parametrize(
    'inside',
    ['never.hang()', 'threading.Event().wait()', 'lock.acquire()'],
    ids=['in C', 'in Python', 'in a lock of its own thread'],
)
def test_a_capture_that_blocks(in_c, inside):
    """Two seconds after the signal native code writes what was prepared."""
    code = 'lock = threading.Lock()\nlock.acquire()\n' + BLOCKED.format(inside)
    ended = in_c(code + 'os.kill(os.getpid(), signal.SIGTERM)', grace=SHORT)
    assert ended.cause == {'exit_signal': 'SIGTERM', 'exit_path': 'native'}
    assert (ended.status, ended.err) == (-signal.SIGTERM, '')


def test_three_hanging_sinks(program):
    """Hanging sinks use up the time; the record is on standard error."""
    code = """
class Hanging:
    def write(self, text):
        threading.Event().wait()
bench = MicroBench(outputs=[Hanging(), Hanging(), Hanging()])
bench.record_on_exit('simulation')
os.kill(os.getpid(), signal.SIGTERM)
"""
    ended = program(code, grace=SHORT)
    assert (ended.records, ended.status) == ([], -signal.SIGTERM)
    [line] = ended.err.splitlines()
    assert '"exit_path":"native"' in line


def test_hanging_sinks_beside_a_file(program):
    """A file has its turn before hanging sinks, and gets the complete record once."""
    code = f"""
class Hanging:
    def write(self, text):
        {TIME_IS_OVER}
        threading.Event().wait()
bench = MicroBench(outputs=[Hanging(), microbench.FileOutput(path)])
bench.record_on_exit('simulation')
os.kill(os.getpid(), signal.SIGTERM)
"""
    ended = program(code)
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert (ended.status, ended.err) == (-signal.SIGTERM, '')


def test_several_files(in_c):
    """Each of several files gets the native record."""
    code = """
bench = MicroBench(outputs=[microbench.FileOutput(path), microbench.FileOutput(path)])
bench.record_on_exit('simulation')
"""
    ended = in_c(code + HANG.format('SIGTERM'))
    assert len(ended.records) == 2


def test_a_file_object(in_c):
    """The descriptor of a file object is used, unless it is of another file by now."""
    code = """
bench = MicroBench(open(path, 'a'))
bench.record_on_exit('simulation')
"""
    assert len(in_c(code + HANG.format('SIGTERM')).records) == 1
    reused = """
number = bench._bench_config.delivery.sinks[0].outfile.fileno()
os.close(number)
assert os.open(path + '.other', os.O_CREAT | os.O_WRONLY) == number
"""
    ended = in_c(code + reused + HANG.format('SIGTERM'))
    assert ended.records == []
    assert '"exit_path":"native"' in ended.err


@pytest.mark.parametrize(
    'spoil',
    [
        'shutil.rmtree(where)',
        'shutil.rmtree(where); open(where, "w")',
        'os.mkfifo(where + "/records.jsonl")',
        'os.symlink("/dev/full", where + "/records.jsonl")',
    ],
    ids=['no directory', 'no longer one', 'FIFO without reader', 'full disk'],
)
def test_an_output_that_takes_nothing(in_c, spoil):
    """If the output fails, the record is one line on standard error."""
    code = f"""
import shutil
where = path + '.d'
os.mkdir(where)
bench = MicroBench(where + '/records.jsonl')
bench.record_on_exit('simulation')
{spoil}
"""
    ended = in_c(code + HANG.format('SIGTERM'))
    [line] = ended.err.splitlines()
    assert '"exit_path":"native"' in line
    assert ended.status == -signal.SIGTERM


def test_closed_standard_error(in_c):
    """With nowhere to write, the process still ends by the signal."""
    code = "bench = MicroBench('/dev/full')\nbench.record_on_exit()\nos.close(2)\n"
    assert in_c(code + HANG.format('SIGTERM')).status == -signal.SIGTERM


def test_a_torn_line_before(in_c, tmp_path):
    """The native record begins a new line."""
    code = """
torn = path + '.torn'
with open(torn, 'w') as file:
    file.write('{"torn":')
bench = MicroBench(torn)
bench.record_on_exit('simulation')
"""
    in_c(code + HANG.format('SIGTERM'))
    first, second = (tmp_path / 'records.jsonl.torn').read_bytes().splitlines()
    assert first == b'{"torn":'
    assert strict(second)['exit_path'] == 'native'


@pytest.mark.parametrize('grace', ['grace=0', 'grace=0.5'])
def test_the_grace_time(in_c, grace):
    """The record is written whatever the grace time is."""
    code = ONE.replace("('simulation')", f"('simulation', {grace})")
    assert in_c(code + HANG.format('SIGTERM')).cause['exit_path'] == 'native'


@pytest.mark.parametrize(
    ('env', 'seconds'),
    [
        ({}, 0.25),
        ({'MICROBENCH_EXIT_GRACE': '1.5'}, 1.5),
        ({'OMPI_COMM_WORLD_RANK': '0'}, 0.0),
        ({'PMI_RANK': '0', 'MICROBENCH_EXIT_GRACE': '3'}, 3.0),
    ],
)
def test_the_grace_time_by_default(monkeypatch, env, seconds):
    """The default is 0.25 s, the environment's value, or nothing under MPI."""
    from microbench.process.signals import LAUNCHED, seconds_of

    for name in ['MICROBENCH_EXIT_GRACE', *LAUNCHED]:
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert seconds_of(None) == seconds
    assert seconds_of(7) == 7.0


@pytest.mark.parametrize('value', ['soon', '-1', 'nan', 'inf'])
def test_a_wrong_grace_time(monkeypatch, value):
    """A wrong value is rejected before the work, with the name of the variable."""
    from microbench import MicroBenchBase

    monkeypatch.setenv('MICROBENCH_EXIT_GRACE', value)
    with pytest.raises(ValueError, match='MICROBENCH_EXIT_GRACE has to be'):
        MicroBenchBase().record_on_exit()


def test_the_users_handler_runs_to_its_end(program):
    """The record is written before the handler begins, however long that takes."""
    code = f"""
def checkpoint(number, frame):
    print(os.path.getsize(path) > 0)
    {TIME_IS_OVER}
    threading.Event().wait(0.1)
    print('done', flush=True)
signal.signal(signal.SIGTERM, checkpoint)
"""
    ended = program(code + ONE + 'os.kill(os.getpid(), signal.SIGTERM)')
    assert ended.out == 'True\ndone\n'
    assert ended.cause == {'exit_signal': 'SIGTERM'}
    assert ended.status == -signal.SIGTERM
