"""`env_vars` and `capture_versions`: fields that a bench asks for by attribute."""

import importlib.metadata
import os
import sys
from types import ModuleType, SimpleNamespace

import numpy
import pytest

import microbench
from microbench import MicroBench, MicroBenchBase
from microbench.core import environment
from tests.fakes import dict_reasons, only, printed
from tests.installing import install


def record_of(cls=MicroBenchBase, /, instance=None, **attributes):
    """Return the record of one call of a bench whose class has these attributes."""
    bench = type('Bench', (cls,), attributes)()
    for name, value in (instance or {}).items():
        setattr(bench, name, value)
    bench(lambda: None)()
    return only(bench.get_results())


def loaded(*items):
    """Return what `capture_versions` stores for these."""
    return record_of(capture_versions=items)['python']['loaded_packages']


# --- env_vars ----------------------------------------------------------------------


def test_variables_are_stored_with_null_for_unset_ones(monkeypatch):
    """Each name is a key in its own case; an unset variable is null."""
    monkeypatch.setenv('MB_Test_Set', 'x')
    monkeypatch.delenv('MB_TEST_UNSET', raising=False)
    names = ('MB_Test_Set', 'MB_TEST_UNSET')
    assert record_of(env_vars=names)['env'] == {'MB_Test_Set': 'x', 'MB_TEST_UNSET': None}


def test_variables_are_read_at_each_record(monkeypatch):
    """A variable that changes between two calls is seen as it is."""
    bench = type('Bench', (MicroBench,), {'env_vars': ['MB_TEST']})()
    for value in 'ab':
        monkeypatch.setenv('MB_TEST', value)
        bench(lambda: None)()
    assert [record['env'] for record in bench.get_results()] == [
        {'MB_TEST': 'a'},
        {'MB_TEST': 'b'},
    ]


def test_a_string_is_one_variable(monkeypatch):
    """`env_vars = 'HOME'` is that variable, not four of one letter."""
    monkeypatch.setenv('HOME', '/root')
    assert record_of(env_vars='HOME')['env'] == {'HOME': '/root'}


def test_variables_of_the_instance_count(monkeypatch):
    """An attribute of the object goes before that of its class."""
    monkeypatch.setenv('MB_TEST', 'x')
    record = record_of(env_vars=('OTHER',), instance={'env_vars': ['MB_TEST']})
    assert record['env'] == {'MB_TEST': 'x'}


@pytest.mark.parametrize('attribute', ['env_vars', 'capture_versions'])
def test_nothing_asked_gives_no_key(attribute):
    """An empty attribute leaves no empty object behind."""
    record = record_of(**{attribute: ()})
    assert set(record) == {'mb', 'call'}


def test_static_fields_of_that_name_are_kept(monkeypatch):
    """A static field `env` is added to."""
    monkeypatch.setenv('MB_TEST', 'x')
    bench = type('Bench', (MicroBenchBase,), {'env_vars': ['MB_TEST']})(env={'own': 1})
    bench(lambda: None)()
    assert only(bench.get_results())['env'] == {'own': 1, 'MB_TEST': 'x'}


# --- capture_versions --------------------------------------------------------------


def test_versions_of_modules():
    """A module is stored by its name with its `__version__`, null without one."""
    assert loaded(numpy, os, microbench) == {
        'numpy': numpy.__version__,
        'os': None,
        'microbench': microbench.__version__,
    }


def test_names_of_distributions_and_modules():
    """Names of distributions and of modules that are not loaded are accepted too."""
    versions = {
        'numpy': numpy.__version__,
        'pytest-asyncio': importlib.metadata.version('pytest-asyncio'),
        'dateutil.parser': importlib.metadata.version('python-dateutil'),
        'no-such-thing': None,
        '': None,
    }
    assert loaded(*versions) == versions


def test_a_string_is_one_package():
    """`capture_versions = 'numpy'` is that package."""
    record = record_of(capture_versions='numpy')
    assert record['python']['loaded_packages'] == {'numpy': numpy.__version__}


