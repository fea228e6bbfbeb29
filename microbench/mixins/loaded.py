"""Capture the packages that the calling code uses."""

from __future__ import annotations

import os
import sys
import types
from functools import lru_cache

from ..core.callables import without_partial
from ..core.capture import namespace, spanning
from ..distributions.versions import MODULE, module_of, of_module, of_package
from ..messages import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import CodeType, FrameType
    from typing import Any

LAZY = getattr(types, 'LazyImportType', None)  # of CPython 3.15
STDLIB = os.path.dirname(os.__file__)
FUNCTION = 0x1  # CO_OPTIMIZED, a flag of the code of functions (inspect)


class MBGlobalPackages:
    """Versions of the packages that the calling code has in its globals.

    Packages that the timed function imports itself are included. Never raises: a package
    without a version is left out. No code of a package runs, and lazy imports stay lazy.

    >>> from microbench import MBGlobalPackages, MicroBench
    >>> import pytest
    >>> class Bench(MicroBench, MBGlobalPackages):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> bench.get_results()[0]['python']['loaded_packages']['pytest'] == pytest.__version__
    True
    """

    @spanning
    def capture_functions(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Add to `python.loaded_packages`.

        A module with a `__version__` is listed itself. A module without, and any other
        object, is listed by its package, whose version may be that of the distribution.
        Packages without a version and the standard library are skipped. If the standard
        library called the code (a task, a thread), the globals of the decorated function
        are used.

        Packages that the decorated function, or the one around a block, imports are added
        after it has run; so are lazy imports in its globals that were loaded meanwhile.
        """
        names, code = _looked_at(bm_data)
        _add(bm_data, packages_of(list(names.values())))
        lazy = [(place, _lazy_names(place)) for place in _places(names, bm_data)]
        yield
        for place, imports in lazy:
            _add(bm_data, packages_of([place.get(name) for name in imports]))
        if code:
            _add(bm_data, filter(None, map(of_package, imported_by(code))))


def _places(names: dict[str, Any], bm_data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the globals of the calling code and, if they are others, of the function."""
    func = bm_data.get('_func')
    own = names if func is None else _of_function(func)[0]
    return [names] if own is names else [names, own]


def _lazy_names(names: dict[str, Any]) -> list[str]:
    """Return the names of lazy imports (PEP 810) that have not been loaded.

    A look into the dictionary does not load them. Loading puts the module in their place.
    """
    if LAZY is None:
        return []
    return [name for name, value in list(names.items()) if type(value) is LAZY]


def _add(bm_data: dict[str, Any], found: Iterable[tuple[str, str]]) -> None:
    packages = dict(found)
    if packages:
        python = namespace(bm_data, 'python')
        namespace(python, 'loaded_packages').update(packages)


def packages_of(values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and version of the packages that values are, or come from."""
    origins: dict[str | None, None] = {}
    for value in values:
        if issubclass(type(value), MODULE):
            package = of_module(value)
            if package:
                yield package
        else:
            origins[module_of(value)] = None
    for name in filter(None, origins):
        package = of_package(name)
        if package:
            yield package


def _looked_at(bm_data: dict[str, Any]) -> tuple[dict[str, Any], CodeType | None]:
    """Return the globals of the calling code, and the code of the timed function."""
    frame = _outside(sys._getframe(1), _is_capturing)
    func = bm_data.get('_func')
    if func is None:
        return _of_frame(_outside(frame, _is_stdlib))
    names, code = _of_function(func)
    if frame is not None and not _is_stdlib(frame):
        names = frame.f_globals
    return names, code


def _outside(frame: FrameType | None, inside: Any) -> FrameType | None:
    while frame is not None and inside(frame):
        frame = frame.f_back
    return frame


def _is_capturing(frame: FrameType) -> bool:
    """Return True for code of microbench, and for an override of `capture_functions`."""
    code = frame.f_code
    return is_own_code(code) or code.co_name == 'capture_functions'


def _is_stdlib(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    inside = path.startswith(STDLIB + os.sep) and 'site-packages' not in path
    return inside or path.startswith('<frozen ')


def _of_frame(frame: FrameType | None) -> tuple[dict[str, Any], CodeType | None]:
    """Return globals and code of a running function; a module has only globals."""
    if frame is None:
        return {}, None
    code = frame.f_code
    return frame.f_globals, code if code.co_flags & FUNCTION else None


def _of_function(func: Any) -> tuple[dict[str, Any], CodeType | None]:
    """Return those of a function, method, partial or object with __call__."""
    func = without_partial(func)
    for place in (func, getattr(func, '__func__', None), type(func).__call__):
        found = getattr(place, '__globals__', None)
        if isinstance(found, dict):
            return found, getattr(place, '__code__', None)
    return {}, None


@lru_cache
def imported_by(code: CodeType) -> frozenset[str]:
    """Return the modules that a function imports, functions inside it included.

    Of `from a.b import c` it is `a.b` and `a.b.c`, which may be a module.
    """
    inner = [imported_by(const) for const in code.co_consts if hasattr(const, 'co_code')]
    return frozenset(set(_imports_in(code)).union(*inner) - {''})


def _imports_in(code: CodeType) -> Iterator[str]:
    import dis

    base, level = '', None
    for step in dis.get_instructions(code):
        if step.opname == 'IMPORT_NAME':
            base = '' if level else step.argval  # else it is relative
            yield base
        elif step.opname == 'IMPORT_FROM' and base:
            yield f'{base}.{step.argval}'
        elif step.opname.startswith('LOAD_') and type(step.argval) is int:
            level = step.argval  # the last number before the name
