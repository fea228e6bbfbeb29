"""Tidy frames: a row for each run, phase, iteration or sample, in three packages."""

import contextlib
import io
import json
import math
import sqlite3
import sys
from datetime import datetime, timezone

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microbench import FileOutput, Histogram, MicroBench, Output
from microbench.results import tidy
from tests.fakes import next_line

PACKAGES = {'df': 'pandas', 'polars': 'polars', 'arrow': 'pyarrow'}
SHAPES = ('runs', 'phases', 'iterations', 'samples')
START = '2026-03-01T09:30:00.123456+00:00'
MOMENT = datetime(2026, 3, 1, 9, 30, 0, 123456, timezone.utc)
OF_PANDAS = {
    'int64': 'Int64',
    'Int64': 'Int64',
    'UInt64': 'UInt64',
    'float64': 'Float64',
    'bool': 'Boolean',
    'boolean': 'Boolean',
    'datetime64[us, UTC]': "Datetime(time_unit='us', time_zone='UTC')",
}


def output_of(*records):
    """Return a sink with these records."""
    return FileOutput(io.StringIO(''.join(json.dumps(each) + '\n' for each in records)))


def record(*durations, counter='perf_counter', **fields):
    """Return a record with these durations, and with other fields of `call`."""
    call = {'name': 'fit', 'start_time': START, 'durations': list(durations), **fields}
    return {'mb': {'duration_counter': counter}, 'call': call}


def rows_of(*records, shape='runs'):
    """Return the rows of records."""
    return output_of(*records).get_results(shape=shape)


def column_of(sink, form, name):
    """Return the values of a column of runs, in one of the packages; None for a gap."""
    pytest.importorskip(PACKAGES[form])
    column = sink.get_results(format=form, shape='runs')[name]
    if form == 'df':
        return [None if pd.isna(value) else value for value in column.tolist()]
    return column.to_list() if form == 'polars' else column.to_pylist()


each_package = pytest.mark.parametrize('form', PACKAGES)


def picked(rows, *names):
    """Return some columns of rows, as tuples."""
    return [tuple(row[name] for name in names) for row in rows]


# --- the shapes ---------------------------------------------------------------------------


def test_failed_runs_are_in_no_figure():
    """Unless all runs have failed; the rows of iterations have them."""
    call = {'durations': [1.0, 9.0, 2.0, 8.0], 'returncode': [0, 1, 0, -9]}
    [row] = rows_of({'call': call})
    assert [row[name] for name in ('iterations', 'mean', 'max', 'total')] == [2, 1.5, 2, 3]
    assert row['failed'] == 2
    [row] = rows_of({'call': {**call, 'returncode': [1] * 4}})
    assert (row['iterations'], row['mean'], row['failed']) == (4, 5.0, 4)
    [row] = rows_of({'call': {'durations': [3.0]}, 'exception': {'type': 'KeyError'}})
    assert (row['iterations'], row['mean'], row['failed']) == (1, 3.0, 1)
    raised = {'call': {'durations': [1.0, 3.0, 9.0]}, 'exception': {'type': 'KeyError'}}
    [row] = rows_of(raised)
    assert (row['iterations'], row['mean'], row['failed']) == (2, 2.0, 1)
    rows = rows_of({'call': call}, shape='iterations')
    assert [row['duration'] for row in rows] == call['durations']


def test_a_row_for_each_run():
    """A run has its statistics in seconds, and its fields."""
    first, second, third = rows_of(
        {**record(0.5, 0.25, 0.125), 'dataset': 'iris'},
        record(500, counter='perf_counter_ns'),
        record(),
    )
    assert picked([first], 'record', 'call.name', 'dataset') == [(0, 'fit', 'iris')]
    assert first['call.start_time'] == MOMENT
    names = 'iterations', 'min', 'median', 'p95', 'max', 'total'
    assert picked([first], *names) == [(3, 0.125, 0.25, 0.5, 0.5, 0.875)]
    assert first['mean'] == 0.875 / 3
    assert first['stdev'] == pytest.approx(0.19094065)
    assert picked([second], *names, 'mean') == [(1, 5e-7, 5e-7, 5e-7, 5e-7, 5e-7, 5e-7)]
    assert second['stdev'] is None
    assert picked([third], *names) == [(0, None, None, None, None, None)]


