"""What is wrong with a query is said in one sentence, with the names that may be meant."""

import sys

import pytest

from microbench import MicroBench, query
from microbench.querying.query import Query

pytest.importorskip('duckdb')


@pytest.fixture
def path(tmp_path):
    """Return a file with a record that has a phase."""
    bench = MicroBench(tmp_path / 'x.jsonl', dataset='iris')
    with bench.record('fit'), bench.time('solve'):
        pass
    return tmp_path / 'x.jsonl'


ONE_QUERY = 'one query is needed, which begins with SELECT, FROM or WITH'
OTHER_FILES = 'a query reads the files that are named behind it, and no others'


@pytest.mark.parametrize(
    ('sql', 'message'),
    [
        ('SELECTT 1', 'syntax error at or near "SELECTT": did you mean SELECT?'),
        ('SELECT 1 FORM runs', 'syntax error at or near "runs"'),
        (
            'SELECT duratoin FROM phases',
            'no column is named duratoin: did you mean duration?',
        ),
        (
            'SELECT call.namee FROM runs',
            'no column is named call.namee: did you mean call.name?',
        ),
        (
            'SELECT call.namee, call.name FROM runs',
            'no column is named call.namee: did you mean call.name?',
        ),
        ('SELECT datasett FROM runs', 'no column is named datasett: did you mean dataset?'),
        (
            'SELECT hostnme FROM runs',
            'no column is named hostnme: did you mean host.hostname?',
        ),
        ('SELECT r.mdian FROM runs r', 'no column is named mdian: did you mean median?'),
        ('SELECT 1 FROM phase', 'no table is named phase: did you mean phases?'),
        (
            'SELECT 1 FROM records',
            'no table is named records; there are runs, phases, iterations, samples',
        ),
        (
            'SELECT medain(duration) FROM phases',
            'Scalar Function with name medain does not exist: did you mean median?',
        ),
        (
            'SELECT xyz FROM runs',
            'no column is named xyz; DESCRIBE runs lists those of a table',
        ),
        ('', ONE_QUERY),
        ('SELECT 1; SELECT 2', ONE_QUERY),
        ('DELETE FROM runs', ONE_QUERY),
        ("COPY runs TO 'out.csv'", ONE_QUERY),
        ("ATTACH 'other.db'", ONE_QUERY),
        ('SET enable_external_access = true', ONE_QUERY),
    ],
)
def test_one_sentence(sql, message, path):
    """No traceback, no several lines, no word of the program's own names."""
    with pytest.raises(ValueError, match=r'^[^\n]+$') as caught:
        query(sql, path)
    assert str(caught.value) == message


def test_a_column_of_another_table_is_not_taken_for_one(path):
    """Rows of phases have the fields that tell records apart."""
    with pytest.raises(ValueError, match='no column is named python'):
        query('SELECT python.version FROM phases', path)


@pytest.mark.parametrize(
    'source',
    [
        "read_csv('{}')",
        "'{}'",
        "read_text('{}')",
        "glob('{}')",
        "read_ndjson('{}')",
        "read_blob('{}')",
        "read_parquet('{}')",
        "query('FROM read_text(''{}'')')",
    ],
)
def test_a_query_reads_no_other_files(source, path, tmp_path):
    """Whatever function of DuckDB is tried."""
    other = tmp_path / 'other.csv'
    other.write_text('a\n1\n')
    with pytest.raises(ValueError, match='reads the files|no table is named'):
        query(f'FROM {source.format(other)}', path)


def test_a_query_that_does_not_fit(path):
    """A sentence that says what can be done; also for a size that is none."""
    sql = "SELECT length(string_agg(a || repeat('x', 1000), '')) FROM range(100000) t(a)"
    with pytest.raises(MemoryError, match='^the query does not fit in memory'):
        query(sql, path, memory='12MB')
    with pytest.raises(ValueError, match="^'much' is no size of memory"):
        query('SELECT 1', path, memory='much')


def test_without_duckdb(path, monkeypatch):
    """A sentence says how to install it."""
    monkeypatch.setitem(sys.modules, 'duckdb', None)
    with pytest.raises(ImportError, match=r'^queries need duckdb: pip install duckdb'):
        query('SELECT 1', path)


def test_wrong_arguments(path, tmp_path):
    """They are noticed before anything is read."""
    with pytest.raises(ValueError, match='format has to be'):
        query('SELECT 1', path, format='csv')
    with pytest.raises(FileNotFoundError):
        query('SELECT 1', tmp_path / 'none.jsonl')


def test_nothing_is_left_behind(path, tmp_path, monkeypatch):
    """Temporary files are gone, also after a mistake; the directory stays as it was."""
    monkeypatch.setenv('TMPDIR', str(tmp_path / 'tmp'))
    monkeypatch.setattr('tempfile.tempdir', None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tmp').mkdir()
    query('FROM runs', path)
    with pytest.raises(ValueError, match='no column'):
        query('SELECT xyz FROM runs', path)
    assert list((tmp_path / 'tmp').iterdir()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ['tmp', 'x.jsonl']


def test_a_query_that_has_no_tree_is_one_query(tmp_path, path):
    """A second statement behind it would write to the file that the query may read."""
    saved = tmp_path / 'runs.parquet'
    with Query('FROM runs') as found:
        found.read([path])
        found.save(str(saved))
    before = saved.read_bytes()
    write = f"COPY (SELECT 1) TO '{saved}' (FORMAT parquet, USE_TMP_FILE false)"
    with pytest.raises(ValueError, match=ONE_QUERY):
        query(f'PIVOT runs ON record USING count(*); {write}', saved)
    assert saved.read_bytes() == before


def test_known_fields_that_no_record_has(tmp_path):
    """They are null, also in order of all columns; parts of an empty object are unknown."""
    MicroBench(tmp_path / 'r.jsonl', slurm={})(len)('')
    sql = 'SELECT exit_signal, count(*) AS n FROM runs GROUP BY ALL ORDER BY ALL'
    assert query(sql, tmp_path / 'r.jsonl') == [{'exit_signal': None, 'n': 1}]
    with pytest.raises(ValueError, match=r'^no column is named slurm\.mine'):
        query('SELECT slurm.mine FROM runs', tmp_path / 'r.jsonl')
