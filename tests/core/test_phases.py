"""`with bench.time(name)`: any nesting, threads, exceptions, and odd uses."""

import asyncio
import contextlib
import contextvars
import dis
import gc
import sys
import threading
import time
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBenchBase, _core
from tests.fakes import FailingAt, Kept, Ticking, call_of, only, printed

# A tree of phases: its name, what is inside, and whether an exception ends it.
NAMES = st.sampled_from(['a', 'b', 'c']) | st.text()
TREES = st.recursive(
    st.just([]),
    lambda inside: st.lists(st.tuples(NAMES, inside, st.booleans()), max_size=4),
    max_leaves=20,
)


class Planned(Exception):
    """An exception that ends a phase and is caught around it."""


def play(bench, tree, now=0):
    """Enter and leave phases as the tree says; give the expected timings and clock.

    The clock ticks at each entry and each exit, so a phase takes one tick and two for
    each phase within it.
    """
    timings = []
    for name, inside, fails in tree:
        now += 1
        entered = now
        with contextlib.suppress(Planned), bench.time(name):
            inner, now = play(bench, inside, now)
            timings += inner
            if fails:
                raise Planned
        now += 1
        timings.append({'name': name, 'duration': float(now - entered)})
    return timings, now


@given(TREES)
def test_any_nesting(tree):
    """Timings are in the order of leaving, with exact durations."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record('tree'):
        timings, ticks = play(bench, tree)
    call = call_of(bench)
    assert call.get('timings', []) == timings
    assert call['durations'] == [float(ticks + 1)]
    assert 'open_timings' not in call


@given(TREES, st.integers(2, 4))
def test_any_nesting_in_iterations(tree, iterations):
    """Each entry says, in a list of its own, which iteration it belongs to."""
    bench = MicroBenchBase(duration_counter=Ticking(), iterations=iterations)
    timings = []
    bench(lambda: timings.append(play(bench, tree)[0]))()
    call = call_of(bench)
    if timings[0]:
        assert call['timings'] == sum(timings, [])
        assert call['timings_iteration'] == [
            number for number, part in enumerate(timings) for _ in part
        ]
    else:
        assert not {'timings', 'timings_iteration'} & set(call)


@given(st.lists(NAMES, max_size=8), st.data())
def test_left_in_any_order(names, data):
    """Phases need not nest: the order of leaving is the order of the list."""
    bench = MicroBenchBase(duration_counter=Ticking())
    order = data.draw(st.permutations(range(len(names))))
    stay = data.draw(st.integers(0, len(names)))
    with bench.record():
        phases = [bench.time(name) for name in names]
        for phase in phases:
            phase.__enter__()
        for index in order[stay:]:
            phases[index].__exit__(None, None, None)
    call = call_of(bench)
    left = [names[index] for index in order[stay:]]
    assert [t['name'] for t in call.get('timings', [])] == left
    still_open = [names[index] for index in sorted(order[:stay])]
    assert [t['name'] for t in call.get('open_timings', [])] == still_open


def test_an_entry_has_two_keys():
    """Consumers compare entries with dicts of name and duration."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record(), bench.time('x'):
        pass
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}]


def test_as_keyword():
    """The name can be given by keyword, and the repr of the object shows it."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        phase = bench.time(name='x')
        assert phase.name == 'x'
        assert repr(phase) == "<phase 'x'>"
        with phase as entered:
            assert entered is phase
            assert repr(phase) == "<phase 'x', open>"
    assert [t['name'] for t in call_of(bench)['timings']] == ['x']


@pytest.mark.parametrize(
    ('args', 'kwargs'),
    [((), {}), (('a', 'b'), {}), (('a',), {'name': 'b'}), ((), {'other': 'a'})],
)
def test_wrong_arguments(args, kwargs):
    """bench.time() takes exactly one name."""
    with pytest.raises(TypeError, match=r'time\(\)'):
        MicroBenchBase().time(*args, **kwargs)


def test_outside_a_record():
    """Outside, nothing is recorded, no clock is read, and exceptions go on."""
    clock = Ticking()
    bench = MicroBenchBase(duration_counter=clock)
    with bench.time('x') as phase:
        assert phase.name is None
    with pytest.raises(KeyError), bench.time('x'):
        raise KeyError
    assert clock() == 1.0
    assert bench.get_results() == []


def test_it_never_swallows_an_exception():
    """__exit__ returns False for any arguments."""
    bench = MicroBenchBase()
    with bench.record():
        for phase in (bench.time('x'), bench.time('y').__enter__()):
            assert phase.__exit__(KeyError, KeyError(), None) is False


def test_a_phase_object_is_used_again():
    """Once left, a phase object can be entered again."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        phase = bench.time('x')
        for _ in range(3):
            with phase:
                pass
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}] * 3


