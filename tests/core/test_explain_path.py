"""`bench.explain_path()` says which path records take, and what to change."""

import asyncio
import functools
import io
import os
import time
from datetime import timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    MBFunctionCall,
    MBHostInfo,
    MBLoadedModules,
    MBReturnValue,
    MicroBench,
    MicroBenchBase,
    NullOutput,
    _core,
)
from microbench.core.obstacles import IN_PYTHON, NOT_OF_FUNCTIONS, OF_FUNCTIONS
from tests.core.test_recorded_blocks import enter
from tests.core.test_recorded_blocks import written as written_blocks
from tests.core.test_recorder import Callable, Seen, written

pytestmark = pytest.mark.usefixtures('fresh_count')  # some records are lost


def patched(output):
    """Return a sink whose write_record() is replaced."""
    output.write_record = output.write_record
    return output


@pytest.mark.parametrize(
    ('make', 'sentence'),
    [
        (
            lambda: MicroBench(warmup=1),
            f'{OF_FUNCTIONS}: warmup calls them first: set it to 0',
        ),
        (
            lambda: MicroBench(io.BytesIO()),
            f'{IN_PYTHON}: the sink FileOutput writes to a file object: give it a path',
        ),
        (
            lambda: MicroBench(outputs=[Seen()]),
            (
                f'{IN_PYTHON}: the sink Seen is written in Python: '
                'use FileOutput or NullOutput'
            ),
        ),
        (
            lambda: MicroBench(outputs=[NullOutput(), patched(FileOutput())]),
            (
                f'{IN_PYTHON}: the sink FileOutput has its write_record() replaced: '
                'put back the original'
            ),
        ),
        (
            lambda: MicroBench(sample=0.5),
            f'{OF_FUNCTIONS}: sample chooses calls: leave it out',
        ),
        (
            lambda: MicroBench(field=[1]),
            "field 'field' is made anew for each record: use a text or number",
        ),
    ],
)
def test_one_reason(make, sentence):
    """Each setting that keeps C from writing the record has its sentence."""
    assert make().explain_path() == [sentence]


def test_classes_without_a_version_tag(monkeypatch):
    """From CPython 3.13 on, a class that was changed a thousand times has none."""
    bench = MicroBench()
    monkeypatch.setattr(_core, 'type_version', lambda cls: 0)
    assert bench.explain_path() == [
        (
            f'{IN_PYTHON}: changes of the class of the bench are not counted any more: '
            'change it less often'
        ),
        (
            f'{IN_PYTHON}: the sink FileOutput has a class whose changes are not counted '
            'any more: change it less often'
        ),
    ]


def unnamed():
    """Have no name."""


unnamed.__name__ = ''


def generator():
    """Yield one value."""
    yield 1


async def coroutine():
    """Return None."""


@pytest.mark.parametrize(
    ('function', 'settings', 'sentences'),
    [
        (len, {}, []),
        (coroutine, {}, []),
        (coroutine, {'iterations': 2}, []),
        (
            generator,
            {},
            [f'{IN_PYTHON}: generator is a generator function: time a block inside it'],
        ),
        (
            functools.partial(len),
            {},
            [f'{IN_PYTHON}: len may change its name: decorate a function'],
        ),
        (unnamed, {}, [f'{IN_PYTHON}: the function has no name: set its __name__']),
    ],
)
def test_a_reason_in_the_function(function, settings, sentences):
    """It can be asked about before or after it is decorated."""
    bench = MicroBench(**settings)
    assert bench.explain_path() == []
    assert bench.explain_path(function) == [*sentences, NOT_OF_FUNCTIONS]
    assert bench.explain_path(bench(function)) == [*sentences, NOT_OF_FUNCTIONS]


def test_methods():
    """A bound method is explained as its function."""
    bench = MicroBench()

    class Model:
        @bench
        def fit(self):
            yield 1

    sentence = f'{IN_PYTHON}: fit is a generator function: time a block inside it'
    assert bench.explain_path(Model().fit) == [sentence, NOT_OF_FUNCTIONS]


def test_what_functions_lack():
    """A sentence says it, where records of blocks have more."""
    [sentence] = MicroBench().explain_path(len)
    assert sentence == NOT_OF_FUNCTIONS
    assert all(name in sentence for name in ('resource_usage', 'run_delay', 'load_average'))
    bare = type('Bare', (MicroBench,), {'surroundings': False})
    for bench in (MicroBenchBase(), bare()):
        assert NOT_OF_FUNCTIONS not in bench.explain_path(len)


