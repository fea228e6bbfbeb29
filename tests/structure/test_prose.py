"""The check of prose finds the words on its list, and only those."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'prose.py'


@pytest.fixture(scope='module')
def prose():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location('prose', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_listed_words_are_found(prose):
    """Line and word are reported, also where a line ends inside the word."""
    text = '# Nobody is\n# told.\nWhat is no\nfunction belongs  into a block, of hours.\n'
    found = [(line, word) for line, word, _ in prose.complaints(text)]
    assert found == [
        (1, 'Nobody'),
        (2, 'told'),
        (3, 'What is no function'),
        (4, 'belongs into'),
    ]


def test_each_word_has_its_reason(prose):
    """The complaint says why the word is on the list and what to write instead."""
    for word, reason in prose.WORDS.items():
        assert ': ' in reason, word


def test_what_is_to_do_is_in_the_tree(prose):
    """A file or folder that is gone is off the list as well."""
    missing = [each for each in prose.TO_DO if not prose.ROOT.joinpath(each).exists()]
    assert missing == []
