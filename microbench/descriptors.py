"""Import modules on first need even if no descriptor is left.

In a program that has run out of descriptors each import raises OSError. A recorded call
must not raise it, so the files of records are closed first. Where that does not help, a
block is an `Unrecorded`: that of core/block.py cannot be loaded then.
"""

from __future__ import annotations

import sys
from errno import EMFILE, ENFILE

from . import _core
from .messages import one_line, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def loaded(load: Callable[[], Any]) -> Any:
    """Call a function that imports; once more if no descriptor was left.

    Raises:
        OSError: no descriptor is left, although our own files are closed.
    """
    try:
        return load()
    except (OSError, ImportError) as error:
        if not is_lack_of_descriptors(error) or not _core.close_files():
            raise
    return load()


def is_lack_of_descriptors(error: BaseException) -> bool:
    """Whether a process, or the system, has no descriptor left.

    The dynamic loader raises an ImportError without a number for that.
    """
    errno = getattr(error, 'errno', None)
    return errno in (EMFILE, ENFILE) or 'Too many open files' in str(error)


class Unrecorded:
    """A block that is not recorded."""

    def __enter__(self) -> Unrecorded:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    async def __aenter__(self) -> Unrecorded:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass


def not_recorded(error: BaseException) -> None:
    """Warn that nothing is recorded, at the line of the program that asked for a record.

    Raises:
        OSError: it is another error than a lack of descriptors.
    """
    if not is_lack_of_descriptors(error):
        raise error
    warn(f'nothing is recorded here: {one_line(error)}', RuntimeWarning)


def load_lazy_imports() -> None:
    """Load what `-X lazy_imports=all` has put off in our modules (PEP 810).

    Records are written when the interpreter ends and when no descriptor is left, too, and
    nothing can be imported then.
    """
    import types

    lazy = types.LazyImportType  # type: ignore[attr-defined] # of CPython 3.15
    package = f'{__package__}.'
    seen: set[str] = set()
    while True:
        loaded = {name for name in list(sys.modules) if name.startswith(package)} - seen
        if not loaded:
            return
        seen |= loaded
        for module in filter(None, map(sys.modules.get, loaded)):
            for name, value in list(vars(module).items()):
                if type(value) is lazy:
                    getattr(module, name)
