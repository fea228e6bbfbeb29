"""Import modules on first use, without descriptors and beside forks, too.

In a program that has run out of descriptors, each import raises OSError. A recorded call
must not raise it, so the files of records are closed first. If that does not help, a block
is an `Unrecorded`, because core/run.py cannot be imported.

While a thread imports a module, it holds the lock of the module. A child that another
thread forks meanwhile would wait for this lock for ever. So a fork waits until imports on
first use have finished.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from errno import EMFILE, ENFILE

from . import _core
from .messages import one_line, warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_importing = RLock()
os.register_at_fork(
    before=_importing.acquire,
    after_in_parent=_importing.release,
    after_in_child=_importing.release,
)


def loaded(load: Callable[[], Any]) -> Any:
    """Call a function that imports; if no descriptor is left, close files and try again.

    Args:
        load: function that imports and returns something.

    Raises:
        OSError: no descriptor is left although the files of records are closed.
    """
    with _importing:
        try:
            return load()
        except (OSError, ImportError) as error:
            if not is_lack_of_descriptors(error) or not _core.close_files():
                raise
        return load()


def is_lack_of_descriptors(error: BaseException) -> bool:
    """Return True if an error says that the process or system has no descriptor left.

    The dynamic loader reports this by an ImportError without an errno.
    """
    errno = getattr(error, 'errno', None)
    return errno in (EMFILE, ENFILE) or 'Too many open files' in str(error)


class Unrecorded:
    """A block that is not recorded."""

    def annotate(self, /, **fields: object) -> None:
        """Do nothing."""

    def __enter__(self) -> Unrecorded:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    async def __aenter__(self) -> Unrecorded:
        return self

    async def __aexit__(self, *raised: object) -> None:
        pass


def not_recorded(error: BaseException) -> None:
    """Warn, at the line that asked for a record, that nothing is recorded.

    Raises:
        OSError: the error is not a lack of descriptors.
    """
    if not is_lack_of_descriptors(error):
        raise error
    warn(f'nothing is recorded here: {one_line(error)}', RuntimeWarning)


def load_lazy_imports() -> None:
    """Load the imports that `-X lazy_imports=all` has deferred in this package (PEP 810).

    Records are also written when the interpreter ends and when no descriptor is left. No
    module can be imported then.
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
