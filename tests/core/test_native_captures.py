"""Captures that C runs: the record is that of the dict form, whatever comes in between."""

import asyncio
import contextlib
import datetime as dt
import functools
import gc
import json
import os
import shutil
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    JSONEncodeWarning,
    MBFunctionCall,
    MBHostInfo,
    MBResourceUsage,
    MBReturnValue,
    MBSlurmInfo,
    MBWorkingDir,
    MicroBench,
    NullOutput,
    _core,
)
from microbench.core import plan as plans
from microbench.encoding import json_text
from microbench.mixins import call as call_mixin
from microbench.mixins import usage
from tests.core.test_recorded_blocks import written as written_blocks
from tests.fakes import dict_reasons, only, readable

MIXINS = (
    *(MBHostInfo, MBSlurmInfo, MBWorkingDir),
    *(MBResourceUsage, MBFunctionCall, MBReturnValue),
)


class Six(MicroBench, *MIXINS):
    """A bench with all of them."""


def written(function):
    """Return how many records C has written for a decorated function."""
    recorder = function.__timed__.recorder
    return 0 if recorder is None else recorder.records


def without_clock(record):
    """Return a record, with types in place of what differs from call to call."""
    call = record['call']
    for name in ('start_time', 'finish_time'):
        call[name] = len(call[name])
    call['durations'] = [type(value) for value in call['durations']]
    for name in ('run_delay', 'load_average'):
        call.update({name: type(call[name])} if name in call else {})
    measured = record.get('resource_usage')
    for one in measured if isinstance(measured, list) else ():
        one.update({name: type(value) for name, value in one.items()})
    assert record['mb'].pop('record_id')
    return record