def test_a_phase_within_itself():
    """Entering an open phase is rejected; the open one goes on."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        phase = bench.time('x')
        with phase, pytest.raises(RuntimeError, match="'x'"), phase:
            pass
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}]


def test_left_twice():
    """Leaving once more than entering does nothing."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        phase = bench.time('x')
        phase.__exit__(None, None, None)
        with phase:
            pass
        phase.__exit__(None, None, None)
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}]


def test_the_record_is_chosen_when_the_phase_is_made():
    """A phase made outside does nothing inside; one made inside keeps its record."""
    bench = MicroBenchBase(duration_counter=Ticking())
    early = bench.time('early')
    with bench.record('outer'):
        made = bench.time('made in outer')
        with early, bench.record('inner'), made:
            pass
    inner, outer = (r['call'] for r in bench.get_results())
    assert 'timings' not in inner
    assert [t['name'] for t in outer['timings']] == ['made in outer']


def test_kept_after_the_record():
    """Used after its record is written, a phase does nothing, and is counted."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        kept, open_one = bench.time('kept'), bench.time('open').__enter__()
    lost = _core.phases_lost()
    with kept:
        pass
    open_one.__exit__(None, None, None)
    assert _core.phases_lost() == lost + 2
    call = call_of(bench)
    assert 'timings' not in call
    assert [t['name'] for t in call['open_timings']] == ['open']


def test_kept_on_the_bench_is_freed():
    """A cycle of bench, phase and closed run is garbage that gets collected."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        bench.kept = bench.time('x')
    reference = weakref.ref(bench)
    del bench
    gc.collect()
    assert reference() is None


def test_methods_of_the_type():
    """Methods looked up on the type, as by ExitStack, work too; wrong uses raise."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record(), contextlib.ExitStack() as stack:
        stack.enter_context(bench.time('stack'))
        phase = bench.time('type')
        type(phase).__enter__(phase)
        type(phase).__exit__(phase, None, None, None)
    names = [t['name'] for t in call_of(bench)['timings']]
    assert names == ['type', 'stack']
    for wrong in [(), (5,), (phase, 1), (phase, 1, 2), (phase, 1, 2, 3, 4)]:
        with pytest.raises(TypeError):
            type(phase).__exit__(*wrong)
    for wrong in [(1,), (1, 2), (1, 2, 3, 4)]:
        with pytest.raises(TypeError):
            phase(*wrong)
        with pytest.raises(TypeError):
            bench.time('outside')(*wrong)
    for kwargs in ({'kind': 1}, {'a': 1, 'b': 2}):
        with pytest.raises(TypeError):
            type(phase).__exit__(phase, **kwargs)
        with pytest.raises(TypeError):
            type(phase).__enter__(phase, **kwargs)
    for wrong in [(), (5,), (phase, 1), (phase, 1, 2)]:
        with pytest.raises(TypeError):
            type(phase).__enter__(*wrong)
    with pytest.raises(TypeError):
        vars(type(phase))['__enter__'].__get__(5)


@pytest.mark.skipif(sys.version_info < (3, 14), reason='runs from CPython 3.14 on')
@pytest.mark.parametrize('inside', [True, False])
def test_the_interpreter_specialises_the_calls(inside):
    """From 3.14 on, entering and leaving are calls that the interpreter has a form for."""
    bench = MicroBenchBase(duration_counter=time.perf_counter)

    def work(rounds):
        for _ in range(rounds):
            with bench.time('x'):
                pass

    with bench.record() if inside else contextlib.nullcontext():
        work(1000)
    steps = [step.opname for step in dis.get_instructions(work, adaptive=True)]
    calls = [name for name in steps if name.startswith('CALL_METHOD_DESCRIPTOR')]
    enter = 'NOARGS' if sys.version_info < (3, 15) else 'FAST'
    assert calls == [f'CALL_METHOD_DESCRIPTOR_{form}' for form in (enter, 'FAST')]


def test_aexit_takes_three():
    """The async form has the usual arguments."""
    with pytest.raises(TypeError):
        MicroBenchBase().time('x').__aexit__(1)


def test_it_is_made_by_a_bench_only():
    """The types of the native border cannot be made empty by hand."""
    bench = MicroBenchBase()
    awaited = bench.time('x').__aenter__()
    descriptor = vars(type(bench.time('x')))['__enter__']
    for made in (bench.time('x'), awaited, descriptor):
        with pytest.raises(TypeError):
            type(made)()


def test_an_awaited_value_is_there_once():
    """What `async with` awaits is ready at once, and never waits."""
    awaited = MicroBenchBase().time('x').__aenter__()
    with pytest.raises(StopIteration):
        next(iter(awaited.__await__()))
    with pytest.raises(StopIteration):
        next(iter(awaited))


def test_a_failing_counter():
    """A phase whose clock fails costs neither code nor record."""
    code = """
