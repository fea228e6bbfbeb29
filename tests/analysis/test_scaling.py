"""How a time grows with a number."""

from random import Random

import pytest

from microbench.analysis.scaling import Scaling

SIZES = [1, 2, 4, 8, 16, 32]


def test_a_power_law():
    """The interval has the exponent."""
    random = Random(1)
    times = [n**1.5 * random.lognormvariate(0, 0.02) for n in SIZES]
    found = Scaling(SIZES, times)
    assert found.low < 1.5 < found.high
    assert found.high - found.low < 0.1
    assert found.why == ''


def test_what_is_no_power_law():
    """A constant beside it bends the line."""
    found = Scaling(SIZES, [1 + 0.1 * n for n in SIZES])
    assert found.why.startswith('not a power law')


@pytest.mark.parametrize(
    ('sizes', 'times', 'why'),
    [
        ([1, 2, 4], [1, 2, 4], 'fewer than 4 sizes'),
        ([], [], 'a size of 0 or less has no logarithm'),
        ([0, 1, 2, 3], [1, 2, 3, 4], 'a size of 0 or less has no logarithm'),
        ([1, 2, 3, 4], [0, 2, 3, 4], 'a time of 0 has no logarithm'),
    ],
)
def test_no_exponent(sizes, times, why):
    """Too few points say nothing."""
    found = Scaling(sizes, times)
    assert (found.exponent, found.why) == (None, why)
