"""Fields that a bench asks for by attribute: `env_vars` and `capture_versions`.

They are filled before the first hook runs, and are no captures: a wrong attribute is a
mistake in the program, and raises even where captures are optional.
"""

from __future__ import annotations

import os
import sys

from ..distributions.versions import (
    is_standard,
    names_of,
    of_package,
    stored_in,
    version_in,
)
from .capture import namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def add(bench: object, bm_data: dict[str, Any]) -> None:
    """Set `env` and `python.loaded_packages`, as far as the bench asks for them.

    Raises:
        ValueError: an attribute is no list of names; the message says which.
    """
    variables = _listed(bench, 'env_vars')
    if variables:
        namespace(bm_data, 'env').update(map(_variable, variables))
    packages = _listed(bench, 'capture_versions')
    if packages:
        loaded = namespace(namespace(bm_data, 'python'), 'loaded_packages')
        loaded.update(map(_package, packages))


def _listed(bench: object, attribute: str) -> list[Any]:
    """Return the items of an attribute; a string is one item."""
    value = getattr(bench, attribute, ())
    if isinstance(value, str):
        return [value]
    try:
        return list(value)
    except TypeError:
        message = f'{attribute} has to be a list or tuple, not {value!r}'
        raise ValueError(message) from None  # what 2.1.0 raises


def _variable(name: Any) -> tuple[str, str | None]:
    if not isinstance(name, str):
        message = f'env_vars: {name!r} is not the name of an environment variable'
        raise ValueError(message)  # noqa: TRY004 - as above
    return name, os.environ.get(name)


def _package(item: Any) -> tuple[str, Any]:
    if isinstance(item, str):
        return item, version_of(item)
    names = names_of(item)  # of a module; no attribute, which might load or warn
    if names is not None and isinstance(names.get('__name__'), str):
        return names['__name__'], _version_of_module(names)
    name = getattr(item, '__name__', None)
    if not isinstance(name, str):
        message = f'capture_versions: {item!r} is neither a module nor the name of one'
        raise ValueError(message)  # noqa: TRY004 - as above
    version = stored_in(item, '__version__')
    if version is None and not callable(item):  # a proxy: reading more might load it
        version = version_of(name)
    return name, version


def _version_of_module(names: dict[str, Any]) -> Any:
    if is_standard(names['__name__']):
        return None
    if '__version__' in names:
        return names['__version__']
    package = of_package(names['__name__'])
    return package[1] if package else None


def version_of(name: str) -> str | None:
    """Return the version of a module or distribution; None if there is none.

    A loaded module has its own, or that of its package; nothing is imported. Otherwise it
    is that of the distribution called so, or of the only one that has such a module.

    A module of the standard library has none: its version is that of Python. Some have a
    `__version__` that has not changed for years, and warns from CPython 3.15 on.
    """
    if is_standard(name):
        return None
    names = names_of(sys.modules.get(name))
    if names is not None:
        package = of_package(name)
        version = version_in(names) or (package and package[1])
        if version:
            return version
    return _installed_version(name) or _version_by_module(name)


def _version_by_module(name: str) -> str | None:
    from ..distributions.owners import version_of_name  # start-up time

    owners = _distributions_of(name)
    if len(owners) > 1 or '.' in name:  # several share the first part of its name
        return version_of_name(name)
    return _installed_version(owners[0]) if owners else version_of_name(name)


def _installed_version(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution) if distribution else None
    except Exception:  # not there, or its metadata is broken
        return None


_owners: Mapping[str, list[str]] = {}  # modules to distributions: slow, so found once


def _distributions_of(module: str) -> list[str]:
    global _owners  # noqa: PLW0603 - found again by two threads at worst
    if not _owners:
        from importlib import metadata

        _owners = metadata.packages_distributions()
    return _owners.get(module.partition('.')[0], [])