sys.unraisablehook = lambda unraisable: print(unraisable.exc_type.__name__)
from microbench import MicroBenchBase
from tests.fakes import FailingAt
bench = MicroBenchBase(duration_counter=FailingAt(2, 5))
with bench.record():
    for name in 'abc':
        with bench.time(name):
            pass
[record] = bench.get_results()
print([t['name'] for t in record['call']['timings']], record['call']['durations'])
"""
    assert printed(code).splitlines() == [
        *('ArithmeticError', 'ArithmeticError'),
        "['a', 'b', 'c'] [7.0]",
    ]


@pytest.mark.parametrize('moment', ['entering', 'leaving'])
def test_a_counter_that_leaves_the_phase(moment):
    """A clock may run any code, such as leaving the phase it is read for."""
    code = """
from microbench import MicroBenchBase
hold = []
def counter():
    if hold:
        hold.pop().__exit__(None, None, None)
    return 1.0
bench = MicroBenchBase(duration_counter=counter)
with bench.record():
    phase = bench.time('x')
    if sys.argv[1] == 'entering':
        hold.append(phase)
    with phase:
        if sys.argv[1] == 'leaving':
            hold.append(phase)
[record] = bench.get_results()
print([t['name'] for t in record['call']['timings']])
"""
    assert printed(code, moment) == "['x']\n"


def test_a_counter_that_enters_phases():
    """A clock with phases of its own is refused to measure itself for ever."""
    bench = MicroBenchBase(duration_counter=Ticking())
    other = MicroBenchBase(duration_counter=lambda: phase_within(bench))

    def phase_within(bench):
        with bench.time('within'):
            return 5.0

    with bench.record('r'), other.time('outer'):
        pass
    names = [t['name'] for t in call_of(bench)['timings']]
    assert sorted(names) == ['outer', 'within', 'within']


def test_a_name_whose_str_fails():
    """An object that has no text is an error of the caller, inside a record only."""

    class Mute:
        def __str__(self):
            raise KeyError('mute')

    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record(), pytest.raises(KeyError, match='mute'):
        bench.time(Mute())
    assert call_of(bench)['durations'] == [1.0]


def test_a_subclass_of_str():
    """Names of a str subclass are stored as plain text."""

    class Name(str):
        __slots__ = ()

        def __str__(self):
            return 'other'

    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record(Name('real')), bench.time(Name('real')):
        pass
    assert call_of(bench)['timings'][0]['name'] == 'real'


def test_many_names():
    """Names beyond those remembered lately are stored each."""
    bench = MicroBenchBase(duration_counter=Ticking())
    names = [f'phase {number}' for number in range(10_000)]
    with bench.record():
        for name in names:
            with bench.time(name):
                pass
    assert [t['name'] for t in call_of(bench)['timings']] == names


def test_names_at_one_address():
    """Different names made one after the other in the same memory stay different."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        for number in range(1000):
            with bench.time(''.join(['name', chr(65 + number % 26)])):
                pass
    found = [t['name'] for t in call_of(bench)['timings']]
    assert found == ['name' + chr(65 + number % 26) for number in range(1000)]


# --- phase objects that the run keeps -------------------------------------------


def test_the_object_of_a_name_is_used_again():
    """An unreferenced phase object serves the next phase of the same name."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        with bench.time('x'):
            pass
        first = id(bench.time('x'))
        for _ in range(3):
            assert id(bench.time('x')) == first
            with bench.time('x'):
                pass
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}] * 4


def test_an_object_in_use_is_not_used_again():
    """While a phase is open or referred to, the next one is another object."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        with bench.time('x'):
            pass
        kept = bench.time('x')
        with bench.time('x') as outer, bench.time('x') as inner:
            assert len({id(kept), id(outer), id(inner)}) == 3
        with kept:
            pass
    durations = [t['duration'] for t in call_of(bench)['timings']]
    assert durations == [1.0, 1.0, 3.0, 1.0]


