"""Processes that share the tests get the longest files first."""

from pathlib import Path

from tests.conftest import LONGEST, pytest_collection_modifyitems
from tests.fakes import ROOT


class Item:
    """A test of a file, as pytest collects it."""

    def __init__(self, file, name):
        self.path, self.name = ROOT / 'tests' / file, name


def test_the_longest_files_are_there():
    """Each file of LONGEST exists, and none is named twice."""
    assert [file for file in LONGEST if not Path(ROOT, 'tests', file).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_the_longest_come_first():
    """Tests of a file keep their order, and so do the other files."""
    first, second = LONGEST[:2]
    collected = [
        Item('test_a.py', '1'),
        Item(second, '1'),
        Item(second, '2'),
        Item(first, '1'),
        Item('test_b.py', '1'),
        Item('test_a.py', '2'),
    ]
    expected = [collected[n] for n in (3, 1, 2, 0, 4, 5)]
    pytest_collection_modifyitems(collected)
    assert collected == expected
