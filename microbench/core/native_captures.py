"""Captures of microbench's own mixins that run in C (csrc/py/py_captures.h).

C runs a capture if the hook is the very function that the mixin defines: an override in a
class or on the bench, a patch, or a wrapper is another function. Each of these functions
is in capture.NATIVE, with the names in modules that it reads. A plan notes their values:
if one of them changes, or os.environ does, the next record needs another plan.

    mixin              what C does
    -----------------  ------------------------------------------------------------------
    MBFunctionCall     encodes the arguments before the call
    MBWorkingDir       calls os.getcwd() before the call
    MBResourceUsage    calls getrusage(2) before and after each iteration
    MBReturnValue      encodes the return value
    MBSlurmInfo        nothing: the text is ready, as long as os.environ does not change

MBHostInfo is constant in a process. A value that C cannot encode, or that is too large,
goes to encoded().
"""

from __future__ import annotations

import os
import posix

from .. import _core
from ..encoding import json_text
from ..json_library import loads
from .capture import ARGUMENTS, ENVIRON, USAGE, WORKING_DIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..encoding.json_text import HasToJson
    from .hooks import Hooks
    from .settings import Settings

ENVIRON_CLASS = type(os.environ)
GETCWD = posix.getcwd  # what a program puts into `os` in its place is called


def sources(hooks: Hooks) -> _core.Sources:
    """Return what the hooks that C can run read, in its present state."""
    read = dict.fromkeys(
        place for native in hooks.native.values() for place in native.sources
    )
    places = tuple((vars(module), name, vars(module).get(name)) for module, name in read)
    watched = _environment() if ENVIRON in _kinds(hooks) else None
    try:
        return _core.Sources(places, watched)
    except RuntimeError:  # other libraries watch dicts, too: there are no watchers left
        return _core.Sources(places, None)


def _environment() -> dict[Any, Any] | None:
    """Return the dict behind os.environ; None if a program has replaced that."""
    data = getattr(os.environ, '_data', None)
    is_usual = type(os.environ) is ENVIRON_CLASS and type(data) is dict
    return data if is_usual else None


def are_usable(hooks: Hooks, sources: _core.Sources) -> bool:
    """Return True if C would capture what the hooks capture, as long as `sources` hold."""
    if ENVIRON in _kinds(hooks) and not sources.watches:
        return False
    return all(native.usable() for native in hooks.native.values())


class NativeCaptures:
    """The captures of one plan.

    Args:
        hooks: those of the plan, in `native` what C can run.
        settings: those of the plan.
        mirrored: which runs a journal mirrors, as in plan.py.

    Attributes:
        native: what C uses.
    """

    __slots__ = ('native',)

    def __init__(self, hooks: Hooks, settings: Settings, mirrored: int) -> None:
        kinds, limits = _kinds(hooks), settings.limits
        self.native = _core.Captures(
            encode=encoded,
            getcwd=os.getcwd if WORKING_DIR in kinds else None,
            is_native=os.getcwd is GETCWD,
            arguments=ARGUMENTS in kinds,
            usage=USAGE in kinds,
            value=hooks.returns,
            masks=not settings.masker.off,
            mirrored=mirrored,
            most_text=limits.text,
            most_in_container=limits.container,
        )

    def begin(
        self, run: _core.OpenRun, name: str, func: Any, args: Any, kwargs: Any
    ) -> bool:
        """Run the captures before the code of an open run; `func` is None for a block.

        Return False if one would fail, or a journal would show what may be a secret: then
        the hooks run in Python, as without this.
        """
        if func is None:
            return self.native.begin_block(run)
        return self.native.begin(run, name, args, kwargs)

    def add_to(self, run: _core.OpenRun, name: str, data: dict[str, Any]) -> None:
        """Add what was captured before the code to a dict; `_func` asks for the rest."""
        call, _, usage = _core.pieces(run, name)
        data['call'] = {**loads(b'{' + call + b'}'), **data['call']}
        data.update(loads(b'{' + usage[1:] + b'}'))
        if run.is_call:
            data['_func'] = None  # adds the return value


def _kinds(hooks: Hooks) -> set[str]:
    return {native.kind for native in hooks.native.values()}


def encoded(value: Any, bench: HasToJson) -> bytes:
    """Return an argument or a return value as JSON.

    The caller: C, for values that it cannot encode.
    """
    return json_text.encode(json_text.snapshot(value, bench))
