"""Intervals of medians: exact for independent values, wider where they are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench.measuring.interval import (
    FEWEST,
    independent_values,
    interval,
    interval_of_series,
)

NUMBERS = st.floats(-1e6, 1e6, width=32)


def correlated(count, share, rng):
    """Return values each of which is like the last one, by this share."""
    value, values = rng.gauss(0, 1), []
    for _ in range(count):
        value = share * value + rng.gauss(0, (1 - share * share) ** 0.5)
        values.append(value)
    return values


def covered(make, count, repeats):
    """Return how often the interval of a series has the true median, 0."""
    rng = random.Random(1)
    ends = (interval_of_series(make(count, rng)) for _ in range(repeats))
    return sum(low <= 0 <= high for low, high in ends) / repeats


@given(st.lists(NUMBERS, max_size=60))
def test_of_any_series(values):
    """Its ends are in the range of the values, and around their median."""
    ends = interval_of_series(values)
    if len(values) < FEWEST:
        assert ends is None
    else:
        ordered = sorted(values)
        low, high = ends
        assert ordered[0] <= low <= high <= ordered[-1]


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_values_count_at_most_as_themselves(values):
    """A series tells no more than so many independent values, and at least as one."""
    assert 1 <= independent_values(values, sorted(values)[len(values) // 2]) <= len(values)


def test_independent_values():
    """Their interval is that of order statistics, nearly: 95 %, and a little more."""
    assert covered(lambda n, rng: [rng.gauss(0, 1) for _ in range(n)], 100, 300) >= 0.95
    assert covered(lambda n, rng: [rng.gauss(0, 1) ** 3 for _ in range(n)], 30, 300) >= 0.95


def test_values_that_depend_on_those_before():
    """Where each is like the last one, their order statistics miss the median often."""
    rng = random.Random(2)
    series = [correlated(200, 0.8, rng) for _ in range(200)]
    naive = sum(low <= 0 <= high for low, high in map(interval, map(sorted, series))) / 200
    assert naive < 0.75
    assert covered(lambda n, rng: correlated(n, 0.8, rng), 200, 300) > 0.91


def test_a_step():
    """A change of speed in the middle makes the interval as wide as the change."""
    rng = random.Random(3)
    values = [(1 if n < 50 else 2) + rng.gauss(0, 0.01) for n in range(100)]
    low, high = interval_of_series(values)
    assert low < 1.1
    assert high > 1.9


@pytest.mark.parametrize('values', [[3.0] * 20, [0.0] * 6])
def test_equal_values(values):
    """Their interval is their value."""
    assert interval_of_series(values) == (values[0], values[0])
