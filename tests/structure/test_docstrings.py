"""Each test says in one sentence what is true."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_each_test_has_a_docstring():
    """A test function without a docstring is named here."""
    silent = [
        f'{path.relative_to(TESTS)}:{node.lineno}: {node.name}'
        for path in sorted(TESTS.rglob('test_*.py'))
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.name.startswith('test_') and not ast.get_docstring(node)
    ]
    assert not silent, '\n'.join(['add a docstring to', *silent])
