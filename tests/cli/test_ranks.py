"""`microbench ranks`: a sentence, and a table, about the ranks of a program."""

import csv
import json
from pathlib import Path

import pytest

from microbench.cli.view import ranks
from tests.fakes import ROOT

SAMPLE = str(ROOT / 'docs' / 'samples' / 'ranks.jsonl')


def test_the_answer_comes_first(capsys):
    """Then a row for the runs and each phase."""
    assert ranks.main([SAMPLE]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == (
        'Rank 2 of simulate was slow in solve: 1.49 s where the mean of 4 ranks is '
        '740 ms, 102 % more.'
    )
    assert ' '.join(lines[2].split()) == 'name n ranks min mean max imbalance slowest'
    assert [line.split()[0] for line in lines[3:]] == ['simulate', 'read', 'solve']
    assert err == ''


def test_for_other_programs(capsys):
    """JSON and CSV have the same figures, Markdown a table."""
    ranks.main([SAMPLE, '--json'])
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ranks.main([SAMPLE, '--csv'])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row['slowest'] for row in rows] == [str(one['slowest']) for one in objects]
    assert [one['phase'] for one in objects] == [None, 'read', 'solve']
    ranks.main([SAMPLE, '--markdown'])
    assert capsys.readouterr().out.startswith('| name | n | ranks | min |')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (
            [str(ROOT / 'docs/samples/grid.jsonl')],
            'no run with process.rank that went well',
        ),
        ([SAMPLE, '--filter', 'process.rank > 7'], 'the condition does not hold'),
    ],
)
def test_nothing_to_compare_is_said(capsys, words, message):
    """With status 2."""
    assert ranks.main(words) == 2
    assert message in capsys.readouterr().err


def test_what_is_left_out_is_counted(capsys, tmp_path):
    """On standard error."""
    path = tmp_path / 'r.jsonl'
    path.write_text(
        Path(SAMPLE).read_text() + '{"mb":{"run_id":"x"},"call":{"name":"f"}}\n'
    )
    assert ranks.main([str(path)]) == 0
    assert capsys.readouterr().err == (
        'microbench ranks: 1 record left out: no rank, or a failed run\n'
    )
