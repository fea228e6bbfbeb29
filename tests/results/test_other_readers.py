"""The table "Reading with other tools" of docs/reading-results.md: each row as it stands.

A row keeps any value of the kinds that are named here for it. Where the table says that
something changes, a test below shows it, so that a new release is noticed.
"""

import contextlib
import json
import re
import sqlite3
import sys
import warnings
from datetime import datetime, timezone
from pathlib import Path

import numpy
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from microbench import FileOutput, MicroBench
from microbench.encoding.json_text import encode
from tests.fakes import ROOT

PAGE = (ROOT / 'docs' / 'reading-results.md').read_text('utf-8')
SECTION = PAGE.partition('## Reading with other tools')[2].partition('\n## ')[0]
ROWS = dict(re.findall(r'^\| ([\w., ]+?) \| `(.+?)` \| ', SECTION, re.MULTILINE))

TEXT = st.text(st.characters(exclude_categories=['Cs']))
NAMES = st.text(st.characters(exclude_categories=['Cs', 'Cc']))
LONG = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NORMAL = FLOATS.filter(lambda x: x == 0 or abs(x) > 1e-300)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


def of_one_kind(*kinds):
    """Return a strategy of lists whose values are of one kind."""
    return st.one_of(*(st.lists(kind, min_size=1, max_size=4) for kind in kinds))


def from_frame(frame):
    """Return names and ranks of a frame of pandas, flat or not."""
    flat = 'call.name' in frame
    names = frame['call.name'] if flat else [call['name'] for call in frame['call']]
    return list(zip(names, frame['rank'], strict=True))


def from_json(rows):
    """Return names, and ranks that are JSON text."""
    return [(name, None if rank is None else json.loads(rank)) for name, rank in rows]


# What each row keeps, and how names and ranks are found in what it gives.
KEPT = {
    'Python': (
        st.lists(ANY, min_size=1),
        lambda found: [(record['call']['name'], record['rank']) for record in found],
    ),
    'pandas': (of_one_kind(LONG | st.none(), TEXT, FLOATS, st.booleans()), from_frame),
    'pandas alone': (st.lists(ANY, min_size=1), from_frame),
    'pandas.read_json': (of_one_kind(LONG, TEXT, NORMAL, st.booleans()), from_frame),
    'Polars': (
        of_one_kind(
            *(LONG | st.none(), TEXT | st.none(), FLOATS, st.booleans(), st.integers()),
            *(st.lists(LONG), st.fixed_dictionaries({'a': LONG, 'b': TEXT})),
        ),
        lambda found: [(row['call']['name'], row['rank']) for row in found.to_dicts()],
    ),
    'Polars, some fields': (
        st.lists(LONG | st.none(), min_size=1),
        lambda found: [(row['call']['name'], row['rank']) for row in found.to_dicts()],
    ),
    'DuckDB': (st.lists(ANY, min_size=1), lambda found: from_json(found.fetchall())),
    'DuckDB, typed': (
        of_one_kind(LONG, LONG | st.none(), NORMAL, st.booleans()),
        lambda found: found.fetchall(),
    ),
    'PyArrow': (
        st.lists(LONG | st.none(), min_size=1),
        lambda found: [(..., rank) for rank in found['rank'].to_pylist()],
    ),
    'SQLite': (st.lists(ANY, min_size=1), lambda found: from_json(found.fetchall())),
    'jq': (
        st.lists(st.integers(-(2**53), 2**53) | TEXT | st.booleans(), min_size=1),
        lambda found: found,
    ),
}


def test_the_table_and_these_tests_have_the_same_rows():
    """Every row has a test."""
    assert list(ROWS) == list(KEPT)


def found_by(row, path):
    """Return what the code of a row gives for a file."""
    names = {'FileOutput': FileOutput, 'json': json, 'Path': Path, 'pandas': pandas}
    for package in ('duckdb', 'jq', 'polars', 'pyarrow.json'):
        if package.partition('.')[0] in ROWS[row]:
            pytest.importorskip(package)
            names[package.partition('.')[0]] = sys.modules[package.partition('.')[0]]
    with contextlib.closing(sqlite3.connect(':memory:')) as names['sqlite']:
        names['sqlite'].execute('CREATE TABLE records (line)')
        lines = [[line] for line in Path(path).read_text('ascii').splitlines()]
        names['sqlite'].executemany('INSERT INTO records VALUES (?)', lines)
        return KEPT[row][1](eval(ROWS[row], {**names, 'path': str(path)}))


def write(path, ranks, names=()):
    """Write a file with a record for each."""
    names = names or ['fit'] * len(ranks)
    records = [
        {'mb': {'run_id': '1'}, 'call': {'name': name}, 'rank': rank}
        for name, rank in zip(names, ranks, strict=True)
    ]
    Path(path).write_bytes(b''.join(encode(record) + b'\n' for record in records))


