"""The comparison of a run with one that is switched off."""

import pytest


def test_equal_programs(same):
    """A program that prints the same either way passes, and leaves its record."""
    ran = same("""
        from microbench import MicroBench

        bench = MicroBench('records.jsonl')
        with bench.record('work'):
            print('done')
    """)
    assert [record['call']['name'] for record in ran.records] == ['work']


def test_a_difference_fails(same):
    """A difference raises an assertion that shows both runs."""
    with pytest.raises(AssertionError, match='off'):
        same("import os; print(os.environ.get('MICROBENCH'))")
