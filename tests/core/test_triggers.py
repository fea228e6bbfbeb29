"""Triggers run in the order of the bases, and outside of the durations."""

import pytest

from microbench import MBResourceUsage, MicroBench, MicroBenchBase
from tests.core.hooks import note, notes, noting
from tests.fakes import Ticking, call_of, only


class Tracker:
    """A mixin that notes each trigger, and forwards to the next class."""

    def pre_run_triggers(self, bm_data):
        note(bm_data, 'pre')
        forward = getattr(super(), 'pre_run_triggers', None)
        if forward is not None:
            forward(bm_data)

    def post_run_triggers(self, bm_data):
        forward = getattr(super(), 'post_run_triggers', None)
        if forward is not None:
            forward(bm_data)
        note(bm_data, 'post')


@pytest.mark.parametrize(
    'bases',
    [
        (MicroBench, Tracker, MBResourceUsage),
        (Tracker, MicroBench, MBResourceUsage),
        (Tracker, MBResourceUsage, MicroBench),
        (MBResourceUsage, MicroBenchBase, Tracker),
        (MBResourceUsage, Tracker, MicroBenchBase),
        (MicroBenchBase, MBResourceUsage, Tracker),
    ],
    ids=lambda bases: '-'.join(b.__name__ for b in bases),
)
@pytest.mark.parametrize('iterations', [1, 3])
def test_triggers_of_all_bases_run_once(bases, iterations):
    """Triggers of all mixins run once for each iteration, pre before post."""
    bench = type('Bench', bases, {})(
        iterations=iterations, warmup=2, duration_counter=Ticking()
    )
    bench(lambda: None)()
    record = only(bench.get_results())
    assert record['notes'] == ['pre', 'post'] * iterations
    assert len(record['resource_usage']) == iterations
    assert record['call']['durations'] == [1.0] * iterations


def test_triggers_are_outside_of_the_duration():
    """The clock is read last before the code and first after it."""
    clock = Ticking()

    class Bench(MicroBenchBase):
        def pre_run_triggers(self, bm_data):
            clock()
            super().pre_run_triggers(bm_data)
            clock()

        def post_run_triggers(self, bm_data):
            clock()
            super().post_run_triggers(bm_data)
            clock()

        def capture_a(self, bm_data):
            clock()

        def capturepost_a(self, bm_data):
            clock()

    bench = Bench(duration_counter=clock, iterations=2)
    bench(lambda: None)()
    with bench.record():
        pass
    durations = [r['call']['durations'] for r in bench.get_results()]
    assert durations == [[1.0, 1.0], [1.0]]


def test_a_trigger_that_does_not_forward():
    """A mixin that cuts the chain costs the others' triggers, nothing else."""

    class Selfish:
        def pre_run_triggers(self, bm_data):
            note(bm_data, 'selfish')

    bench = type('Bench', (Selfish, MicroBench, Tracker), {})(duration_counter=Ticking())
    assert notes(bench) == ['selfish', 'post']
    assert call_of(bench)['durations'] == [1.0]


def test_durations_so_far():
    """A post trigger sees the durations of the iterations until now."""
    seen = []

    class Bench(MicroBenchBase):
        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            seen.append(list(bm_data['call']['durations']))

    Bench(duration_counter=Ticking(), iterations=3)(lambda: None)()
    assert seen == [[1.0], [1.0] * 2, [1.0] * 3]


def test_overriding_without_super():
    """Start and finish triggers that do not call super() leave a record, bare."""

    class Bench(MicroBenchBase):
        capture_a = noting('never')

        def pre_start_triggers(self, bm_data):
            note(bm_data, 'start')

        def post_finish_triggers(self, bm_data):
            note(bm_data, 'finish')

    bench = Bench(duration_counter=Ticking())
    assert notes(bench) == ['start', 'finish']
    assert call_of(bench)['durations'] == [1.0]