def test_the_figures_of_a_histogram():
    """A histogram gives the statistics of the durations that it counts, in seconds."""
    histogram = Histogram([100, 200, 300], unit='ns')
    [row] = rows_of(record(counter='perf_counter_ns', histogram=histogram.as_dict()))
    assert row['iterations'] == 3
    assert picked([row], 'min', 'median', 'max', 'total') == [(1e-7, 2e-7, 3e-7, 6e-7)]
    assert not any(name.startswith('call.histogram') for name in row)
    [row] = rows_of(record(histogram={'count': 3}))
    assert picked([row], 'iterations', 'median') == [(0, None)]


@pytest.mark.parametrize('count', [1, 2, 19, 20, 21, 100, 1000])
def test_the_percentile_is_that_of_a_histogram(count):
    """A list and a histogram have the same rank."""
    durations = [number / 1e9 for number in range(1, count + 1)]
    [row] = rows_of(record(*durations))
    assert row['p95'] == Histogram(durations).percentile(95)


def test_a_row_for_each_phase():
    """Phases have their iteration; those still open are lower bounds."""
    timings = [{'name': n, 'duration': d} for n, d in [('a', 1.0), ('b', 2.0), ('a', 3.0)]]
    several = record(4.0, 5.0, timings=timings, timings_iteration=[0, 0, 1])
    opened = record(9.0, open_timings=[{'name': 'c', 'duration': 8.0}])
    rows = rows_of(several, opened, record(1.0), shape='phases')
    names = 'record', 'phase', 'iteration', 'duration', 'is_lower_bound', 'call.name'
    assert picked(rows, *names) == [
        (0, 'a', 0, 1.0, False, 'fit'),
        (0, 'b', 0, 2.0, False, 'fit'),
        (0, 'a', 1, 3.0, False, 'fit'),
        (1, 'c', 0, 8.0, True, 'fit'),
    ]


def test_phases_of_2_1_0_have_no_iteration():
    """Without `call.timings_iteration`, the iteration of several is unknown."""
    timings = [{'name': 'a', 'duration': 1.0}]
    rows = rows_of(record(1.0, 1.0, timings=timings), shape='phases')
    assert picked(rows, 'iteration') == [(None,)]


def test_a_row_for_each_iteration():
    """Lists with an item for each iteration are columns here."""
    usage = [{'utime': 0.5, 'nivcsw': 3}, {'utime': 0.25, 'nivcsw': 4}]
    one = {
        **record(1.0, 2.0, returncode=[0, -9], stdout=['x', '']),
        'resource_usage': usage,
    }
    rows = rows_of(one, record(3.0), shape='iterations')
    names = 'record', 'iteration', 'duration', 'call.returncode', 'call.stdout'
    assert picked(rows, *names, 'resource_usage.utime', 'resource_usage.nivcsw') == [
        (0, 0, 1.0, 0, 'x', 0.5, 3),
        (0, 1, 2.0, -9, '', 0.25, 4),
        (1, 0, 3.0, None, None, None, None),
    ]


def test_a_row_for_each_sample():
    """Samples of Python and of the command have the same columns."""
    sample = {'timestamp': START, 'rss': 7, 'gpu': {'w': 1.5}}
    rows = rows_of(
        record(1.0, monitor=[sample, sample]),
        record(1.0, 2.0, monitor=[[], [sample]]),
        record(1.0, 2.0, monitor=[sample]),
        shape='samples',
    )
    names = 'record', 'iteration', 'sample.timestamp', 'sample.rss', 'sample.gpu.w'
    values = (MOMENT, 7, 1.5)
    assert picked(rows, *names) == [
        (0, 0, *values),
        (0, 0, *values),
        (1, 1, *values),
        (2, None, *values),
    ]


def test_a_lower_bound_is_marked():
    """The durations of a killed process are lower bounds."""
    killed = {**record(1.0), 'recovered': {'duration_is_lower_bound': True}}
    for shape in ('runs', 'iterations'):
        rows = rows_of(record(1.0), killed, shape=shape)
        assert picked(rows, 'is_lower_bound') == [(False,), (True,)]


