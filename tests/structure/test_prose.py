"""tools/prose.py finds the words on its list, in prose only."""

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools' / 'prose.py'


@pytest.fixture(scope='module')
def prose():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location('prose', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_listed_words_are_found(prose, tmp_path):
    """A complaint has line and word, also where a line ends inside the phrase."""
    page = tmp_path / 'page.md'
    page.write_text(
        'Nobody is\ntold.\nWhat is no\nfunction belongs  into a block, of hours.\n'
    )
    found = [(line, word) for line, word, _ in prose.complaints(page)]
    assert found == [
        (1, 'Nobody'),
        (2, 'told'),
        (3, 'What is no function'),
        (4, 'belongs into'),
    ]


SOURCES = {
    'a.py': '"""\nIs told."""\ntold = f("told", \'told\')\n\n# what is\n# no way\n',
    'a.pyx': 'cdef int told(int n):\n    """Is told."""\n    told()\n\n# what is no way\n',
    'a.c': 'char *told = "//told";\n// is told\nint c = \'"\';\n/* what\n * is no way */',
    'a.md': '`told`\nIs told.\n```sh\ntold\n```\n\n``told`` what is no way\n',
    'a.sh': 'told=1 # or\n# is told\necho $#told\n\n  # what is no way\n',
}
LINES = {
    'a.py': [2, 5],
    'a.pyx': [2, 5],
    'a.c': [2, 4],
    'a.md': [2, 7],
    'a.sh': [2, 5],
}


@pytest.mark.parametrize('name', SOURCES)
def test_only_prose_is_read(prose, tmp_path, name):
    """Identifiers, strings and blocks of code may contain a listed word."""
    path = tmp_path / name
    path.write_text(SOURCES[name])
    found = [(line, word) for line, word, _ in prose.complaints(path)]
    first, second = LINES[name]
    assert found == [(first, 'told'), (second, 'what is no way')]


def test_each_word_has_its_reason(prose):
    """The complaint says why the word is on the list and what to write instead."""
    for word, reason in prose.WORDS.items():
        assert ': ' in reason, word


def test_the_tree_is_clean(prose, capsys):
    """No file of the repository contains a listed word in its prose."""
    assert (prose.main([]), capsys.readouterr().out) == (0, '')
