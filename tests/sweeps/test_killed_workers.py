"""Workers that die: no record is lost, and none is there twice."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import pytest

import microbench
from microbench import FileOutput
from microbench.sweeps import runner, waiting
from tests.sweeps import functions
from tests.sweeps.functions import Stepped, double


def indices(records):
    """Return the numbers of the points, sorted."""
    return sorted(record['sweep']['index'] for record in records)


def sweep(kills, **options):
    """Sweep twenty points with stepped executors; return the result and these."""
    made = []

    def make():
        made.append(Stepped(kills))
        return made[-1]

    return microbench.sweep(double, {'n': range(20, 40)}, make, **options), made


def test_a_hundred_tasks_give_a_hundred_records(tmp_path):
    """In real processes, of which four are killed."""
    path = tmp_path / 'r.jsonl'
    points = {'n': range(100), 'folder': [str(tmp_path)]}
    pool = partial(ProcessPoolExecutor, 2)
    result = microbench.sweep(functions.die_once, points, pool, output=path)
    records = FileOutput(path).get_results()
    assert indices(records) == list(range(100))
    assert len({record['mb']['record_id'] for record in records}) == 100
    assert [point.value for point in result] == list(range(100))
    again = {r['sweep']['index'] for r in records if 'attempt' in r['sweep']}
    assert again >= {n for n in range(100) if n % 25 == 2}


def test_only_the_culprit_fails():
    """It runs alone the last time, so its neighbours are not suspected."""
    alone = []

    def kills(number, running):
        if number == 7:
            alone.append(running)
        return number == 7

    result, made = sweep(kills)
    assert [point.index for point in result.failed] == [7]
    assert (indices(result.records), alone[-1], len(made)) == (list(range(20)), 1, 4)
    assert all(executor.is_closed for executor in made)


def test_the_record_of_a_lost_call():
    """It has the point and the reason, and nothing that only the worker knew."""
    result, _ = sweep(lambda number, running: number == 7)
    record = result.records[7]
    assert record['sweep'] == {
        'id': result.id,
        'index': 7,
        'repeat': 0,
        'point': {'n': 27},
        'attempt': 3,
        'lost': True,
    }
    assert record['exception'] == {
        'type': 'BrokenProcessPool',
        'message': 'a worker was killed',
    }
    assert (record['call']['name'], record['call']['durations']) == ('double', [])
    assert not {'host', 'process'} & record.keys()


@pytest.mark.parametrize('attempts', [1, 2])
def test_attempts_are_bounded(attempts):
    """With one, all that may have run have failed; with two, only the culprit."""
    result, _ = sweep(lambda number, running: number == 7, attempts=attempts)
    failed = [point.index for point in result.failed]
    assert 7 in failed
    assert len(failed) == {1: 2, 2: 1}[attempts]
    assert indices(result.records) == list(range(20))


def test_an_end_is_found_even_if_all_die():
    """No more pools than strikes."""
    result, made = sweep(lambda number, running: True)
    assert len(result.failed) == len(result.records) == 20
    assert len(made) <= runner.IN_A_ROW + 2


def test_an_executor_that_cannot_be_replaced():
    """What is left has failed, and can be resumed."""
    given = Stepped(lambda number, running: number == 7)
    memory = FileOutput()
    points = {'n': range(20, 40)}
    result = microbench.sweep(double, points, given, output=memory)
    failed = [point.index for point in result.failed]
    assert failed == list(range(failed[0], 20))
    assert indices(memory.get_results()) == list(range(20))
    again = microbench.sweep(double, points, Stepped, output=memory, resume=True)
    assert (again.failed, len(again.earlier)) == ([], 20 - len(failed))


class Flaky(Stepped):
    """The executor lives, and its second task fails twice without an outcome."""

    failures = 2

    def submit(self, function, *args):
        future = super().submit(function, *args)
        if self.failures and args[1][0][0] == 1:
            self.failures -= 1
            self.queue.remove(future)
            future.end(error=ConnectionError('the node went down'))
        return future


def test_a_task_without_an_outcome_runs_again():
    """As after the death of a node of Dask or SLURM."""
    result = microbench.sweep(double, {'n': [1, 2, 3]}, Flaky())
    assert [point.value for point in result] == [2, 4, 6]
    assert [r['sweep'].get('attempt') for r in result.records] == [None, 3, None]
    [failed] = microbench.sweep(double, {'n': [1, 2, 3]}, Flaky(), attempts=2).failed
    assert str(failed.exception) == 'the node went down'


def test_the_window_bounds_the_futures():
    """However many points there are."""
    result, [executor] = sweep(lambda number, running: False, max_pending=3)
    assert (executor.most, len(result.records)) == (3, 20)


def test_short_tasks_go_together():
    """A thousand need far fewer futures."""
    executor = Stepped()
    before = executor.submit
    sizes = []

    def submit(function, job, tasks):
        sizes.append(len(tasks))
        return before(function, job, tasks)

    executor.submit = submit
    result = microbench.sweep(double, {'n': range(1000, 2000)}, executor)
    assert sum(sizes) == len(result.records) == 1000
    assert max(sizes) <= runner.LARGEST


class Interrupted(Stepped):
    """Ctrl-C comes while the third task is waited for."""

    def step(self):
        if not hasattr(self, 'steps'):
            self.steps = 0
        self.steps += 1
        if self.steps == 3:
            raise KeyboardInterrupt
        if self.steps < 3:
            super().step()


def test_an_interruption_keeps_what_is_done():
    """The records of calls that have ended are in the output, once."""
    memory = FileOutput()
    with pytest.raises(KeyboardInterrupt):
        microbench.sweep(double, {'n': range(9)}, Interrupted(), output=memory)
    assert indices(memory.get_results()) == [0, 1]


def test_futures_that_are_asked_and_that_call():
    """Both kinds are waited for; the pauses between two rounds of questions grow."""

    class Asked:
        answers = [False, False, False, True]

        def done(self):
            return self.answers.pop(0)

    class Calls:
        def add_done_callback(self, function):
            function(self)

    naps = []
    waits = waiting.Waiting(naps.append)
    waits.add(1, Asked())
    waits.add(2, Calls())
    assert [waits.next(), waits.next()] == [2, 1]
    assert naps == [0.005, 0.01]
    assert waits.next(0.0) is None