def test_a_sink_that_fails(tmp_path):
    """The reason goes once the sink has taken a record."""
    with pytest.warns(RuntimeWarning):
        bench = MicroBench(tmp_path / 'late' / 'below' / 'out.jsonl')
    enter(bench, 1)
    assert bench.explain_path() == [
        f'{IN_PYTHON}: the sink FileOutput did not take a record: see the warning'
    ]
    (tmp_path / 'late').mkdir()
    enter(bench, 1)
    assert bench.explain_path() == []


# --- the explanation is the decision --------------------------------------------------


class Touchy(MicroBench):
    """A class that refuses one way in."""

    refuses = ('coroutine functions',)


CLASSES = [
    MicroBench,
    Touchy,
    type('Host', (MicroBench, MBHostInfo), {}),
    type('Call', (MicroBench, MBFunctionCall), {}),
    type('Value', (MicroBench, MBReturnValue), {}),
    type('Modules', (MicroBench, MBLoadedModules, MBFunctionCall), {}),
    type('Pattern', (MicroBench, MBFunctionCall), {'redact': ['token']}),
    type('Trigger', (MicroBench,), {'pre_run_triggers': lambda self, bm_data: None}),
    type('Text', (MicroBench,), {'to_json': lambda self, data: '{}'}),
    type('Variables', (MicroBench,), {'env_vars': ('HOME',)}),
    type('Secret', (MicroBench,), {'redact': ['call.durations']}),
    type('Harmless', (MicroBench,), {'redact': ['token']}),
]
SETTINGS = {
    'warmup': st.integers(0, 1),
    'iterations': st.integers(1, 2),
    'journal': st.sampled_from(['auto', 'on', 'off']),
    'duration_counter': st.sampled_from([time.perf_counter, time.monotonic_ns, time.time]),
    'tz': st.sampled_from([timezone.utc, None]),
    'field': st.sampled_from(['x', 1, [1]]),
    'durations': st.sampled_from(['list', 'histogram']),
    'every': st.just(1),
}
SINKS = {
    'memory': lambda folder: FileOutput(),
    'null': lambda folder: NullOutput(),
    'file': lambda folder: FileOutput(folder / 'a.jsonl'),
    'batch': lambda folder: FileOutput(folder / 'e.jsonl', batch=2),
    'safe batch': lambda folder: FileOutput(
        folder / 'f.jsonl', batch=2, durability='fsync'
    ),
    'no batch': lambda folder: FileOutput(os.devnull, batch=2),
    'fsync': lambda folder: FileOutput(folder / 'b.jsonl', durability='fsync'),
    'bytes': lambda folder: FileOutput(io.BytesIO()),
    'text': lambda folder: FileOutput(io.TextIOWrapper(io.BytesIO())),
    'own': lambda folder: Seen(),
    'patched': lambda folder: patched(FileOutput()),
    'lost': lambda folder: FileOutput(folder / 'missing' / 'below' / 'd.jsonl'),
}
FUNCTIONS = [lambda: None, coroutine, unnamed, Callable(), functools.partial(int), int]
COMMON = ('memory', 'null', 'file')  # so that C often writes the records


@given(
    cls=st.just(MicroBench) | st.sampled_from(CLASSES),
    settings=st.just({}) | st.fixed_dictionaries({}, optional=SETTINGS),
    sinks=st.lists(st.sampled_from([*COMMON * 3, *SINKS]), min_size=1, max_size=2),
    function=st.just(coroutine) | st.sampled_from(FUNCTIONS),
)
@pytest.mark.filterwarnings('ignore::RuntimeWarning', 'ignore::ResourceWarning')
def test_no_reason_means_that_c_writes_the_records(cls, settings, sinks, function):
    """From the second record on: of a function and of blocks, as the counter says."""
    with TemporaryDirectory() as folder:
        outputs = [SINKS[name](Path(folder)) for name in sinks]
        try:
            bench = cls(outputs=outputs, **settings)
            decorated = bench(function)
        except (ValueError, NotImplementedError):  # these do not go together
            reject()
        for _ in range(3):
            found = decorated()
            if found is not None and not isinstance(found, int):
                asyncio.run(awaited(found))
        obstacles = set(bench.explain_path(decorated)) - {NOT_OF_FUNCTIONS}
        assert written(decorated) == (0 if obstacles else 2)
        enter(bench, 3)
        reasons = [s for s in bench.explain_path() if not s.startswith(OF_FUNCTIONS)]
        assert written_blocks(bench) == (0 if reasons else 2)
        assert all(': ' in reason for reason in [*reasons, *bench.explain_path(decorated)])


async def awaited(coroutine):
    """Await a coroutine."""
    await coroutine