def test_other_shapes_have_what_tells_records_apart():
    """User's fields, arguments, host and rank are in each shape; the rest in runs."""
    one = {
        **record(1.0, args=[5], kwargs={'k': 2}, timings=[{'name': 'a', 'duration': 1.0}]),
        'host': {'hostname': 'node07', 'os': 'linux'},
        'process': {'rank': 3},
        'mine': {'deep': 1},
    }
    [row] = rows_of(one, shape='phases')
    assert set(row) == {
        *('record', 'call.name', 'call.start_time', 'host.hostname', 'process.rank'),
        *('phase', 'iteration', 'duration', 'is_lower_bound'),
        *('mine.deep', 'call.kwargs.k', 'call.args.0'),
    }
    [run] = rows_of(one)
    assert set(row) - set(run) == {'phase', 'iteration', 'duration'}
    assert run['host.os'] == 'linux'


def test_records_from_before_2_0():
    """Records of the flat schema have the present names."""
    old = {'function_name': 'f', 'run_durations': [0.5], 'hostname': 'n', 'mine': 1}
    [row] = rows_of(old)
    names = 'call.name', 'median', 'host.hostname', 'mine'
    assert picked([row], *names) == [('f', 0.5, 'n', 1)]


# --- fields -------------------------------------------------------------------------------


def test_fields_with_the_names_of_columns():
    """A field that has the name of a column gets a dot; `name` and `n` are free."""
    fields = {'median': 1, '.median': 2, '..median': 3, 'duration': 4, 'sample': {'rss': 5}}
    [row] = rows_of({**record(0.5), **fields, 'name': 'x', 'n': 7, 'sample.rss': 6})
    names = 'median', '.median', '..median', '...median', '.duration', 'name', 'n'
    assert picked([row], *names) == [(0.5, 1, 2, 3, 4, 'x', 7)]
    assert sorted(name for name in row if 'rss' in name) == [
        '.sample.rss',
        r'sample\.rss',
    ]


def test_lists_are_text():
    """Other lists, and empty objects, are JSON; arguments have a column each."""
    one = record(1.0, command=['a', 'b'], args=[1, [2, 3], {'k': [4]}, {}, 'x'])
    [row] = rows_of({**one, 'slurm': {}, 'gpus': [{'w': 1}]})
    names = 'call.command', 'slurm', 'gpus', *(f'call.args.{n}' for n in (0, 1, 3, 4))
    values = ('["a", "b"]', '{}', '[{"w": 1}]', 1, '[2, 3]', '{}', 'x')
    assert picked([row], *names) == [values]
    assert row['call.args.2.k'] == '[4]'


@pytest.mark.parametrize(
    'odd',
    [
        {},
        {'call': 7, 'mb': None},
        {'call': {'durations': 'x', 'timings': 3, 'monitor': 1, 'open_timings': {}}},
        record(None, True, 'x', math.nan, 1e301, 10**400),
        record(1.0, timings=[7, {}, {'name': 3}], monitor=[1, [2, 'x'], None]),
        {'recovered': 3, 'resource_usage': [1], 'call': {'durations': [1], 'args': 'x'}},
        {'call': {'durations': [1], 'returncode': [[], {}], 'timings_iteration': 'x'}},
        {'call': {'start_time': 'yesterday', 'timings': [{'name': 'a', 'duration': 'x'}]}},
        json.loads('[' * 900 + ']' * 900) and {'deep': json.loads('[' * 900 + ']' * 900)},
    ],
)
@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.filterwarnings('ignore:call.start_time')
def test_malformed_records(odd, shape):
    """A malformed record costs no other, and no frame."""
    sink = output_of(odd, record(1.0), odd)
    frame = sink.get_results(format='df', shape=shape)
    assert len(frame) == len(sink.get_results(shape=shape))
    if shape in ('runs', 'iterations'):
        assert 1.0 in frame[{'runs': 'median', 'iterations': 'duration'}[shape]].tolist()


# --- types --------------------------------------------------------------------------------


