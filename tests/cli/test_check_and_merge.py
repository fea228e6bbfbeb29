"""`microbench check` and `microbench merge`: what is in files, and one file of many."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import read
from microbench.cli.view import check, merge
from microbench.results.raw_lines import RawLines, schema_of
from microbench.results.reading import Lines
from tests.fakes import python

OLD = '{"mb": {"run_id": "o"}, "call": {"name": "g", "durations": [NaN]}}'  # of 2.1.0
OLDEST = '{"function_name": "f", "run_durations": [1.0], "mb_run_id": "o"}'


def line(number, **more):
    """Return a record with an id."""
    mb = {'run_id': 'r', 'schema': 3, 'record_id': f'aa-{number:02x}'}
    return json.dumps({'mb': mb, 'call': {'name': 'f'}, **more}, separators=(',', ':'))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capsys, *words):
    """Return the status of `check --json`, and what it prints."""
    status = check.main(['--json', *map(str, words)])
    return status, json.loads(capsys.readouterr().out)


def merged(capsys, *words):
    """Return the status of `merge`, the lines and the messages."""
    status = merge.main([*map(str, words), '-o', '-'])
    printed = capsys.readouterr()
    return status, printed.out.splitlines(), printed.err


def names():
    """Return the names in the working directory."""
    return sorted(path.name for path in Path().iterdir())


# --- check ----------------------------------------------------------------------------


def test_a_clean_file(folder, capsys):
    """The status is 0, and a line has the counts."""
    Path('a.jsonl').write_text(f'{line(1)}\n{line(2)}\n')
    assert check.main(['a.jsonl']) == 0
    assert capsys.readouterr().out == '1 file, 2 records: clean\n'


def test_each_kind_of_finding(folder, capsys):
    """Torn, glued, duplicated and foreign lines are counted for each file."""
    lines = [
        line(1),
        line(2)[:30],
        line(2)[:30] + line(3),
        'text',
        '{"n":1}',
        line(1),
        '\0\0',
    ]
    Path('a.jsonl').write_text('\n'.join(lines) + '\n')
    Path('b.jsonl').write_text(f'{line(3)}\n{OLD}\n{OLDEST}\n')
    status, document = found(capsys, 'a.jsonl', 'b.jsonl')
    a, b = document.pop('files')
    assert (status, document) == (1, {'clean': False, 'records': 6, 'foreign_files': []})
    kinds = ('records', 'torn', 'glued', 'duplicated', 'foreign')
    assert [a[kind] for kind in kinds] == [3, 2, 1, 1, 2]
    assert [b[kind] for kind in kinds] == [3, 0, 0, 1, 0]
    assert b['schemas'] == {'3': 1, '2': 1, 'before 2.0': 1}
    assert check.main(['a.jsonl', 'b.jsonl']) == 1
    assert capsys.readouterr().out.splitlines() == [
        'a.jsonl: 2 torn lines; 1 glued line; 1 duplicated record; 2 foreign lines',
        'b.jsonl: 1 duplicated record',
        (
            '2 files, 6 records (1 of schema 2, 4 of schema 3, 1 of schema before 2.0): '
            '2 not clean'
        ),
    ]


def test_foreign_files(folder, capsys):
    """Files of a directory that no reader reads are named, hidden ones are not."""
    for name in 'a.jsonl', 'b/c.csv', 'b/.hidden', '.git/x', 'README':
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(f'{line(1)}\n' if name == 'a.jsonl' else '')
    status, document = found(capsys, '.')
    assert (status, document['foreign_files']) == (1, ['./README', './b/c.csv'])
    assert check.main(['b']) == 1
    assert (
        capsys.readouterr().out
        == 'b/c.csv: not a result file\n0 files, 0 records: 1 not clean\n'
    )


def test_records_in_journals(folder, capsys):
    """A record of a killed process is recoverable, whether its file exists or not."""
    code = """
import os, signal, sys
from microbench import MicroBench
bench = MicroBench('killed.jsonl')
bench.record('open').__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""
    python(code, cwd=folder)
    status, document = found(capsys, 'killed.jsonl')
    assert (status, document['files'][0]['recoverable']) == (1, 1)
    assert merged(capsys, 'killed.jsonl')[1] != []
    assert not Path('killed.jsonl').exists()


def test_the_file_of_another_tool(folder, capsys):
    """It is a finding, not a hundred torn lines; merge leaves it out."""
    Path('h.json').write_text('{"results": [\n{"command": "true", "times": [0.1]}\n]}\n')
    status, document = found(capsys, 'h.json')
    assert (status, document['files'][0]['of_other_tool']) == (1, True)
    assert document['files'][0]['torn'] == 0
    assert merged(capsys, 'h.json')[1] == []


@pytest.mark.parametrize(
    'command', [check.main, lambda words: merge.main([*words, '-o', 'x'])]
)
@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['nosuch.jsonl'], 'nosuch.jsonl'),
        (['no*.jsonl'], 'no file matches no*.jsonl'),
        (['empty'], 'there are no result files (*.jsonl) in empty'),
    ],
)
def test_wrong_use(command, words, message, folder, capsys):
    """What does not exist is one sentence; merge writes no file."""
    Path('empty').mkdir()
    assert command(words) == 2
    assert message in capsys.readouterr().err
    assert names() == ['empty']


