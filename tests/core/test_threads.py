"""Many threads on one bench: no record holds data of another thread."""

import sys
import threading

import pytest

import microbench
from microbench import MicroBenchBase, _core
from tests.fakes import Kept, TickingPerThread, dict_reasons, printed

THREADS, CALLS = 8, 1000


@pytest.fixture(autouse=True)
def quick_switching():
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*functions):
    """Run all functions at once, each in a thread; errors of any come out."""
    barrier = threading.Barrier(len(functions))
    errors = []

    def body(func):
        try:
            barrier.wait()
            func()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(func,)) for func in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


class AllMixins(
    microbench.MicroBench,
    microbench.MBHostInfo,
    microbench.MBFunctionCall,
    microbench.MBReturnValue,
    microbench.MBResourceUsage,
    microbench.MBWorkingDir,
):
    """A bench with everything that can be captured."""


def test_all_mixins():
    """Each of 8 x 1000 records has its own name, arguments, phases and durations."""
    kept = Kept()
    bench = AllMixins(outputs=[kept], duration_counter=TickingPerThread(), iterations=2)

    def caller(thread):
        def work(number, *, key):
            with bench.time(f'{thread}.{number}'):
                pass
            return [thread, number]

        work.__name__ = f'work {thread}'
        timed = bench(work)

        def body():
            for number in range(CALLS):
                assert timed(number, key=thread) == [thread, number]

        return body

    at_once(*map(caller, range(THREADS)))
    records = kept.records
    seen = set()
    for record in records:
        call = record['call']
        thread, number = call['return_value']
        seen.add((thread, number))
        assert call['name'] == f'work {thread}'
        assert (call['args'], call['kwargs']) == ([number], {'key': thread})
        assert call['timings'] == [{'name': f'{thread}.{number}', 'duration': 1.0}] * 2
        assert call['timings_iteration'] == [0, 1]
        assert call['durations'] == [3.0, 3.0]
        assert len(record['resource_usage']) == 2
        assert set(record['host']) >= {'hostname', 'os'}
        assert 'exception' not in record
    assert len(seen) == len(records) == THREADS * CALLS
    assert len({record['mb']['record_id'] for record in records}) == THREADS * CALLS


def test_text_form():
    """Each of the records is right where C writes them as text."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], iterations=2)

    def caller(thread):
        def work(number):
            with bench.time(f'{thread}.{number}'):
                pass

        work.__name__ = f'work {thread}'
        timed = bench(work)
        return lambda: [timed(number) for number in range(CALLS)]

    at_once(*map(caller, range(THREADS)))
    assert dict_reasons(bench) == []
    seen = set()
    for record in kept.records:
        call = record['call']
        [name] = {timing['name'] for timing in call['timings']}
        thread, _, number = name.partition('.')
        seen.add((thread, number))
        assert call['name'] == f'work {thread}'
        assert call['timings_iteration'] == [0, 1]
        assert len(call['durations']) == 2
    assert len(seen) == len(kept.lines) == THREADS * CALLS


def test_one_file(tmp_path):
    """All threads' records are in the file, each on a line of its own."""
    path = tmp_path / 'records.jsonl'
    bench = MicroBenchBase(outfile=path)

    def caller(thread):
        timed = bench(lambda: None)
        return lambda: [timed() for _ in range(CALLS)]

    at_once(*map(caller, range(THREADS)))
    records = bench.get_results()
    assert path.read_bytes().count(b'\n') == len(records) == THREADS * CALLS


def test_one_bench_in_nested_and_failing_calls():
    """Nesting, exceptions and blocks in many threads leave nothing behind."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], duration_counter=TickingPerThread())
    before = _core.runs_open()

    @bench
    def inner(name):
        with bench.time(name):
            raise KeyError(name)

    def body(name):
        for _ in range(200):
            with bench.record(name), bench.time(name):
                with pytest.raises(KeyError):
                    inner(name)

    at_once(*[lambda n=n: body(f'thread {n}') for n in range(THREADS)])
    assert _core.runs_open() == before
    for record in kept.records:
        call = record['call']
        if 'exception' in record:
            name = record['exception']['message'].strip("'")
            assert (call['name'], call['durations']) == ('inner', [3.0])
            assert call['timings'] == [{'name': name, 'duration': 1.0}]
        else:
            assert call['timings'] == [{'name': call['name'], 'duration': 5.0}]
    assert len(kept.lines) == THREADS * 200 * 2


def test_hooks_changed_meanwhile():
    """Each record is complete while hooks come and go in other threads."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept], duration_counter=TickingPerThread())
    work = bench(lambda: None)
    done = threading.Event()

    def change():
        for number in range(300):
            bench.capture_later = lambda bm_data, n=number: bm_data.update(later=n)
            del bench.capture_later
        done.set()

    def call():
        while not done.is_set():
            work()

    at_once(change, call, call)
    assert all(r['call']['durations'] == [1.0] for r in kept.records)
    assert all(0 <= r.get('later', 0) < 300 for r in kept.records)


def test_one_generator_passed_among_threads():
    """A generator that several threads resume in turn is one record."""
    bench = MicroBenchBase()

    @bench
    def count():
        for number in range(100):
            with bench.time('step'):
                pass
            yield number

    body, lock, seen = count(), threading.Lock(), []

    def consume():
        while True:
            with lock:
                item = next(body, None)
                if item is None:
                    return
                seen.append(item)

    at_once(*[consume] * 4)
    assert seen == list(range(100))
    [record] = bench.get_results()
    assert [t['name'] for t in record['call']['timings']] == ['step'] * 100


def test_threads_that_end_with_the_interpreter():
    """Daemon threads in the middle of calls do not disturb the end of a program."""
    code = """
import threading, microbench
bench = microbench.MicroBenchBase(outputs=[])
begun = threading.Barrier(5)
@bench
def work():
    with bench.time('x'):
        pass
def forever():
    begun.wait()
    while True:
        work()
for _ in range(4):
    threading.Thread(target=forever, daemon=True).start()
begun.wait()
work()
print('end')
"""
    for _ in range(3):
        assert printed(code) == 'end\n'
