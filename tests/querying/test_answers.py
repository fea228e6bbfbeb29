"""Answers of queries are those that the records give, whatever these contain."""

import gzip
import json
import math
import warnings
from statistics import median

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from microbench import FileOutput, MicroBench, query

pytest.importorskip('duckdb')

TEXT = st.text(max_size=6) | st.sampled_from(
    ['007', 'NaN', '2026-03-01', '{}', 'é\0\ud800']
)
NUMBERS = st.one_of(
    st.integers(-(2**66), 2**66),
    st.integers(-2, 2),
    st.floats(),
    st.just(2**1100),
    st.just(2**53 + 1),
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(['a', 'A', 'b.c', 'median', 'record', 'sample.x', '', 'x"y', 'é\0'])
TIMES = st.sampled_from(
    ['2026-03-01T10:00:00.5+02:00', '0001-01-01T00:00:00+14:00', '2026-03-01', 'x', 7, None]
)
DURATIONS = st.lists(st.floats(0, 10) | ANY, max_size=3)
TIMINGS = st.lists(
    st.fixed_dictionaries({}, optional={'name': TEXT, 'duration': NUMBERS}) | ANY,
    max_size=3,
)
CALLS = st.fixed_dictionaries(
    {'name': st.sampled_from(['fit', 'load']) | ANY},
    optional={
        'start_time': TIMES,
        'durations': DURATIONS,
        'timings': TIMINGS,
        'open_timings': TIMINGS,
        'timings_iteration': st.lists(st.integers(0, 2), max_size=3),
        'returncode': st.lists(st.integers(0, 1), max_size=3),
        'monitor': st.lists(st.dictionaries(st.sampled_from(['timestamp', 'rss']), ANY)),
        'args': st.lists(ANY, max_size=2),
    },
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {'mb': st.just({'run_id': '1'}), 'call': CALLS},
        optional={
            'host': st.fixed_dictionaries(
                {}, optional={'hostname': TEXT, 'ram_total': ANY}
            ),
            'slurm': st.just({}) | st.just({'job_id': '007'}),
            'mine': st.dictionaries(NAMES, ANY, max_size=2),
        },
    ).flatmap(
        lambda record: st.dictionaries(NAMES, ANY, max_size=2).map(
            lambda more: {**record, **more}
        )
    ),
    max_size=4,
)
FIXTURE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def write(path, records, *, torn=False):
    """Write records as lines; if `torn`, each but the last is followed by half of one."""
    lines = [json.dumps(record) for record in records]
    if torn:
        half = [f'{line[: len(line) // 2]}\n{line}' for line in lines]
        lines = half
    path.write_text(''.join(f'{line}\n' for line in lines))


