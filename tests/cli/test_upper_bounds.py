"""Sizes that are upper bounds, as `show` and `diff` print them."""

import json

import pytest

from microbench.cli.view.diff import main as diff
from microbench.cli.view.show import main as show

SIZE = 11 * 2**20


@pytest.fixture
def file(tmp_path):
    """Return a file of records with these sizes, each with whether it is a bound."""

    def write(*records):
        path = tmp_path / 'sizes.jsonl'
        path.write_text(''.join(map(line, records)))
        return str(path)

    return write


def line(runs):
    """Return a record of some runs."""
    usage = [
        {'maxrss': size, **({'maxrss_is_upper_bound': True} if bound else {})}
        for size, bound in runs
    ]
    peak = {'peak_memory_bytes': max(size for size, _ in runs)}
    if all(bound for _, bound in runs):
        peak['peak_memory_is_upper_bound'] = True
    call = {'name': 'true', 'durations': [1.0] * len(runs), **peak}
    return json.dumps({'mb': {}, 'call': call, 'resource_usage': usage}) + '\n'


def test_show_marks_them(file, capsys):
    """`show` marks each run by itself."""
    show([file([(SIZE, True), (2 * SIZE, False)]), '0'])
    lines = capsys.readouterr().out.splitlines()
    first, second = [row for row in lines if 'MiB' in row][-2:]
    assert '≤ 11.0 MiB' in first
    assert '22.0 MiB' in second
    assert '≤' not in second


def test_diff_compares_no_bounds(file, capsys):
    """An upper bound gives no ratio."""
    diff([file([(SIZE, True)], [(2 * SIZE, False)])])
    rows = [row for row in capsys.readouterr().out.splitlines() if 'memory' in row]
    assert len(rows) == 2
    for row in rows:
        assert '≤ 11.0 MiB' in row
        assert '22.0 MiB' in row
        assert 'times' not in row


def test_diff_of_a_record_with_one_that_was_measured(file, capsys):
    """The largest of all runs counts, if it was measured."""
    diff([file([(SIZE, True), (2 * SIZE, False)], [(4 * SIZE, False)])])
    rows = [row for row in capsys.readouterr().out.splitlines() if 'memory' in row]
    for row in rows:
        assert '≤' not in row
        assert '2.0 times more' in row
