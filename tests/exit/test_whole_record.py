"""The record of a process that a scheduler ends, as consumers find it."""

import sys

import microbench
from tests.fakes import shape

SAMPLE = {'timestamp': str, 'rss': int}


def test_a_job_ended_by_sigterm(program):
    """The record has fields of the job, samples, both phases and the cause."""
    code = """
class Job(MicroBench, microbench.MBSlurmInfo):
    monitor_interval = 1e-3
    taken = threading.Event()

    @staticmethod
    def monitor(process):
        if bench.taken_before:
            Job.taken.set()
        bench.taken_before = True
        return {'rss': process.memory_info().rss}

bench = Job(path, experiment='baseline')
bench.taken_before = False
bench.record_on_exit('simulation')
with bench.time('setup'):
    Job.taken.wait()
with bench.time('solve'):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""
    job = {'SLURM_JOB_ID': '884120', 'SLURM_JOB_PARTITION': 'short'}
    ended = program(code, env=job)
    samples = ended.call['monitor']
    assert len(samples) >= 2
    expected = {
        'experiment': 'baseline',
        'call': {
            'name': 'simulation',
            'invocation': 'Python',
            'monitor': [SAMPLE] * len(samples),
            'durations': [float],
            'start_time': str,
            'finish_time': str,
            'timings': [{'name': 'setup', 'duration': float}],
            # since 3.0
            'open_timings': [{'name': 'solve', 'duration': float}],
            'load_average': float,
            **({'run_delay': float} if 'run_delay' in ended.call else {}),
        },
        'resource_usage': [dict],
        'mb': {
            'timezone': 'UTC',
            'duration_counter': 'perf_counter',
            'run_id': str,
            'version': microbench.__version__,
            # since 3.0
            'schema': 3,
            'record_id': str,
            'clock': {
                'name': str,
                'source': str,
                'resolution_ns': int,
                'overhead_ns': int,
            },
        },
        'python': {
            'version': '.'.join(map(str, sys.version_info[:3])),
            'build': str,
            'prefix': sys.prefix,
            'executable': sys.executable,
        },
        'host': dict,
        'process': {'pid': int},
        'slurm': {'job_id': '884120', 'job_partition': 'short'},
        'exit_signal': 'SIGTERM',
    }
    assert shape(ended.record, expected) == expected
    assert (ended.status, ended.err) == (-15, '')


def test_the_start_is_the_call(program):
    """Time and duration begin where `record_on_exit` is called, not at the import."""
    code = """
import datetime as dt
bench = MicroBench(path)
before = dt.datetime.now(dt.timezone.utc)
bench.record_on_exit()
print(before.isoformat(), dt.datetime.now(dt.timezone.utc).isoformat())
"""
    ended = program(code)
    before, after = ended.out.split()
    assert before <= ended.call['start_time'] <= after <= ended.call['finish_time']


def test_no_trigger_of_iterations_runs(program):
    """There are no iterations, so triggers around each do not run."""
    code = """
class Bench(MicroBench):
    def pre_run_triggers(self, bm_data):
        print('pre')
        super().pre_run_triggers(bm_data)
    def post_run_triggers(self, bm_data):
        print('post')
        super().post_run_triggers(bm_data)
bench = Bench(path, iterations=3)
bench.record_on_exit()
"""
    ended = program(code)
    assert (ended.out, ended.err) == ('', '')
    assert len(ended.call['durations']) == 1


def test_an_exception_keeps_its_traceback(program):
    """The traceback is printed as ever; the record has type and message."""
    ended = program('bench = MicroBench(path)\nbench.record_on_exit()\nraise KeyError("k")')
    assert ended.err.startswith('Traceback (most recent call last)')
    assert ended.err.endswith("KeyError: 'k'\n")
    assert ended.record['exception'] == {'type': 'KeyError', 'message': "'k'"}
    assert ended.status == 1
