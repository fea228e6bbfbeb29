"""User code that type checkers read and nothing runs: test_typing.py has the rest.

A line that a checker must reject ends with `# rejected`.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import pandas as pd
import polars as pl
from typing_extensions import assert_type

from microbench import (
    FileOutput,
    HttpOutput,
    JSONEncoder,
    MBFunctionCall,
    MBHostInfo,
    MBReturnValue,
    Measurement,
    MicroBench,
    Output,
    Record,
    measure,
    summary,
)
from microbench.diff import diff, envdiff
from microbench.livestream import LiveStream


class Encoder(JSONEncoder):
    """Encode sets as lists."""

    def default(self, o: Any) -> Any:
        """Return a list for a set."""
        return sorted(o) if isinstance(o, set) else super().default(o)


class Bench(MicroBench, MBHostInfo, MBFunctionCall, MBReturnValue):
    """A bench with mixins, options and a hook."""

    outfile = 'results.jsonl'
    redact = ('password',)

    def capture_rank(self, bm_data: dict[str, Any]) -> None:
        """Store a rank."""
        bm_data['rank'] = 0


class Kept(Output):
    """A sink as users write it."""

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Store the record."""
        self.last = record.decode()


class Stream(LiveStream):
    """A stream as users write it."""

    def filter(self, data: dict[str, Any]) -> bool:
        """Keep records of one function."""
        return bool(data['call']['name'] == 'fit')

    def process_name(self, data: dict[str, Any]) -> None:
        """Shorten the name."""
        data['name'] = data['call']['name'][:8]


bench = Bench(json_encoder=Encoder, iterations=3, warmup=1, experiment='baseline')
sinks = MicroBench(outputs=[FileOutput('a.jsonl'), HttpOutput('http://localhost'), Kept()])


@bench
def plain(count: int, name: str = 'x') -> list[str]:
    """Return a value from inside a block: no return is missing after it."""
    with bench.time('phase'):
        return [name] * count


@bench
async def coroutine(count: int) -> float:
    """Return from inside an asynchronous block."""
    async with bench.time('phase'):
        return count / 2


@bench
def generator(count: int) -> Iterator[int]:
    """Yield numbers."""
    yield from range(count)


@bench
async def async_generator(count: int) -> AsyncIterator[int]:
    """Yield numbers, awaiting."""
    for number in range(count):
        yield number


class Model:
    """A class with methods of each kind."""

    @bench
    def fit(self, rows: int) -> str:
        """Return from inside a record."""
        with bench.record('inner'):
            return 'x' * rows

    @bench
    @classmethod
    def load(cls, path: str) -> Model:
        """Return a model."""
        return cls()

    @bench
    @staticmethod
    def check(path: str) -> bool:
        """Return whether the path is usable."""
        return bool(path)

    @classmethod
    @bench
    def inside(cls, path: str) -> Model:
        """Be decorated under classmethod."""
        return cls()


@bench.time('part')
def part(count: int) -> list[int]:
    """Be a phase of what calls it."""
    return [count]


@bench.time('awaited')
async def awaited(count: int) -> float:
    """Be a phase, too."""
    return count / 2


async def user_calls() -> None:
    """Keep the types of what is decorated."""
    assert_type(plain(3), list[str])
    assert_type(part(3), list[int])
    assert_type(await awaited(3), float)
    assert_type(await coroutine(3), float)
    assert_type(generator(3), Iterator[int])
    assert_type(async_generator(3), AsyncIterator[int])
    assert_type(Model().fit(3), str)
    assert_type(Model.load('a'), Model)
    assert_type(Model.check('a'), bool)
    assert_type(Model.inside('a'), Model)
    assert_type(bench(functools.partial(plain, 3))(), list[str])
    kept: Callable[[int], list[str]] = plain
    kept(3)


async def user_blocks() -> int:
    """Enter blocks of each kind; the last one returns."""
    with bench.record('block'), bench.time('phase'):
        pass
    with bench.record():
        inside = len('a')
    assert_type(inside, int)
    async with bench.arecord('block') as block:
        async with block:
            pass
        return inside


def user_results() -> None:
    """Read results, print them, compare them."""
    records = bench.get_results()
    assert_type(records, list[Record])
    assert_type(bench.get_results('dict'), list[Record])
    assert_type(sinks.get_results(flat=True), list[dict[str, Any]])
    assert_type(bench.get_results(shape='phases'), list[dict[str, Any]])
    assert_type(bench.get_results(format='df', flat=True), pd.DataFrame)
    assert_type(FileOutput('a').get_results('polars', shape='samples'), pl.DataFrame)
    bench.get_results('arrow')
    summary(records)
    bench.summary()
    bench.add_fields(run=3)
    bench.record_on_exit('script', signals=['SIGTERM'], then='leave')
    bench.cancel_record_on_exit()
    difference = diff(records[0], records[1])
    for change in difference:
        assert_type(change.path, str)
    assert_type(len(difference), int)
    envdiff(records[0], records[1], everything=True)  # returns None
    stream = Stream('results.jsonl', sleeptime=0.1)
    stream.stop()
    assert_type(stream.join(timeout=1.0), None)


class Run(Record, total=False):
    """A record with a field of the user."""

    dataset: str


def user_records(record: Record) -> float:
    """Read fields of each kind."""
    assert_type(record['call']['name'], str)
    assert_type(record['mb']['run_id'], str)
    for timing in record['call'].get('timings', ()):
        assert_type(timing['name'], str)
    exception = record.get('exception')
    if exception is not None:
        assert_type(exception['message'], str)
    for usage in record.get('resource_usage', []):
        assert_type(usage.get('nivcsw', 0), int)
    for run in cast('list[Run]', bench.get_results()):
        assert_type(run.get('dataset', ''), str)
    return sum(record['call']['durations'])


def user_measurements() -> None:
    """Measure a function, with a record and without."""
    found = measure(sorted, [3, 1], min_time=0.001, max_time=0.01, bench=bench)
    assert_type(found, Measurement)
    assert_type(found.median, float)
    assert_type(found.interval, tuple[float, float] | None)
    assert_type(found.remarks, list[str])
    MicroBench(iterations='auto', warmup='auto', precision=0.05)


def user_mistakes() -> None:
    """Show mistakes that a checker can see."""
    plain('3')  # rejected
    plain()  # rejected
    Model().fit('3')  # rejected
    Model.load(3)  # rejected
    bench.time()  # rejected
    bench.time(3)  # rejected
    part('3')  # rejected
    bench.record(name=3)  # rejected
    bench.get_results(flatten=True)  # rejected
    bench.get_results()[0]['call']['name'] + 1  # rejected
    len(bench.get_results()[0]['call'].get('clock_step', 0.0))  # rejected
    bench.record_on_exit(then='later')  # rejected
    bench(3)  # rejected
    MicroBench(iterations='3')  # rejected
    measure(3)  # rejected
    measure(sorted, loops='many')  # rejected
    Stream('results.jsonl', sleeptime='1')  # rejected
    diff({}, {}, everything='no', other=1)  # rejected
    with bench.time:  # rejected
        pass
