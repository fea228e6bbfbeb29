"""Patterns that stand for many files, wherever files are read."""

import json
import os
import sys
import warnings
from pathlib import Path

import pytest

from microbench import FileOutput, MicroBench
from microbench.cli.view import convert, recover, show, tail
from microbench.journal import patterns
from tests.fakes import python

NAMES = ['results-1.jsonl', 'results-2.jsonl', 'results-10.jsonl']


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write three files of one record each to the current directory."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(NAMES):
        with MicroBench(name, rank=number).record():
            pass
    return NAMES


def ranks(pattern):
    """Return the `rank` of each record."""
    return [record['rank'] for record in FileOutput(pattern).get_results()]


@pytest.mark.parametrize(
    ('pattern', 'expected'),
    [
        ('results-*.jsonl', [0, 1, 2]),
        ('results-?.jsonl', [0, 1]),
        ('*', [0, 1, 2]),
        ('./*-1*', [0, 2]),
        (b'*2.jsonl', [1]),
        ('**/results-1?.jsonl', [2]),
    ],
)
def test_all_files_are_read(pattern, expected, files):
    """Files are read in the order of their numbers."""
    assert ranks(pattern) == expected
    frame = FileOutput(pattern).get_results(format='df', flat=True)
    assert frame['rank'].tolist() == expected


def test_a_directory_is_passed_over(files, tmp_path):
    """A directory, or a named pipe that cannot be read back, is skipped."""
    (tmp_path / 'results-3.jsonl').mkdir()
    os.mkfifo(tmp_path / 'results-4.jsonl')
    assert ranks('results-*') == [0, 1, 2]


def test_a_file_of_that_name_is_what_is_meant(files, tmp_path):
    """A file with the literal name is read alone, whatever would match."""
    with MicroBench('results-*.jsonl', rank=7).record():
        pass
    assert ranks('results-*.jsonl') == [7]
    assert patterns.is_pattern('other-*.jsonl')


def test_brackets_are_part_of_a_name(files, tmp_path):
    """A file with brackets that does not exist has no records of others."""
    assert ranks('results-[1].jsonl') == []
    for number, name in enumerate(['run1', 'run[1]']):
        with MicroBench(f'{tmp_path}/{name}-a.jsonl', rank=number).record():
            pass
    assert ranks('run[1]-*.jsonl') == [1]


def test_pipes_and_directories_are_passed_over_by_the_command(files, tmp_path, capsys):
    """A pipe without a writer would never end; a link that leads nowhere is an error."""
    (tmp_path / 'results-3.jsonl').mkdir()
    os.mkfifo(tmp_path / 'results-4.jsonl')
    assert convert.main(['results-*']) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    (tmp_path / 'results-5.jsonl').symlink_to('nowhere')
    assert convert.main(['results-*']) == 2
    assert 'cannot read results-5.jsonl' in capsys.readouterr().err


def test_the_record_of_a_killed_process_without_a_file(files):
    """A journal whose name matches is read and recovered."""
    code = (
        'import os; from microbench import MicroBench\n'
        'MicroBench("results-11.jsonl", rank=3).record_on_exit("all")\n'
        'os.kill(os.getpid(), 9)'
    )
    assert python(code).returncode == -9
    assert not Path('results-11.jsonl').exists()
    assert ranks('results-*.jsonl') == [0, 1, 2, 3]
    assert recover.main(['results-*.jsonl']) == 0
    assert Path('results-11.jsonl').exists()
    assert ranks('results-*.jsonl') == [0, 1, 2, 3]


@pytest.mark.parametrize('pattern', ['nothing-*.jsonl', 'none/*', '*.gz'])
def test_nothing_matches(pattern, files, capsys):
    """One sentence reports a pattern without files, everywhere."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        assert FileOutput(pattern).get_results() == []
    assert [str(w.message) for w in caught] == [f'no file matches {pattern!r}']
    for command in (show, convert, recover):
        assert command.main([pattern]) == 2
        assert f'no file matches {pattern}' in capsys.readouterr().err


def test_the_subcommands(files, capsys):
    """A table names each file; all records are converted."""
    assert show.main(['results-*.jsonl']) == 0
    out = capsys.readouterr().out
    assert [line.split()[1] for line in out.splitlines()[3:]] == files
    assert convert.main(['*-1*', 'results-2.jsonl']) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize('path', ['results-*.jsonl', '.', './'])
def test_the_last_records_of_many_files(path, files, capsys):
    """The command shows those that ended last, and has no others to show."""
    assert tail.main([path, '--no-follow', '--json', '-n', '2']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)['rank'] for line in lines] == [1, 2]
    assert tail.main(['*.csv', '--no-follow']) == 2
    assert 'no file matches *.csv' in capsys.readouterr().err


def test_a_directory_for_a_subcommand(files, capsys):
    """It stands for its result files; one without any is a sentence and status 2."""
    assert show.main(['.']) == recover.main(['.']) == 0
    assert '3 records' in capsys.readouterr().out
    Path('empty').mkdir()
    for command in (show, convert, recover):
        assert command.main(['empty']) == 2
        assert 'there are no result files (*.jsonl) in empty' in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != 'linux', reason='any bytes in a name')
def test_names_of_any_bytes(files, tmp_path):
    """A name that is not UTF-8 is found as well."""
    Path('results-2.jsonl').rename(os.fsdecode(b'results-\xff.jsonl'))
    assert sorted(ranks('results-*.jsonl')) == [0, 1, 2]
