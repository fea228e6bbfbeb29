"""Read versions of loaded modules without running any of their code.

A module may be lazy (`importlib.util.LazyLoader`), may warn when its version is read (in
`__getattr__`), or may be a proxy. So the version comes from the module's dictionary or the
installed distribution, never from an attribute.
"""

from __future__ import annotations

import sys
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE: type = type(sys)
# Descriptors of the types themselves, since a subclass may override an attribute.
_names_of_module = MODULE.__dict__['__dict__'].__get__
_names_of_class = type.__dict__['__dict__'].__get__
_bases_of_class = type.__dict__['__mro__'].__get__
_module_of_class = type.__dict__['__module__'].__get__
_attribute = object.__getattribute__

KINDS_AT_MOST = 1000
_safe: dict[int, tuple[type, bool]] = {}  # by id of a type, which is held beside


def names_of(module: object) -> dict[str, Any] | None:
    """Return the dictionary of a module; None for anything else."""
    if not issubclass(type(module), MODULE):
        return None
    names: dict[str, Any] | None = _names_of_module(module)
    return names


def version_in(names: dict[str, Any]) -> str | None:
    """Return `__version__` of a module's dictionary, if it is text."""
    version = names.get('__version__')
    return str.__str__(version) if issubclass(type(version), str) else None


def stored_in(value: object, name: str) -> Any:
    """Return an attribute that is stored in an object or in its classes; None without.

    No property and no `__getattr__` runs: for these it is None as well.
    """
    if issubclass(type(value), type):
        places = list(map(_names_of_class, _bases_of_class(value)))
    else:
        places = list(map(_names_of_class, _bases_of_class(type(value))))
        try:
            places.insert(0, _attribute(value, '__dict__'))
        except AttributeError:
            pass  # a class with slots
    found = next((names[name] for names in places if name in names), None)
    return None if hasattr(type(found), '__get__') else found


def is_standard(name: str) -> bool:
    """Return True if a module belongs to the standard library."""
    return name.partition('.')[0] in sys.stdlib_module_names


def of_module(module: object) -> tuple[str, str] | None:
    """Return name and version of a module; of its package if it has no version itself.

    None if there is no version, for the standard library, and for other objects.
    """
    names = names_of(module)
    name = names.get('__name__') if names else None
    if names is None or type(name) is not str or is_standard(name):
        return None
    version = version_in(names)
    return of_package(name) if version is None else (name, version)


def of_package(name: str) -> tuple[str, str] | None:
    """Return name and version of the package that a loaded module belongs to.

    It is the outermost one that has a version: `google.cloud.storage` of
    `google.cloud.storage.blob`, since `google` and `google.cloud` are shared by many.
    """
    if is_standard(name):
        return None
    end = name.find('.')
    while True:
        outer = name if end < 0 else name[:end]
        names = names_of(sys.modules.get(outer))
        version = None if names is None else version_in(names) or _installed(outer, names)
        if version is not None:
            return outer, version
        if end < 0:
            return None
        end = name.find('.', end + 1)


_installed_versions: dict[tuple[str, str], str | None] = {}  # by name and file


def _installed(name: str, names: dict[str, Any]) -> str | None:
    """Return the version of the distribution that has installed a module."""
    file = names.get('__file__')
    if type(file) is not str or name == '__main__':
        return None  # a namespace, built in, or a script
    key = (name, file)
    if key not in _installed_versions:
        from .owners import version_of_file  # start-up time

        _installed_versions[key] = version_of_file(name, file)
    return _installed_versions[key]


def module_of(value: object) -> str | None:
    """Return the name of the module that a function, class or object comes from.

    No property and no `__getattr__` runs, and no proxy is resolved.
    """
    kind = type(value)
    if kind is MethodType:
        value = _attribute(value, '__func__')
        kind = type(value)
    if issubclass(kind, type):
        found = _module_of_class(value)
    elif kind is FunctionType or _is_safe(kind):
        try:
            found = _attribute(value, '__module__')
        except Exception:  # an extension type without
            found = _module_of_class(kind)
    else:
        return None
    return found if type(found) is str else None


def _is_safe(kind: type) -> bool:
    """Return True if a type lets `__module__` be read without running Python code."""
    known = _safe.get(id(kind))
    if known is None or known[0] is not kind:
        if len(_safe) >= KINDS_AT_MOST:
            _safe.clear()
        known = _safe[id(kind)] = (kind, _is_plain(kind))
    return known[1]


def _is_plain(kind: type) -> bool:
    for cls in _bases_of_class(kind):
        found = _names_of_class(cls).get('__module__')
        if found is not None:
            return type(found) in (str, GetSetDescriptorType, MemberDescriptorType)
    return True  # of C: it has no such attribute
