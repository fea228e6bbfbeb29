"""The text that C writes and the dict that hooks see are the same record."""

import asyncio
import datetime as dt
import functools
import json
import string
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    JSONEncoder,
    MBFunctionCall,
    MBHostInfo,
    MBLoadedModules,
    MBReturnValue,
    MicroBench,
    MicroBenchBase,
    _core,
)
from microbench.core import record_dict
from microbench.core.block import BlockRun
from microbench.core.run import Run
from tests.fakes import Kept, dict_reasons, only, readable

# --- one native run in both forms -----------------------------------------------------


class Host(MicroBenchBase, MBHostInfo):
    """A bench with constant captures after the base."""


class Everything(MBHostInfo, MicroBench):
    """A bench with constant captures before the base."""


def lone(text):
    """Return a strategy of texts whose surrogates stand alone, as in odd names."""
    return st.text(text, max_size=8)


ODD = (
    string.ascii_letters
    + '"\\/\0\x01\x1f\x7f\b\f\n\r\t\x85\xa0äß\u2028\u2029\ud800\udfff😀'
)
TEXT = st.one_of(lone(ODD), st.text(max_size=8))
OWN_NAMES = {'outfile', 'json_encoder', 'tz', 'iterations', 'warmup', 'outputs', 'self'}
OWN_NAMES |= {'duration_counter', 'on_output_error', 'journal', 'mb', 'call'}
NAMES = TEXT.filter(lambda name: name not in OWN_NAMES)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.just(2**64)
)
FIELDS = st.dictionaries(
    st.one_of(
        NAMES, st.sampled_from(['python', 'host', 'exception', 'process', 'resource_usage'])
    ),
    SCALARS,
    max_size=4,
)
OFFSETS = st.integers(-86399, 86399).map(lambda s: dt.timedelta(seconds=s))
ZONES = st.one_of(
    st.just(dt.timezone.utc),
    OFFSETS.map(dt.timezone),
    st.builds(dt.timezone, OFFSETS, TEXT),
)
EXCEPTIONS = st.one_of(
    st.none(),
    st.builds(ValueError, TEXT),
    st.builds(KeyError, TEXT),
    st.builds(OSError, st.integers(), TEXT),
    st.just(KeyboardInterrupt()),
    st.just(Exception(1, 'two')),
)
# A phase is left again, or stays open, and has phases within it.
PHASES = st.recursive(
    st.tuples(TEXT, st.booleans(), st.just([])),
    lambda inner: st.tuples(TEXT, st.booleans(), st.lists(inner, max_size=3)),
    max_leaves=8,
)


def pass_through(bench, phases, left_open):
    """Enter and leave phases as the tree says."""
    for name, leaves, inner in phases:
        phase = bench.time(name)
        phase.__enter__()
        pass_through(bench, inner, left_open)
        if leaves:
            phase.__exit__(None, None, None)
        else:
            left_open.append(phase)


def named(name):
    """Return a function of this name."""

    def work():
        pass

    work.__name__ = name
    return work


def both_forms(bench, begun, body, exception):
    """Return the lines of one native run: as text, and as a dict that was encoded."""
    [kept] = bench._bench_config.delivery.sinks
    name, func = begun
    run = (BlockRun if func is None and bench.iterations < 2 else Run)(bench, name)
    run.iterations = bench.iterations
    run.begin(func)
    assert run.data is None, bench.explain_path()
    for _ in range(bench.iterations):
        run.start()
        body()
        run.stop()
    start = run.start_wall_ns
    text_name, run.name = run.name, name
    data = run.data = record_dict.new_dict(run, func, (), {}, {})
    with mock.patch.object(_core, 'wall_ns', lambda: start):
        bench.pre_start_triggers(data)
    with mock.patch.object(Run, 'claim', lambda run: True):  # it is finished twice
        run._complete_open(exception, None)
    run.name, run.data, run.turns = text_name, None, None
    run.finish(exception)
    return kept.lines