def test_a_loaded_module_goes_before_its_distribution(monkeypatch):
    """The loaded version counts, not one that was installed meanwhile."""
    monkeypatch.setattr(numpy, '__version__', '0.0.1')
    assert loaded('numpy') == {'numpy': '0.0.1'}


def test_nothing_is_imported(monkeypatch):
    """Asking for the version of a module by name does not load it."""
    monkeypatch.delitem(sys.modules, 'dateutil', raising=False)
    assert loaded('dateutil')['dateutil']
    assert 'dateutil' not in sys.modules


def test_broken_metadata_gives_null(monkeypatch):
    """Metadata that cannot be read is no reason to stop."""

    def broken(name):
        raise KeyError(name)

    monkeypatch.setattr(importlib.metadata, 'version', broken)
    assert loaded('pytest-asyncio') == {'pytest-asyncio': None}


def test_versions_join_what_the_python_mixin_says():
    """The field `python` holds the versions beside what the mixin captures."""
    record = record_of(MicroBench, capture_versions=[microbench])
    assert set(record['python']) == {
        'version',
        'build',
        'prefix',
        'executable',
        'loaded_packages',
    }


def test_a_module_of_another_kind():
    """Any object with a name and a version counts as a module."""
    assert loaded(SimpleNamespace(__name__='a', __version__=[1, 2])) == {'a': [1, 2]}
    assert loaded(ModuleType('b')) == {'b': None}
    assert loaded(type('c', (), {'__version__': '3'})) == {'c': '3'}
    assert loaded(type('d', (), {'__slots__': (), '__name__': 'd'})()) == {'d': None}


class Loading:
    """A proxy that loads a package as soon as an unknown attribute is read."""

    def __init__(self, name):
        self.__name__ = name

    def __getattr__(self, name):
        raise SystemExit(name)


class Working(Loading):
    """A module whose version is computed, with a warning."""

    @property
    def __version__(self):
        raise SystemExit


@pytest.mark.parametrize('kind', [Loading, Working])
def test_a_proxy_is_not_loaded(kind):
    """The version of a proxy is that of its distribution."""
    assert loaded(kind('no-such-thing')) == {'no-such-thing': None}
    version = importlib.metadata.version('pytest-asyncio')
    assert loaded(kind('pytest-asyncio')) == {'pytest-asyncio': version}


WARNING = """
def __getattr__(name):
    if name == '__version__':
        import warnings
        warnings.warn('__version__ is deprecated', DeprecationWarning)
        return '1.0'
    raise AttributeError(name)
"""


STANDARD = """
import importlib, json, sys, warnings
# A browser, text, windows; and what calls crypt(3), with which AddressSanitizer crashes.
left_out = {'antigravity', 'this', 'idlelib', 'turtledemo', 'crypt'}
modules = []
with warnings.catch_warnings():
    warnings.simplefilter('ignore')  # as modules that are to be removed do
    for name in sorted(sys.stdlib_module_names - left_out):
        try:
            modules.append(importlib.import_module(name))
        except ImportError:
            pass  # this system lacks what it needs
globals().update({module.__name__: module for module in modules})
from microbench import MBGlobalPackages, MBInstalledPackages, MBPythonInfo, MicroBenchBase
names = [module.__name__ for module in modules]
class Bench(MicroBenchBase, MBGlobalPackages, MBInstalledPackages, MBPythonInfo):
    capture_paths = True
    capture_versions = [*modules, *names]
bench = Bench()
with bench.record('x'):
    pass
packages = bench.get_results()[0]['python']['loaded_packages']
assert packages.pop('microbench')
assert packages == dict.fromkeys(names)
print(*names)
"""


def test_modules_of_the_standard_library():
    """Modules of the stdlib have Python's version; reading theirs would warn (3.15)."""
    names = set(printed(STANDARD, flags=('-W', 'error')).split())
    assert {'argparse', 'csv', 'ctypes', 'json', 'zlib'} <= names


def test_packages_that_warn_of_their_version(tmp_path, monkeypatch):
    """Any package may warn when its version is read, as the stdlib does on 3.15."""
    install(tmp_path, 'mb-warns', '2.0', 'mb_warns/__init__.py')
    tmp_path.joinpath('mb_warns', '__init__.py').write_text(WARNING)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module('mb_warns')
    try:
        with pytest.warns(DeprecationWarning):
            assert module.__version__ == '1.0'
        assert loaded(module, 'mb_warns') == {'mb_warns': '2.0'}
    finally:
        del sys.modules['mb_warns']


