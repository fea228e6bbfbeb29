"""Versions of modules are read without running their code."""

import ctypes
import functools
import importlib.util
import json
import logging
import sys
import types

import numpy
import pytest

from microbench.distributions import versions
from microbench.distributions.versions import module_of, of_module, of_package
from tests.installing import install


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder that modules can be imported from; they are forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def imported(site, name, source='', **names):
    """Import a package with these names in it."""
    path = site.joinpath(*name.split('.'), '__init__.py')
    path.parent.mkdir(parents=True)
    path.write_text(source)
    module = importlib.import_module(name)
    vars(module).update(names)
    return module


def lazy(site, name, source):
    """Return a module that loads when it is first used (importlib.util.LazyLoader)."""
    site.joinpath(f'{name}.py').write_text(source)
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_loaded(module):
    """Return whether a lazy module has been loaded."""
    return type(module) is types.ModuleType


def test_a_lazy_module_stays_lazy(site):
    """A lazy module has its distribution's version, for which nothing is loaded."""
    module = lazy(site, 'mb_lazy', "__version__ = '1'\n")
    assert of_module(module) is None
    install(site, 'mb-lazy', '2.0', 'mb_lazy.py')
    versions._installed_versions.clear()
    assert of_module(module) == of_package('mb_lazy') == ('mb_lazy', '2.0')
    assert not is_loaded(module)
    assert module.__version__ == '1'
    assert of_module(module) == ('mb_lazy', '1')


def test_no_getattr_of_a_module_runs(site):
    """No module's `__getattr__` runs: it may warn of `__version__` or load parts."""
    source = 'def __getattr__(name):\n    raise SystemExit(name)\n'
    module = imported(site, 'mb_warning', source)
    assert of_module(module) is None
    install(site, 'mb-warning', '3.1', 'mb_warning/__init__.py')
    versions._installed_versions.clear()
    assert of_module(module) == ('mb_warning', '3.1')


class Strange(types.ModuleType):
    """A module that replaces every kind of attribute access."""

    def __getattribute__(self, name):
        raise AssertionError(name)

    @property
    def __dict__(self):
        raise AssertionError


def test_no_code_of_a_module_class_runs():
    """The interpreter's own dictionary is read, whatever the class says."""
    module = Strange('mb_strange')
    types.ModuleType.__setattr__(module, '__version__', '5')
    assert of_module(module) == ('mb_strange', '5')


def test_a_text_of_another_class_is_plain_text(site):
    """A version whose class overrides `__str__` is stored as plain text."""

    class Version(str):
        __slots__ = ()

        def __str__(self):
            raise AssertionError

    name, version = of_module(imported(site, 'mb_texts', __version__=Version('4.0')))
    assert (name, version, type(version)) == ('mb_texts', '4.0', str)


@pytest.mark.parametrize('module', [json, logging, ctypes, sys, importlib.util])
def test_the_standard_library_is_no_package(module):
    """Some stdlib modules have a `__version__` for historical reasons."""
    assert of_module(module) is None
    assert of_package(module.__name__) is None


@pytest.mark.parametrize('version', [None, (1, 2), 1.0, b'1'])
def test_a_version_that_is_no_text(site, version):
    """If a version is no text, that of the distribution counts, if there is one."""
    module = imported(site, 'mb_tuple', __version__=version)
    assert of_module(module) is None
    install(site, 'mb-tuple', '1.2', 'mb_tuple/__init__.py')
    versions._installed_versions.clear()
    assert of_module(module) == ('mb_tuple', '1.2')


@pytest.mark.parametrize('name', [None, 5, ''])
def test_a_module_without_a_name(name):
    """A module without a name, as programs make them, has no version."""
    module = types.ModuleType('x')
    module.__name__ = name
    module.__version__ = '1'
    assert of_module(module) in (None, ('', '1'))


def test_the_package_of_a_module():
    """A module of a package counts as the package."""
    assert of_module(numpy.random) == ('numpy', numpy.__version__)
    assert of_package('numpy.random.mtrand') == ('numpy', numpy.__version__)
    assert of_package('mb_no_such_module.inner') is None