def strict(line):
    """Return the record of a line, which has to be strict JSON, ASCII and one line."""

    def refuse(token):
        raise AssertionError(f'{token} is no JSON')

    assert line.isascii()
    assert b'\n' not in line
    record = json.loads(line, parse_constant=refuse)
    assert record['mb'].pop('record_id')
    return record


def types_of(value):
    """Return the types in a value: 1, 1.0 and True are equal yet not the same."""
    if isinstance(value, dict):
        return {key: types_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [types_of(item) for item in value]
    return type(value)


@given(
    cls=st.sampled_from([MicroBenchBase, MicroBench, Host, Everything]),
    fields=FIELDS,
    tz=ZONES,
    counter=st.sampled_from([time.perf_counter, time.monotonic_ns]),
    iterations=st.integers(0, 3),
    name=TEXT,
    decorated=st.booleans(),
    phases=st.lists(PHASES, max_size=4),
    exception=EXCEPTIONS,
    limits=st.sampled_from([(65536, 1000), (4, 2), (1, 1)]),
    durations=st.sampled_from(['list', 'histogram']),
    observe_from=st.sampled_from([0, 2**62]),
    thread=st.none() | TEXT,
)
def test_one_run_in_both_forms(
    cls,
    fields,
    tz,
    counter,
    iterations,
    name,
    decorated,
    phases,
    exception,
    limits,
    durations,
    observe_from,
    thread,
):
    """Both forms of a native run are equal to the last digit."""
    before = _core.keep_phases(*limits)
    observed_from = _core.observe_from(observe_from)
    try:
        settings = {
            'tz': tz,
            'duration_counter': counter,
            'iterations': iterations,
            'durations': durations,
        }
        in_thread(
            thread,
            lambda: check_both_forms(
                cls, fields, settings, name, decorated, phases, exception
            ),
        )
    finally:
        _core.keep_phases(*before)
        _core.observe_from(observed_from)


def in_thread(name, check):
    """Call a function here, or in a thread of this name."""
    if name is None:
        check()
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        [thread] = pool._threads
        thread.name = name
        pool.submit(check).result()


def check_both_forms(cls, fields, settings, name, decorated, phases, exception):
    """Write one run in both forms, and compare them."""
    bench = cls(outputs=[Kept()], **settings, **fields)
    left_open = []
    begun = (None, named(name)) if decorated else (name, None)
    as_dict, as_text = both_forms(
        bench, begun, lambda: pass_through(bench, phases, left_open), exception
    )
    for phase in left_open:
        phase.__exit__(None, None, None)
    expected, found = strict(as_dict), strict(as_text)
    if not settings['iterations']:  # then finish() takes the time: too late for the dict
        for record in (expected, found):
            del record['call']['start_time'], record['call']['finish_time']
    assert found == expected
    assert types_of(found) == types_of(expected)
    assert as_text.startswith(b'{"mb":{"run_id":"')
    assert as_dict.startswith(b'{"mb":{"run_id":"')
    expected = readable(name) or ('function' if decorated else name)
    assert found['call']['name'] == expected


# --- the ways in ----------------------------------------------------------------------


def by_decorator(bench):
    return bench(body_of(bench))('argument')


def by_partial(bench):
    return bench(functools.partial(body_of(bench), 'argument'))()


def by_record(bench):
    with bench.record('Blöck "\n'):
        body_of(bench)()


def by_record_without_name(bench):
    with bench.record():
        body_of(bench)()


def by_arecord(bench):
    async def main():
        async with bench.arecord('async block'):
            body_of(bench)()

    asyncio.run(main())


def by_coroutine(bench):
    @bench
    async def work():
        body_of(bench)()

    asyncio.run(work())


def by_generator(bench):
    @bench
    def work():
        body_of(bench)()
        yield 1

    if bench.iterations == 1:
        list(work())


def by_closed_generator(bench):
    @bench
    def work():
        body_of(bench)()
        yield 1
        yield 2

    if bench.iterations == 1:
        steps = work()
        next(steps)
        steps.close()


def by_failure(bench):
    with pytest.raises(ValueError, match='ärger'), bench.record('fails'):
        body_of(bench)()
        raise ValueError('ärger \ud800')


def body_of(bench):
    def body(*args):
        with bench.time('outer'), bench.time('inner \U0001f600'):
            pass
        return args

    return body


def without_clock(record):
    """Return a record with numbers and times of day replaced by their types."""
    call = record['call']
    call['durations'] = [type(value) for value in call['durations']]
    for timing in call.get('timings', ()):
        timing['duration'] = type(timing['duration'])
    for field in ('start_time', 'finish_time'):
        moment = dt.datetime.fromisoformat(call[field])
        call[field] = (moment.utcoffset(), len(call[field].partition('+')[0]))
    for field in ('run_delay', 'load_average'):
        call.update({field: type(call[field])} if field in call else {})
    for usage in record.get('resource_usage', ()):
        usage.update({name: type(value) for name, value in usage.items()})
    assert record['mb'].pop('record_id')
    return record


WAYS = [
    *(by_decorator, by_partial, by_record, by_record_without_name, by_arecord),
    *(by_failure,),
]


@pytest.mark.parametrize('cls', [MicroBenchBase, MicroBench, Everything])
@pytest.mark.parametrize('iterations', [1, 2])
@pytest.mark.parametrize('way', WAYS)
def test_ways_in(cls, iterations, way):
    """A hook that does nothing leaves the record unchanged, however it is made."""
    fields = {'iterations': iterations, 'experiment': 'Zürich', 'number': 2.5}
    text, data = cls(**fields), cls(**fields)
    data.capture_zz = lambda bm_data: None
    for bench in (text, data):
        way(bench)
    assert text.explain_path() == []
    assert dict_reasons(data) == ['capture_zz runs for each record']
    found, expected = (only(b.get_results()) for b in (text, data))
    assert without_clock(found) == without_clock(expected)


@pytest.mark.parametrize('way', [by_coroutine, by_generator, by_closed_generator])
def test_ways_in_that_are_suspended(way):
    """The same holds for functions that are suspended and cannot be repeated."""
    text, data = MicroBench(), MicroBench()
    data.capture_zz = lambda bm_data: None
    for bench in (text, data):
        way(bench)
    found, expected = (only(b.get_results()) for b in (text, data))
    assert without_clock(found) == without_clock(expected)


# --- why a record is built as a dict --------------------------------------------------


def is_text(bench):
    """Return whether the next record of the bench is written as text."""
    with bench.record() as block:
        return getattr(block.run, 'data', None) is None  # C sets none


class Zoned(dt.tzinfo):
    """A time zone that could change its offset."""

    def utcoffset(self, moment):
        return dt.timedelta(hours=1)

    def dst(self, moment):
        return dt.timedelta(0)

    def __str__(self):
        return 'Somewhere'


class Own(JSONEncoder):
    """A user's encoder."""


def hook(self, bm_data):
    """A hook that does nothing."""


def forward(name):
    """Return an override of a method that only calls it."""

    def override(self, *args):
        return getattr(MicroBenchBase, name)(self, *args)

    return override


SEERS = ['pre_start_triggers', 'post_finish_triggers', 'to_json', 'output_result']
TRIGGERS = 'pre_run_triggers or post_run_triggers is overridden'
BY_CLASS = [
    ({'capture_x': hook}, 'capture_x runs for each record'),
    ({'capturepost_x': hook}, 'capturepost_x runs for each record'),
    (
        {'capture_function_name': forward('capture_function_name')},
        'capture_function_name runs for each record',
    ),
    *[({name: forward(name)}, f'{name} is overridden') for name in SEERS],
    ({'pre_run_triggers': forward('pre_run_triggers')}, TRIGGERS),
    ({'post_run_triggers': forward('post_run_triggers')}, TRIGGERS),
]


@pytest.mark.parametrize(('attributes', 'reason'), BY_CLASS)
def test_a_reason_in_the_class(attributes, reason):
    """One sentence names the methods that a class overrides, and the record is a dict."""
    bench = type('Bench', (MicroBench,), attributes)()
    assert dict_reasons(bench) == [reason]
    assert not is_text(bench)


@pytest.mark.parametrize(('attributes', 'reason'), BY_CLASS)
def test_a_reason_that_comes_and_goes(attributes, reason):
    """A method set on the bench makes its records dicts until it is removed."""
    bench = MicroBench()
    assert (dict_reasons(bench), is_text(bench)) == ([], True)
    [(name, function)] = attributes.items()
    setattr(bench, name, functools.partial(function, bench))
    assert (dict_reasons(bench), is_text(bench)) == ([reason], False)
    delattr(bench, name)
    assert (dict_reasons(bench), is_text(bench)) == ([], True)


@pytest.mark.parametrize(
    ('settings', 'reasons'),
    [
        ({'duration_counter': lambda: 1.0}, ['<lambda> is not read in C']),
        ({'duration_counter': time.time}, ['time is not read in C']),
        ({'json_encoder': Own}, ['Own encodes the record']),
        ({'json_encoder': JSONEncoder}, []),
        ({'tz': Zoned()}, ['Somewhere is not a fixed offset']),
        ({'tz': None}, ['None is not a fixed offset']),
        ({'tz': dt.timezone(dt.timedelta(hours=2), 'CEST')}, []),
        (
            {'tz': dt.timezone(dt.timedelta(microseconds=1))},
            ['UTC+00:00:00.000001 is not a fixed offset'],
        ),
        ({'x': [1]}, ["field 'x' is made anew for each record"]),
        ({'x': {}, 'y': ()}, [f'field {n!r} is made anew for each record' for n in 'xy']),
        ({'call': {}}, ["field 'call' is made anew for each record"]),
        ({'mb': {}}, ["field 'mb' is made anew for each record"]),
        ({'x': type('Text', (str,), {})()}, ["field 'x' is made anew for each record"]),
        ({'x': 'text', 'y': 1, 'z': None, 'u': 1.5, 'v': True, '_w': []}, []),
        ({'iterations': 3, 'warmup': 2, 'duration_counter': time.monotonic_ns}, []),
    ],
)
def test_a_reason_in_the_settings(settings, reasons):
    """Settings that need a dict are each named; other settings leave the text."""
    bench = MicroBenchBase(**settings)
    assert dict_reasons(bench) == reasons
    assert is_text(bench) is not bool(reasons)


def test_a_reason_in_a_mixin():
    """A mixin that C cannot run is a reason; those that it can run are none."""

    class Bench(MBFunctionCall, MicroBench, MBReturnValue, MBHostInfo):
        pass

    class Slower(Bench, MBLoadedModules):
        pass

    bench = Bench()
    assert bench.explain_path() == []
    assert is_text(bench)
    bench = Slower()
    assert dict_reasons(bench) == ['capture_loaded_modules runs for each record']
    assert not is_text(bench)


def test_all_reasons_are_given():
    """Several reasons are listed together; the list is the caller's own."""
    bench = MicroBenchBase(tz=None, x=[1], duration_counter=time.time)
    reasons = dict_reasons(bench)
    assert reasons == [
        'time is not read in C',
        'None is not a fixed offset',
        "field 'x' is made anew for each record",
    ]
    reasons.clear()
    assert len(dict_reasons(bench)) == 3


def test_a_constant_capture_that_fails():
    """After one attempt as text, records are dicts, and explain_path() says why."""

    class Bench(MBHostInfo, MicroBenchBase):
        capture_optional = True

    bench = Bench()
    with mock.patch('socket.gethostname', side_effect=OSError('no name')):
        bench(len)('')
        assert dict_reasons(bench) == ['a capture failed']
        assert not is_text(bench)
    bench(len)('')
    errors = [{'method': 'capture_hostname', 'error': 'OSError: no name'}]
    calls = [record['call'] for record in bench.get_results()]
    assert [call.get('capture_errors') for call in calls] == [errors, errors, None]
