"""Annotations of decorated functions, which CPython 3.14 evaluates when they are read.

In each format they are those of the function itself. Frameworks read them.
"""

import functools
import inspect
import re
import sys
import types
import typing

import fastapi
import pydantic
import pytest
import typer

from microbench import MicroBenchBase

DEFERRED = sys.version_info >= (3, 14)
if DEFERRED:
    import annotationlib

    FORMATS = [annotationlib.Format(number) for number in (1, 3, 4)]
else:
    FORMATS = []

SOURCE = """
def plain(a: Later, b: 'Text' = 1, *, c: list[Later] = ()) -> Later | None: ...
async def coroutine(a: Later) -> Later: ...
def generator(a: Later) -> Later: yield 1
async def asynchronous(a: Later) -> Later: yield 1
def without(a): ...
class Class:
    def method(self, a: Later) -> 'Class': ...
    @classmethod
    def of_class(cls, a: Later): ...
    @staticmethod
    def of_none(a: Later): ...
method, of_class, of_none = Class.method, Class.of_class, Class.of_none
bound = Class().method
"""
FUTURE = 'from __future__ import annotations\n'
NEWER = 'def generic[X: Later](a: X, b: Later) -> list[X]: ...\n'
NAMES = ['plain', 'coroutine', 'generator', 'asynchronous', 'without']
NAMES += ['method', 'of_class', 'of_none', 'bound']
if sys.version_info >= (3, 12):
    SOURCE, NAMES = SOURCE + NEWER, [*NAMES, 'generic']


@pytest.fixture(params=[''] if not DEFERRED else ['', FUTURE])
def functions(request):
    """A module whose annotations name classes that are defined later."""
    module = types.ModuleType('mb_test_annotations')
    names = vars(module)
    if not DEFERRED:  # there annotations are evaluated at once
        names.update(LATER)
    exec(
        compile(request.param + SOURCE, 'annotations.py', 'exec', dont_inherit=True), names
    )
    return names


LATER = {'Later': int, 'Text': str}


def outcome(function, *args, **options):
    """Return what the function returns, or the error it raises."""
    try:
        return function(*args, **options)
    except Exception as error:
        return f'{type(error).__name__}: {error}'


def seen(function):
    """Return all that can be asked about the annotations of a function."""
    found = [outcome(getattr, function, '__annotations__')]
    found += [outcome(annotationlib.get_annotations, function, format=f) for f in FORMATS]
    found += [outcome(inspect.signature, function, annotation_format=f) for f in FORMATS]
    found += [
        outcome(inspect.signature, function),
        outcome(inspect.get_annotations, function),
    ]
    return [*found, outcome(typing.get_type_hints, function)]


@pytest.mark.parametrize('name', NAMES)
def test_they_are_those_of_the_function(functions, name):
    """Annotations are the same in each format, before and after their names exist."""
    function = functions[name]
    timed = MicroBenchBase()(function)
    if DEFERRED:
        assert seen(timed) == seen(function)
    functions.update(LATER)
    assert seen(timed) == seen(function)
    assert seen(functools.wraps(timed)(lambda: None))[0] == seen(function)[0]


def without_owners(found):
    """Return the text of an outcome without the owners of forward references."""
    return re.sub(r', owner=<.*?>+\)', ')', repr(found))


@pytest.mark.parametrize('name', NAMES)
def test_they_pass_through_other_wrappers(functions, name):
    """`functools.wraps` around a decorated function, and below it, changes nothing."""

    def wrapped(function):
        return functools.wraps(function)(lambda *args, **options: None)

    bench, function = MicroBenchBase(), functions[name]
    for _ in ('before the names are defined', 'after') if DEFERRED else ('after',):
        expected = without_owners(seen(wrapped(function)))
        assert without_owners(seen(wrapped(bench(function)))) == expected
        assert without_owners(seen(bench(wrapped(function)))) == expected
        functions.update(LATER)


def test_nothing_is_evaluated_by_decorating(functions):
    """A name in an annotation is looked up when it is read, not when decorating."""
    timed = MicroBenchBase()(functions['plain'])
    functions.update(LATER)
    assert typing.get_type_hints(timed)['a'] is int


def test_annotations_that_were_changed():
    """A change of `__annotations__` counts, as far as the function itself has it."""

    def put(a: int): ...
    def later(a: int): ...
    def assigned(a): ...
    def removed(a: int): ...

    put.__annotations__['b'] = str
    assigned.__annotations__ = {'a': float}
    removed.__annotations__ = {}
    timed = [MicroBenchBase()(function) for function in (put, later, assigned, removed)]
    later.__annotations__['c'] = bytes
    expected = [{'a': int, 'b': str}, {'a': int, 'c': bytes}, {'a': float}, {}]
    assert [function.__annotations__ for function in timed] == expected
    assert list(map(seen, timed)) == list(map(seen, (put, later, assigned, removed)))


def test_what_has_none():
    """Partial objects, builtins and callable objects have no annotations."""

    class Called:
        def __call__(self, a: int): ...

    def function(a: int): ...

    for each in (functools.partial(function, 1), len, Called()):
        assert MicroBenchBase()(each).__annotations__ == {}


def test_annotations_without_deferral():
    """Functions of compiled modules have `__annotations__` alone."""

    class Compiled:
        __annotations__ = {'a': int}

        def __call__(self, a): ...

    assert MicroBenchBase()(Compiled()).__annotations__ == {'a': int}


# --- who reads them --------------------------------------------------------------------


def test_pydantic_validates_by_them():
    """`validate_call` around a decorated function converts and refuses."""

    @pydantic.validate_call
    @MicroBenchBase()
    def double(a: 'Whole') -> 'Whole':
        return 2 * a

    assert double('4') == 8
    with pytest.raises(pydantic.ValidationError):
        double('four')


Whole = int


def test_typer_makes_options_of_them():
    """A command of a decorated function has its arguments, converted."""
    from typer.testing import CliRunner

    app, given = typer.Typer(), []

    @app.command()
    @MicroBenchBase()
    def main(number: int, name: str = 'x'):
        given.append((number, name))

    result = CliRunner().invoke(app, ['4', '--name', 'y'])
    assert (result.exit_code, given) == (0, [(4, 'y')])


def test_fastapi_reads_them():
    """A path of a decorated function has its parameters and its response."""
    app = fastapi.FastAPI()

    @app.get('/{number}')
    @MicroBenchBase()
    async def path(number: 'Whole', more: 'Whole' = 3) -> 'Whole':
        return number + more

    operation = app.openapi()['paths']['/{number}']['get']
    types_of = {p['name']: p['schema']['type'] for p in operation['parameters']}
    assert types_of == {'number': 'integer', 'more': 'integer'}
    answer = operation['responses']['200']['content']['application/json']['schema']
    assert answer['type'] == 'integer'
