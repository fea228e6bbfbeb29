"""DataFrames of records: each value is the record's, whatever other records lack."""

import contextlib
import io
import json
import math
import sqlite3

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MicroBench
from microbench.diff import diff
from microbench.results import frames, shapes
from tests.fakes import printed, python


def frame_of(*records, flat=False):
    """Return the frame of these records, as read from a file."""
    lines = ''.join(json.dumps(record) + '\n' for record in records)
    return FileOutput(io.StringIO(lines)).get_results(format='df', flat=flat)


def column_of(*values):
    """Return a column with these values; `...` is a record that lacks the field."""
    return frame_of(*({'n': 0, **({} if v is ... else {'x': v})} for v in values))['x']


# --- whole numbers ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ('values', 'dtype'),
    [
        ([1, 2], 'int64'),
        ([1, ...], 'Int64'),
        ([None, 1], 'Int64'),
        ([..., None, 2**53 + 1], 'Int64'),
        ([-(2**63), 2**63 - 1, None], 'Int64'),
        ([2**63, 1], 'uint64'),
        ([2**63, ...], 'UInt64'),
        ([2**64 - 1, None, 0], 'UInt64'),
        ([2**63, -1, ...], 'object'),
        ([2**64, ...], 'object'),
        ([-(2**63) - 1, 3, None], 'object'),
        ([10**400, ...], 'object'),
        ([True, False], 'bool'),
        ([True, ...], 'boolean'),
        ([..., None, False], 'boolean'),
        ([True, 1, ...], 'object'),
        ([1.5, ...], 'float64'),
        ([1.0, 2.0, ...], 'float64'),
        ([1, 0.5, ...], 'float64'),
        ([2**53 + 1, 0.5], 'object'),
        ([2**53 + 1, 0.5, ...], 'object'),
        ([2**63, 0.5], 'float64'),
        ([1, 'a', ...], 'object'),
        ([[1], ...], 'object'),
        ([{'a': 1}, ...], 'object'),
    ],
)
def test_a_column_has_the_values_of_the_records(values, dtype):
    """Values have their exact type; missing ones stay missing."""
    column = column_of(*values)
    assert column.dtype == dtype
    for value, found in zip(values, column.tolist(), strict=True):
        if value is ... or value is None:
            assert pd.isna(found)
        else:
            assert found == value
            assert isinstance(found, bool) == isinstance(value, bool)


def test_not_a_number_of_2_1_0_is_a_gap():
    """The NaN that 2.1.0 wrote for missing values is a gap."""
    column = column_of(2**53 + 1, math.nan, 3)
    assert column.dtype == 'Int64'
    assert column.isna().tolist() == [False, True, False]
    assert column.dropna().tolist() == [2**53 + 1, 3]


def test_infinities_stay_floats():
    """Infinities in files of 2.1.0 are floats, with gaps or without."""
    assert column_of(math.inf, ..., 1.0).tolist()[0] == math.inf
    assert column_of(math.inf, 1, ...).dtype == float


def test_text_is_what_pandas_has_for_it():
    """Text, codes and dates stay text, with gaps too."""
    values = ['007', '1e10', '2026-03-01', 'true', '']
    column = column_of(*values, ...)
    assert column.tolist()[:-1] == values
    assert column.dtype == pd.Series(['a', None]).dtype


@pytest.mark.parametrize('more', [0, frames.FEW + 1])
def test_half_a_surrogate_pair_costs_no_frame(more):
    """Arrow, which pandas stores text with where it is installed, cannot hold it."""
    many = {f'm{n}': 2**60 + 1 for n in range(more)}
    first = {'a': 'x', 'b': '\udc80', 'n': 2**53 + 1, '\udc81': None, **many}
    frame = frame_of(first, {'a': 'y', 'c': True, '\udc81': 7})
    assert list(frame.columns) == [*first, 'c']
    assert frame['b'][0] == '\udc80'
    assert frame['a'].tolist() == ['x', 'y']
    assert (frame['n'][0], frame['n'].dtype) == (2**53 + 1, 'Int64')
    assert (frame['\udc81'][1], frame['\udc81'].dtype) == (7, 'Int64')
    assert frame['c'].dtype == 'boolean'