@each_package
@pytest.mark.parametrize(
    ('values', 'dtype', 'expected'),
    [
        ([1, None], 'Int64', [1, None]),
        ([2**53 + 1, 2], 'Int64', [2**53 + 1, 2]),
        ([2**63, None], 'UInt64', [2**63, None]),
        ([2**63, -1], 'str', ['9223372036854775808', '-1']),
        ([2**64, None], 'str', ['18446744073709551616', None]),
        ([1, 0.5, None], 'float64', [1.0, 0.5, None]),
        ([math.nan, 0.5], 'float64', [None, 0.5]),
        ([10**400, 0.5], 'str', ['1' + '0' * 400, '0.5']),
        ([True, None], 'boolean', [True, None]),
        ([True, 1], 'str', ['true', '1']),
        (['007', None], 'str', ['007', None]),
        (['a', 1, None], 'str', ['a', '1', None]),
        ([[1], {}], 'str', ['[1]', '{}']),
        (['\udc80', 'é'], 'str', [r'\udc80', 'é']),
    ],
)
def test_each_column_has_one_type(values, dtype, expected, form):
    """The type is that of all values; in any package, with gaps or without."""
    sink = output_of(*({**record(1.0), 'x': value} for value in values))
    assert column_of(sink, form, 'x') == expected
    text = pd.Series(['']).dtype
    column = sink.get_results(format='df', shape='runs')['x']
    assert column.dtype == (text if dtype == 'str' else dtype)


def types_of(frame):
    """Return the types of a frame of pandas, by column, as Polars prints them."""
    return {name: OF_PANDAS.get(str(t), 'String') for name, t in frame.dtypes.items()}


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('records', [[], [{}], [record(1.0, 2.0)]])
def test_types_do_not_depend_on_the_records(shape, records):
    """The columns of a shape have their types, even without a row, in all packages."""
    pytest.importorskip('polars')
    pytest.importorskip('pyarrow')
    timing = {'name': 'a', 'duration': 1.0}
    sample = {'timestamp': START}
    full = {
        'mb': {
            'run_id': 'x',
            'record_id': 'y',
            'version': '3',
            'schema': 3,
            'timezone': 'UTC',
        },
        **record(1.0, invocation='Python', timings=[timing], monitor=[sample]),
    }
    full['mb']['duration_counter'] = 'perf_counter'
    full['call']['finish_time'] = START
    first = types_of(output_of(full).get_results(format='df', shape=shape))
    sink = output_of(*records)
    frame = sink.get_results(format='df', shape=shape)
    assert types_of(frame) == first
    polars = sink.get_results(format='polars', shape=shape)
    assert {name: str(kind) for name, kind in polars.schema.items()} == first
    arrow = sink.get_results(format='arrow', shape=shape)
    assert arrow.column_names == list(frame.columns)
    assert [str(kind) for kind in arrow.schema.types] == [
        {
            'Int64': 'int64',
            'Float64': 'double',
            'Boolean': 'bool',
            'String': 'string',
        }.get(kind, 'timestamp[us, tz=UTC]')
        for kind in first.values()
    ]


@each_package
def test_times_have_a_zone(form):
    """Times of all zones are in UTC, to the microsecond, at any date."""
    late, early = '9999-12-31T00:00:00Z', '0001-01-02T00:00:00Z'
    times = ['2026-03-01T19:30:00.123456+10:00', early, late]
    sink = output_of(*(record(1.0, start_time=time) for time in times))
    found = column_of(sink, form, 'call.start_time')
    assert found[0] == MOMENT
    assert [time.year for time in found] == [2026, 1, 9999]
    assert [time.utcoffset().total_seconds() for time in found] == [0, 0, 0]


@pytest.mark.parametrize('time', ['2026-03-01T09:30:00', 'yesterday', 7])
def test_times_without_a_zone(time):
    """A time without a zone is left out, and a warning at the caller's line says so."""
    sink = output_of(record(1.0, start_time=time), record(1.0))
    with pytest.warns(RuntimeWarning, match='call.start_time: times without') as caught:
        where = next_line()
        rows = sink.get_results(shape='runs')
    assert picked(rows, 'call.start_time') == [(None,), (MOMENT,)]
    assert [(each.filename, each.lineno) for each in caught] == [where]


