"""How records and their runs ended."""

import pytest

from microbench import MicroBench
from microbench.cli.view.groups import Groups
from microbench.comparison.samples import Side
from microbench.results.endings import Endings


@pytest.fixture
def raised(tmp_path):
    """Return the record of four iterations whose last one raised."""
    bench = MicroBench(tmp_path / 'records.jsonl', iterations=9)
    calls = iter(range(9))

    @bench
    def work():
        if next(calls) == 3:
            raise ZeroDivisionError('it is 3')

    with pytest.raises(ZeroDivisionError):
        work()
    return bench.get_results()[0]


def test_an_iteration_that_raised(raised):
    """Only the last of several iterations failed; a single one is the record's own end."""
    ends = Endings(raised)
    assert ends.runs == ['', '', '', 'ZeroDivisionError']
    assert (ends.outcome, ends.failed, ends.is_partial) == ('ZeroDivisionError', 1, True)
    raised['call']['durations'] = [1.0]
    assert Endings(raised).runs == []


def test_it_is_averaged_nowhere(raised):
    """Groups of `show` and sides of a comparison leave it out, and count it."""
    raised['call']['durations'] = [1.0, 2.0, 3.0, 9.0]
    groups = Groups()
    groups.add(raised)
    [group] = groups.found()
    assert (group.runs.count, group.runs.total, group.failed) == (3, 6.0, 1)
    [group] = Side('base', [raised]).groups.values()
    assert (group.runs.in_order()[0], group.failed) == ([1.0, 2.0, 3.0], 1)
