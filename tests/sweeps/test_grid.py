"""The points of a sweep, and what is wrong with them."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microbench.sweeps.grid import grid_of, shown

AXES = st.dictionaries(
    st.sampled_from('abcd'),
    st.lists(st.integers(0, 9), min_size=1, unique=True),
    min_size=1,
)


@settings(max_examples=20)
@given(AXES)
def test_a_product_has_all_combinations(axes):
    """In the order of itertools.product, without a list of them."""
    grid = grid_of(axes)
    expected = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())
    ]
    assert [grid[n] for n in range(len(grid))] == expected
    assert [grid.shown(n) for n in range(len(grid))] == expected


def test_dicts_are_points():
    """An iterator of them is read once."""
    grid = grid_of({'n': n} for n in (3, 1))
    assert [grid[n] for n in range(len(grid))] == [{'n': 3}, {'n': 1}]


@pytest.mark.parametrize(
    ('grid', 'words'),
    [
        ({}, 'the grid is empty: it has no names'),
        ([], 'the grid is empty: it has no point'),
        ({'n': []}, "the grid is empty: 'n' has no values"),
        ({'n': [1, 2, 1]}, "grid: 'n' has 1 twice"),
        ([{'n': 1}, {'m': 1}, {'n': 1}], 'point 2 of the grid repeats point 0'),
        ({'n': 'abc'}, "grid: 'n' needs a list of values, not 'abc'"),
        ({'n': 3}, "grid: 'n' needs a list of values, not 3"),
        ({3: [1]}, 'grid: names of arguments are text, not 3'),
        ([1], 'point 0 of the grid has to be a dict, not 1'),
        ('n', "grid has to be a dict of lists or a list of dicts, not 'n'"),
        (7, 'grid has to be a dict of lists or a list of dicts, not 7'),
    ],
    ids=str,
)
def test_a_wrong_grid_is_rejected(grid, words):
    """In one sentence that says where."""
    with pytest.raises((TypeError, ValueError), match=f'^{re.escape(words)}'):
        grid_of(grid)


def test_values_are_distinct_as_records_show_them():
    """1, 1.0, True and '1' are four values."""
    assert len(grid_of({'n': [1, 1.0, True, '1', None]})) == 5


def test_a_large_value_is_shown_as_a_summary():
    """It would be repeated in every record."""
    found = shown('x' * 100_000)
    assert (found['summarized'], found['length']) == (True, 100_000)


def test_functions_are_shown_by_name():
    """A grid may have implementations to compare."""
    assert [shown(sorted), shown(dict)] == ['sorted', 'dict']
