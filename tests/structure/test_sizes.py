"""Functions of a few lines, files of one subject: `make sizes` prints how long they are."""

import pytest

from tests.fakes import ROOT
from tools import sizes

LONGEST_FILE = 350
MADE = ('microbench/record.py',)  # from a table with a line for each field
LONG_FUNCTION = 15  # at most one function of ten is longer


def test_functions_are_short():
    """Nine of ten have at most 15 lines, without their docstrings."""
    lengths = sizes.functions()
    assert sizes.percentile(lengths, 90) <= LONG_FUNCTION, lengths[:5]


def test_files_are_short():
    """No file of the package that a person writes has more than 350 lines."""
    long = [one.where for one in sizes.files() if one.lines > LONGEST_FILE]
    assert [where for where in long if where not in MADE] == []


@pytest.mark.parametrize('where', MADE)
def test_files_that_are_made_say_so(where):
    """And from which page."""
    assert 'This file is made by' in (ROOT / where).read_text('utf-8')


def test_docstrings_do_not_count(tmp_path, monkeypatch):
    """A function is as long as its code, a file as long as it is."""
    monkeypatch.setattr(sizes, 'ROOT', tmp_path)
    monkeypatch.setattr(sizes, 'PACKAGE', tmp_path)
    code = 'def f():\n    """One\n\n    two."""\n\n    def g():\n        pass\n'
    (tmp_path / 'a.py').write_text(code)
    assert sizes.functions() == [(4, 'a.py:1 f'), (2, 'a.py:6 g')]
    assert sizes.files() == [(7, 'a.py')]
