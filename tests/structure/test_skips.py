"""MICROBENCH_REQUIRE_ALL allows skips whose reason names other versions."""

import pytest

from tests.conftest import is_for_other_versions


@pytest.mark.parametrize(
    ('reason', 'allowed'),
    [
        ('Skipped: runs from CPython 3.14 on', [(3, 10), (3, 13)]),
        ('Skipped: runs before CPython 3.15: no wheel of jpype1', [(3, 15), (3, 16)]),
        ("could not import 'redis': No module named 'redis'", []),
        ('needs CPython', []),
        (None, []),
    ],
)
def test_versions_in_a_reason(reason, allowed):
    """A reason that names this interpreter's version too is not allowed."""
    versions = [(3, 10), (3, 13), (3, 14), (3, 15), (3, 16)]
    assert [v for v in versions if is_for_other_versions(reason, v)] == allowed