def ordered(value):
    """Return a value that shows the order of keys, and tells 1, 1.0 and True apart."""
    if isinstance(value, dict):
        return [(key, ordered(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [ordered(item) for item in value]
    return type(value), value


def shown(records):
    """Return what is compared of records."""
    return [ordered(without_clock(record)) for record in records]


# --- any mixture, any calls -----------------------------------------------------------


class Own(dict):
    """A class of a program, which has to be encoded in Python."""


TEXT = st.one_of(
    st.text(max_size=6),
    st.text(st.characters(exclude_categories=()), max_size=4),
    st.sampled_from(['https://me:secret@host/', '--password=x', 'Bearer abc', 'a\ud800']),
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ODD = st.sampled_from(
    [
        *(Fraction(1, 3), Decimal('1.50'), PurePosixPath('/a/b'), {1, 2}, b'bytes'),
        *(
            Own(a=1),
            {1: 'one', None: 2},
            dt.datetime(2026, 1, 2, 3, tzinfo=dt.timezone.utc),
            dt.date(2026, 1, 2),
        ),
        *(2**70, {'mb': {'run_id': 'x'}, 'url': 'https://me:secret@host/'}, 1j, range(3)),
    ]
)
VALUES = st.recursive(
    PLAIN | ODD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)


class Failed(Exception):
    """What the function raises."""


def spoil(value):
    """Change a container, as a function may."""
    if isinstance(value, list):
        value.clear()
    elif type(value) is dict:
        value['spoilt'] = True


def open_records(folder):
    """Return what the journals of a folder hold, as recovery would after a kill."""
    images = [path.read_bytes() for path in folder.glob('.*.journal')]
    lines = [line for image in images for _, line in _core.journal_records(image)]
    return shown(map(json.loads, lines))


def named(name, outcome, look):
    """Return a function of this name that looks around and changes its arguments."""

    def function(*args, **kwargs):
        look()
        for value in (*args, *kwargs.values()):
            spoil(value)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    function.__name__ = name
    return function


def awaiting(function):
    """Return a coroutine function that waits once and calls this one."""

    async def awaited(*args, **kwargs):
        await asyncio.sleep(0)
        return function(*args, **kwargs)

    awaited.__name__ = function.__name__
    return awaited


def run_to_its_end(function):
    """Return a plain function that runs the coroutines of this one."""

    def run(*args, **kwargs):
        coroutine = function(*args, **kwargs)
        while True:
            try:
                coroutine.send(None)
            except StopIteration as stop:
                return stop.value

    return run


def hook(self, bm_data):
    """Note that it was called."""
    bm_data['hooked'] = bm_data.get('hooked', 0) + 1


HOOKS = (
    *('capture_working_dir', 'capture_slurm', 'capture_function_args_and_kwargs'),
    *('capture_resource_usage', 'capturepost_resource_usage', 'capture_function_name'),
    *('pre_run_triggers', 'post_run_triggers', 'capture_new'),
)
PLACES = ['a', 'ä ö', 'quote"', '.', '--password=x']
STEPS = st.one_of(
    st.just(('call',)),
    st.tuples(st.just('call'), st.lists(VALUES, max_size=2), st.dictionaries(TEXT, VALUES)),
    st.tuples(
        st.just('await'), st.lists(VALUES, max_size=2), st.dictionaries(TEXT, VALUES)
    ),
    st.tuples(st.just('block'), TEXT, st.booleans()),
    st.tuples(
        st.just('environ'),
        st.sampled_from(['SLURM_JOB_ID', 'SLURM_JWT', 'PBS_JOBID', 'OTHER', 'SLURM_X']),
        st.sampled_from(['7', '', 'https://me:secret@host/', None]),
    ),
    st.tuples(st.just('replace'), st.booleans()),
    st.tuples(st.just('chdir'), st.sampled_from(PLACES)),
    st.tuples(st.just('object'), st.sampled_from(HOOKS), st.booleans()),
    st.tuples(st.just('class'), st.sampled_from(HOOKS), st.booleans()),
    st.tuples(st.just('redact'), st.sampled_from([None, (), ('*secret*',)])),
)


JOURNALS = {'journal': st.sampled_from(['auto', 'on'])}
CALLS = [('call',), ('await',), ('block', 'Blöck', False)]


class Twins:
    """Two benches of one kind: of the second one, Python has to see each record."""

    def __init__(self, mixins, settings, name, outcome, root):
        bases = (MicroBench, *mixins)
        self.classes = [type('Bench', bases, {}) for _ in range(2)]
        self.folders = [root / 'native', root / 'dict']
        self.looks, self.seen = [], ([], [])
        self.benches, self.functions, self.coroutines = [], [], []
        for number, folder in enumerate(self.folders):
            folder.mkdir()
            if 'journal' in settings:
                settings = {**settings, 'outfile': folder / 'out.jsonl'}
            self.benches.append(self.classes[number](**settings))
            self.looks.append(functools.partial(self._look, number))
            function = named(name, outcome, self.looks[number])
            self.functions.append(self.benches[number](function))
            self.coroutines.append(self.benches[number](awaiting(function)))
        self.benches[1].capture_zz = lambda bm_data: None
        self.outcome, self.root = outcome, root
        self.original = os.environ

    def _look(self, number):
        self.seen[number].append(open_records(self.folders[number]))

    def take(self, step):
        """Take one step with both."""
        kind, *more = step
        getattr(self, f'_{kind}')(*more)

    def _await(self, args=(), kwargs=None):
        self._call(args, kwargs, [run_to_its_end(c) for c in self.coroutines])

    def _call(self, args=(), kwargs=None, functions=None):
        outcomes = []
        for function in functions or self.functions:
            given = json_copy(args), json_copy(kwargs or {})
            try:
                outcomes.append(function(*given[0], **given[1]))
            except (Failed, AttributeError) as raised:  # also of a hook that finds no list
                outcomes.append(raised if raised is self.outcome else type(raised))
        assert outcomes[0] is outcomes[1]
        assert outcomes[0] is self.outcome or outcomes[0] is AttributeError

    def _block(self, name, fails):
        for bench, look in zip(self.benches, self.looks, strict=True):
            with contextlib.suppress(Failed, AttributeError), bench.record(name):
                look()
                if fails:
                    raise Failed(name)

    def _environ(self, name, value):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value

    def _replace(self, by_dict):
        vars(os)['environ'] = dict(self.original) if by_dict else self.original

    def _chdir(self, name):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        os.chdir(folder)

    def _object(self, name, sets):
        for bench in self.benches:
            if sets:
                setattr(bench, name, lambda bm_data, bench=bench: hook(bench, bm_data))
            elif name in vars(bench):
                delattr(bench, name)

    def _class(self, name, sets):
        for cls in self.classes:
            if sets:
                setattr(cls, name, hook)
            elif name in vars(cls):
                delattr(cls, name)

    def _redact(self, patterns):
        for bench in self.benches:
            bench.redact = patterns


def json_copy(value):
    """Return a copy of containers of these classes; both functions change theirs."""
    if type(value) is dict:
        return {key: json_copy(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(json_copy, value))
    return value


@settings(max_examples=settings().max_examples // 2)
@given(
    mixins=st.lists(st.sampled_from(MIXINS), unique=True, max_size=6),
    fields=st.dictionaries(
        st.sampled_from(['a', 'host', 'slurm', 'resource_usage', 'ä"', 'process']),
        st.none() | st.integers() | TEXT,
        max_size=2,
    ),
    iterations=st.integers(0, 3),
    name=TEXT.filter(bool),
    outcome=VALUES | st.builds(Failed, TEXT),
    steps=st.lists(STEPS, max_size=8),
    journal=st.fixed_dictionaries({}, optional=JOURNALS),
)
def test_the_record_is_the_same(
    tmp_path_factory, mixins, fields, iterations, name, outcome, steps, journal
):
    """Keys and their order, values and types: as if Python had seen each record.

    So it is with what a journal has while the code runs.
    """
    root, before = tmp_path_factory.mktemp('twins'), Path.cwd()
    environ, given = dict(os.environ), {'iterations': iterations, **journal, **fields}
    if iterations != 1:  # the arguments are spoilt for the twin as well
        outcome = None if not isinstance(outcome, Exception) else outcome
    twins = Twins(mixins, given, name, outcome, root)
    try:
        if iterations == 0:
            twins.outcome = None
        for step in [*CALLS, *CALLS, *steps, *CALLS]:
            twins.take(step)
        native, by_dict = (shown(bench.get_results()) for bench in twins.benches)
    finally:
        vars(os)['environ'] = twins.original
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(before)
        shutil.rmtree(root)
    assert list(map(with_masked_last, native)) == list(map(with_masked_last, by_dict))
    seen, seen_of_dict = twins.seen
    assert len(seen) == len(seen_of_dict)
    for found, expected in zip(seen, seen_of_dict, strict=True):
        assert list(map(with_masked_last, found)) == list(map(with_masked_last, expected))


def with_masked_last(record):
    """Return a record with `mb.masked` last: ready text has it before the id."""
    [(name, mb), *fields] = record
    assert name == 'mb'
    return [*(item for item in mb if item[0] != 'masked'), dict(mb).get('masked'), *fields]


# --- that C writes it -----------------------------------------------------------------


def warmed(bench, function=lambda *args, **kwargs: args, calls=3):
    """Return a decorated function that was called a few times."""
    decorated = bench(function)
    for _ in range(calls):
        decorated(1, key='x')
    return decorated


@pytest.mark.parametrize('mixins', [(mixin,) for mixin in MIXINS] + [MIXINS])
def test_no_python_runs(mixins):
    """Each of them alone, and all together; in functions, coroutine functions, blocks."""
    bench = type('Bench', (MicroBench, *mixins), {})(outputs=[NullOutput()])
    assert bench.explain_path() == []
    function = warmed(bench, calls=5)
    assert written(function) == 4
    coroutine = bench(awaiting(len))
    for _ in range(5):
        assert run_to_its_end(coroutine)('x') == 1
    assert written(coroutine) == 5
    for _ in range(5):
        with bench.record('block'):
            pass
    assert written_blocks(bench) == 4


def test_a_value_that_has_to_be_encoded_in_python():
    """Its text comes from Python, and the rest of the record from C."""
    bench = Six()
    function = warmed(bench, lambda value, key=None: value)
    assert function(PurePosixPath('/a'), key={1: 2}) == PurePosixPath('/a')
    assert written(function) == 3
    call = bench.get_results()[-1]['call']
    assert (call['args'], call['kwargs']) == (['/a'], {'key': {'1': 2}})
    assert call['return_value'] == '/a'


def test_a_value_that_nothing_can_encode():
    """One warning for each, at the line of the call, and a placeholder."""
    bench = Six()
    function = warmed(bench, lambda *args, **kwargs: object())
    with pytest.warns(JSONEncodeWarning) as caught:
        function(object(), key=[object()])
    assert [one.filename for one in caught] == [__file__] * 3
    assert written(function) == 3
    call = bench.get_results()[-1]['call']
    assert call['args'] == ['__unencodable_as_json__']
    assert call['kwargs'] == {'key': '__unencodable_as_json__'}
    assert call['return_value'] == '__unencodable_as_json__'


def test_ctrl_c_while_a_return_value_is_encoded(monkeypatch):
    """The record is written all the same; then the interruption is raised."""
    bench, interruptions = Six(), [KeyboardInterrupt]
    function = warmed(bench, lambda *args, **kwargs: None if args else Fraction(1, 3))
    encode = json_text.snapshot

    def interrupted(*args):
        if interruptions:
            raise interruptions.pop()
        return encode(*args)

    monkeypatch.setattr(json_text, 'snapshot', interrupted)
    with pytest.raises(KeyboardInterrupt):
        function()
    assert len(bench.get_results()) == 4
    assert 'return_value' in bench.get_results()[-1]['call']


def test_ctrl_c_while_an_argument_is_encoded(monkeypatch):
    """The code has not run: there is no record."""
    bench, called = Six(), []
    function = warmed(bench, lambda *args, **kwargs: called.append(args))

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(json_text, 'snapshot', interrupted)
    with pytest.raises(KeyboardInterrupt):
        function(Fraction(1, 3))
    assert len(called) == len(bench.get_results()) == 3
    assert _core.runs_open() == 0


def test_an_encoder_that_fails(monkeypatch):
    """Before the call the hook in Python raises it; after it, the record comes first."""
    bench, twin = Six(), Six()
    twin.capture_zz = hook_of_nothing
    functions = [
        warmed(one, lambda *args, **kwargs: None if args else Fraction(1, 3))
        for one in (bench, twin)
    ]

    def failing(*args):
        raise LookupError

    monkeypatch.setattr(json_text, 'snapshot', failing)
    monkeypatch.setattr(call_mixin, 'snapshot', failing)
    for function in functions:
        for args in [(Fraction(1, 3),), ()]:
            with pytest.raises(LookupError):
                function(*args)
    assert shown(bench.get_results()) == shown(twin.get_results())
    assert len(bench.get_results()) == 4
    assert 'return_value' not in bench.get_results()[-1]['call']


def test_secrets_are_masked():
    """Those of a URL, in an argument or in the path; and none if masking is off."""
    bench = Six()
    function = warmed(bench)
    function('https://me:secret@host/')
    masked = bench.get_results()[-1]
    bench.redact = None
    function('https://me:secret@host/')
    function('https://me:secret@host/')
    plain = bench.get_results()[-1]
    twin = Six()
    twin.capture_zz = lambda bm_data: None
    warmed(twin)('https://me:secret@host/')
    assert masked['call']['args'] == twin.get_results()[-1]['call']['args']
    assert plain['call']['args'] == ['https://me:secret@host/']


def test_patterns_that_may_match_what_is_captured():
    """With patterns in `redact`, Python builds the record."""
    bench = Six()
    bench.redact = '*token*'
    assert 'capture_working_dir runs for each record' in dict_reasons(bench)
    bench(lambda **kwargs: None)(my_token='x')
    assert only(bench.get_results())['call']['kwargs'] == {'my_token': '***'}


# --- blocks, coroutines, generators, the journal --------------------------------------


def test_blocks():
    """A block has the same captures, without arguments and value."""
    bench, twin = Six(), Six()
    twin.capture_zz = lambda bm_data: None
    for one in (bench, twin):
        for number in range(3):
            with one.record(f'block {number}'):
                pass
    assert shown(bench.get_results()) == shown(twin.get_results())


@pytest.mark.parametrize('journal', ['auto', 'on'])
def test_a_journal_has_what_was_captured(tmp_path, journal):
    """Before the code runs, in records that C writes; else nothing of a call is there."""
    bench, seen = Six(tmp_path / 'out.jsonl', journal=journal), []

    def look(*args, **kwargs):
        [path] = tmp_path.glob('.out.jsonl.*.journal')
        seen.append([json.loads(r) for _, r in _core.journal_records(path.read_bytes())])

    for number in range(3):
        with bench.record(f'block {number}'):
            look()
    function = warmed(bench, look)
    assert written_blocks(bench) == 2
    assert written(function) == 3
    place = str(Path.cwd())
    for number in range(3):
        call = only(seen[number])['call']
        found = (call['name'], call['args'], call['kwargs'], call['working_dir'])
        assert found == (f'block {number}', [], {}, place)
    for of_call in seen[3:]:
        calls = [record['call'] for record in of_call]
        found = [(c['name'], c['args'], c['kwargs'], c['working_dir']) for c in calls]
        assert found == [('look', [1], {'key': 'x'}, place)] * (journal == 'on')


@pytest.mark.parametrize('journal', ['auto', 'on'])
def test_secrets_are_not_in_a_journal(tmp_path, monkeypatch, journal):
    """Python masks such a record before the code runs; the next is C's again."""
    bench = Six(tmp_path / 'out.jsonl', journal=journal)
    place = tmp_path / '--password=hunter2'
    place.mkdir()

    def look(looks=False):
        if looks:
            [path] = tmp_path.glob('.out.jsonl.*.journal')
            image = path.read_bytes()
            assert b'hunter2' not in image
            assert b'***' in image

    function = bench(look)
    for _ in range(3):
        function()
        with bench.record('outside'):
            pass
        with monkeypatch.context() as patch:
            patch.chdir(place)
            function(journal == 'on')
            with bench.record('inside'):
                look(True)
    assert written(function) == 2
    assert written_blocks(bench) == 2
    assert b'hunter2' not in (tmp_path / 'out.jsonl').read_bytes()
    places = [record['call']['working_dir'] for record in bench.get_results()]
    assert len(set(places)) == 2


def test_functions_that_are_suspended():
    """Coroutines and generators, their arguments and values."""
    bench, twin = Six(), Six()
    twin.capture_zz = lambda bm_data: None
    for one in (bench, twin):

        @one
        async def work(value):
            value.append(1)
            return value

        @one
        def steps(value):
            value.append(2)
            yield 1
            yield 2
            return value

        assert asyncio.run(work([0])) == [0, 1]
        assert list(steps([0])) == [1, 2]
    assert shown(bench.get_results()) == shown(twin.get_results())


def test_phases_of_another_bench_with_its_own_clock():
    """Then the record is a dict at its end, with what C has captured before."""
    other, results = MicroBench(duration_counter=lambda: 1.5), []
    for prepare in (
        lambda bench: None,
        lambda b: setattr(b, 'capture_zz', hook_of_nothing),
    ):
        bench = Six(iterations=2)
        prepare(bench)

        @bench
        def function(value, bench=bench):
            with other.time('phase'):
                pass
            return [value]

        for _ in range(3):
            function('x')
        results.append(shown(bench.get_results()))
    native, by_dict = results
    assert list(map(sorted_fields, native)) == list(map(sorted_fields, by_dict))


def hook_of_nothing(bm_data):
    """A hook that does nothing."""


def sorted_fields(record):
    """Return the fields of a record and of its call by name."""
    fields = dict(record)
    fields['call'] = sorted(fields['call'], key=str)
    return sorted(fields.items(), key=str)


def test_an_exception_of_the_code():
    """It has its usage and its arguments, and no value."""
    bench = Six(iterations=3)
    function = bench(lambda value: 1 / value)
    for value in (1, 1, 1):
        function(value)
    with pytest.raises(ZeroDivisionError):
        function(0)
    record = bench.get_results()[-1]
    assert record['exception']['type'] == 'ZeroDivisionError'
    assert record['call']['args'] == [0]
    assert 'return_value' not in record['call']
    assert [len(one) for one in record['resource_usage']] == [8]
    assert list(record)[-2:] == ['slurm', 'exception']


# --- the environment ------------------------------------------------------------------


class Job(MicroBench, MBSlurmInfo):
    """A bench with the job of a scheduler."""


def job_ids(bench):
    """Return the job of each record."""
    return [record['slurm'].get('job_id') for record in bench.get_results()]


def test_each_change_of_the_environment(monkeypatch):
    """It is in the next record, whichever method makes it."""
    monkeypatch.setenv('SLURM_JOB_ID', '0')
    bench = Job()
    function = warmed(bench)
    changes = [
        lambda: os.environ.__setitem__('SLURM_JOB_ID', '1'),
        lambda: os.environ.update({'SLURM_JOB_ID': '2'}),
        lambda: os.environ.__delitem__('SLURM_JOB_ID'),
        lambda: os.environ.setdefault('SLURM_JOB_ID', '3'),
        lambda: os.environ.pop('SLURM_JOB_ID'),
        lambda: os.environb.__setitem__(b'SLURM_JOB_ID', b'4'),
        lambda: os.environ.__ior__({'SLURM_JOB_ID': '5'}),
    ]
    for change in changes:
        change()
        function()
        function()
    expected = ['0'] * 3
    for job in ('1', '2', None, '3', None, '4', '5'):
        expected += [job] * 2
    assert job_ids(bench) == expected
    assert bench.explain_path() == []


def test_a_variable_that_os_environ_does_not_know(monkeypatch):
    """putenv() does not change os.environ, which the mixin reads."""
    monkeypatch.delenv('SLURM_JOB_ID', raising=False)
    bench = Job()
    function = warmed(bench)
    os.putenv('SLURM_JOB_ID', '7')
    try:
        function()
    finally:
        os.unsetenv('SLURM_JOB_ID')
    assert job_ids(bench) == [None] * 4
    assert written(function) == 3


def test_an_environment_that_is_patched(monkeypatch):
    """mock.patch.dict() changes it in place, monkeypatch replaces it, for a while."""
    monkeypatch.setenv('SLURM_JOB_ID', '0')
    bench = Job()
    function = warmed(bench)
    with mock.patch.dict(os.environ, SLURM_JOB_ID='1'):
        function()
    function()
    with monkeypatch.context() as patch:
        patch.setattr(os, 'environ', {'SLURM_JOB_ID': '2'})
        function()
        assert dict_reasons(bench) == ['capture_slurm runs for each record']
    function()
    function()
    assert job_ids(bench)[3:] == ['1', '0', '2', '0', '0']
    assert bench.explain_path() == []
    assert written(function) == 1


def test_a_job_whose_fields_are_read_anew(tmp_path, monkeypatch):
    """A job ad is a file, and a secret is listed in `mb.masked`: Python reads both."""
    bench = Job()
    for name, value in {'_CONDOR_JOB_AD': str(tmp_path), 'SLURM_JWT': 'x'}.items():
        monkeypatch.setenv(name, value)
        assert dict_reasons(bench) == ['capture_slurm runs for each record']
        monkeypatch.delenv(name)
        assert bench.explain_path() == []


def test_a_program_that_changes_its_environment_all_the_time(monkeypatch):
    """After a hundred changes Python reads it for each record, which is cheaper."""
    monkeypatch.setattr(plans, 'MOST_OUTDATED', 5)
    bench = Job()
    function = warmed(bench)
    for number in range(8):
        monkeypatch.setenv('SLURM_JOB_ID', str(number))
        function()
    assert job_ids(bench)[3:] == list('01234567')
    assert dict_reasons(bench) == ['capture_slurm runs for each record']


def test_dicts_that_cannot_be_watched(monkeypatch):
    """Where other libraries use up all watchers, Python reads the environment."""

    def used_up(places, whole, make=_core.Sources):
        if whole is not None:
            raise RuntimeError('no more dict watcher IDs available')
        return make(places, whole)

    monkeypatch.setattr(_core, 'Sources', used_up)
    monkeypatch.setenv('SLURM_JOB_ID', '0')
    bench = Job()
    assert dict_reasons(bench) == ['capture_slurm runs for each record']
    bench(len)('')
    assert job_ids(bench) == ['0']


# --- the working directory ------------------------------------------------------------


class Place(MicroBench, MBWorkingDir):
    """A bench with the working directory."""


def test_each_change_of_the_directory(tmp_path, monkeypatch):
    """Also to one whose name is not ASCII, not UTF-8, or longer than most."""
    monkeypatch.chdir(tmp_path)
    bench = Place()
    function = warmed(bench)
    names = [b'a b', 'ä'.encode(), b'\xff', *[b'n' * 200] * 6, b'quote"\\']
    for name in names:
        Path(os.fsdecode(name)).mkdir()
        os.chdir(name)
        function()
        assert bench.get_results()[-1]['call']['working_dir'] == readable(str(Path.cwd()))
    assert written(function) == 2 + len(names)


@pytest.mark.parametrize('optional', [False, True])
def test_a_directory_that_was_deleted(tmp_path, monkeypatch, optional):
    """The hook runs in Python, whose error is raised or noted; then C goes on."""
    folder = tmp_path / 'gone'
    folder.mkdir()
    monkeypatch.chdir(folder)
    bench = Place()
    bench.capture_optional = optional
    function = warmed(bench)
    folder.rmdir()
    if optional:
        function()
        [noted] = bench.get_results()[-1]['call']['capture_errors']
        assert noted['method'] == 'capture_working_dir'
    else:
        with pytest.raises(FileNotFoundError):
            function()
    os.chdir(tmp_path)
    function()
    assert bench.get_results()[-1]['call']['working_dir'] == str(tmp_path)
    assert written(function) == 3


def test_a_getcwd_that_a_test_has_patched(monkeypatch):
    """It is called; if it returns no text, the hook runs in Python."""
    bench = Place()
    function = warmed(bench)
    for place in ('/elsewhere', PurePosixPath('/path')):
        with monkeypatch.context() as patch:
            patch.setattr(os, 'getcwd', lambda place=place: place)
            function()
            function()
        function()
    places = [record['call']['working_dir'] for record in bench.get_results()]
    elsewhere = ['/elsewhere'] * 2 + [str(Path.cwd())] + ['/path'] * 2
    assert places == [str(Path.cwd())] * 3 + elsewhere + [str(Path.cwd())]


# --- hooks that are replaced ----------------------------------------------------------


def noting(name):
    """Return a hook that notes its name."""

    def replaced(self, bm_data):
        bm_data.setdefault('replaced', []).append(name)

    return replaced


@pytest.mark.parametrize('mixin', MIXINS[1:5])
def test_a_patch_of_the_mixin(mixin):
    """It is honoured from the next call on, and no longer once it is undone."""
    bench = Six()
    function = warmed(bench)
    name = next(name for name in vars(mixin) if name.startswith('capture'))
    with mock.patch.object(mixin, name, noting(name)):
        function()
        assert f'{name} runs for each record' in dict_reasons(bench)
    function()
    function()
    replaced = [record.get('replaced') for record in bench.get_results()]
    assert replaced == [None] * 3 + [[name]] + [None] * 2
    assert written(function) == 1


def test_a_wrapper_of_a_hook():
    """It has the attributes of the hook, and is another function."""
    import functools

    original = MBWorkingDir.capture_working_dir

    class Wrapped(MicroBench, MBWorkingDir):
        @functools.wraps(original)
        def capture_working_dir(self, bm_data):
            original(self, bm_data)
            bm_data['call']['working_dir'] += '/'

    bench = Wrapped()
    warmed(bench)
    assert bench.get_results()[-1]['call']['working_dir'] == str(Path.cwd()) + '/'


def test_only_some_hooks_of_the_usage():
    """They belong together: if one is overridden, all of them run in Python."""

    class Bench(MicroBench, MBResourceUsage):
        def post_run_triggers(self, bm_data):
            bm_data['mine'] = True
            super().post_run_triggers(bm_data)

    bench = Bench()
    function = warmed(bench)
    assert written(function) == 0
    assert dict_reasons(bench) == [
        'capture_resource_usage runs for each record',
        'capturepost_resource_usage runs for each record',
        'pre_run_triggers or post_run_triggers is overridden',
    ]
    record = bench.get_results()[-1]
    assert record['mine']
    assert len(record['resource_usage']) == 1


def test_a_getrusage_that_a_test_has_patched(monkeypatch):
    """Then the hooks call it."""
    bench = type('Bench', (MicroBench, MBResourceUsage), {})()
    function = warmed(bench)
    ask, asked = usage.resource.getrusage, []
    with monkeypatch.context() as patch:
        patch.setattr(
            usage.resource, 'getrusage', lambda who: asked.append(who) or ask(who)
        )
        function()
    function()
    assert len(asked) == 2
    assert len(bench.get_results()) == 5
    assert bench.explain_path() == []


def test_the_usage_of_each_iteration():
    """Counters are integers, times are seconds with the kernel's six digits."""
    bench = type('Bench', (MicroBench, MBResourceUsage), {})(iterations=3)

    def work(*args, **kwargs):
        sum(range(20000))
        bytearray(1 << 20)[::4096] = bytes(256)

    warmed(bench, work)
    record = bench.get_results()[-1]
    assert len(record['resource_usage']) == 3
    assert sum(one['minflt'] for one in record['resource_usage']) >= 0
    for one in record['resource_usage']:
        assert list(one) == list(usage.FIELDS)
        for name in ('utime', 'stime'):
            assert one[name] == round(one[name], 6)
    assert sum(one['utime'] + one['stime'] for one in record['resource_usage']) > 0


# --- threads, recursion ---------------------------------------------------------------


def test_a_function_that_calls_itself():
    """Each level has its own arguments, value and usage."""
    bench = Six()

    @bench
    def down(level):
        return down(level - 1) + 1 if level else 0

    for _ in range(3):
        assert down(3) == 3
    calls = [record['call'] for record in bench.get_results()]
    assert [call['args'] for call in calls] == [[0], [1], [2], [3]] * 3
    assert [call['return_value'] for call in calls] == [0, 1, 2, 3] * 3
    assert all(len(r['resource_usage']) == 1 for r in bench.get_results())


def test_threads(tmp_path, monkeypatch):
    """Each record has the arguments, the value and the directory of one call."""
    places = [tmp_path / 'a', tmp_path / 'ö']
    for place in places:
        place.mkdir()
    monkeypatch.chdir(places[0])
    bench = Six(tmp_path / 'out.jsonl')

    @bench
    def function(number, *, key):
        os.chdir(places[number % 2])
        return [number, key]

    def work(first):
        for number in range(first, first + 300):
            function(number, key={'number': number})

    threads = [threading.Thread(target=work, args=(n * 1000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = [record['call'] for record in bench.get_results()]
    assert len(calls) == 8 * 300
    assert {call['working_dir'] for call in calls} <= set(map(str, places))
    for call in calls:
        [number] = call['args']
        assert call['kwargs'] == {'key': {'number': number}}
        assert call['return_value'] == [number, {'number': number}]
    assert len({call['args'][0] for call in calls}) == 8 * 300
    assert written(function) > 0


def test_a_large_argument_is_not_kept():
    """The buffer of a large record is freed."""
    bench = Six(outputs=[FileOutput(), NullOutput()], max_value=None)
    function = warmed(bench)
    function('x' * 100_000)
    function()
    sizes = [len(json.dumps(record)) for record in bench.get_results()]
    assert sizes[-2] > 200_000  # as argument and as value
    assert sizes[-1] < 2_000


def test_recorders_free_what_they_were_made_from():
    """Captures, Sources and the plan go with the last recorder that has them."""

    def count():
        gc.collect()
        kinds = (_core.Captures, _core.Sources, _core.Recorder, plans.Plan)
        return [sum(type(one) is kind for one in gc.get_objects()) for kind in kinds]

    bench = Six(outputs=[NullOutput()])
    function = warmed(bench)
    before = count()
    for number in range(5):
        bench.number = number
        function(), function()
        assert written(function) > 0
    assert count() == before


class Key:
    """Collides with 'mb', and fails once if it is compared with that."""

    def __init__(self, error):
        self.error = error

    def __hash__(self):
        return hash('mb')

    def __eq__(self, other):
        error, self.error = self.error, None
        if error is not None:
            raise error
        return self is other


def test_a_key_that_cannot_be_compared():
    """An Exception leaves the value to the encoder; an interrupt reaches the caller."""
    bench = Six(outputs=[FileOutput()])
    function = warmed(bench)
    before, records = written(function), len(bench.get_results())
    function({Key(ValueError('not equal')): 1})
    assert written(function) == before + 1
    assert len(bench.get_results()) == records + 1
    with pytest.raises(KeyboardInterrupt):
        function({Key(KeyboardInterrupt()): 1})
    assert len(bench.get_results()) == records + 1
    function()
    assert written(function) == before + 2


def test_a_return_value_beside_a_phase_of_another_counter():
    """Python completes such a record, with the return value."""
    bench = type('Bench', (MicroBench, MBReturnValue), {})()
    other = MicroBench(duration_counter=lambda: 5)

    @bench
    def work(x):
        with other.time('phase'):
            return x

    for number in range(3):
        work(number)
    values = [record['call']['return_value'] for record in bench.get_results()]
    assert values == [0, 1, 2]
