"""Ranks of a parallel program: which one was slow, and in which phase."""

import re

import pytest

from microbench import ranks


def record(rank, *, name='fit', **phases):
    """Return the record of a rank with these phases."""
    timings = [{'name': phase, 'duration': time} for phase, time in phases.items()]
    call = {'name': name, 'durations': [sum(phases.values())], 'timings': timings}
    return {'call': call, 'process': {'rank': rank, 'ranks': 3}}


def figures(found):
    """Return the figures of each row."""
    return [
        (row.phase, row.min, row.mean, row.max, row.imbalance, row.slowest, row.records)
        for row in found
    ]


def test_the_figures_of_each_phase():
    """Minimum, mean, maximum, max / mean - 1, and the slowest rank."""
    found = ranks(
        [record(0, a=1.0, b=2.0), record(1, a=1.0, b=4.0), record(2, a=4.0, b=3.0)]
    )
    assert figures(found) == [
        (None, 3.0, 5.0, 7.0, pytest.approx(0.4), 2, 3),
        ('a', 1.0, 2.0, 4.0, 1.0, 2, 3),
        ('b', 2.0, 3.0, 4.0, pytest.approx(1 / 3), 1, 3),
    ]


def test_the_records_of_a_rank_are_added_up():
    """Also several phases of one name, and totals of many."""
    totals = record(0, a=1.0)
    totals['call']['timings_summary'] = [{'name': 'a', 'count': 9, 'sum': 5.0}]
    found = ranks([record(0, a=1.0), record(0, a=2.0), record(1, a=3.0), totals])
    assert figures(found)[1] == ('a', 3.0, 5.5, 8.0, pytest.approx(8 / 5.5 - 1), 0, 4)


def test_a_phase_of_one_rank_is_found():
    """The others spent no time in it, but waited."""
    slow = [
        record(0, save=2.0, wait=0.0),
        *(record(rank, wait=2.0) for rank in range(1, 4)),
    ]
    found = ranks(slow)
    assert found.answer == (
        'Rank 0 of fit was slow in save: 2.00 s where the mean of 4 ranks is 500 ms, '
        '300 % more.'
    )


def test_waiting_ranks_are_not_called_slow():
    """The slow rank is the one that the others wait for."""
    some = [record(rank, solve=1.0, wait=3.0) for rank in range(7)]
    assert 'Rank 7 of fit was slow in solve' in ranks([*some, record(7, solve=4.0)]).answer


def test_nothing_to_say():
    """Equal ranks, one rank, no rank."""
    equal = ranks([record(0, a=1.0), record(1, a=1.01)])
    assert equal.answer == (
        'No rank of fit was slow: 1.01 s where the mean of 2 ranks is 1.00 s, 0.5 % more.'
    )
    same = ranks([record(0, a=1.0), record(1, a=1.0)])
    assert same.answer == 'No rank of fit was slow: all 2 ranks took 1.00 s.'
    assert (
        ranks([record(0, a=1.0)]).answer == 'fit has one rank: there is nothing to compare.'
    )
    assert repr(ranks([])) == '<ranks: no records with a rank>'


def test_what_is_left_out():
    """Records without a rank, failures, those without durations or a known clock."""
    failed = {**record(0, a=9.0), 'exception': {'type': 'E', 'message': ''}}
    odd = {**record(0, a=9.0), 'mb': {'duration_counter': 'my_clock'}}
    empty = record(0, a=9.0)
    empty['call']['durations'] = []
    single = {'call': {'name': 'fit', 'durations': [1.0]}}
    found = ranks([failed, odd, empty, single, {}, {'process': {'rank': True}}])
    assert (found.rows, found.left_out) == ([], 6)


def test_a_path_is_no_record():
    """The message says what to write."""
    with pytest.raises(TypeError, match=re.escape("not a path: ranks(read('r.jsonl'))")):
        ranks('r.jsonl')


def test_of_two_ranks_the_one_that_waits_is_not_slow():
    """It waits as long as the other is behind: the phase that came first is the cause."""
    found = ranks([record(0, solve=0.0, wait=2.001), record(1, solve=2.0, wait=0.0)])
    assert found.answer.startswith('Rank 1 of fit was slow in solve: ')
