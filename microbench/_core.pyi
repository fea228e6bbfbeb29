"""The native border as a person reads it; what a name calls `ns` is nanoseconds."""

from collections.abc import Callable
from contextvars import Token
from os import PathLike
from typing import Any, overload

RUN_ID: str
"""UUID 4 of this process; a forked child keeps its parent's."""

class Phase:
    """A named part of a run: the object behind `with bench.time(name)`."""

    name: str | None
    def __enter__(self) -> Phase: ...
    def __exit__(self, kind: Any, exception: Any, traceback: Any) -> bool: ...
    async def __aenter__(self) -> Phase: ...
    async def __aexit__(self, kind: Any, exception: Any, traceback: Any) -> bool: ...

class TimeMethod:
    """Makes `time` of a bench from its Python definition, which is never called."""

    def __init__(self, definition: Callable[[Any, str], Phase]) -> None: ...
    @overload
    def __get__(self, bench: None, cls: type) -> TimeMethod: ...
    @overload
    def __get__(self, bench: object, cls: type) -> Callable[[str], Phase]: ...
    def __call__(self, bench: object, name: str) -> Phase: ...

class OpenRun:
    """The native half of a run: clock, durations, phases, context."""

    iterations: int
    triggers: bool
    background: bool
    """Set before open(): takes the phases that belong to no other run of its bench."""
    start_wall_ns: int
    finish_wall_ns: int
    def open(
        self,
        bench: object,
        counter: Callable[[], Any],
        foreign: bool,
        integers: bool,
        /,
    ) -> None:
        """Enter the run in the registry; unless in the background, make it active here."""
    def start(self) -> None:
        """Begin an iteration; the clock is read last."""
    def stop(self) -> None:
        """End an iteration; the clock is read first. Never raises."""
    def suspend(self) -> None:
        """Stop the clock until resume(), and stop being the active run."""
    def resume(self) -> None:
        """Be the active run again and go on with the same iteration."""
    def close(self) -> None:
        """Leave the registry and the context; what was measured stays."""
    def add_duration(self, ns: int, /) -> None:
        """Store an iteration that was measured elsewhere."""
    def keep_numbers(self, durations: list[Any], /) -> None:
        """From now on append durations to this list, as Python numbers."""
    phases_left: int
    @property
    def is_open(self) -> bool:
        """Between open() and close()."""
    @property
    def is_mixed(self) -> bool:
        """Whether phases were measured by a counter that C does not read."""
    @property
    def durations(self) -> list[Any]:
        """One number an iteration, in the unit of the counter."""
    @property
    def timings(self) -> list[dict[str, Any]]:
        """`{'name', 'duration'}` of the finished phases, in the order of leaving."""
    @property
    def timings_iteration(self) -> list[int]:
        """Iteration, from 0, of each entry of `timings`."""
    @property
    def open_timings(self) -> list[dict[str, Any]]:
        """The same for phases not left yet, with their time so far, outermost first."""

class Timed:
    """The callable that a bench makes of a plain function."""

    begin: Any
    __wrapped__: Any
    def __init__(self, func: Callable[..., Any], begin: Callable[..., Any]) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

class Appender:
    """One file that records are appended to; `target` is a path or a descriptor."""

    def __init__(self, target: str | bytes | PathLike[str] | int) -> None: ...
    def append(self, line: bytes) -> None:
        """Append the line and a newline; OSError if it could not be written."""
    def sync(self) -> None:
        """fsync(2)."""
    def close(self) -> None:
        """Close the file; the next append opens it again."""

def clock_ns() -> int:
    """Monotonic clock."""

def wall_ns() -> int:
    """Nanoseconds since 1970-01-01T00:00:00Z."""

def clock_info() -> tuple[str, int, int]:
    """Name, resolution and overhead in ns of the monotonic clock."""

def child_end_ns(pid: int, block: bool) -> int:
    """Monotonic clock right after the end of a child, which stays to be collected.

    0: it has not ended; with `block`, because a signal came. ChildProcessError: no such
    child.
    """

def record_id() -> str:
    """A new id, unique among all records of all processes."""

def type_version(cls: type, /) -> int:
    """Version tag of a class: changes with the class and its bases; 0 is no tag."""

def set_in_type(cls: type, name: str, value: object, /) -> None:
    """Set an attribute of any class, built-in ones included, in its own dictionary."""

def make_exits(whole: bool, /) -> None:
    """Whether sys.exit() makes a SystemExit at once, as it does from Python 3.12 on."""

def fork_generation() -> int:
    """How many forks lie between the process that loaded the library and this one."""

def mute() -> Token[Any]:
    """Have phases made in this context go nowhere, until unmute(token)."""

def unmute(token: Token[Any]) -> None: ...
def runs_open() -> int:
    """How many runs of this process are open."""

def phases_lost() -> int:
    """How many phases of this process belonged to no open run."""

def int_text(value: int) -> bytes:
    """A 64-bit integer in decimals."""

def seconds_text(ns: int) -> bytes:
    """Nanoseconds as decimal seconds."""

def iso8601_text(wall_ns: int, offset_s: int) -> bytes:
    """As datetime.isoformat(); ValueError outside the years 1 to 9999."""

def string_text(value: str) -> bytes:
    """A JSON string in ASCII, with its quotes."""

def ascii_text(json: bytes) -> bytes:
    """JSON in UTF-8 as JSON in ASCII."""

def plain_text(value: object) -> bytes | None:
    """JSON of a plain value (as json.loads returns, and datetimes), else None."""

def record_text(
    run: OpenRun, head: bytes, name: bytes, tail: bytes, offset_s: int
) -> bytes:
    """A record: fixed bytes, a fresh record id, the call block, fixed bytes."""
