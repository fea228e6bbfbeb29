"""What is loaded on first need is loaded also where no descriptor is left.

A program that has run out of descriptors gets an OSError from each import. It must not come
out of a call that is recorded: the files of records are closed for a moment then.
"""

from __future__ import annotations

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
        OSError: none is, although our own files are closed.
    """
    try:
        return load()
    except (OSError, ImportError) as error:
        if not is_lack_of_descriptors(error) or not _core.close_files():
            raise
    return load()


def is_lack_of_descriptors(error: BaseException) -> bool:
    """Whether a process, or the system, has no descriptor left.

    The dynamic loader has an ImportError of its own for that, without a number.
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
    """Warn of what the program does without a record, at the line that asked for one.

    Raises:
        OSError: it is another error than a lack of descriptors.
    """
    if not is_lack_of_descriptors(error):
        raise error
    warn(f'nothing is recorded here: {one_line(error)}', RuntimeWarning)
