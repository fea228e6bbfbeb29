"""Eight threads record at the same time: no record is lost, mixed up or damaged.

MICROBENCH_RECORDS is the number of records of each thread.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter

import pytest

from microbench import FileOutput, MicroBench, MicroBenchBase
from tests.fakes import ROOT

THREADS = 8
RECORDS = int(os.environ.get('MICROBENCH_RECORDS', '100'))  # of each thread


def in_threads(work):
    """Call work(number) in each thread, at the same time; raise what one has raised."""
    start, raised = threading.Barrier(THREADS), []

    def body(number):
        start.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=body, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def records_in(path):
    """Return all records of a file, each of which is a line of its own."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({record['mb']['record_id'] for record in records}) == len(records)
    return records


# --- each way in: a function of the bench that returns what one thread repeats ----------


def call(bench):
    """Call a decorated function."""

    @bench
    def work(number):
        return number

    return work


def block(bench):
    """Enter record()."""

    def work(number):
        with bench.record(f'block {number}'):
            pass

    return work


def phases(bench):
    """Time two phases of each record."""

    @bench
    def work(number):
        with bench.time(f'first {number}'):
            pass
        with bench.time('second'):
            pass

    return work


def coroutine(bench):
    """Await a decorated coroutine function."""

    @bench
    async def work(number):
        with bench.time(f'first {number}'):
            await asyncio.sleep(0)

    def run(number):
        awaited = work(number)
        try:
            while True:
                awaited.send(None)
        except StopIteration:
            pass

    return run


def generator(bench):
    """Consume a decorated generator function."""

    @bench
    def work(number):
        yield number
        yield number

    return lambda number: list(work(number))


def nested(bench):
    """Have a record inside another."""
    inner, outer = block(bench), call(bench)

    def work(number):
        with bench.record(f'around {number}'):
            inner(number)
            outer(number)

    return work


ENTRIES = {way.__name__: way for way in (call, block, phases, coroutine, generator, nested)}
RECORDS_OF = {'nested': 3}


def names_of(records):
    """Count the names of records."""
    return Counter(record['call']['name'].split()[0] for record in records)


@pytest.mark.parametrize('entry', ENTRIES)
@pytest.mark.parametrize('base', [MicroBenchBase, MicroBench])
def test_a_file_has_each_record(tmp_path, entry, base):
    """All lines are there, whole, with ids of their own."""
    path = tmp_path / 'records.jsonl'
    work = ENTRIES[entry](base(outfile=path))
    in_threads(lambda number: [work(number) for _ in range(RECORDS)])
    records = records_in(path)
    assert len(records) == THREADS * RECORDS * RECORDS_OF.get(entry, 1)
    for record in records:
        assert len(record['call']['durations']) == 1
    if entry == 'nested':
        assert set(names_of(records).values()) == {THREADS * RECORDS}


def test_phases_stay_in_their_record(tmp_path):
    """No record has a phase of another thread."""
    path = tmp_path / 'records.jsonl'
    work = phases(MicroBenchBase(outfile=path))
    in_threads(lambda number: [work(number) for _ in range(RECORDS)])
    seen = Counter(tuple(t['name'] for t in r['call']['timings']) for r in records_in(path))
    assert seen == {(f'first {n}', 'second'): RECORDS for n in range(THREADS)}


def test_iterations(tmp_path):
    """Each record has all of its own iterations."""
    path = tmp_path / 'records.jsonl'
    work = call(MicroBenchBase(outfile=path, iterations=5))
    in_threads(lambda number: [work(number) for _ in range(RECORDS)])
    counts = Counter(len(record['call']['durations']) for record in records_in(path))
    assert counts == {5: THREADS * RECORDS}


@pytest.mark.parametrize('batch', [64, 0.01])
@pytest.mark.parametrize('entry', ['call', 'block', 'coroutine'])
def test_a_batch_has_each_record(tmp_path, entry, batch):
    """Records of all threads go through one batch."""
    path = tmp_path / 'records.jsonl'
    sink = FileOutput(path, batch=batch)
    bench = MicroBenchBase(outputs=[sink])
    work = ENTRIES[entry](bench)
    in_threads(lambda number: [work(number) for _ in range(RECORDS)])
    assert len(bench.get_results()) == THREADS * RECORDS


@pytest.mark.parametrize('entry', ENTRIES)
def test_a_journal_is_empty_in_the_end(tmp_path, entry):
    """With a journal that shows all records, each one is there, and none is left open."""
    path = tmp_path / 'records.jsonl'
    bench = MicroBenchBase(outfile=path, journal='on')
    work = ENTRIES[entry](bench)

    def once(number, work=work):
        for _ in range(RECORDS):
            work(number)

    in_threads(once)
    assert len(records_in(path)) == THREADS * RECORDS * RECORDS_OF.get(entry, 1)
    del bench, work, once
    assert list(tmp_path.iterdir()) == [path]


