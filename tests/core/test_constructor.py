"""Wrong arguments raise at construction, and the message names the parameter."""

import datetime
import inspect
import io
import json
import time

import pytest

from microbench import FileOutput, JSONEncoder, MicroBench, MicroBenchBase
from tests.fakes import Kept, Ticking


@pytest.mark.parametrize(
    ('name', 'value', 'error'),
    [
        *[
            (name, value, TypeError)
            for name in ('iterations', 'warmup')
            for value in ('3', 3.0, None, [3], True, int, 1j, b'1')
        ],
        ('iterations', -1, ValueError),
        ('warmup', -1, ValueError),
        ('iterations', 2**70, (ValueError, OverflowError)),
        ('tz', 'UTC', TypeError),
        ('tz', 0, TypeError),
        ('tz', datetime.timezone, TypeError),
        ('tz', datetime.timedelta(0), TypeError),
        ('duration_counter', 5, TypeError),
        ('duration_counter', None, TypeError),
        ('duration_counter', 'perf_counter', TypeError),
        ('json_encoder', 'json', TypeError),
        ('json_encoder', JSONEncoder(), TypeError),
        ('json_encoder', dict, TypeError),
        ('json_encoder', json, TypeError),
        ('outputs', 5, TypeError),
        ('outputs', 'file', TypeError),
        ('outputs', b'file', TypeError),
        ('outputs', [5], TypeError),
        ('outputs', [object()], TypeError),
        ('outputs', [None], TypeError),
        ('outputs', ['path'], TypeError),
        ('outputs', FileOutput(), TypeError),
        ('outfile', 5, TypeError),
        ('outfile', object(), TypeError),
        ('outfile', [], TypeError),
        ('outfile', '', ValueError),
        ('outfile', '/', ValueError),
        ('outfile', 'a\0b', ValueError),
        ('on_output_error', 'ignore', ValueError),
        ('on_output_error', None, ValueError),
        ('on_output_error', [], ValueError),
        ('call', 'x', ValueError),
        ('mb', 5, ValueError),
        ('call', None, ValueError),
        ('mb', [('a', 1)], ValueError),
    ],
    ids=lambda value: getattr(value, '__name__', None) or repr(value)[:30],
)
def test_wrong_values(name, value, error):
    """Each is refused at once, by a sentence that names it."""
    with pytest.raises(error, match=name):
        MicroBench(**{name: value})


def test_too_many_positional_arguments():
    """Seven may be given by position; an eighth is refused."""
    seven = (None, JSONEncoder, datetime.timezone.utc, 2, 1, time.monotonic, [])
    assert MicroBench(*seven).iterations == 2
    with pytest.raises(ValueError, match='keyword'):
        MicroBench(*seven, 'baseline')


def test_outfile_and_outputs():
    """Either one sink by its file, or a list of sinks."""
    with pytest.raises(ValueError, match='mutually exclusive') as caught:
        MicroBench(outfile=io.StringIO(), outputs=[])
    assert 'outfile' in str(caught.value)
    assert 'outputs' in str(caught.value)


def test_the_class_attribute_outfile():
    """It is used where no argument says otherwise."""
    memory, other = io.StringIO(), io.StringIO()

    class Bench(MicroBenchBase):
        outfile = memory

    Bench()(len)('')
    assert memory.getvalue().count('\n') == 1
    Bench(outfile=other)(len)('')
    Bench(outputs=[Kept()])(len)('')
    assert memory.getvalue().count('\n') == other.getvalue().count('\n') == 1


def test_no_sinks():
    """`outputs=[]` records into nowhere; reading back says so."""
    bench = MicroBenchBase(outputs=[])
    assert bench(len)('ab') == 2
    with pytest.raises(RuntimeError, match='get_results'):
        bench.get_results()


def test_outputs_may_be_any_iterable():
    """A generator of sinks is consumed once."""
    kept = [Kept(), Kept()]
    bench = MicroBenchBase(outputs=(sink for sink in kept))
    for _ in range(2):
        bench(len)('')
    assert [len(sink.lines) for sink in kept] == [2, 2]


def test_an_iterable_that_fails():
    """Its own error comes out."""
    with pytest.raises(ZeroDivisionError):
        MicroBenchBase(outputs=(1 / 0 for _ in range(1)))


def test_public_attributes():
    """tz, iterations and warmup are there to read and to change."""
    zone = datetime.timezone(datetime.timedelta(hours=10))
    bench = MicroBench(tz=zone, iterations=4, warmup=5)
    assert (bench.tz, bench.iterations, bench.warmup) == (zone, 4, 5)


def test_integers_of_other_types():
    """Anything with `__index__` is an integer, numpy's too."""
    numpy = pytest.importorskip('numpy')
    bench = MicroBench(iterations=numpy.int64(2), duration_counter=Ticking())
    bench(len)('')
    assert type(bench.iterations) is int
    assert bench.get_results()[0]['call']['durations'] == [1.0, 1.0]


@pytest.mark.parametrize(
    ('tz', 'shown', 'ends'),
    [
        (datetime.timezone.utc, 'UTC', '+00:00'),
        (datetime.timezone(datetime.timedelta(hours=10)), 'UTC+10:00', '+10:00'),
        (datetime.timezone(datetime.timedelta(hours=-3.5), 'NST'), 'NST', '-03:30'),
    ],
)
def test_time_zones(tz, shown, ends):
    """The zone is named, and all timestamps are in it."""
    bench = MicroBench(tz=tz)
    bench(len)('')
    [record] = bench.get_results()
    assert record['mb']['timezone'] == shown
    for field in ('start_time', 'finish_time'):
        assert record['call'][field].endswith(ends)
        parsed = datetime.datetime.fromisoformat(record['call'][field])
        assert parsed.utcoffset() == tz.utcoffset(None)


def test_no_time_zone():
    """tz=None gives naive local times, and says so."""
    bench = MicroBench(tz=None)
    bench(len)('')
    [record] = bench.get_results()
    assert record['mb']['timezone'] == 'None'
    start = datetime.datetime.fromisoformat(record['call']['start_time'])
    assert start.tzinfo is None


def test_signature():
    """Inspect shows the parameters with the defaults that readers know."""
    parameters = inspect.signature(MicroBench).parameters
    defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    assert list(parameters)[:7] == [
        *('outfile', 'json_encoder', 'tz', 'iterations', 'warmup'),
        *('duration_counter', 'outputs'),
    ]
    assert defaults['json_encoder'] is JSONEncoder
    assert defaults['tz'] is datetime.timezone.utc
    assert defaults['duration_counter'] is time.perf_counter
    assert inspect.signature(MicroBench()) == inspect.signature(
        MicroBench.__call__.__get__(MicroBench())
    )


def test_signature_of_a_subclass():
    """A subclass with a constructor of its own shows that one."""

    class Bench(MicroBench):
        def __init__(self, label):
            super().__init__(label=label)

    assert str(inspect.signature(Bench)) == '(label)'


def test_building_and_decorating_leave_nothing(tmp_path):
    """Until the first record no file is made."""
    path = tmp_path / 'records.jsonl'
    MicroBench(outfile=path)(len)
    assert list(tmp_path.iterdir()) == []
