"""Text from C and the encoded dict are the same record."""

import json
import math
from datetime import timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import microbench
from microbench import MicroBenchBase, _core
from tests.fakes import Kept, only

TEXT = st.text(st.characters(exclude_categories=[])) | st.text('\x00\x1f"\\/\x7f\u2028ä😀')
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXT,
)
RESERVED = {'outfile', 'json_encoder', 'tz', 'iterations', 'warmup', 'outputs'}
RESERVED |= {'duration_counter', 'on_output_error', 'self', 'mb', 'call'}
FIELDS = st.dictionaries(TEXT.filter(lambda name: name not in RESERVED), SCALARS)
PHASES = st.recursive(
    st.just([]), lambda inside: st.lists(st.tuples(TEXT, inside)), max_leaves=6
)
ERRORS = st.none() | st.builds(ValueError, TEXT) | st.builds(KeyError, SCALARS)
ZONES = st.timedeltas(
    timedelta(hours=-24, microseconds=1), timedelta(hours=24, microseconds=-1)
)
MIXINS = st.sampled_from(
    [(), (microbench.MBPythonInfo,), (microbench.MBHostInfo, microbench.MBPythonInfo)]
)


class NamesNothing:
    """A harmless hook that makes records dicts."""

    def capture_zz(self, bm_data):
        """Do nothing."""


def play(bench, phases):
    """Enter and leave phases."""
    for name, inside in phases:
        with bench.time(name):
            play(bench, inside)


def record_of(bases, settings, action):
    """The line and the record that an action makes, and whether C wrote it."""
    kept = Kept()
    bench = type('Bench', bases, {})(outputs=[kept], **settings)
    try:
        action(bench)
    except (ValueError, KeyError):
        pass
    [line] = kept.lines
    return line, json.loads(line), not bench.explain_path()


def without_clocks(record):
    """The record, less what differs from call to call."""
    call = record['call']
    assert call['start_time'] <= call['finish_time']
    call['durations'] = len(call.pop('durations'))
    for field in ('timings', 'open_timings'):
        for timing in call.get(field, ()):
            assert type(timing.pop('duration')) is float
    zone = [call.pop(field)[10:] for field in ('start_time', 'finish_time')]
    call['zone'] = [
        text[text.rfind('+') if '+' in text else text.rfind('-') :] for text in zone
    ]
    call['zone'] = call['zone'][0]
    del record['mb']['record_id']
    return record


@given(MIXINS, FIELDS, ZONES, TEXT, PHASES, st.integers(1, 3), ERRORS)
@example((), {'python': 'text', 'a': math.nan}, timedelta(0), '\ud800', [], 1, None)
@example((), {}, timedelta(microseconds=1), '', [('', [])], 2, ValueError('ä\udfff'))
@example((microbench.MBPythonInfo,), {'python': 1}, timedelta(seconds=1), 'x', [], 1, None)
def test_decorated(mixins, fields, offset, name, phases, iterations, error):
    """A decorated function, whatever its name, phases, fields and outcome."""

    def action(bench):
        def work():
            play(bench, phases)
            if error:
                raise error

        work.__name__ = name
        bench(work)()

    settings = {'tz': timezone(offset), 'iterations': iterations, **fields}
    _, dict_form, native = record_of(
        (NamesNothing, MicroBenchBase, *mixins), settings, action
    )
    assert not native
    line, text_form, native = record_of((MicroBenchBase, *mixins), settings, action)
    assert native or offset.microseconds
    assert without_clocks(text_form) == without_clocks(dict_form)
    assert line.isascii()
    assert b'\n' not in line


@given(FIELDS, TEXT.filter(bool), PHASES, st.lists(TEXT, max_size=3), ERRORS)
def test_blocks(fields, name, phases, left_open, error):
    """A record block, with phases that are still open at its end."""

    def action(bench):
        with bench.record(name):
            play(bench, phases)
            kept = [bench.time(phase).__enter__() for phase in left_open]
            assert len(kept) == len(left_open)
            if error:
                raise error

    forms = [
        without_clocks(record_of(bases, fields, action)[1])
        for bases in [(MicroBenchBase,), (NamesNothing, MicroBenchBase)]
    ]
    assert forms[0] == forms[1]


@pytest.mark.parametrize('way', ['generator', 'coroutine', 'iterations=0'])
def test_other_ways_in(way):
    """Generators, coroutines and calls without iterations."""

    def action(bench):
        if way == 'generator':

            @bench
            def work():
                with bench.time('a'):
                    yield 1

            list(work())
        elif way == 'coroutine':

            @bench
            async def work():
                with bench.time('a'):
                    pass

            with pytest.raises(StopIteration):
                work().send(None)
        else:
            bench.iterations = 0
            bench(len)()

    forms = [
        without_clocks(record_of(bases, {}, action)[1])
        for bases in [(MicroBenchBase,), (NamesNothing, MicroBenchBase)]
    ]
    assert forms[0] == forms[1]


@given(st.integers(-(2**62), 2**62))
def test_durations_read_alike(ns):
    """The text of a duration reads as the number that the dict has."""
    run = _core.OpenRun()
    run.add_duration(ns)
    [number] = run.durations
    text = _core.record_text(run, b'', b'"x"', b'', 0)
    start = text.index(b'[') + 1
    assert json.loads(text[start : text.index(b']')]) == number == ns / 1e9


def test_start_and_finish_are_the_same_moments():
    """Both forms have the start before the first iteration, the finish after the last."""
    seen = []

    class Bench(NamesNothing, MicroBenchBase):
        def capturepost_times(self, bm_data):
            call = bm_data['call']
            seen.extend([call['start_time'], call['finish_time']])

    bench = Bench()
    bench(len)('')
    call = only(bench.get_results())['call']
    assert [m.isoformat() for m in seen] == [call['start_time'], call['finish_time']]