def test_a_bench_of_each_thread(tmp_path):
    """Benches come and go while others record."""

    def work(number):
        path = tmp_path / f'{number}.jsonl'
        for _ in range(max(1, RECORDS // 50)):
            bench = MicroBench(outfile=path, journal='on', thread=number)
            with bench.record('own'), bench.time('phase'):
                pass

    in_threads(work)
    for number in range(THREADS):
        records = records_in(tmp_path / f'{number}.jsonl')
        assert [record['thread'] for record in records] == [number] * max(1, RECORDS // 50)


# --- one record of many threads ---------------------------------------------------------


def totals(call_of_record):
    """Count the phases of each name, listed or not."""
    summary = call_of_record.get('timings_summary')
    if summary:
        return {entry['name']: entry['count'] for entry in summary}
    return Counter(timing['name'] for timing in call_of_record['timings'])


@pytest.mark.parametrize('journal', ['off', 'on'])
@pytest.mark.parametrize('by', ['C', 'Python'])
def test_phases_of_one_record(tmp_path, journal, by):
    """Threads without a record of their own add to the only one that is open."""
    path = tmp_path / 'records.jsonl'
    bench = MicroBenchBase(outfile=path, journal=journal)

    def work(number):
        for n in range(RECORDS):
            with bench.time(f'{number}'):
                pass
            with bench.time(f'{number} {n}'):
                pass

    with bench.record('one'):
        in_threads(work)
        if by == 'Python':
            bench.annotate(noted=1)
    [record] = records_in(path)
    found = totals(record['call'])
    assert [found[f'{number}'] for number in range(THREADS)] == [RECORDS] * THREADS
    assert sum(found.values()) == 2 * THREADS * RECORDS


def test_phases_of_a_counter_of_the_program():
    """Values that Python measures are with the phases that they belong to."""
    bench = MicroBenchBase(duration_counter=threading.get_ident)

    def work(number):
        for _ in range(RECORDS):
            with bench.time(f'{number}'):
                pass

    with bench.record('one'):
        in_threads(work)
    [record] = bench.get_results()
    found = totals(record['call'])
    assert found == {f'{number}': RECORDS for number in range(THREADS)}
    if 'timings' in record['call']:
        assert {timing['duration'] for timing in record['call']['timings']} == {0}


def test_one_phase_object_in_all_threads():
    """A phase that threads share is measured, refused or dropped, and breaks nothing."""
    bench = MicroBenchBase()
    with bench.record('one'):
        shared = bench.time('shared')

        def work(_):
            for _ in range(RECORDS):
                try:
                    with shared:
                        pass
                except RuntimeError as error:
                    assert 'is open' in str(error)

        in_threads(work)
    [record] = bench.get_results()
    assert set(totals(record['call'])) <= {'shared'}


ON_EXIT = """
import sys, threading
from microbench import MicroBench
bench = MicroBench(sys.argv[1], journal='on')
bench.record_on_exit('script')

def work(number):
    for _ in range(int(sys.argv[2])):
        with bench.time(f'{number}'):
            pass

threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def run(code, *args):
    """Run a program of records, with the GIL as it is here."""
    flags = ['-X', 'gil=0'] if not getattr(sys, '_is_gil_enabled', lambda: True)() else []
    done = subprocess.run(
        [sys.executable, *flags, '-c', code, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')


def test_record_on_exit(tmp_path):
    """The record of a script has the phases of all its threads."""
    path = tmp_path / 'records.jsonl'
    run(ON_EXIT, path, RECORDS)
    [record] = records_in(path)
    assert totals(record['call']) == {f'{number}': RECORDS for number in range(8)}
    assert list(tmp_path.iterdir()) == [path]


FORKS = """
import os, sys, threading, warnings
from microbench import MicroBench
warnings.simplefilter('ignore', DeprecationWarning)
bench = MicroBench(sys.argv[1], journal='on')
over = threading.Event()

@bench
def work():
    with bench.time('phase'):
        pass

def until_over():
    while not over.is_set():
        work()

threads = [threading.Thread(target=until_over) for _ in range(3)]
[thread.start() for thread in threads]
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        with bench.record('child'), bench.time('phase'):
            pass
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
over.set()
[thread.join() for thread in threads]
"""


def test_a_fork_beside_threads(tmp_path):
    """A child that was forked while others recorded has its own record, once."""
    path, forks = tmp_path / 'records.jsonl', max(5, RECORDS // 200)
    run(FORKS, path, forks)
    names = [record['call']['name'] for record in records_in(path)]
    assert names.count('child') == forks
