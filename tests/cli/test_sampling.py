"""Samples of the command: their times, their processes, and their side effects."""

import itertools
import json
import os
import subprocess
import sys
import threading
from datetime import timezone

import psutil
import pytest

from microbench.cli.run import sampling
from microbench.cli.run.child import Child
from microbench.cli.run.outcome import Outcome
from microbench.cli.run.sampling import ProcessGauge, Sampling, TreeGauge
from microbench.cli.run.timers import TimerThread
from tests.cli.conftest import OUT, ManualTimers, Started, in_time, wait_until
from tests.conftest import SANITIZED
from tests.fakes import ROOT
from tests.sandboxes import without

KEYS = {'timestamp', 'cpu_percent', 'rss_bytes'}

BUSY = """
import sys, time
while time.process_time() < float(sys.argv[1]):
    pass
"""


def call_of(outcome):
    """Return the `call` of the one record of a run."""
    [record] = outcome.records
    return record['call']


def test_samples_of_each_iteration(command):
    """Each iteration has a list; the first sample comes 0.1 s after the start."""
    outcome = command(
        *OUT, '--monitor-interval=1', '-n', '2', '--', sys.executable, '-c', BUSY, '0.5'
    )
    assert (outcome.status, outcome.stderr) == (0, '')
    call = call_of(outcome)
    assert call['monitor_scope'] == 'process'
    assert len(call['monitor']) == 2
    for sample in itertools.chain(*call['monitor']):
        assert set(sample) == KEYS
        assert sample['timestamp'].endswith('+00:00')
        assert sample['rss_bytes'] > 0
        assert sample['cpu_percent'] >= 0


def test_a_short_program_has_none(start, monkeypatch):
    """A program that ends before the first sample has no such fields."""
    late = 'from microbench.cli.run import sampling; sampling.FIRST_AFTER = 600.0;'
    monkeypatch.setattr(Started, 'PROGRAM', late + Started.PROGRAM)
    outcome = start(*OUT, '--monitor-interval=1', '-n', '3', '--', 'true').wait()
    assert (outcome.status, outcome.stderr) == (0, '')
    call = call_of(outcome)
    assert not {'monitor', 'monitor_scope'} & set(call)


def test_warm_up_is_not_sampled(command):
    """Warm-up leaves no samples."""
    script = 'echo >> ran; [ $(wc -l < ran) = 2 ] || exec "$0" -c "$1" 0.3'
    outcome = command(
        *OUT,
        *('--monitor-interval=1', '-w', '1', '--'),
        *('sh', '-c', script, sys.executable, BUSY),
    )
    assert (outcome.status, outcome.stderr) == (0, '')
    assert 'monitor' not in call_of(outcome)


def test_the_tree_has_what_a_script_starts(command):
    """The processes of a script are sampled; the shell itself is small and idle."""
    script = '"$0" -c "$1" 0.6; :'
    words = ('sh', '-c', script, sys.executable, BUSY)
    for scope in ('process', 'tree'):
        outcome = command(
            *OUT, '--monitor-interval=0.1', f'--monitor-scope={scope}', '--', *words
        )
        assert (outcome.status, outcome.stderr) == (0, '')
    alone, tree = (record['call'] for record in outcome.records)
    assert [alone['monitor_scope'], tree['monitor_scope']] == ['process', 'tree']
    for name in ('rss_bytes', 'cpu_percent'):
        shell, both = (max(s[name] for s in r['monitor'][0]) for r in (alone, tree))
        assert both > shell


# --- with a clock and timers of the test ---------------------------------------------


class FakeGauge:
    """Counts its readings."""

    def __init__(self, number):
        self.readings = 0

    def read(self):
        self.readings += 1
        return float(self.readings), 10


@pytest.fixture
def sampled(monkeypatch):
    """Return a sampling every 2 s, its timers, and a running child."""
    timers = ManualTimers()
    monkeypatch.setattr(sampling, 'monotonic', lambda: timers.now)
    monkeypatch.setattr(sampling, 'ProcessGauge', FakeGauge)
    observer = Sampling(timers, 2.0, 'process', timezone.utc)
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE) as process:
        child = Child(['cat'])
        child.process, child.is_real, child.over = process, True, False
        observer.started(child)
        yield observer, timers, child


def test_the_times_of_the_samples(sampled):
    """After a reading to compare with, samples are at 0.1 s and at each interval."""
    _, timers, child = sampled
    dues = []
    for _ in range(4):
        dues.append(timers.pending[0][0])
        timers.run(dues[-1])
    assert dues == pytest.approx([1000.0, 1000.1, 1002.1, 1004.1])
    assert [sample['cpu_percent'] for sample in child.samples] == [2.0, 3.0, 4.0]


def test_missed_samples_are_left_out(sampled):
    """Samples that a stopped process missed are not made up for."""
    _, timers, child = sampled
    timers.run(1000.1)
    timers.now = 1007.0
    timers.run(1003.0)
    assert len(child.samples) == 2
    assert timers.pending[0][0] == pytest.approx(1008.1)


def test_no_sample_after_the_end(sampled):
    """There is no sample once the run is over, nor one of a zombie."""
    observer, timers, child = sampled
    timers.run(1000.1)
    child.process.stdin.close()
    wait_until(lambda: child.has_ended)
    timers.run(2000.0)
    assert len(child.samples) == 1
    assert timers.pending == []
    observer.ended(child)