@pytest.mark.parametrize('count', [1, frames.FEW, frames.FEW + 1, 300])
@pytest.mark.filterwarnings('error')
def test_many_columns_with_gaps(count):
    """Columns keep their order, and a user may add one without a warning."""
    names = [f'c{n}' for n in range(count)]
    frame = frame_of(dict.fromkeys(['first', *names], 2**60 + 1), {'last': 'x'})
    assert list(frame.columns) == ['first', *names, 'last']
    assert set(frame[names].dtypes) == {pd.Int64Dtype()}
    frame['mine'] = 1
    assert frame['c0'][0] == 2**60 + 1


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.lists(st.integers() | st.text(), max_size=2)
)
SAME = [st.none() | kind for kind in (st.booleans(), st.integers(), st.text())]


@given(
    st.lists(st.dictionaries(st.sampled_from('abc'), VALUES), max_size=5)
    | st.one_of(
        *(st.lists(st.dictionaries(st.sampled_from('ab'), one), max_size=5) for one in SAME)
    ),
    st.booleans(),
)
def test_any_records(records, flat):
    """Cell by cell any records come back."""
    frame = frame_of(*records, flat=flat)
    assert len(frame) == len(records) or not any(records)
    for name in frame.columns:
        for record, found in zip(records, frame[name].tolist(), strict=True):
            value = record.get(name)
            if value is None:
                assert found is None or pd.isna(found)
            else:
                assert found == value
                assert isinstance(found, bool) == isinstance(value, bool)
                assert isinstance(found, str) == isinstance(value, str)


# --- flat frames as files ---------------------------------------------------------------


def test_an_empty_object_in_a_flat_frame():
    """An empty object is the text `{}`, also where a dot is escaped."""
    record = {'slurm': {}, 'a': {'b': {}}, 'a.b': {}, 'n': 1}
    assert frame_of(record, flat=True).iloc[0].to_dict() == {
        'slurm': '{}',
        'a.b': '{}',
        r'a\.b': '{}',
        'n': 1,
    }
    assert frame_of(record)['slurm'][0] == {}
    assert shapes.flattened({'a': {}}) == {'a': {}}


def test_rows_with_an_empty_object_are_compared_as_records():
    """Between a row and its record there is no difference."""
    record = {'slurm': {}, 'call': {'name': 'f', 'count': 2**53 + 1}}
    frame = frame_of(record, {'late': 3}, flat=True)
    assert list(diff(frame.iloc[0], record)) == []


@pytest.fixture(scope='module')
def records_of_the_command(tmp_path_factory):
    """Return a file of the command: in no job, in one, killed, with any fields."""
    path = tmp_path_factory.mktemp('command') / 'records.jsonl'
    words = ['-o', str(path), '-f', 'rank=0', '-n', '2', '--', 'true']
    code = (
        'import runpy, sys\n'
        f'sys.argv = ["microbench", *{words!r}]\n'
        'runpy.run_module("microbench", run_name="__main__")'
    )
    printed(code)
    printed(code, env={'SLURM_JOB_ID': '7', 'SLURM_JOB_NAME': 'fit'})
    bench = MicroBench(str(path), rank='1', large=2**53 + 1, args=[{'a': 1}], none=None)
    with bench.record('python'), bench.time('phase'):
        pass
    with pytest.raises(ZeroDivisionError), bench.record('fails'):
        raise ZeroDivisionError
    return path


