"""The checklist of known weaknesses names tests that exist, and leaves no number out."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / 'docs' / 'checklist.md').read_text(encoding='utf-8')
ROWS = [line.strip('| ').split(' | ') for line in TEXT.splitlines() if line[:3] == '| W']
MENDED = ('mended', 'later', 'open', 'documented')


def names_of(path):
    """Return the names of the test functions in a file."""
    nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding='utf-8')))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in nodes if isinstance(node, functions)}


def test_the_numbers_have_no_gap():
    """Rows are numbered from W001 in their order."""
    assert ROWS
    assert [row[0] for row in ROWS] == [f'W{n:03}' for n in range(1, len(ROWS) + 1)]


def test_every_row_has_a_state():
    """Four columns; the state begins with a word that is explained."""
    assert [row for row in ROWS if len(row) != 4 or not row[2].startswith(MENDED)] == []


def test_what_is_mended_has_a_test():
    """Without a test nobody knows."""
    assert [r[0] for r in ROWS if r[2].startswith('mended') and r[3] == 'none'] == []


def test_every_named_test_exists():
    """A test that was renamed or removed is told with its row."""
    named = [
        (row[0], *t) for row in ROWS for t in re.findall(r'`([^`\s]+)::(\w+)`', row[3])
    ]
    assert named
    assert [
        (number, path, name)
        for number, path, name in named
        if not (ROOT / path).exists() or name not in names_of(path)
    ] == []
