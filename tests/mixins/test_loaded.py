"""Versions of the packages that the calling code uses."""

import asyncio
import contextlib
import functools
import os
import sys
import threading
import types

import numpy
import pytest

import microbench
from microbench import MBGlobalPackages, MicroBench, MicroBenchBase
from microbench.mixins.loaded import imported_by
from tests.fakes import only


class Globals(MicroBenchBase, MBGlobalPackages):
    pass


def packages(bench):
    """Return the loaded packages in the only record of a bench."""
    return only(bench.get_results()).get('python', {}).get('loaded_packages', {})


@pytest.fixture
def caller():
    """Return a module whose call(func) calls a function, and its globals."""
    module = types.ModuleType('mb_test_caller')
    exec('def call(func):\n    return func()\n', module.__dict__)
    return module


def test_modules_and_origins_of_the_caller(caller):
    """A module counts by itself, anything else by the package it comes from."""
    caller.np = numpy
    caller.random = numpy.random  # has no version of its own
    caller.Bench = MicroBench
    caller.array = numpy.arange(3)
    caller.os = os
    bench = Globals()
    caller.call(bench(lambda: None))
    versions = {'numpy': numpy.__version__, 'microbench': microbench.__version__}
    assert packages(bench) == versions


def test_the_caller_counts_not_the_place_of_the_bench():
    """The caller's packages count, which these tests import."""
    bench = Globals()
    bench(lambda: None)()
    versions = {'numpy': numpy.__version__, 'pytest': pytest.__version__}
    assert versions.items() <= packages(bench).items()


def test_an_override_is_not_the_caller(caller):
    """A class that extends the hook elsewhere does not put its own module there."""

    class Extended(Globals):
        def capture_functions(self, bm_data):
            super().capture_functions(bm_data)

    caller.np = numpy
    bench = Extended()
    caller.call(bench(lambda: None))
    assert packages(bench) == {'numpy': numpy.__version__}


class Proxy:
    @property
    def __class__(self):
        raise RuntimeError('points nowhere')

    @property
    def __module__(self):
        raise RuntimeError('points nowhere')


def test_odd_globals_are_skipped(caller):
    """Unloaded origins, odd versions and proxies cause no error."""
    caller.gone = types.SimpleNamespace(__module__='mb_no_such_module')
    caller.unknown = types.SimpleNamespace(__module__=None)
    caller.number = types.SimpleNamespace(__module__=5)
    caller.odd = types.ModuleType('mb_odd')
    caller.odd.__version__ = (1, 2)
    caller.proxy = Proxy()
    caller.np = numpy
    bench = Globals()
    caller.call(bench(lambda: None))
    assert packages(bench) == {'numpy': numpy.__version__}


def test_nothing_found_adds_nothing(caller):
    """Without packages there is no empty object."""
    bench = Globals()
    caller.call(bench(lambda: None))
    assert 'python' not in only(bench.get_results())


def function_in(module, source):
    """Return a function `f` that is defined in a module."""
    exec(source, module.__dict__)
    return module.f


@pytest.mark.parametrize(
    'of',
    [
        lambda f: f,
        functools.partial,
        lambda f: types.MethodType(f, 1),
        lambda f: type('Callable', (), {'__call__': f})(),
    ],
    ids=['function', 'partial', 'method', 'callable'],
)
def test_in_a_thread_the_function_itself_is_asked(caller, of):
    """In a thread the caller is the standard library, so the function counts."""
    caller.np = numpy
    bench = Globals()
    timed = bench(of(function_in(caller, 'def f(*args): pass')))
    thread = threading.Thread(target=timed)
    thread.start()
    thread.join()
    assert packages(bench) == {'numpy': numpy.__version__}


def test_without_python_globals_nothing_is_found():
    """A C function called by a thread has no globals."""
    bench = Globals()
    thread = threading.Thread(target=bench(len), args=['x'])
    thread.start()
    thread.join()
    assert packages(bench) == {}


def test_a_task_asks_the_function_itself(caller):
    """In a task the caller is the event loop, so the function counts."""
    caller.np = numpy
    bench = Globals()
    timed = bench(function_in(caller, 'async def f(): pass'))

    async def main():
        await asyncio.create_task(timed())

    asyncio.run(main())
    assert packages(bench) == {'numpy': numpy.__version__}


# --- imports inside functions --------------------------------------------------------


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return the name of a package that is not imported, and unload it afterwards."""
    name = 'mb_test_package'
    folder = tmp_path / name
    folder.mkdir()
    folder.joinpath('__init__.py').write_text("__version__ = '4.2'\n")
    folder.joinpath('inner.py').write_text('')
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for module in [m for m in sys.modules if m.partition('.')[0] == name]:
        del sys.modules[module]


IMPORTING = [
    'import mb_test_package',
    'import mb_test_package.inner as other',
    'from mb_test_package import inner',
    'def inner():\n  from mb_test_package import inner\n inner()',
    'import sys, mb_test_package',
]


@pytest.mark.parametrize('source', IMPORTING)
def test_what_the_function_imports(caller, package, source):
    """A package that the call loads is in the first record too."""
    bench = Globals()
    timed = bench(function_in(caller, f'def f():\n {source}\n'))
    for _ in range(2):
        caller.call(timed)
    found = [r['python']['loaded_packages'] for r in bench.get_results()]
    assert found == [{package: '4.2'}] * 2


def test_what_the_function_around_a_block_imports(package):
    """Imports of the function around a block count as well."""
    bench = Globals()
    with bench.record('block'):
        import mb_test_package

        assert mb_test_package.__version__ == '4.2'
    assert packages(bench)[package] == '4.2'


@pytest.mark.parametrize('source', ['if not f: import mb_test_package', 'f.numpy = len'])
def test_what_is_not_imported(caller, package, source):
    """Unreached code and mere names add nothing."""
    bench = Globals()
    caller.call(bench(function_in(caller, f'def f():\n {source}\n')))
    assert packages(bench) == {}


def test_relative_imports_are_other_modules(caller):
    """A user's own module may have the name of a package."""
    f = function_in(caller, 'def f():\n from .numpy import a\n from . import numpy')
    assert imported_by(f.__code__) == set()


def test_an_import_that_fails(caller):
    """A failing import is the code's own error; the record names nothing."""
    bench = Globals()
    timed = bench(function_in(caller, 'def f(): import mb_no_such_package'))
    with pytest.raises(ModuleNotFoundError):
        caller.call(timed)
    assert packages(bench) == {}


def test_a_block_looks_through_the_standard_library():
    """If ExitStack enters the block, the code that uses it counts."""
    bench = Globals()
    with contextlib.ExitStack() as stack:
        stack.enter_context(bench.record('block'))
    assert packages(bench)['numpy'] == numpy.__version__


def test_asked_versions_stay(caller):
    """`capture_versions` and the mixin fill one object."""
    caller.np = numpy
    bench = type('Bench', (Globals,), {'capture_versions': (os,)})()
    caller.call(bench(lambda: None))
    assert packages(bench) == {'os': None, 'numpy': numpy.__version__}