def test_entered_and_dropped():
    """A dropped phase that was entered stays open; the next one is measured."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        bench.time('x').__enter__()
        bench.time('x').__enter__()
        with bench.time('x'):
            pass
    call = call_of(bench)
    assert call['timings'] == [{'name': 'x', 'duration': 1.0}]
    assert [t['name'] for t in call['open_timings']] == ['x', 'x']


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_more_names_than_are_kept(steps):
    """Phases of any names, some of them held meanwhile, have their own names and times."""
    bench = MicroBenchBase(duration_counter=Ticking())
    names = [f'phase {number}' for number in range(41)]
    held, expected = [], []
    with bench.record():
        for number, hold in steps:
            phase = bench.time(names[number])
            with phase:
                assert phase.name is names[number]
            expected.append(names[number])
            if hold:
                held.append(phase)
            del phase
        for phase in held:
            with phase:
                pass
            expected.append(phase.name)
    timings = call_of(bench).get('timings', [])
    assert timings == [{'name': name, 'duration': 1.0} for name in expected]


def test_two_benches_with_clocks_of_their_own():
    """An object used again has the clock of the bench that it is made by."""
    native = MicroBenchBase(duration_counter=time.perf_counter_ns)
    other = MicroBenchBase(duration_counter=Ticking())
    with native.record():
        for bench in (native, other, native, other):
            with bench.time('x'):
                pass
    kinds = [type(t['duration']) for t in call_of(native)['timings']]
    assert kinds == [int, float, int, float]


def test_a_run_that_goes_before_its_phase():
    """A phase that is open when its run is freed is left without harm, and counted."""
    code = """
from microbench import MicroBenchBase, _core
import gc
bench = MicroBenchBase()
with bench.record():
    with bench.time('x'):
        pass
    phase, idle = bench.time('x').__enter__(), bench.time('y')
gc.collect()
lost = _core.phases_lost()
print(phase, idle)
phase.__exit__(None, None, None)
for kept in (phase, idle):
    with kept:
        pass
print(_core.phases_lost() - lost)
"""
    assert printed(code) == "<phase 'x', open> <phase 'y'>\n3\n"


def test_a_counter_that_ends_the_record():
    """A clock may run any code, such as ending the record that the phase is in."""
    code = """
from microbench import MicroBenchBase
import gc
blocks = []
def counter():
    if end and blocks:
        blocks.pop().__exit__(None, None, None)
        gc.collect()
    return 1.0
end = False
bench = MicroBenchBase(duration_counter=counter)
for moment in ('entering', 'leaving'):
    blocks.append(bench.record(moment))
    blocks[0].__enter__()
    with bench.time('x'):
        pass
    end = moment == 'entering'
    with bench.time('x'):
        end = True
    end = False
    assert not blocks
print([[t['name'] for t in r['call']['timings']] for r in bench.get_results()])
"""
    assert printed(code) == "[['x'], ['x']]\n"


def test_a_name_that_leads_back_is_freed():
    """A cycle through the name of a kept phase is garbage that gets collected."""

    class Name(str):  # noqa: SLOT000 - it needs a `__dict__`
        """A str that can refer to anything."""

    class Run(_core.OpenRun):
        """A run that can be referred to weakly."""

    bench, name, run = MicroBenchBase(), Name('x'), Run()
    run.open(bench, time.perf_counter, False, False)
    name.run = run
    with bench.time(name):
        pass
    run.close()
    reference = weakref.ref(run)
    del name, run
    gc.collect()
    assert reference() is None


# --- worker threads ---------------------------------------------------------------


def in_thread(func, *args):
    """Run a function to its end in another thread, which inherits no context."""
    thread = threading.Thread(target=func, args=args)
    contextvars.Context().run(thread.start)
    thread.join()


def phase(bench, name):
    """Enter and leave a phase with nothing in it."""
    with bench.time(name):
        pass


@given(TREES, TREES)
def test_phases_of_a_worker_thread(here, there):
    """If one thread has opened all runs of a bench, workers' phases go to it."""
    bench = MicroBenchBase(duration_counter=Ticking())
    expected = []
    with bench.record('whole'):
        expected += play(bench, here)[0]
        in_thread(lambda: expected.extend(play(bench, there)[0]))
    assert call_of(bench).get('timings', []) == expected