WAYS = {
    'parquet': (lambda frame, path: frame.to_parquet(path), pd.read_parquet),
    'feather': (lambda frame, path: frame.to_feather(path), pd.read_feather),
    'csv': (lambda frame, path: frame.to_csv(path, index=False), pd.read_csv),
    'json': (
        lambda frame, path: frame.to_json(path, orient='records', lines=True),
        lambda path: pd.read_json(path, lines=True),
    ),
    'pickle': (lambda frame, path: frame.to_pickle(path), pd.read_pickle),
}


@pytest.mark.parametrize('way', WAYS)
def test_a_flat_frame_as_a_file(way, records_of_the_command, tmp_path):
    """Each record of the command can be stored, in a job or not."""
    pytest.importorskip('pyarrow')
    write, read = WAYS[way]
    frame = FileOutput(records_of_the_command).get_results(format='df', flat=True)
    write(frame, tmp_path / 'frame')
    again = read(tmp_path / 'frame')
    assert list(again.columns) == list(frame.columns)
    assert again['call.name'].tolist() == ['true', 'true', 'python', 'fails']
    assert again['slurm'].tolist()[0] == '{}'
    assert again['large'].dropna().tolist() == [2**53 + 1] * 2 or way in ('csv', 'json')


@pytest.mark.parametrize(
    'words',
    [
        ['--all', '--', 'true'],
        ['--timeout', '0.1', '-n', '2', '--', 'sleep', '60'],
        ['--monitor-interval', '0.05', '--stdout', '--stderr', '--', 'echo', 'x'],
        ['-f', 'x:={"a": {}, "b": [], "c": null}', '--', 'no such program'],
    ],
    ids=lambda words: words[0].strip('-'),
)
def test_every_field_of_the_command_as_parquet(words, tmp_path):
    """Captures, samples, output, time-outs and failed starts can be stored."""
    pytest.importorskip('pyarrow')
    words = ['microbench', '-o', str(tmp_path / 'x'), *words]
    run = 'import runpy; runpy.run_module("microbench", run_name="__main__")'
    python(f'import sys; sys.argv = {words!r}\n{run}')
    frame = FileOutput(tmp_path / 'x').get_results(format='df', flat=True)
    frame.to_parquet(tmp_path / 'frame')
    again = pd.read_parquet(tmp_path / 'frame')
    assert (len(again), list(again.columns)) == (1, list(frame.columns))


def test_a_flat_frame_is_looked_at(records_of_the_command):
    """The methods that people use first work."""
    frame = FileOutput(records_of_the_command).get_results(format='df', flat=True)
    assert frame.describe().loc['count', 'mb.schema'] == 4
    assert frame.groupby('call.name').size()['true'] == 2
    assert frame.groupby('large', dropna=False).size().to_dict()[2**53 + 1] == 2
    assert frame['slurm'].value_counts()['{}'] == 1
    assert frame[frame['exception.type'].notna()]['call.name'].tolist() == ['fails']


@pytest.mark.parametrize('values', [[1, 'a'], [2**64, 1], [{'a': 1}, 2], [[1], 'a']])
def test_the_recipe_for_columns_of_several_types(values, tmp_path):
    """Mixed columns become JSON text, as docs/frames.md says."""
    pytest.importorskip('pyarrow')
    frame = frame_of(*({'n': n, 'x': [v]} for n, v in enumerate(values)), flat=True)
    frame['y'] = pd.Series(values, dtype=object)
    for name in frame.columns[frame.dtypes == 'object']:
        frame[name] = frame[name].map(json.dumps, na_action='ignore')
    frame.to_parquet(tmp_path / 'frame')
    again = pd.read_parquet(tmp_path / 'frame')
    assert [json.loads(text) for text in again['y']] == values
    with contextlib.closing(sqlite3.connect(':memory:')) as database:
        frame.to_sql('records', database)
        stored = database.execute('SELECT y FROM records').fetchall()
    assert [json.loads(text) for (text,) in stored] == values
    assert len(frame.drop_duplicates()) == len(values)
