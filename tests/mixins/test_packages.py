"""What a record says about Python packages: installed, and in use."""

import asyncio
import contextlib
import functools
import importlib.metadata
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy
import pytest

import microbench
from microbench import (
    MBGlobalPackages,
    MBInstalledPackages,
    MicroBench,
    MicroBenchBase,
)
from microbench.mixins.packages import imported_by
from tests.fakes import only


def record_of(*mixins, **attributes):
    """The record of one call of a bench with these mixins and attributes."""
    bench = type('Bench', (MicroBenchBase, *mixins), attributes)()
    bench(lambda: None)()
    return only(bench.get_results())


# --- MBInstalledPackages -----------------------------------------------------------


def test_what_pip_lists():
    """Names and versions are those that `pip list` gives."""
    asked = [sys.executable, '-m', 'pip', 'list', '--format=json']
    environment = {n: v for n, v in os.environ.items() if n != 'PYTHONPATH'}
    done = subprocess.run(asked, env=environment, capture_output=True, check=True)
    listed = {package['name']: package['version'] for package in json.loads(done.stdout)}
    found = record_of(MBInstalledPackages)['python']
    assert set(found) == {'installed_packages'}
    listed.pop('microbench', None)
    assert listed.items() <= found['installed_packages'].items()


def test_directories_are_real():
    """With capture_paths each package has a directory that exists, without `..`."""
    python = record_of(MBInstalledPackages, capture_paths=True)['python']
    paths = python['installed_package_paths']
    assert set(paths) == set(python['installed_packages'])
    for path in paths.values():
        assert Path(path).is_dir()
        assert '..' not in Path(path).parts
    assert Path(numpy.__file__).parents[1] in {
        Path(paths['numpy']),
        Path(paths['numpy']).parent,
    }


def install(folder, name, version, *files):
    """Put the metadata of a distribution into a folder; no name breaks it."""
    info = folder / f'{name or "broken"}-{version}.dist-info'
    info.mkdir(parents=True)
    lines = ['Metadata-Version: 2.1', f'Name: {name}' * bool(name), f'Version: {version}']
    info.joinpath('METADATA').write_text('\n'.join(filter(None, lines)) + '\n')
    info.joinpath('RECORD').write_text(''.join(f'{file},,\n' for file in files))
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def two_folders(tmp_path, monkeypatch):
    """A search path of two folders with distributions of all kinds."""
    one, two = tmp_path / 'one' / 'site', tmp_path / 'two' / 'site'
    install(one, 'Some.Thing', '1.0', '../bin/script', 'thing/__init__.py')
    install(two, 'some-thing', '2.0', 'thing/__init__.py')
    install(two, 'only-a-script', '3.0', '../bin/script')
    install(two, 'nothing', '4.0')
    install(two, '', '5.0', 'broken.py')
    monkeypatch.setattr(sys, 'path', [str(one), str(two)])
    return one, two


def test_the_first_of_a_name_counts(two_folders):
    """As it does when importing; what has no name is left out."""
    one, two = two_folders
    python = record_of(MBInstalledPackages, capture_paths=True)['python']
    assert python['installed_packages'] == {
        'Some.Thing': '1.0',
        'only-a-script': '3.0',
        'nothing': '4.0',
    }
    assert python['installed_package_paths'] == {
        'Some.Thing': str(one / 'thing'),
        'only-a-script': str(two),
    }


def test_found_once_for_each_bench(monkeypatch):
    """Looking takes long: the second record has what the first one found."""
    asked = []

    def distributions():
        asked.append(1)
        return []

    monkeypatch.setattr(importlib.metadata, 'distributions', distributions)
    bench = type('Bench', (MicroBench, MBInstalledPackages), {})()
    for _ in range(3):
        bench(lambda: None)()
    assert [r['python']['installed_packages'] for r in bench.get_results()] == [{}] * 3
    assert asked == [1]
    assert bench.explain_path() == []


# --- MBGlobalPackages --------------------------------------------------------------


class Globals(MicroBenchBase, MBGlobalPackages):
    pass


def packages(bench):
    """What the only record of a bench has."""
    return only(bench.get_results()).get('python', {}).get('loaded_packages', {})


@pytest.fixture
def caller():
    """A module whose function call(func) calls a function, and its globals."""
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
    """These tests import these packages."""
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
    """Origins that are not loaded or not known, odd versions, proxies: no error."""
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
    """A function `f` that is defined in a module."""
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
    """A thread calls from the standard library, whose globals say nothing."""
    caller.np = numpy
    bench = Globals()
    timed = bench(of(function_in(caller, 'def f(*args): pass')))
    thread = threading.Thread(target=timed)
    thread.start()
    thread.join()
    assert packages(bench) == {'numpy': numpy.__version__}


def test_without_python_globals_nothing_is_found():
    """A C function called by a thread has none."""
    bench = Globals()
    thread = threading.Thread(target=bench(len), args=['x'])
    thread.start()
    thread.join()
    assert packages(bench) == {}


def test_a_task_asks_the_function_itself(caller):
    """The event loop calls a task: its globals are of no use."""
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
    """A package that nobody has imported; its name. It is forgotten afterwards."""
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
    """It is there from the first record on, though it was loaded only by the call."""
    bench = Globals()
    timed = bench(function_in(caller, f'def f():\n {source}\n'))
    for _ in range(2):
        caller.call(timed)
    found = [r['python']['loaded_packages'] for r in bench.get_results()]
    assert found == [{package: '4.2'}] * 2


def test_what_the_function_around_a_block_imports(package):
    """As for a decorated one."""
    bench = Globals()
    with bench.record('block'):
        import mb_test_package

        assert mb_test_package.__version__ == '4.2'
    assert packages(bench)[package] == '4.2'


@pytest.mark.parametrize('source', ['if not f: import mb_test_package', 'f.numpy = len'])
def test_what_is_not_imported(caller, package, source):
    """Code that is not reached and mere names add nothing."""
    bench = Globals()
    caller.call(bench(function_in(caller, f'def f():\n {source}\n')))
    assert packages(bench) == {}


def test_relative_imports_are_other_modules(caller):
    """A module of one's own may be called like a package."""
    f = function_in(caller, 'def f():\n from .numpy import a\n from . import numpy')
    assert imported_by(f.__code__) == set()


def test_an_import_that_fails(caller):
    """The error is the code's own; the record names nothing."""
    bench = Globals()
    timed = bench(function_in(caller, 'def f(): import mb_no_such_package'))
    with pytest.raises(ModuleNotFoundError):
        caller.call(timed)
    assert packages(bench) == {}


def test_a_block_looks_through_the_standard_library():
    """ExitStack enters the block; the code that uses it counts."""
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