def test_a_worker_uses_the_innermost_run():
    """With nested runs of one thread, the newest gets the worker's phase."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record('outer'):
        with bench.record('inner'):
            in_thread(phase, bench, 'in inner')
        in_thread(phase, bench, 'in outer')
    inner, outer = (r['call'] for r in bench.get_results())
    assert [t['name'] for t in inner['timings']] == ['in inner']
    assert [t['name'] for t in outer['timings']] == ['in outer']


def test_a_worker_where_two_threads_have_runs():
    """Which of two threads a worker belongs to is unknown: counted, not guessed."""
    bench = MicroBenchBase(duration_counter=Ticking())
    entered, leave = threading.Event(), threading.Event()

    def other():
        with bench.record('other'):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with bench.record('mine'):
        thread.start()
        entered.wait()
        lost = _core.phases_lost()
        in_thread(phase, bench, 'whose?')
        assert _core.phases_lost() == lost + 1
        leave.set()
        thread.join()
        in_thread(phase, bench, 'mine')
    calls = {r['call']['name']: r['call'] for r in bench.get_results()}
    assert 'timings' not in calls['other']
    assert [t['name'] for t in calls['mine']['timings']] == ['mine']


def test_a_worker_of_another_bench():
    """Runs of another bench neither count nor get phases."""
    bench, other = MicroBenchBase(), MicroBenchBase()
    with other.record():
        in_thread(phase, bench, 'nowhere')
    assert 'timings' not in call_of(other)


def test_a_worker_beside_a_waiting_generator():
    """A generator that waits for its consumer gets no phases of workers."""
    bench = MicroBenchBase(duration_counter=Ticking())

    @bench
    def count():
        yield 1

    body = count()
    next(body)
    in_thread(phase, bench, 'nowhere')
    body.close()
    assert 'timings' not in call_of(bench)


def test_eight_workers_of_one_record():
    """Phases of many workers at once all arrive, under their names."""
    bench = MicroBenchBase()
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        for step in range(200):
            with bench.time(f'{number}'):
                if step % 50 == 0:
                    phase(bench, 'inner')

    with bench.record():
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = [t['name'] for t in call_of(bench)['timings']]
    assert len(names) == 8 * 204
    assert all(names.count(str(number)) == 200 for number in range(8))


def test_in_a_thread_with_the_same_context():
    """A thread that runs in a copy of the context uses the record of the context."""
    bench = MicroBenchBase(duration_counter=Ticking())
    with bench.record():
        in_thread(contextvars.copy_context().run, phase, bench, 'same context')
    assert [t['name'] for t in call_of(bench)['timings']] == ['same context']


def test_async_phases():
    """`async with bench.time` is stored like `with`."""
    bench = MicroBenchBase(duration_counter=Ticking())

    async def main():
        with bench.record():
            async with bench.time('x') as phase:
                assert phase.name == 'x'

    asyncio.run(main())
    assert call_of(bench)['timings'] == [{'name': 'x', 'duration': 1.0}]


def test_phases_in_hooks_sinks_and_encoders():
    """Wherever user code runs, a phase does no harm."""

    class Bench(MicroBenchBase):
        def capture_a(self, bm_data):
            phase(self, 'capture')

        def capturepost_a(self, bm_data):
            phase(self, 'post')

        def pre_run_triggers(self, bm_data):
            phase(self, 'pre_run')
            super().pre_run_triggers(bm_data)

        def post_run_triggers(self, bm_data):
            super().post_run_triggers(bm_data)
            phase(self, 'post_run')

        def to_json(self, obj):
            phase(self, 'to_json')
            return super().to_json(obj)

    class Sink(Kept):
        def write_record(self, record, timeout=None):
            phase(bench, 'sink')
            super().write_record(record)

    kept = Sink()
    bench = Bench(outputs=[kept], duration_counter=Ticking())
    bench(lambda: phase(bench, 'code'))()
    names = [t['name'] for t in only(kept.records)['call']['timings']]
    assert 'code' in names
    assert names == [
        n for n in ('capture', 'pre_run', 'code', 'post_run', 'post') if n in names
    ]


def test_a_phase_in_a_post_hook_is_not_lost_silently():
    """A phase in a post hook is in the record or is counted."""

    class Bench(MicroBenchBase):
        def capturepost_a(self, bm_data):
            phase(self, 'post')

    bench = Bench(duration_counter=Ticking())
    lost = _core.phases_lost()
    with bench.record():
        pass
    stored = len(call_of(bench).get('timings', []))
    assert stored + _core.phases_lost() - lost == 1


def test_open_phases_are_named():
    """A phase that is open when the record is written is there, with its time."""
    bench = MicroBenchBase(duration_counter=time.perf_counter_ns)
    with bench.record():
        outer = bench.time('outer').__enter__()
        inner = bench.time('inner').__enter__()
    call = call_of(bench)
    assert [t['name'] for t in call['open_timings']] == ['outer', 'inner']
    assert all(type(t['duration']) is int for t in call['open_timings'])
    for phase_ in (inner, outer):
        phase_.__exit__(None, None, None)


def test_failing_reading_on_entry_only():
    """FailingAt fails at the given readings and at no others."""
    clock = FailingAt(2)
    assert clock() == 1.0
    with pytest.raises(ArithmeticError):
        clock()
    assert clock() == 3.0