def same(found, value):
    """Compare a reader's value: equal and of the same type, or missing for missing."""
    if value is None:
        return found is None or found is pandas.NA or found != found
    if isinstance(found, numpy.generic):
        found = found.item()
    return found == value and isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize('row', KEPT)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_each_reader_gives_what_was_recorded(row, data, tmp_path):
    """Any values survive the file and the other program's reader."""
    ranks = data.draw(KEPT[row][0])
    names = data.draw(st.lists(NAMES, min_size=len(ranks), max_size=len(ranks)))
    write(tmp_path / 'x', ranks, names)
    found = found_by(row, tmp_path / 'x')
    for (found_name, found_rank), name, rank in zip(found, names, ranks, strict=True):
        assert found_name in (name, ...)
        assert same(found_rank, rank)


CODES = ['007', '1e10', '2026-03-01', 'true', 'NaN', '1']


TYPED = {'Polars, some fields', 'DuckDB, typed', 'PyArrow'}


@pytest.mark.parametrize('row', [row for row in KEPT if row not in TYPED])
def test_text_stays_text(row, tmp_path):
    """Codes, dates and numbers in quotes stay text."""
    write(tmp_path / 'x', CODES)
    assert [rank for _, rank in found_by(row, tmp_path / 'x')] == CODES


@pytest.mark.parametrize('row', KEPT)
def test_records_of_a_real_program(row, tmp_path):
    """Records may have varying fields, jobs, exceptions, and be the command's."""
    bench = MicroBench(tmp_path / 'x', rank=1)
    with bench.record('first'), bench.time('phase'):
        pass
    with pytest.raises(ZeroDivisionError), bench.record('second'):
        raise ZeroDivisionError
    with MicroBench(tmp_path / 'x', rank=2, late={'a': [1]}).record('third'):
        pass
    ranks = [str(rank) for _, rank in found_by(row, tmp_path / 'x')]
    assert ranks == ['1', '1', '2']


# --- what changes, as the table says ----------------------------------------------------


def test_read_json_without_the_options(tmp_path):
    """Without the options read_json makes numbers of text."""
    write(tmp_path / 'x', ['007', '008'])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        plain = pandas.read_json(tmp_path / 'x', lines=True)
    assert plain['rank'].tolist() == [7, 8]


def test_read_json_and_whole_numbers_beside_a_gap(tmp_path):
    """read_json makes lossy floats of them; get_results does not."""
    write(tmp_path / 'x', [2**53 + 1, None])
    assert found_by('pandas.read_json', tmp_path / 'x')[0][1] == 2.0**53
    assert found_by('pandas', tmp_path / 'x')[0][1] == 2**53 + 1


@pytest.mark.parametrize('value', [2**64, 5e-324])
def test_read_json_refuses_some_numbers(value, tmp_path):
    """Numbers that read_json rejects are read by all others."""
    write(tmp_path / 'x', [value])
    with pytest.raises(ValueError, match=r'too big|Range error'):
        found_by('pandas.read_json', tmp_path / 'x')
    for row in ('Python', 'pandas', 'pandas alone', 'Polars', 'DuckDB', 'SQLite'):
        assert found_by(row, tmp_path / 'x')[0][1] == value


def test_polars_and_several_types(tmp_path):
    """Polars makes mixed numbers text; an object beside a number is an error."""
    polars = pytest.importorskip('polars')
    write(tmp_path / 'x', [1, 'a'])
    assert [rank for _, rank in found_by('Polars', tmp_path / 'x')] == ['1', 'a']
    write(tmp_path / 'x', [1, {'a': 1}])
    with pytest.raises(polars.exceptions.PolarsError):
        found_by('Polars', tmp_path / 'x')


def test_polars_and_objects_as_text(tmp_path):
    """Polars does not double a backslash in them: the text read back differs."""
    polars = pytest.importorskip('polars')
    write(tmp_path / 'x', [1], [r'C:\new'])
    [call] = polars.read_ndjson(tmp_path / 'x', schema={'call': polars.String})['call']
    assert json.loads(call)['name'] != r'C:\new'
    assert found_by('Polars, some fields', tmp_path / 'x') == [(r'C:\new', 1)]


def test_duckdb_makes_times_of_text(tmp_path):
    """DuckDB makes times of text unless JSON is asked for."""
    pytest.importorskip('duckdb')
    write(tmp_path / 'x', ['2026-03-01', '2026-03-02'])
    assert found_by('DuckDB, typed', tmp_path / 'x')[0][1] != '2026-03-01'
    assert found_by('DuckDB', tmp_path / 'x')[0][1] == '2026-03-01'


def test_the_times_of_a_column_are_read_by_pandas(tmp_path):
    """Times on a whole second are read among others."""
    for microsecond in (0, 1):
        moment = datetime(2026, 1, 1, microsecond=microsecond, tzinfo=timezone.utc)
        with MicroBench(tmp_path / 'x', submitted=moment).record():
            pass
    frame = FileOutput(tmp_path / 'x').get_results(format='df', flat=True)
    for column in ('submitted', 'call.start_time'):
        times = pandas.to_datetime(frame[column])
        assert times.dt.tz is not None
    submitted = pandas.to_datetime(frame['submitted'])
    assert submitted[1] - submitted[0] == pandas.Timedelta('1us')
