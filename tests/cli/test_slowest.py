"""`microbench diff` without numbers: the slowest of many records and the middle one."""

import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.cli.view.diff import main
from microbench.cli.view.entries import Entry
from microbench.cli.view.slowest import slowest
from tests.cli.samples import write


def run(seconds, name='fit', **rest):
    """Return a record of one run."""
    call = {'name': name, 'durations': [seconds], **rest.pop('call', {})}
    return {'mb': {'duration_counter': 'perf_counter'}, 'call': call, **rest}


def chosen(records):
    """Return the numbers of the middle record and of the slowest."""
    pair = slowest(Entry(number, 'x', record) for number, record in enumerate(records))
    return pair and (pair.middle, pair.slowest)


FAILED = {'exception': {'type': 'ValueError', 'message': ''}}
KILLED = {'exit_path': 'recovered', 'recovered': {'duration_is_lower_bound': True}}


@pytest.mark.parametrize(
    ('records', 'pair'),
    [
        ([run(1.0), run(5.0), run(2.0)], (2, 1)),
        ([run(1.0), run(4.0), run(2.0), run(3.0)], (2, 1)),
        ([run(1.0), run(2.0)], None),
        ([], None),
        ([run(1.0), run(2.0), run(3.0, **FAILED), run(9.0, **KILLED)], None),
        ([run(1.0), run(2.0), run(4.0), run(9.0, **FAILED), run(9.0, **KILLED)], (1, 2)),
        # the largest ratio, not the longest time
        (
            [run(9.0, 'a'), run(9.0, 'a'), run(9.1, 'a'), run(1.0), run(2.0), run(1.0)],
            (5, 4),
        ),
        # other arguments of a command are another kind
        ([run(n, call={'command': ['sleep', str(n)]}) for n in (1, 2, 3)], None),
        ([run(0.0), run(0.0), run(0.0)], (1, 2)),
        ([run(float('nan')), run(1.0), run(2.0), {'call': 3}, {}], None),
    ],
)
def test_which_two_are_compared(records, pair):
    """Of the kind with the largest ratio, the slowest and the middle one."""
    assert chosen(records) == pair


@given(st.lists(st.floats(0.001, 1000), min_size=3, max_size=30))
def test_at_least_as_many_are_slower_as_are_faster(times):
    """The middle one has half of the others on each side, and none is above the slowest."""
    middle, last = chosen(map(run, times))
    assert times[last] == max(times)
    assert sorted(times)[(len(times) - 1) // 2] == times[middle]


def test_the_answer_says_which_were_compared(tmp_path, capsys):
    """The sentence comes first, and the choice last."""
    path = write(
        tmp_path / 'x', [run(s, process={'rank': r}) for r, s in enumerate((1, 9, 2))]
    )
    assert main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '#1 is 4.5 times slower than #2.'
    assert '~  process.rank  2  ->  1' in lines
    assert lines[-1] == "of 3 runs of 'fit', #1 is the slowest and #2 the middle one"


def test_the_choice_as_json(tmp_path, capsys):
    """A program reads the numbers in the first line."""
    path = write(tmp_path / 'x', [run(1.0), run(9.0), run(2.0)])
    main([str(path), '--json'])
    first = capsys.readouterr().out.splitlines()[0]
    assert json.loads(first) == {'kind': 'records', 'left': 2, 'right': 1}


def test_two_records_are_compared_as_they_stand(tmp_path, capsys):
    """Nothing is chosen where there is no choice."""
    path = write(tmp_path / 'x', [run(9.0), run(1.0, 'other')])
    main([str(path)])
    assert capsys.readouterr().out.startswith('#1 is 9.0 times faster than #0.')


def test_standard_input_is_read_once(monkeypatch, tmp_path, capsys):
    """So two have to be chosen there."""
    path = write(tmp_path / 'x', [run(1.0), run(9.0), run(2.0)])
    with Path(path).open('rb') as file:
        monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(file))
        assert main(['-']) == 2
    assert 'standard input holds 3 records; choose two' in capsys.readouterr().err