def same(one, other):
    """Compare two values and their types."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


@settings(max_examples=24, suppress_health_check=FIXTURE)
@example('runs', [{'mb': {'run_id': '1'}, 'mine': {'a': [], 'A': []}}], False)
@given(st.sampled_from(['runs', 'phases', 'iterations', 'samples']), RECORDS, st.booleans())
def test_tables_are_tidy_frames(tmp_path, shape, records, torn):
    """Each table has the rows, columns and values of `get_results(shape=...)`."""
    write(tmp_path / 'x', records * 3, torn=torn)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        expected = FileOutput(tmp_path / 'x').get_results(shape=shape)
        found = query(f'FROM {shape}', tmp_path / 'x')
    assert len(found) == len(expected)
    for row, other in zip(found, expected, strict=True):
        small = [name.lower() for name in other]
        for (name, value), (name2, value2) in zip(row.items(), other.items(), strict=True):
            assert same(value, value2), (name, value, value2)
            has_twin = small.count(name2.lower()) > 1
            is_odd = name2.lower() in ('', '.record') or '\0' in name2
            assert name == name2 or is_odd or (has_twin and name == f'{name2}_1')


GROUPED = """
SELECT host.hostname AS host, phase, median(duration) AS middle, count(*) AS n
FROM phases GROUP BY ALL
"""


@settings(max_examples=8, suppress_health_check=FIXTURE)
@given(records=RECORDS, torn=st.booleans())
def test_the_median_by_host_and_phase(records, torn, tmp_path):
    """It equals a fold over the rows, however ragged the records are."""
    write(tmp_path / 'x', records * 3, torn=torn)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        rows = FileOutput(tmp_path / 'x').get_results(shape='phases')
        found = query(GROUPED, tmp_path / 'x')
    groups = {}
    for row in rows:
        groups.setdefault((row.get('host.hostname'), row['phase']), []).append(
            row['duration']
        )
    assert len(found) == len(groups)
    for row in found:
        durations = groups[row['host'], row['phase']]
        known = [duration for duration in durations if duration is not None]
        assert row['n'] == len(durations)
        assert row['middle'] == (pytest.approx(median(known)) if known else None)


def test_whatever_files_there_are(tmp_path):
    """A directory, compressed and torn files and records of 2.1.0 are read as by `read`."""
    record = {'mb': {'run_id': '1'}, 'call': {'name': 'f', 'durations': [1, math.nan]}}
    write(tmp_path / 'a.jsonl', [record])
    (tmp_path / 'b.jsonl.gz').write_bytes(
        gzip.compress(json.dumps(record).encode() + b'\n{"')
    )
    (tmp_path / 'c.jsonl').write_text('{"function_name": "f", "run_durations": [2]}\n')
    with pytest.warns(RuntimeWarning, match='1 damaged line'):
        [row] = query('SELECT count(*) AS n, sum(total) AS total FROM runs', tmp_path)
    assert row == {'n': 3, 'total': 4}
    found = query('SELECT call.name FROM runs', [tmp_path / 'a.*', tmp_path / 'c.jsonl'])
    assert found == [{'call.name': 'f'}] * 2


@pytest.mark.parametrize('form', ['df', 'polars', 'arrow'])
def test_frames_keep_types(form, tmp_path):
    """Whole numbers beside a gap stay exact; texts and times are those of `dict`."""
    package = pytest.importorskip({'df': 'pandas', 'arrow': 'pyarrow'}.get(form, form))
    pytest.importorskip('pyarrow')
    for fields in {'n': 2**53 + 1, 'code': '007'}, {'n': None}:
        with MicroBench(tmp_path / 'x', **fields).record('fit'):
            pass
    sql = 'SELECT n, code, call.start_time AS t, record AS a, record AS a FROM runs'
    found = query(sql, tmp_path / 'x', format=form)
    rows = query(sql, tmp_path / 'x')
    assert [row['n'] for row in rows] == [2**53 + 1, None]
    if form == 'df':
        assert str(found['n'].dtype) == 'Int64'
        assert found['n'][0] == 2**53 + 1
        assert found['n'][1] is package.NA
        assert found['t'][0] == rows[0]['t']
    else:
        listed = found.to_pylist() if form == 'arrow' else found.to_dicts()
        assert listed == rows
    assert list(rows[0]) == ['n', 'code', 't', 'a', 'a_1']
    empty = query('SELECT n FROM runs WHERE false', tmp_path / 'x', format=form)
    assert len(empty) == 0


def test_durations_in_different_units_warn(tmp_path):
    """As tidy frames do."""
    records = [
        {'mb': {'run_id': '1', 'duration_counter': name}, 'call': {'durations': [1]}}
        for name in ('perf_counter', 'mine')
    ]
    write(tmp_path / 'x', records)
    with pytest.warns(RuntimeWarning, match='different units'):
        query('SELECT max(duration) FROM iterations', tmp_path / 'x')


def test_known_fields_that_no_record_has(tmp_path):
    """They are null, so that a query works with any file; `*` leaves them out."""
    write(tmp_path / 'x', [{'mb': {'run_id': '1'}, 'call': {'durations': [1]}}])
    sql = 'SELECT exception.type AS a, host.ram_total + 1 AS b FROM runs'
    assert query(sql, tmp_path / 'x') == [{'a': None, 'b': None}]
    sql = 'SELECT host.hostname AS a FROM iterations'
    assert query(sql, tmp_path / 'x') == [{'a': None}]
    assert 'exception.type' not in query('FROM runs', tmp_path / 'x')[0]


def test_columns_that_differ_in_capitals(tmp_path):
    """Each can be asked for by its own name."""
    write(tmp_path / 'x', [{'mb': {'run_id': '1'}, 'Experiment': 1, 'experiment': 2}])
    found = query('SELECT Experiment, experiment FROM runs', tmp_path / 'x')
    assert list(found[0].values()) == [1, 2]
    assert query('SELECT EXPERIMENT AS x FROM runs', tmp_path / 'x') == [{'x': 1}]


@pytest.mark.parametrize(
    ('sql', 'expected'),
    [
        ('SELECT r.call.name AS x FROM runs r', 'fit'),
        ('SELECT runs."call.name" AS x FROM runs', 'fit'),
        ('SELECT x FROM (SELECT call.name AS x FROM runs)', 'fit'),
        ('WITH t AS (FROM runs) SELECT t.call.name AS x FROM t', 'fit'),
        (
            'SELECT max(r.record + p.record) AS x FROM runs r JOIN phases p USING (record)',
            0,
        ),
        ('SELECT phase AS x FROM runs NATURAL JOIN phases', 'solve'),
        ("SELECT COLUMNS('call.na.*') AS x FROM runs", 'fit'),
        ('SELECT count(*) AS x FROM (DESCRIBE phases)', 9),
        ('PIVOT (SELECT phase, 7 AS x FROM phases) ON phase USING max(x)', 7),
        ('SELECT 1 AS x', 1),
    ],
)
def test_ways_of_asking(sql, expected, tmp_path):
    """Names with dots need no quotes, wherever they stand."""
    bench = MicroBench(tmp_path / 'x')
    with bench.record('fit'), bench.time('solve'):
        pass
    [row] = query(sql, tmp_path / 'x')
    assert list(row.values()) == [expected]
