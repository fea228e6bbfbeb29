"""Python packages: installed, or used by the calling code."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from ..core.capture import namespace, per_process, spanning
from ..core.naming import without_partial
from ..messages import is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import CodeType, FrameType
    from typing import Any

STDLIB = os.path.dirname(os.__file__)
FUNCTION = 0x1  # CO_OPTIMIZED, a flag of the code of functions (inspect)


class MBInstalledPackages:
    """Versions of all installed Python packages.

    With `capture_paths = True` also the directories they are in.

    >>> from microbench import MBInstalledPackages, MicroBench
    >>> class Bench(MicroBench, MBInstalledPackages):
    ...     pass
    >>> bench = Bench()
    >>> with bench.record():
    ...     pass
    >>> 'pytest' in bench.get_results()[0]['python']['installed_packages']
    True
    """

    cli_name = 'installed-packages'
    cli_fields = ('python',)
    capture_paths = False

    @per_process
    def capture_packages(self, bm_data: dict[str, Any]) -> None:
        """Set `python.installed_packages` and perhaps `python.installed_package_paths`.

        Of two distributions of one name the first counts, as it does when importing.
        """
        found = list(_distributions())
        python = namespace(bm_data, 'python')
        python['installed_packages'] = {name: version for name, version, _ in found}
        if self.capture_paths:
            python['installed_package_paths'] = {
                name: directory_of(distribution)
                for name, _, distribution in found
                if distribution.files
            }


def _distributions() -> Iterator[tuple[str, str, Any]]:
    """Yield name, version and the distribution itself; broken ones are left out."""
    from importlib import metadata

    known = set()
    for distribution in metadata.distributions():
        try:
            name, version = distribution.metadata['Name'], distribution.version
        except Exception:
            continue  # without metadata, or with such that cannot be read
        key = str(name).lower().replace('_', '-').replace('.', '-')
        if name and key not in known:
            known.add(key)
            yield name, version, distribution


def directory_of(distribution: Any) -> str:
    """Return the directory of the first listed file that is where packages are.

    Scripts are listed as well, as `../../../bin/name`.
    """
    inside = (f for f in distribution.files or () if '..' not in str(f).split('/'))
    first = next(inside, '')
    place = str(distribution.locate_file(first))
    return os.path.normpath(os.path.dirname(place) if first else place)


class MBGlobalPackages:
    """Versions of the packages that the calling code has in its globals.

    So are those that the timed function imports by itself. Cannot fail: what has no
    version is left out.

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

        A module counts by itself, anything else by the package that it was defined in;
        what has no version is skipped. Code that was called by the standard library (a
        task, a thread) is looked at through the globals of the decorated function.

        What the decorated function, or the one around a block, imports follows when it
        has run.
        """
        names, code = _looked_at(bm_data)
        _add(bm_data, list(names.values()))
        yield
        _add(bm_data, map(sys.modules.get, imported_by(code) if code else ()))


def _add(bm_data: dict[str, Any], values: Iterable[Any]) -> None:
    packages = dict(filter(None, map(_package_of, values)))
    if packages:
        python = namespace(bm_data, 'python')
        namespace(python, 'loaded_packages').update(packages)


def _package_of(value: Any) -> tuple[str, str] | None:
    try:
        module = value
        if not isinstance(value, type(sys)):
            module = sys.modules.get(value.__module__.partition('.')[0])
        name, version = module.__name__, module.__version__
    except Exception:
        return None  # no module, or one without version; or a proxy that points nowhere
    known = isinstance(name, str) and isinstance(version, str)
    return (name, version) if known else None


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
    """Whether it is ours, or an override of the hook, which counts as ours."""
    code = frame.f_code
    return is_ours(code) or code.co_name == 'capture_functions'


def _is_stdlib(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    inside = path.startswith(STDLIB + os.sep) and 'site-packages' not in path
    return inside or path.startswith('<frozen ')


def _of_frame(frame: FrameType | None) -> tuple[dict[str, Any], CodeType | None]:
    """Return globals and code of a running function; of a module there is no code."""
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
    """Return the packages that a function imports, functions inside it included."""
    import dis

    steps = [s for s in dis.get_instructions(code) if s.opname != 'EXTENDED_ARG']
    found = {
        step.argval.partition('.')[0]
        for level, step in zip(steps, steps[2:], strict=False)
        if step.opname == 'IMPORT_NAME' and level.argval == 0  # else it is relative
    }
    inner = [imported_by(const) for const in code.co_consts if hasattr(const, 'co_code')]
    return frozenset(found.union(*inner))