# --- mistakes ----------------------------------------------------------------------


@pytest.mark.parametrize('optional', [False, True])
@pytest.mark.parametrize(
    ('attribute', 'wrong'),
    [
        ('env_vars', 5),
        ('env_vars', None),
        ('env_vars', [5]),
        ('capture_versions', numpy),
        ('capture_versions', None),
        ('capture_versions', [5]),
        ('capture_versions', lambda self, bm_data: None),
    ],
)
def test_a_wrong_attribute_raises_at_the_call(attribute, wrong, optional):
    """ValueError names the attribute, also where captures are optional; nothing runs."""
    attributes = {attribute: wrong, 'capture_optional': optional}
    bench = type('Bench', (MicroBenchBase,), attributes)()
    ran = []
    timed = bench(lambda: ran.append(1))
    with pytest.raises(ValueError, match=attribute):
        timed()
    assert ran == bench.get_results() == []


def test_the_fields_are_there_for_hooks(monkeypatch):
    """Hooks see `env` and `python.loaded_packages`, whatever their name."""
    monkeypatch.setenv('MB_TEST', 'x')
    seen = []

    class Bench(MicroBenchBase):
        env_vars = ('MB_TEST',)
        capture_versions = (microbench,)

        def capture_a(self, bm_data):
            seen.append((dict(bm_data['env']), bm_data['python']['loaded_packages']))

    Bench()(lambda: None)()
    assert seen == [({'MB_TEST': 'x'}, {'microbench': microbench.__version__})]


@pytest.mark.parametrize('attribute', ['env_vars', 'capture_versions'])
def test_the_plan_says_why(attribute):
    """Records with these fields are built as dicts, and explain_path() says so."""
    bench = type('Bench', (MicroBenchBase,), {attribute: ['x']})()
    assert dict_reasons(bench) == [f'{attribute} is read for each record']
    bench = type('Bench', (MicroBenchBase,), {attribute: ()})()
    assert bench.explain_path() == []
    setattr(bench, attribute, 'x')
    assert dict_reasons(bench) == [f'{attribute} is read for each record']


def test_owners_of_modules_are_looked_up_once(monkeypatch):
    """The map from modules to distributions is slow to make, so it is kept."""
    asked = []
    found = {'mb_test_module': ['pytest']}

    def distributions():
        asked.append(1)
        return found

    monkeypatch.setattr(environment, '_owners', {})
    monkeypatch.setattr(importlib.metadata, 'packages_distributions', distributions)
    version = importlib.metadata.version('pytest')
    assert loaded('mb_test_module') == loaded('mb_test_module')
    assert loaded('mb_test_module') == {'mb_test_module': version}
    assert asked == [1]


def test_a_module_of_a_namespace_that_is_not_loaded(tmp_path, monkeypatch):
    """Distributions share a namespace, so the files decide which one is meant."""
    install(tmp_path, 'mb-ns-one', '1.0', 'mb_ns/one/__init__.py')
    install(tmp_path, 'mb-ns-two', '2.0', 'mb_ns/two.py')
    monkeypatch.setattr(environment, '_owners', {})
    monkeypatch.syspath_prepend(tmp_path)
    versions = {'mb_ns.one': '1.0', 'mb_ns.two': '2.0', 'mb_ns': None, 'mb_ns.no': None}
    assert loaded(*versions) == versions


def test_a_lazy_module_is_not_loaded(tmp_path, monkeypatch):
    """A lazy module's version is its distribution's; no `__getattr__` is called."""
    install(tmp_path, 'mb-attr', '3.0', 'mb_attr/__init__.py')
    source = 'def __getattr__(name):\n    raise SystemExit(name)\n'
    tmp_path.joinpath('mb_attr', '__init__.py').write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module('mb_attr')
    try:
        assert loaded('mb_attr') == loaded(module) == {'mb_attr': '3.0'}
    finally:
        del sys.modules['mb_attr']
