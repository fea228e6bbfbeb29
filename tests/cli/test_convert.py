"""`microbench convert`: files of before 2.0."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from microbench import MicroBench
from microbench.cli.convert import main
from tests.cli.samples import PIPELINE, SOLVE, write
from tests.results.test_flat_schema import NEW, OLD


def test_old_records_are_converted_and_others_passed_on(capsys, tmp_path):
    """In their order; the count is told apart from them."""
    path = write(tmp_path / 'x', [OLD, SOLVE, OLD])
    assert main([path]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [NEW, SOLVE, NEW]
    assert err == 'microbench: 2 converted, 1 unchanged\n'


def test_a_new_file_that_can_be_read_as_any_other(capsys, tmp_path):
    """A bench and the other subcommands find the fields where they are today."""
    paths = [write(tmp_path / 'a', [OLD]), write(tmp_path / 'b', [PIPELINE])]
    new = str(tmp_path / 'new')
    assert main([*paths, '-o', new]) == 0
    assert capsys.readouterr() == ('', 'microbench: 1 converted, 1 unchanged\n')
    assert MicroBench(new).get_results() == [NEW, PIPELINE]


def test_converting_again_changes_nothing(tmp_path, capsys):
    """So that a file that is still being written to can be converted later."""
    once, twice = tmp_path / 'once', tmp_path / 'twice'
    assert main([write(tmp_path / 'x', [OLD, SOLVE]), '-o', str(once)]) == 0
    assert main([str(once), '-o', str(twice)]) == 0
    assert once.read_bytes() == twice.read_bytes()
    assert capsys.readouterr().err.endswith('microbench: 0 converted, 2 unchanged\n')


def test_damage_is_counted_and_gives_a_status(capsys, tmp_path):
    """Whole records on a damaged line are kept."""
    torn = json.dumps({'mb': {'run_id': '1'}, 'call': 'tor'})[:-5]
    whole = json.dumps({'mb': {'run_id': '2'}, 'n': 1}, separators=(',', ':'))
    path = write(tmp_path / 'x', [OLD, torn + whole, 'nothing'])
    assert main([path]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [NEW, json.loads(whole)]
    counts = '1 converted, 1 unchanged, 2 damaged lines skipped or salvaged'
    assert err == f'microbench: {counts}\n'


def test_the_counts_as_json(capsys, tmp_path):
    """For scripts, still apart from the records."""
    assert main([write(tmp_path / 'x', [OLD, '?']), '--json']) == 1
    told = json.loads(capsys.readouterr().err)
    assert told == {'converted': 1, 'unchanged': 0, 'damaged': 1}


def test_strict_json_for_nan(capsys, tmp_path):
    """Older versions wrote tokens that are none."""
    old = json.dumps({**OLD, 'return_value': float('nan')})
    assert 'NaN' in old
    assert main([write(tmp_path / 'x', [old])]) == 0
    assert json.loads(capsys.readouterr().out)['call']['return_value'] is None


@pytest.mark.parametrize(
    ('words', 'status', 'sentence'),
    [
        (['nope'], 2, 'cannot read nope: No such file or directory'),
        (['x', '-o', 'x'], 2, 'x exists: name a new file'),
        (['x', '-o', 'no/new'], 1, 'cannot write no/new: No such file or directory'),
        (['x', 'nope', '-o', 'new'], 2, 'cannot read nope: No such file or directory'),
    ],
)
def test_wrong_input_is_told_in_a_sentence(
    words, status, sentence, capsys, tmp_path, monkeypatch
):
    """Nothing is overwritten, and no half a file is left."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'x', [OLD])
    assert main(words) == status
    assert capsys.readouterr() == ('', f'microbench convert: {sentence}\n')
    assert [entry.name for entry in tmp_path.iterdir()] == ['x']
    assert json.loads((tmp_path / 'x').read_text()) == OLD


def test_a_full_disk(tmp_path, environment):
    """Status 1 and one sentence."""
    path = write(tmp_path / 'x', [OLD])
    with Path('/dev/full').open('wb') as full:
        done = subprocess.run(
            [sys.executable, '-m', 'microbench', 'convert', path],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == 'microbench convert: cannot write: No space left on device\n'
