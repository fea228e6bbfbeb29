"""One line about many durations."""

import pytest

from microbench import MicroBenchBase, summary
from tests.fakes import Ticking

NOTHING = 'No call.durations in these results.\n'


def of(*durations):
    """A record with these durations."""
    return {'call': {'durations': list(durations)}}


def test_the_line(capsys):
    """Six decimals, two blanks between the items; stdev is that of a sample."""
    assert summary([of(0.12, 0.14), of(0.14), of(0.18)]) is None
    expected = 'n=4  min=0.120000  mean=0.145000  median=0.140000  '
    assert capsys.readouterr().out == expected + 'max=0.180000  stdev=0.025166\n'


def test_one_duration(capsys):
    """A single value has no standard deviation."""
    summary([of(2)])
    expected = 'n=1  min=2.000000  mean=2.000000  median=2.000000  '
    assert capsys.readouterr().out == expected + 'max=2.000000  stdev=nan\n'


def test_all_durations_are_pooled(capsys):
    """Records with several durations, and with none, count by their durations."""
    summary([of(1.0, 2.0), of(), of(3.0, 4.0, 5.0)])
    expected = 'n=5  min=1.000000  mean=3.000000  median=3.000000  '
    assert capsys.readouterr().out == expected + 'max=5.000000  stdev=1.581139\n'


def test_flat_results(capsys):
    """What `get_results(flat=True)` returns is summarised alike."""
    bench = MicroBenchBase(duration_counter=Ticking(), iterations=2)
    bench(len)('')
    bench(len)('')
    summary(bench.get_results())
    nested = capsys.readouterr().out
    summary(bench.get_results(flat=True))
    assert capsys.readouterr().out == nested
    assert nested.startswith('n=4  min=1.000000  mean=1.000000  ')


def test_of_a_bench(capsys):
    """`bench.summary()` is that of its results."""
    bench = MicroBenchBase(duration_counter=Ticking(0.5))
    bench(len)('')
    assert bench.summary() is None
    assert capsys.readouterr().out.startswith('n=1  min=0.500000  ')


def test_of_a_bench_without_records(capsys):
    """Nothing measured is one sentence."""
    MicroBenchBase().summary()
    assert capsys.readouterr().out == NOTHING


MALFORMED = [
    *[{}, None, 5, 'text', ['call'], {'call': None}, {'call': 5}, {'call': {}}],
    *[of(), of(None), of('1.0'), of([1.0])],
    *[{'call': {'durations': value}} for value in (None, 5, 'text', {'a': 1.0})],
    *[{'call.durations': value} for value in (None, 5, 'text', [])],
]


@pytest.mark.parametrize('record', MALFORMED, ids=repr)
def test_malformed_records(record, capsys):
    """They are passed over, alone and among others."""
    summary([record])
    assert capsys.readouterr().out == NOTHING
    summary([record, of(1.0), record, of(3.0)])
    assert capsys.readouterr().out.startswith('n=2  min=1.000000  mean=2.000000  ')


def test_lost_durations(capsys):
    """What a failed clock left in a list is passed over; the others count."""
    summary([of(1.0, None, 3.0)])
    assert capsys.readouterr().out.startswith('n=2  min=1.000000  mean=2.000000  ')


@pytest.mark.parametrize('kind', [list, tuple, iter])
def test_any_iterable(kind, capsys):
    """Results may come one after the other."""
    summary(kind([of(1.0), of(2.0)]))
    assert capsys.readouterr().out.startswith('n=2  ')
    summary(kind([]))
    assert capsys.readouterr().out == NOTHING


def test_whole_numbers(capsys):
    """Nanoseconds, and integers of any size, are shown in the same way."""
    summary([of(10**9, 3 * 10**9), of(2 * 10**9)])
    out = capsys.readouterr().out
    assert out.startswith('n=3  min=1000000000.000000  mean=2000000000.000000  ')
