"""Tests say in one sentence what is true; public names describe arguments and errors."""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import microbench
from microbench import diff, livestream

TESTS = Path(__file__).parents[1]
PUBLIC = [
    *(getattr(microbench, name) for name in microbench.__all__),
    *(diff.diff, diff.envdiff, diff.Difference, livestream.LiveStream),
]
RECORD = 'bm_data'  # the argument of each hook: the record so far
LEFT_OUT = ('self', 'cls', 'too_many')  # the last only rejects positional arguments


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


def described(public):
    """Return functions of a public name, each with the docstring that describes it."""
    if not inspect.isclass(public):
        return [(public, inspect.getdoc(public) or '')]
    own = [
        (cls, name, getattr(value, '__func__', value))
        for cls in public.__mro__
        if cls.__module__.startswith('microbench')
        for name, value in vars(cls).items()
        if name == '__init__' or not name.startswith('_')
    ]
    return [
        (function, inspect.getdoc(cls if name == '__init__' else function) or '')
        for cls, name, function in own
        if inspect.isfunction(function)
    ]


def sections(text):
    """Return the sections of a docstring by title; '' has what precedes them."""
    titles = r'^(Args|Returns|Raises|Attributes|Yields):\n'
    first, *parts = re.split(titles, text, flags=re.MULTILINE)
    return {'': first, **dict(zip(parts[::2], parts[1::2], strict=True))}


def undescribed(function, text):
    """Return what a docstring lacks: arguments by name, and 'Raises'."""
    found = sections(text)
    arguments = inspect.signature(function).parameters
    names = [name for name in arguments if name not in LEFT_OUT]
    for name in names if names != [RECORD] else []:
        if not re.search(rf'^ +\**{name}\b.*:', found.get('Args', ''), re.MULTILINE):
            yield name
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    raises = [node for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc]
    if raises and 'Raises' not in found:
        yield 'Raises'


@pytest.mark.parametrize('public', PUBLIC, ids=lambda public: public.__name__)
def test_a_public_name_describes_arguments_and_errors(public):
    """Each argument is in the section Args, and what raises has a section Raises."""
    missing = [
        f'{function.__qualname__}: {name}'
        for function, text in described(public)
        for name in undescribed(function, text)
    ]
    assert not missing, '\n'.join(['describe in the docstring of', *missing])


@pytest.mark.parametrize('public', PUBLIC, ids=lambda public: public.__name__)
def test_a_public_name_has_docstrings(public):
    """Each public name and each of its public methods has a docstring."""
    assert inspect.getdoc(public)
    silent = [function.__qualname__ for function, text in described(public) if not text]
    assert not silent, silent


def test_a_missing_description_is_noticed():
    """A missing argument, and a missing section of errors, are found."""

    def example(one, two):
        """Do it.

        Args:
            one: the first.
        """
        raise ValueError(one, two)

    assert list(undescribed(example, inspect.getdoc(example))) == ['two', 'Raises']
