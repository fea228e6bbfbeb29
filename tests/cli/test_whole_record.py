"""The complete record of the command: the example of the record schema."""

import re
import sys

from tests.cli.conftest import in_time

SCRIPT = 'echo >> ran; [ $(wc -l < ran) = 2 ] && exec sleep 60; echo done; sleep .1'
OPTIONS = [
    *('-o', 'out.jsonl', '--iterations', '2', '--monitor-interval', '1'),
    *('--stdout=suppress', '--field', 'experiment=baseline'),
]
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00')
USAGE = {
    **dict.fromkeys(('utime', 'stime'), float),
    **dict.fromkeys(('maxrss', 'minflt', 'majflt', 'inblock', 'oublock'), int),
    **dict.fromkeys(('nvcsw', 'nivcsw'), int),
}
if sys.platform == 'linux':  # a shell is smaller than we are
    USAGE['maxrss_is_upper_bound'] = bool
SAMPLE = {'timestamp': str, 'cpu_percent': float, 'rss_bytes': int}


def types_of(values):
    """Return the types of the values of an object."""
    return {name: type(value) for name, value in values.items()}


def test_two_iterations_of_which_one_times_out(command, tmp_path):
    """Each field has its type, and one value for each iteration."""

    def attempt(seconds):
        env = {'SLURM_JOB_ID': '42', 'LOADEDMODULES': 'gcc/12.2.0'}
        words = ('--timeout', str(seconds + 1), '--', 'sh', '-c', SCRIPT)
        outcome = command(*OPTIONS, *words, env=env)
        if outcome.call['durations'][0] < seconds + 1:
            return outcome
        for name in ('ran', 'out.jsonl'):
            (tmp_path / name).unlink()
        return None

    outcome = in_time(attempt)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (128 + 15, '', '')
    [record] = outcome.records
    call = record.pop('call')
    assert set(record.pop('mb')) >= {'timezone', 'duration_counter', 'run_id', 'version'}
    assert record.pop('python')['executable'] == sys.executable
    assert set(record.pop('host')) >= {'hostname', 'os'}
    assert record.pop('slurm')['job_id'] == '42'
    assert [types_of(usage) for usage in record.pop('resource_usage')] == [USAGE] * 2
    assert types_of(record.pop('process')) == {'pid': int}
    assert record == {'experiment': 'baseline', 'loaded_modules': {'gcc': '12.2.0'}}

    assert TIME.fullmatch(call.pop('start_time'))
    assert TIME.fullmatch(call.pop('finish_time'))
    durations = call.pop('durations')
    assert [type(seconds) for seconds in durations] == [float] * 2
    delay = call.pop('run_delay', 0.0)  # only Linux counts it
    assert 0 <= delay < sum(durations)
    assert call.pop('load_average') >= 0
    monitor = call.pop('monitor')
    assert len(monitor) == 2
    assert [types_of(sample) for samples in monitor for sample in samples] == (
        [SAMPLE] * sum(map(len, monitor))
    )
    assert monitor[1]  # it was there for more than a second
    assert call == {
        'invocation': 'CLI',
        'name': 'sh',
        'working_dir': str(tmp_path),
        'command': ['sh', '-c', SCRIPT],
        'returncode': [0, -15],
        'timed_out': True,
        'timed_out_iterations': [False, True],
        'monitor_scope': 'process',
        'stdout': ['done\n', ''],
    }