def test_no_permission(folder, capsys, monkeypatch):
    """A file that cannot be read is a finding of check; merge has status 1."""
    Path('a.jsonl').write_text(f'{line(1)}\n')
    Path('b.jsonl').write_text(f'{line(2)}\n')
    real = open

    def refusing(path, *args, **options):
        if str(path).endswith('a.jsonl'):
            raise PermissionError(13, 'Permission denied', path)
        return real(path, *args, **options)

    monkeypatch.setattr('builtins.open', refusing)
    status, document = found(capsys, 'a.jsonl', 'b.jsonl')
    assert (status, document['files'][0]['unread']) == (1, 'Permission denied')
    status, lines, errors = merged(capsys, 'a.jsonl', 'b.jsonl')
    assert (status, lines) == (1, [line(2)])
    assert 'a.jsonl cannot be read: Permission denied' in errors


# --- merge ----------------------------------------------------------------------------


def test_each_record_once_byte_for_byte(folder, capsys):
    """The order stays; a number that Python would write in another way stays as well."""
    mb = '{"mb":{"run_id":"r","record_id":"x-01"},'
    odd = mb + '"a":1.50,"b":12345678901234567890123,"c":"007"}'
    Path('a.jsonl').write_text(f'{line(2)}\n{odd}\n{OLD}\n')
    with gzip.open('b.jsonl.gz', 'wt') as file:
        file.write(
            f'{line(2)}\n{line(1)[:20]}{line(1)}\n{{"n": 1}}\n{line(3)[:20]}\ntext\n'
        )
    assert merge.main(['a.jsonl', 'b.jsonl.gz', '-o', 'all.jsonl']) == 0
    assert Path('all.jsonl').read_text().splitlines() == [
        line(2),
        odd,
        OLD,
        line(1),
        '{"n": 1}',
    ]
    assert capsys.readouterr().err == (
        'microbench merge: 5 records of 2 files; left out: 1 duplicated record, '
        '1 torn line, 1 foreign line\n'
    )
    assert names() == ['a.jsonl', 'all.jsonl', 'b.jsonl.gz']


@pytest.mark.parametrize(
    ('words', 'outfile', 'message'),
    [
        (['a.jsonl'], 'a.jsonl', 'is one of the files that are read'),
        (['.'], './new.jsonl', 'is one of the files that are read'),
        (['*.jsonl'], 'link.jsonl', 'is one of the files that are read'),
        (['a.jsonl'], 'there.txt', 'there.txt exists: name a new file'),
        (['a.jsonl'], 'new.jsonl.gz', 'would not be compressed'),
    ],
)
def test_a_name_that_is_refused(words, outfile, message, folder, capsys):
    """Neither an input nor any other file is written over."""
    Path('a.jsonl').write_text(f'{line(1)}\n')
    Path('link.jsonl').symlink_to('a.jsonl')
    Path('there.txt').write_text('precious')
    before = names()
    assert merge.main([*words, '-o', outfile]) == 2
    assert message in capsys.readouterr().err
    assert names() == before
    assert Path('there.txt').read_text() == 'precious'


def test_a_full_disk(folder, capsys):
    """An error while it is written leaves no file behind."""
    Path('a.jsonl').write_text(f'{line(1)}\n' * 2)

    class Full(list):
        def write(self, _):
            raise OSError(28, 'No space left on device')

    files = merge.Merged(['a.jsonl'])
    with pytest.raises(OSError, match='No space'), merge.new_file('new.jsonl'):
        files.write(Full())
    assert names() == ['a.jsonl']


# --- any contents ---------------------------------------------------------------------

TEXT = f'{line(1)}\n{OLD}\n{line(2, x="é", y=[1, {}])}\n'.encode()


def kinds_and_texts(contents):
    """Return the kinds of damage, and what was read."""
    kinds = []
    return kinds, list(RawLines([contents], kinds.append))


def test_each_beginning_of_a_file():
    """Whole records are read, and at most the last line is torn."""
    for end in range(len(TEXT) + 1):
        kinds, pairs = kinds_and_texts(TEXT[:end])
        lines = Lines([TEXT[:end]])
        assert repr([record for record, _ in pairs]) == repr(list(lines))
        assert len(kinds) == lines.damaged
        assert kinds in ([], ['torn'])
        assert all(text in TEXT for _, text in pairs)


@given(st.lists(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(0, 255)), max_size=4))
def test_bytes_that_changed(changes):
    """Records are those of every other reader; their text says the same again."""
    contents = bytearray(TEXT)
    for place, value in changes:
        contents[place] = value
    kinds, pairs = kinds_and_texts(bytes(contents))
    lines = Lines([bytes(contents)])
    assert repr([record for record, _ in pairs]) == repr(list(lines))
    assert len(kinds) == lines.damaged
    again = Lines([b''.join(text + b'\n' for _, text in pairs)])
    assert repr(list(again)) == repr([record for record, _ in pairs])
    assert again.damaged == 0
    assert all(schema_of(record) in (None, '2', '3') or record for record, _ in pairs)


def test_merged_files_read_alike(folder, capsys):
    """What `read` finds in a directory is what it finds in the merged file."""
    for number in range(12):
        Path(f'{number}.jsonl').write_text(f'{line(number)}\n{line(number + 1)}\n')
    assert merge.main(['.', '-o', 'all.txt']) == 0
    assert [r['mb']['record_id'] for r in read('all.txt')] == [
        f'aa-{n:02x}' for n in range(13)
    ]