def test_a_package_in_a_namespace(site):
    """A namespace has neither version nor owner; a package in it has both."""
    one = imported(site, 'mb_shared.one')
    two = imported(site, 'mb_shared.two.deep')
    install(site, 'mb-shared-one', '1.0', 'mb_shared/one/__init__.py')
    install(site, 'other-name', '2.0', 'mb_shared/two/deep/__init__.py')
    assert of_module(one) == ('mb_shared.one', '1.0')
    assert of_module(two) == ('mb_shared.two.deep', '2.0')
    assert of_module(sys.modules['mb_shared']) is None


def test_a_script_is_no_package(site, monkeypatch):
    """A script is not looked up, even if a distribution has installed it."""
    install(site, 'application', '1.0', '__main__.py')
    script = types.ModuleType('__main__')
    script.__file__ = str(site / '__main__.py')
    monkeypatch.setitem(sys.modules, '__main__', script)
    assert of_package('__main__') is None
    script.__version__ = '2.0'
    assert of_package('__main__') == ('__main__', '2.0')


def test_a_version_is_looked_up_once(site, monkeypatch):
    """Metadata is not read again for each record."""
    module = imported(site, 'mb_once')
    install(site, 'mb-once', '1.0', 'mb_once/__init__.py')
    assert of_module(module) == ('mb_once', '1.0')
    monkeypatch.setattr('microbench.distributions.owners.version_of_file', None)
    assert of_module(module) == ('mb_once', '1.0')
    module.__version__ = '2.0'
    assert of_module(module) == ('mb_once', '2.0')


# --- where objects come from -------------------------------------------------------------


class Plain:
    """A class of this file."""


class Proxy:
    """A proxy that resolves itself at every access."""

    def __getattribute__(self, name):
        raise AssertionError(name)


class Meta(type):
    """A metaclass that replaces every kind of attribute access."""

    def __getattribute__(cls, name):
        raise AssertionError(name)


class OfMeta(metaclass=Meta):
    """A class of that metaclass, which must not be asked anything."""


def one_of_meta():
    """Return an object, made where pytest does not look at its class."""
    return OfMeta()


class WithProperty:
    @property
    def __module__(self):
        raise AssertionError


def own_module(value):
    """Return an object with its own `__module__`, as functools.update_wrapper does."""
    value.__module__ = 'mb_other'
    return value


@pytest.mark.parametrize(
    ('made', 'module'),
    [
        (lambda: Plain, __name__),
        (Plain, __name__),
        (Proxy, __name__),
        (lambda: OfMeta, __name__),
        (one_of_meta, __name__),
        (lambda: own_module, __name__),
        (lambda: own_module(Plain()), 'mb_other'),
        (lambda: functools.lru_cache(own_module), __name__),
        (WithProperty, None),
        (lambda: numpy.arange(3), 'numpy'),
        (lambda: numpy.add, 'numpy'),
        (lambda: numpy.ndarray, 'numpy'),
        (lambda: Plain().__init__, 'builtins'),
        (lambda: types.MethodType(own_module, 1), __name__),
        (lambda: len, 'builtins'),
        (lambda: 3, 'builtins'),
        (lambda: types.SimpleNamespace(__module__=5), None),
    ],
)
def test_where_an_object_comes_from(made, module):
    """Finding an object's module runs no property, `__getattr__` or proxy."""
    value = made()
    for _ in range(2):  # what is known of its class is kept
        assert module_of(value) == module


def test_what_is_known_of_classes_is_limited(monkeypatch):
    """A program that makes classes without end keeps only some of them alive."""
    monkeypatch.setattr(versions, 'KINDS_AT_MOST', 3)
    monkeypatch.setattr(versions, '_safe', {})
    for _ in range(10):
        assert module_of(type('Made', (), {})()) == __name__
    assert len(versions._safe) <= 3
