"""Pages of numbered rows name tests that exist, and leave no number out.

The checklist says what has become of each weakness of 2.1.0; a page `behaviour-*.md`,
which test holds what users of 2.1.0 rely on; reliability.md, which one keeps a promise.
The last column of all names tests.
"""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / 'docs' / 'development'
CHECKLIST = PAGES / 'checklist.md'
BEHAVIOUR = sorted(PAGES.glob('behaviour-*.md'))
BEHAVIOUR.append(PAGES / 'reliability.md')
STATES = ('fixed', 'later', 'open', 'documented')

each_page = pytest.mark.parametrize(
    'page', [CHECKLIST, *BEHAVIOUR], ids=lambda page: page.name
)


def rows_of(page):
    """Return the cells of the rows that begin with a number, such as W001."""
    lines = page.read_text(encoding='utf-8').splitlines()
    rows = [line.strip('| ').split(' | ') for line in lines]
    return [row for row in rows if re.fullmatch(r'[A-Z]\d+', row[0])]


def named_by(row):
    """Return path and name of each test in the last cell; it holds nothing else."""
    named = [re.fullmatch(r'`(\S+)::(\w+)`', test) for test in row[-1].split('<br>')]
    assert all(named), f'{row[0]}: {row[-1]}'
    return [test.groups() for test in named]


@functools.cache
def names_of(path):
    """Return the names of the test functions in a file; none if there is no file."""
    if not (ROOT / path).exists():
        return set()
    nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding='utf-8')))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in nodes if isinstance(node, functions)}


@each_page
def test_the_numbers_have_no_gap(page):
    """Rows are numbered from 001 in their order, after the letter of their page."""
    numbers = [row[0] for row in rows_of(page)]
    assert numbers
    letter = numbers[0][0]
    assert numbers == [f'{letter}{n:03}' for n in range(1, len(numbers) + 1)]


def test_each_page_has_its_letter():
    """The letter of a number names its page."""
    letters = [rows_of(page)[0][0][0] for page in [CHECKLIST, *BEHAVIOUR]]
    assert len(set(letters)) == len(letters)


@each_page
def test_every_named_test_exists(page):
    """A test that was renamed or removed fails with its row."""
    rows = [row for row in rows_of(page) if row[-1] != 'none']
    named = [(row[0], *test) for row in rows for test in named_by(row)]
    assert named
    assert [row for row in named if row[2] not in names_of(row[1])] == []


def test_what_it_meets_names_tests_that_exist():
    """Rows without a number name their tests as well, each row in three cells."""
    lines = (PAGES / 'reliability.md').read_text(encoding='utf-8').splitlines()
    start = lines.index('## What it meets')
    rows = [line.strip('| ').split(' | ') for line in lines[start:] if '::' in line]
    assert {len(row) for row in rows} == {3}
    named = [(row[0], *test) for row in rows for test in named_by(row)]
    assert [row for row in named if row[2] not in names_of(row[1])] == []


def test_every_weakness_has_a_state():
    """A row has four columns; its state begins with a word that is explained."""
    rows = rows_of(CHECKLIST)
    assert [row for row in rows if len(row) != 4 or not row[2].startswith(STATES)] == []


def test_what_is_fixed_has_a_test():
    """A fixed weakness names its test."""
    rows = rows_of(CHECKLIST)
    assert [r[0] for r in rows if r[2].startswith('fixed') and r[3] == 'none'] == []


@pytest.mark.parametrize('page', BEHAVIOUR, ids=lambda page: page.name)
def test_every_behaviour_has_a_test(page):
    """A row has three columns and names at least one test."""
    assert [row for row in rows_of(page) if len(row) != 3 or row[2] == 'none'] == []
