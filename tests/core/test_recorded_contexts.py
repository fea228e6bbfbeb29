"""A run that C has recorded may stay in its context, where it stands for none."""

import contextvars
import gc
import threading
import weakref

import pytest

from microbench import MicroBench, NullOutput, _core
from tests.fakes import only

pytestmark = pytest.mark.usefixtures('fresh_count')  # some phases are lost


def runs():
    """Return how many objects of runs there are."""
    gc.collect()
    return sum(issubclass(type(one), _core.OpenRun) for one in gc.get_objects())


def phases(bench):
    """Return the names of the phases in each record."""
    return [
        [timing['name'] for timing in record['call'].get('timings', ())]
        for record in bench.get_results()
    ]


def phase(bench, name):
    """Time a phase in the present context."""
    with bench.time(name):
        pass


@pytest.mark.parametrize('way', ['block', 'call'])
def test_a_copy_of_the_context_never_sees_a_later_run(way):
    """While the run it was made in is open, its phases go there, and later nowhere."""
    bench, copies = MicroBench(), []

    def body():
        copies.append(contextvars.copy_context())
        for number, copy in enumerate(copies):
            copy.run(phase, bench, f'of {number}')

    timed = bench(body)
    for _ in range(5):
        if way == 'call':
            timed()
        else:
            with bench.record():
                body()
    assert phases(bench) == [[f'of {number}'] for number in range(5)]


def test_a_phase_after_a_record_is_outside():
    """Neither the run that stays nor one that was reused gets it."""
    bench = MicroBench()
    for number in range(4):
        with bench.record():
            phase(bench, f'inside {number}')
        phase(bench, 'outside')
    assert phases(bench) == [[f'inside {number}'] for number in range(4)]


def test_nested_records_in_turn():
    """An inner run gives way to the outer one, also where others stay."""
    outer, inner = MicroBench(), MicroBench()
    for _ in range(3):
        with outer.record():
            for _ in range(2):
                with inner.record():
                    phase(outer, 'in the inner one')
                phase(inner, 'in the outer one')
    assert phases(inner) == [['in the inner one']] * 6
    assert phases(outer) == [['in the outer one'] * 2] * 3


def test_they_are_few():
    """Any number of contexts keep a few runs, and no bench."""
    bench = MicroBench(outputs=[NullOutput()])
    contexts, before = [contextvars.copy_context() for _ in range(50)], runs()

    @bench
    def work():
        pass

    for context in contexts:
        context.run(work)
        context.run(work)
    assert runs() - before <= 6
    gone = weakref.ref(bench)
    del bench, work
    gc.collect()
    assert gone() is None
    del contexts
    assert runs() == before


def test_a_counted_call_drops_phases_after_a_record_in_it():
    """Its phases stay apart from a run that is open in another thread."""
    sampling, other = MicroBench(every=1000), MicroBench()
    with other.record():
        pass  # the next one is for C
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with other.record('held'):
            entered.set()
            leave.wait()

    @sampling
    def counted():
        with sampling.record('inside'):
            pass
        phase(other, 'dropped')

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    for _ in range(3):
        counted()
    leave.set()
    thread.join()
    assert only(phases(other)[1:]) == []
