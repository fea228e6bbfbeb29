"""The public names: `__all__`, the stub and the docstrings say the same."""

import ast
import inspect
from pathlib import Path

import pytest

import microbench

PACKAGE = Path(microbench.__file__).parent
STUB = PACKAGE / '__init__.pyi'


def names_in(stub):
    """Return the names that a stub exports, and its own `__all__` if it has one."""
    names, listed = set(), None
    for node in stub.body:
        match node:
            case ast.ImportFrom():  # only `X as X` exports X
                names |= {a.name for a in node.names if a.name == a.asname}
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id='__all__')], value=value):
                listed = ast.literal_eval(value)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith('_')}, listed


@pytest.fixture(scope='module')
def stub():
    """Return the stub as a syntax tree."""
    return ast.parse(STUB.read_text(encoding='utf-8'))


def test_the_stub_exports_what_the_package_does(stub):
    """Each name of `__all__` is in __init__.pyi, and no other."""
    names, listed = names_in(stub)
    public = set(microbench.__all__)
    lines = [
        *(f'add to {STUB.name}: {line_for(name)}' for name in sorted(public - names)),
        *(f'add to __all__ in __init__.py: {n!r},' for n in sorted(names - public)),
    ]
    assert not lines, '\n'.join(['', *lines])
    assert listed is None or sorted(listed) == sorted(public)


def line_for(name):
    """Return the text that the stub needs to export a name."""
    home = getattr(microbench, name).__module__.removeprefix('microbench')
    return f'from {home} import {name} as {name}'


@pytest.mark.parametrize('name', microbench.__all__)
def test_a_public_name_is_documented(name):
    """Each public name has a docstring with an example that tests/docs executes."""
    thing = getattr(microbench, name)
    text = vars(thing).get('__doc__') if inspect.isclass(thing) else thing.__doc__
    assert text, f'add to the definition of {name}: """..."""'
    assert '>>>' in text, f'add an example to the docstring of {name}'


@pytest.mark.parametrize('name', microbench.__all__)
def test_the_methods_of_a_public_class_are_documented(name):
    """Each public method of a public class has a docstring."""
    thing = getattr(microbench, name)
    bare = [
        f'add to {name}.{method}: """..."""'
        for method, value in vars(thing).items()
        if inspect.isfunction(value)
        if not method.startswith('_') and not inspect.getdoc(getattr(thing, method))
    ]
    assert not bare, '\n'.join(bare)


def test_an_unknown_name_is_an_attribute_error():
    """A misspelt name fails as it does in any module, and says which name."""
    with pytest.raises(AttributeError, match='MicroBensh'):
        _ = microbench.MicroBensh


def test_dir_lists_every_public_name():
    """`dir(microbench)` helps completion with names that are not loaded yet."""
    assert set(microbench.__all__) <= set(dir(microbench))
