"""`microbench query`: the forms of an answer, and its mistakes."""

import csv
import io
import json

import pytest

from microbench import query
from microbench.cli.view.query import main
from tests.cli.samples import SEVERAL, write

pytest.importorskip('duckdb')

SLOWEST = 'SELECT call.name, median, call.start_time AS t FROM runs ORDER BY median DESC'


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    """Return what a call prints: its status, the output and the message."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'x.jsonl', SEVERAL)

    def run(*words):
        status = main(list(words))
        return (status, *capsys.readouterr())

    return run


def test_all_forms_have_the_same_rows(asked):
    """The rows of the Python function."""
    rows = query(SLOWEST, 'x.jsonl')
    status, out, err = asked(SLOWEST, 'x.jsonl', '--json')
    assert (status, err) == (0, '')
    found = [json.loads(line) for line in out.splitlines()]
    assert [row['median'] for row in found] == [row['median'] for row in rows]
    assert found[0]['t'] == rows[0]['t'].isoformat()
    listed = list(csv.DictReader(io.StringIO(asked(SLOWEST, 'x.jsonl', '--csv')[1])))
    assert [row['call.name'] for row in listed] == [row['call.name'] for row in rows]
    head, line, *lines = asked(SLOWEST, 'x.jsonl', '--markdown')[1].splitlines()
    assert (head, line) == ('| call.name | median | t |', '| --- | --: | --- |')
    assert len(lines) == len(rows)


def test_a_table(asked):
    """Numbers are aligned on the right, nulls empty, times without a zone."""
    first = "SELECT 1.5 AS n, 'a' AS name, NULL AS gap, true AS yes"
    status, out, _ = asked(f"{first} UNION ALL SELECT 22.25, 'b|', NULL, false", 'x.jsonl')
    assert status == 0
    assert out.splitlines() == [
        '    n  name  gap  yes',
        '  1.5  a          true',
        '22.25  b|         false',
    ]


def test_many_rows(asked):
    """They are aligned in parts, and counted at the end."""
    lines = asked('SELECT range AS n FROM range(1200)', 'x.jsonl')[1].splitlines()
    assert [line.strip() for line in lines if line.strip() == 'n'] == ['n'] * 3
    assert lines[-1] == '1,200 rows'
    assert len(asked('FROM range(1200)', 'x.jsonl', '--csv')[1].splitlines()) == 1201
    assert asked('SELECT 1 AS n WHERE false', 'x.jsonl')[1] == 'n\n'
    assert asked('SELECT 1 AS n WHERE false', 'x.jsonl', '--csv')[1] == 'n\n'


@pytest.mark.filterwarnings('ignore:sample.timestamp')
@pytest.mark.parametrize('shape', ['runs', 'phases', 'iterations', 'samples'])
def test_parquet_in_place_of_records(shape, asked):
    """A table that was saved is asked as the records are, with the same answer."""
    status, out, _ = asked(f'FROM {shape}', 'x.jsonl', '--to', 'parquet', '-o', 'x.parquet')
    assert (status, out) == (0, '')
    for sql in (f'FROM {shape}', f'SELECT count(*), min(call.name) FROM {shape}'):
        assert query(sql, 'x.parquet') == query(sql, 'x.jsonl')


def test_mistakes_with_files(asked):
    """One sentence and status 2, and nothing is left of the file."""
    to = ('--to', 'parquet', '-o', 'x.parquet')
    for words, message in (
        (('SELECT durtion FROM phases', 'x.jsonl', *to), 'did you mean duration?'),
        (('FROM runs', 'none.jsonl', *to), 'none.jsonl: No such file or directory'),
        (('FROM runs', 'x.jsonl', *to[:2]), '--to parquet and -o FILE belong together'),
        (('FROM runs', 'x.jsonl', '--memory', 'much'), "'much' is no size of memory"),
    ):
        status, out, err = asked(*words)
        assert (status, out) == (2, '')
        assert err.startswith('microbench query: ')
        assert message in err
        assert err.count('\n') == 1
    assert asked('SELECT 7 AS n', 'x.jsonl', *to)[0] == 0
    assert asked('FROM runs', 'x.jsonl', *to)[2].endswith('exists: name a new file\n')
    assert 'does not have the columns of a table' in asked('FROM runs', 'x.parquet')[2]
    assert 'not both' in asked('FROM runs', 'x.parquet', 'x.jsonl')[2]
    assert asked('FROM runs', 'x.jsonl', '--to', 'parquet', '-o', 'no/x')[0] == 1


def test_standard_input_and_damage(asked, monkeypatch, tmp_path):
    """Records come from a pipe too; damaged lines are counted."""
    (tmp_path / 'pipe').write_bytes((tmp_path / 'x.jsonl').read_bytes() + b'{"mb": {\n')
    with (tmp_path / 'pipe').open() as file:
        monkeypatch.setattr('sys.stdin', file)
        status, out, err = asked('SELECT count(*) AS n FROM runs', '-', '--json')
    assert (status, json.loads(out)) == (0, {'n': len(SEVERAL)})
    assert 'microbench: ' in err
    assert '1 damaged line' in err
