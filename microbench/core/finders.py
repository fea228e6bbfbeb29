"""Find what records calls and blocks in C. The second record imports recorder.py.

The caller: C, which gets these functions in the constructors of Timed and Finder. It does
without a Recorder if the import fails, as it does when the interpreter ends.
"""

from __future__ import annotations

from ..descriptors import loaded
from .config import config_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import _core
    from .owner import Owner


def recorder_of(
    bench: Owner, func: Callable[..., Any], label: Any = None
) -> _core.Recorder | None:
    """Return a Recorder for the next calls of a function; None where there can be none.

    The first call opens the files.
    """
    plan = config_of(bench).plan
    if plan is None or not (plan.begun and plan.native):
        return None
    recorder: _core.Recorder | None = loaded(_recorders).for_function(bench, func, label)
    return recorder


def recorder_of_blocks(bench: Owner, _: None) -> _core.Recorder | None:
    """Return a Recorder for the next blocks of a bench; None where there can be none."""
    recorder: _core.Recorder | None = loaded(_recorders).for_blocks(bench)
    return recorder


def _recorders() -> Any:
    from . import recorder  # start-up time

    return recorder