def test_units_that_are_not_known():
    """Durations of unknown units are as they are; beside others, a warning names them."""
    counted = record(7, counter='<lambda>')
    assert picked(rows_of(counted, shape='iterations'), 'duration') == [(7.0,)]
    with pytest.warns(RuntimeWarning, match='<lambda>, perf_counter'):
        rows = rows_of(counted, record(0.5), shape='iterations')
    assert picked(rows, 'duration') == [(7,), (0.5,)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=4,
)
NAMES = st.sampled_from(['n', 'median', 'sample', 'record', 'phase', '.max', 'a.b', 'a'])


@each_package
@settings(max_examples=30)
@given(many=st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_any_fields(form, many):
    """The packages agree on any fields, and each record has its row."""
    sink = output_of(*({**record(1.0), **fields} for fields in many))
    assert column_of(sink, form, 'record') == list(range(len(many)))
    first = sink.get_results(format='df', shape='runs')
    for name in first.columns:
        found = column_of(sink, form, name)
        assert found == column_of(sink, 'df', name)
        assert not any(isinstance(value, (list, dict)) for value in found)


def test_any_frame_can_be_stored(tmp_path):
    """Parquet and databases take the frames of records of all kinds."""
    pytest.importorskip('pyarrow')
    odd = {**record(1.0, command=['a'], args=[1, {'k': [2]}]), 'mixed': 1, 'slurm': {}}
    sink = output_of(odd, {**record(1.0, 2.0), 'mixed': 'x', 'big': 2**70})
    for shape in SHAPES:
        frame = sink.get_results(format='df', shape=shape)
        frame.to_parquet(tmp_path / shape)
        assert list(pd.read_parquet(tmp_path / shape).columns) == list(frame.columns)
        with contextlib.closing(sqlite3.connect(':memory:')) as database:
            frame.to_sql('rows', database)
            [count] = database.execute('SELECT count(*) FROM rows').fetchone()
        assert count == len(frame.drop_duplicates())


# --- the ways in --------------------------------------------------------------------------


def test_frames_of_a_bench():
    """A bench has the same frames, with real phases and samples."""
    bench = MicroBench(iterations=2, rows=5)

    @bench
    def work():
        with bench.time('part'):
            pass

    work()
    phases = bench.get_results(format='df', shape='phases')
    assert phases['phase'].tolist() == ['part', 'part']
    assert phases['iteration'].tolist() == [0, 1]
    assert phases['rows'].tolist() == [5, 5]
    assert len(bench.get_results(shape='iterations')) == 2
    frame = bench.get_results(format='df')
    assert list(frame.columns) == list(pd.DataFrame(bench.get_results()).columns)


class Kept(Output):
    """A sink as users wrote it for 2.1.0, without shapes."""

    def get_results(self, format='dict', flat=False):
        """Return one record."""
        assert (format, flat) == ('dict', False)
        return [record(0.5)]


@each_package
def test_frames_of_a_sink_of_users(form):
    """A sink that knows no shapes gives dicts, of which frames are made."""
    bench = MicroBench(outputs=[Kept()])
    assert column_of(bench, form, 'median') == [0.5]


@pytest.mark.parametrize('form', ['polars', 'arrow'])
def test_runs_are_the_default_of_some_packages(form):
    """Polars and PyArrow have no frame of whole records."""
    pytest.importorskip(PACKAGES[form])
    sink = output_of(record(1.0))
    frame, runs = sink.get_results(form), sink.get_results(form, shape='runs')
    assert frame.equals(runs)


@pytest.mark.parametrize('sink', [FileOutput(), MicroBench()])
def test_unknown_names(sink):
    """Unknown shapes and formats are errors that list the known ones."""
    with pytest.raises(ValueError, match=r"one of 'runs', .*, not 'rows'"):
        sink.get_results(shape='rows')
    with pytest.raises(ValueError, match=r"'polars' or 'arrow', not 'pandas'"):
        sink.get_results(format='pandas', shape='runs')


@pytest.mark.parametrize(('form', 'package'), PACKAGES.items())
def test_a_package_that_is_missing(form, package, monkeypatch):
    """The error names the package, and how to install it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f'needs {package}: pip install {package}'):
        FileOutput().get_results(format=form, shape='runs')


def test_columns_of_all_shapes_are_reserved():
    """The same field has the same name in each shape."""
    names = {name for shape in SHAPES for name in tidy.columns_of(shape)}
    own = {name for name in names if '.' not in name} | {'sample.timestamp'}
    assert own == tidy.OWN
