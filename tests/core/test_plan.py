"""Which form a record takes, why, and when the plan is made again."""

import json
import time
from datetime import timedelta, timezone, tzinfo

import pytest

import microbench
from microbench import JSONEncoder, MicroBench, MicroBenchBase, _core
from tests.fakes import Ticking, only


class Fixed(tzinfo):
    """A time zone of a user's own class."""

    def utcoffset(self, moment):
        return timedelta(hours=1)

    def dst(self, moment):
        return timedelta(0)

    def tzname(self, moment):
        return 'fixed'


class Capturing(MicroBenchBase):
    def capture_own(self, bm_data):
        pass


class PostCapturing(MicroBenchBase):
    def capturepost_own(self, bm_data):
        pass


class Triggering(MicroBenchBase):
    def pre_run_triggers(self, bm_data):
        super().pre_run_triggers(bm_data)


class Starting(MicroBenchBase):
    def pre_start_triggers(self, bm_data):
        super().pre_start_triggers(bm_data)


class Finishing(MicroBenchBase):
    def post_finish_triggers(self, bm_data):
        super().post_finish_triggers(bm_data)


class Outputting(MicroBenchBase):
    def output_result(self, bm_data):
        super().output_result(bm_data)


class Encoding(MicroBenchBase):
    def to_json(self, obj):
        return super().to_json(obj)


class Naming(MicroBenchBase):
    def capture_function_name(self, bm_data):
        super().capture_function_name(bm_data)


class Returning(MicroBenchBase, microbench.MBReturnValue):
    pass


@pytest.mark.parametrize(
    'bench',
    [
        MicroBenchBase(),
        MicroBench(),
        type('Host', (MicroBench, microbench.MBHostInfo), {})(),
        MicroBench(a=1, b='x', c=None, d=1.5, e=True),
        MicroBench(iterations=3, warmup=2, tz=timezone(timedelta(hours=-3))),
        MicroBench(duration_counter=time.monotonic_ns, outputs=[]),
        MicroBench(json_encoder=JSONEncoder),
    ],
)
def test_text_form(bench):
    """Nothing has to see these records as dicts: C writes them."""
    assert bench.explain_path() == []


@pytest.mark.parametrize(
    ('bench', 'word'),
    [
        (Capturing(), 'capture_own'),
        (PostCapturing(), 'capturepost_own'),
        (Triggering(), 'pre_run_triggers'),
        (Starting(), 'pre_start_triggers'),
        (Finishing(), 'post_finish_triggers'),
        (Outputting(), 'output_result'),
        (Encoding(), 'to_json'),
        (Naming(), 'capture_function_name'),
        (Returning(), 'return value'),
        (MicroBenchBase(duration_counter=Ticking()), 'Ticking'),
        (MicroBenchBase(tz=Fixed()), 'Fixed'),
        (MicroBenchBase(tz=None), 'None'),
        (MicroBenchBase(json_encoder=type('Mine', (JSONEncoder,), {})), 'Mine'),
        (MicroBenchBase(json_encoder=json.JSONEncoder), 'JSONEncoder'),
        (MicroBenchBase(field=[1]), "'field'"),
        (MicroBenchBase(mb={'a': 1}), "'mb'"),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_dict_form(bench, word):
    """Each thing that needs the record as a dict is named."""
    reasons = bench.explain_path()
    assert len(reasons) == 1
    if word not in ('Fixed',):
        assert word in reasons[0]
    bench(len)('')
    assert len(bench.get_results()) == 1


def test_explanation_is_a_copy():
    """What explain_path() gives can be changed without harm."""
    bench = Capturing()
    bench.explain_path().clear()
    assert bench.explain_path()


def test_the_plan_is_kept_between_calls():
    """Two calls without any change share one plan."""
    bench = MicroBench()
    assert bench._current_plan() is bench._current_plan()


@pytest.mark.parametrize(
    'change',
    [
        lambda bench: setattr(bench, 'capture_later', print),
        lambda bench: setattr(bench, 'tz', None),
        lambda bench: setattr(bench, 'iterations', 2),
        lambda bench: setattr(bench, 'anything', 2),
        lambda bench: setattr(type(bench), 'capture_later', print),
        lambda bench: setattr(bench, '__class__', MicroBenchBase),
    ],
)
def test_the_plan_is_made_again_after_a_change(change):
    """A change of the object or its class outdates the plan."""

    class Bench(MicroBench):
        pass

    bench = Bench()
    plan = bench._current_plan()
    change(bench)
    assert bench._current_plan() is not plan


def test_properties_are_never_evaluated():
    """The search for hooks looks at definitions, not at values."""

    class Bench(MicroBenchBase):
        capture_a = property(lambda self: 1 / 0)
        other = property(lambda self: 1 / 0)

        def __getattribute__(self, name):
            assert name not in ('capture_a', 'other')
            return super().__getattribute__(name)

    bench = Bench()
    bench(len)('')
    assert len(bench.get_results()) == 1


def test_type_versions():
    """A class has a tag that changes when it or a base changes; no class has none."""

    class Above:
        pass

    class Below(Above):
        pass

    def tag():
        assert not hasattr(Below, 'anything')
        return _core.type_version(Below)

    first = tag()
    assert first == tag() != 0
    Above.new = 1
    assert tag() not in (0, first)


@pytest.mark.parametrize('thing', [None, 5, 'text', object()])
def test_type_version_of_no_class(thing):
    """Other objects are a TypeError."""
    with pytest.raises(TypeError):
        _core.type_version(thing)


def test_a_class_that_lies_about_itself():
    """A bench whose `__class__` is a property is planned by its real type."""

    class Bench(MicroBenchBase):
        __class__ = property(lambda self: int)

        def capture_a(self, bm_data):
            bm_data['a'] = 1

    bench = Bench()
    bench(len)('')
    assert only(bench.get_results())['a'] == 1