@pytest.mark.parametrize('gauge', [FakeGauge, 'Failing'])
def test_no_sample_of_a_process_that_is_being_collected(sampled, monkeypatch, gauge):
    """The main thread may collect the child right after `over` was checked."""
    observer, timers, child = sampled
    observer.gauge = Failing if gauge == 'Failing' else gauge
    timers.run(1000.0)
    child.process.stdin.close()
    os.waitpid(child.pid, 0)
    child.process.returncode = 0
    timers.run(1000.1)
    assert (child.samples, child.unsampled, timers.pending) == ([], '', [])


def test_no_sample_without_memory(sampled, monkeypatch):
    """A process without memory is ending, and is not sampled."""
    _, timers, child = sampled
    sizes = iter([10, 0, 30])
    timers.run(1000.0)
    monkeypatch.setattr(FakeGauge, 'read', lambda self: (5.0, next(sizes)))
    timers.run(1004.1)
    assert [sample['rss_bytes'] for sample in child.samples] == [10, 30]


def test_no_run_waits_for_a_sample(monkeypatch):
    """A slow reading that is under way when the child ends is abandoned."""
    reading, go_on = threading.Event(), threading.Event()

    class Slow(FakeGauge):
        def read(self):
            reading.set()
            assert go_on.wait(60)
            return super().read()

    monkeypatch.setattr(sampling, 'ProcessGauge', Slow)
    timers = TimerThread(lambda number: None)
    timers.start()
    observer = Sampling(timers, 2.0, 'process', timezone.utc)

    class EndsThen:
        def started(self, child):
            assert reading.wait(60)
            child.process.stdin.close()

        def ended(self, child):
            child.process.stdin.close()

    child = Child(['cat'], [observer, EndsThen()], {'stdin': subprocess.PIPE})
    child.run()
    go_on.set()
    timers.stop()
    assert (child.returncode, child.samples) == (0, [])


def test_what_is_planned_is_cancelled_at_the_end(sampled):
    """Nothing is left in the timers at the end."""
    observer, timers, child = sampled
    timers.run(1000.1)
    assert len(timers.pending) == 1
    observer.ended(child)
    assert timers.pending == []


class Failing(FakeGauge):
    """A gauge that raises an error at each reading but the first."""

    error = psutil.AccessDenied(1)

    def read(self):
        if self.readings:
            raise self.error
        return super().read()


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (psutil.NoSuchProcess(12), 'the system does not show the process'),
        (FileNotFoundError(2, 'no', '/proc/stat'), "[Errno 2] no: '/proc/stat'"),
    ],
)
def test_samples_that_cannot_be_taken(sampled, monkeypatch, error, reason):
    """Sampling stops, and the record says why, once for all iterations."""
    observer, timers, child = sampled
    observer.gauge = Failing
    monkeypatch.setattr(Failing, 'error', error)
    timers.run(1000.1)
    assert timers.pending == []
    outcome, call = Outcome((), 'process'), {}
    outcome.add(child)
    outcome.add(child)
    outcome.store(call)
    assert [noted['method'] for noted in call['capture_errors']] == ['monitor']
    assert call['capture_errors'][0]['error'].endswith(reason)
    assert 'monitor' not in call


def test_a_process_that_has_ended_needs_no_reason(sampled):
    """Psutil says of both that the process is not there."""
    observer, timers, child = sampled
    observer.gauge = Failing
    child.process.stdin.close()
    wait_until(lambda: child.has_ended)
    timers.run(1000.1)
    assert (timers.pending, child.unsampled) == ([], '')


@pytest.mark.skipif(SANITIZED, reason='sanitizers read /proc as they start')
def test_a_real_sandbox_without_proc(tmp_path):
    """The command runs, and the record says why there are no samples."""

    def attempt(seconds):
        words = ['--monitor-interval=0.1', '-o', 'out', '--', 'sleep', str(seconds)]
        done = subprocess.run(
            [*without('/proc'), sys.executable, '-m', 'microbench', *words],
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, '')
        [*_, last] = (tmp_path / 'out').read_text().splitlines()
        call = json.loads(last)['call']
        assert 'monitor' not in call
        return call.get('capture_errors')

    reason = 'the system does not show the process'
    assert in_time(attempt) == [{'method': 'monitor', 'error': reason}]


@pytest.mark.parametrize('gauge', [ProcessGauge, TreeGauge])
def test_a_process_that_does_not_exist(gauge):
    """An error of psutil costs the samples and nothing else."""
    with pytest.raises(psutil.NoSuchProcess):
        gauge(2**22 + 12345)


def test_the_time_of_those_that_have_ended_is_not_lost():
    """CPU time of ended children counts through the parent that collected them."""
    script = '"$0" -c "$1" 0.2; echo; cat'
    with subprocess.Popen(
        ['sh', '-c', script, sys.executable, BUSY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        gauge = TreeGauge(process.pid)
        gauge.read()
        before = gauge.last[1]
        assert process.stdout.read(1) == b'\n'
        percent, size = gauge.read()
    assert gauge.last[1] - before >= 0.1
    assert percent > 0
    assert size > 0


def test_an_interval_without_time_has_no_percentage():
    """Two readings at once are no division by zero."""
    gauge = TreeGauge(os.getpid())
    gauge.last = float('inf'), 0.0
    assert gauge.read()[0] == 0.0
