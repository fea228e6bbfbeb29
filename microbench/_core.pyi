"""The native interface, in types; `ns` in a name means nanoseconds."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from contextvars import Token
from datetime import datetime, tzinfo
from os import PathLike
from types import TracebackType
from typing import Any, Literal, TypeVar

from typing_extensions import Self

_Decorated = TypeVar(
    '_Decorated',
    bound=Callable[..., Any] | classmethod[Any, Any, Any] | staticmethod[Any, Any],
)

RUN_ID: str
"""UUID 4 of this process; a forked child keeps its parent's."""

MASK: str
"""Text that replaces a secret in a record."""

class Phase:
    """A named part of a run: the object behind `with bench.time(name)`."""

    name: str | None
    def __enter__(self) -> Phase: ...
    # Not bool: type checkers would expect exceptions, and a return inside, to be swallowed.
    def __exit__(self, kind: Any, exception: Any, traceback: Any) -> Literal[False]: ...
    def __call__(self, func: _Decorated, /) -> _Decorated: ...
    async def __aenter__(self) -> Phase: ...
    async def __aexit__(
        self, kind: Any, exception: Any, traceback: Any
    ) -> Literal[False]: ...

def time_method(cls: type) -> Any:
    """Return the descriptor for `time` of a bench class, with its docstring."""

def record_method(cls: type) -> Any:
    """Return a descriptor that does what `record` of a bench class does, mostly in C."""

def within_stack(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that may recurse in C; raise RecursionError before the stack ends.

    A program may have raised its recursion limit beyond what fits the stack.
    """

def copied(value: Any, /) -> Any:
    """Copy containers, but share their items.

    What contains itself, is nested too deeply, or cannot be copied, is shared as it is.
    """

def merge(record: dict[str, Any], fields: dict[str, Any], /) -> None:
    """Put copies of fields into a record; merge dicts into those of the same name."""

def moment(wall_ns: int, tz: tzinfo | None, /) -> datetime:
    """Return a time of the wall clock in this time zone; with None, naive local time.

    Microseconds are rounded down, as in the text that C writes.
    """

class Finder:
    """Finds the Recorder of the blocks of a bench, and remembers it.

    Args:
        find: `find(bench, None)` returns a Recorder, or None. Called again once something
            has changed.
    """

    recorder: Recorder | None
    def __init__(self, find: Callable[[Any, None], Recorder | None]) -> None: ...

class Block:
    """A block of code that becomes one record each time it is entered.

    `begin()`, which core.block adds, returns a run that is open, to be started: called
    where no Recorder can write the record.

    Args:
        owner: the bench.
        name: `call.name`.
    """

    owner: Any
    name: str
    fields: dict[str, Any] | None
    """Fields of each record, made of plain JSON values."""
    run: OpenRun | None
    def __init__(self, owner: object, name: object) -> None: ...
    begin: Callable[[Block], OpenRun]
    annotate: Callable[..., None]
    mirror_fields: Callable[[Block, OpenRun], None]
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

def call_until_done(target: Any, method: str, argument: Any, /) -> None:
    """Call a method, by name, until it has finished.

    If Ctrl-C interrupts it, it is called again, and has to go on where it was. The first
    interruption is raised afterwards.
    """

class OpenRun:
    """The native half of a run: clock, durations, phases, context."""

    loops: int
    """Calls in each iteration, of which more() says how many follow; 0: one, and none."""

    iterations: int
    triggers: bool
    bench: Any
    recorder: Recorder | None
    """The Recorder that has begun it."""
    label: str | None
    """`call.name`, where a Recorder has begun it."""
    notes: dict[str, Any] | None
    """Further fields of the record; with them, Python completes it."""
    place: bytes | None
    """Members of `call` with the place of the function, a comma before each."""
    thread: bytes | None
    """Member of `process` with the name of the thread, likewise; None in the main one."""
    load_average: float | None
    """That of the last minute, at the start of an observed run; None if unknown."""
    run_delay: float | None
    """Seconds that the thread waited for a CPU, of an observed run; None if unknown."""
    resource_usage: list[dict[str, Any]] | None
    """The usage of an observed run; None if unknown, or not asked for."""
    background: bool
    """True if the run takes phases outside other runs of its bench. Set before open()."""
    start_wall_ns: int
    finish_wall_ns: int
    clock_step_ns: int
    """Change of the wall clock during the run; 0 for less than a second."""
    def open(
        self,
        bench: object,
        counter: Callable[[], Any],
        foreign: bool,
        integers: bool,
        histogram: bool = False,
        /,
    ) -> None:
        """Register the run; make it active here, unless it is a background run.

        With `histogram`, iterations and phases are counted in histograms, not listed.
        """
    def start(self) -> None:
        """Begin an iteration; the clock is read last."""
    def stop(self) -> None:
        """End an iteration; the clock is read first. Never raises."""
    def note_start(self) -> None:
        """Read both clocks as the start of the run, unless it has one."""
    def note_finish(self) -> None:
        """Set the time of the end to the start plus the monotonic difference."""
    def suspend(self) -> None:
        """Stop the clock until resume(), and stop being the active run."""
    def resume(self) -> None:
        """Be the active run again and go on with the same iteration."""
    def inside(self, step: Callable[..., Any], /, *args: Any) -> Any:
        """Resume, call `step(*args)`, and suspend, whatever it raises."""
    def finish(self, exception: BaseException | None = None, value: Any = None, /) -> None:
        """Have `complete(exception, value)` write the record, and close the run.

        It is called again if Ctrl-C came in between, and has to go on where it was.
        """
    def observe(self, usage: bool, /) -> None:
        """Have the record say what the machine does between start() and stop().

        That is load, delay and, if asked for, resource usage. Comes before all captures.
        """
    def observe_phases(self, observer: Callable[[Phase], Any], /) -> None:
        """From now on return observer(phase) for each phase made in this open run."""
    def note_thread(self) -> None:
        """Note the name of this thread, if it is not the main one."""
    def claim(self) -> bool:
        """Claim the record; return True to the first caller, who then writes it."""
    def seal(self) -> None:
        """Leave the registry and the context; keep the measurements."""
    def close(self) -> None:
        """Seal the run, and remove it from its journal."""
    def add_duration(self, ns: int, /) -> None:
        """Store an iteration that was measured elsewhere."""
    def began_elsewhere(self) -> None:
        """Show in the journal that the next iteration, measured elsewhere, has begun."""
    def keep_numbers(self, durations: list[Any], /) -> None:
        """From now on append durations to this list, as Python numbers."""
    phases_finished: int
    @property
    def histogram(self) -> dict[str, Any] | None:
        """Return the distribution of the iterations; None where they are listed."""
    @property
    def phases_listed(self) -> int:
        """Number of phases that the record lists at most: the last ones."""
    @property
    def timings_summary(self) -> list[dict[str, Any]]:
        """Totals of all phases that C has measured; empty while all are listed."""
    @property
    def values(self) -> list[tuple[str, Any] | None]:
        """Name and value of phases by order; None for those that C has measured."""
    @property
    def record_id(self) -> str:
        """Id of its record; a forked child gets another one."""
    @property
    def is_forked(self) -> bool:
        """True if a parent of this process has opened it."""
    @property
    def is_journaled(self) -> bool:
        """True if a journal mirrors it."""
    @property
    def in_first_iteration(self) -> bool:
        """True if it has been started and not stopped."""
    @property
    def has_claimed(self) -> bool:
        """True if claim() has returned True."""
    @property
    def is_open(self) -> bool:
        """True between open() and close()."""
    @property
    def is_call(self) -> bool:
        """True if C has captured the call of a function."""
    @property
    def is_mixed(self) -> bool:
        """True if phases were measured by a counter that C does not read."""
    @property
    def durations(self) -> list[Any]:
        """One number an iteration, in the unit of the counter."""
    @property
    def timings(self) -> list[dict[str, Any]]:
        """`{'name', 'duration'}` of the finished phases, in the order of their ends."""
    @property
    def timings_iteration(self) -> list[int]:
        """Iteration, from 0, of each entry of `timings`."""
    @property
    def open_timings(self) -> list[dict[str, Any]]:
        """The same for unfinished phases, with their time so far, outermost first."""

class Sampler:
    """Decides which calls of a function are recorded, and counts the others.

    The first of each `every` calls is recorded; with 0, a random share of them.
    """

    def __init__(
        self,
        every: int,
        share: float,
        histogram: bool,
        integers: bool,
        note: Callable[[], object] | None,
        /,
    ) -> None: ...
    def take(self) -> Sampler | None:
        """Return a Sampler that has the counts, and count anew; None without any."""
    def put_back(self, taken: Sampler, /) -> None:
        """Add the counts of what take() has returned."""
    def fields(self) -> dict[str, Any]:
        """Return the counts, as `call.between` has them."""

class Timed:
    """The iteration loop in C, which a call of a function that `@bench` returned runs.

    It is in the closure of that function, whose body is `return timed(args, kwargs)`.
    It is pickled by value, as functions are whose module cannot be imported.

    Args:
        bench: the bench that records.
        func: the function that is timed.
        begin: `begin(bench, func, args, kwargs)` returns a begun run.
        find: `find(bench, func)` returns a Recorder, which writes the records instead of
            Python, or None. Called again once something has changed.
    """

    bench: Any
    func: Any
    begin: Any
    recorder: Recorder | None
    def __init__(
        self,
        bench: object,
        func: Callable[..., Any],
        begin: Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any],
        find: Callable[[Any, Any], Recorder | None] | None = None,
    ) -> None: ...
    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Any:
        """Call the function, and record it."""
    def lead(self, function: Callable[..., Any], direct: bool, /) -> None:
        """Connect `function`, which has this object in its closure.

        Stores this object in the function's `__dict__`. With `direct`, calls come here
        without running the body; on CPython 3.11 only calls from C do.
        """
    def current(self) -> Timed:
        """Return the Timed that a call of the function runs now.

        That is another one after a reload that copied code and `__dict__` of the new
        definition into the old function, as autoreload of IPython does.
        """
    def block(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], /
    ) -> AbstractContextManager[Awaitable[Any]] | None:
        """Return the Block of one call, which gives what the function returns.

        None for calls of several iterations or with captures, and where Python has to
        record the call.
        """
    def awaits(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Awaits | None:
        """Return any call of a coroutine function; None where Python has to record it."""

class Awaits:
    """A call of a coroutine function that C records: an iterator of its iterations.

    To enter it returns the function; None where Python has to begin the run.
    """

    def __enter__(self) -> Callable[..., Any] | None: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Self: ...
    def __next__(self) -> Awaitable[Any]:
        """Begin the next iteration, read the clock, and call the function."""
    def stop(self, value: Any, /) -> Any:
        """End the iteration, which has this value; return the value."""

class Recorder:
    """Writes the records of a function without running any other Python.

    Args:
        run_class: the class of the runs.
        plan: passed on to `adopt()` of a run whose record Python has to write.
        name: `call.name`.
        head: text of the record before its id.
        call: text of `call` before the durations.
        tail: text after the call block.
        counter: the duration counter.
        offset_s: seconds of the time zone, east of UTC.
        integers: durations are integer nanoseconds.
        iterations: calls of the function for each record.
        version: version tag of the class of the bench, from which the plan was made.
        outcomes: no pattern has to be looked for in an exception.
        template: mirrors the runs into a journal; None for none.
        rest: text after the captures.
        captures: run before and after the code; None for none.
        sources: what captures and texts are made from; None for nothing.
        histogram: iterations and phases are counted, not listed.
        place: members of `call` with the place of the function, which `call` has, too.
        func: the function, whose place may change; None for blocks.
        thread_at: place in the tail for the name of a thread; -1 for none.
        observes: what the machine does is in the record, and ...
        observes_usage: its resource usage.

    Attributes:
        records: number of records written without Python.
    """

    records: int
    plan: Any
    labelled: bool
    """The name is that of the decorator, whatever that of the function."""
    def __init__(
        self,
        run_class: type[OpenRun],
        plan: object,
        name: str,
        head: bytes,
        call: bytes,
        tail: bytes,
        counter: object,
        offset_s: int,
        integers: bool,
        iterations: int,
        version: int,
        outcomes: bool,
        template: JournalTemplate | None = None,
        rest: bytes = b'',
        captures: Captures | None = None,
        sources: Sources | None = None,
        histogram: bool = False,
        place: bytes = b'',
        func: object = None,
        thread_at: int = -1,
        observes: bool = False,
        observes_usage: bool = False,
    ) -> None: ...

class Captures:
    """Captures of microbench's own mixins that run without Python.

    Args:
        encode: `encode(value, bench)` returns any value as JSON.
        getcwd: os.getcwd; None leaves the working directory out.
        is_native: that is the function of CPython.
        arguments: the arguments are recorded.
        usage: the resource usage of each iteration is recorded.
        value: the return value is recorded.
        masks: records are searched for secrets.
        mirrored: which runs a journal mirrors: none, blocks (1) or all (2).
        most_text: bytes of JSON up to which C encodes a str.
        most_in_container: likewise, for a list, tuple or dict.
    """

    def __init__(
        self,
        encode: Callable[[Any, Any], bytes],
        getcwd: Callable[[], str] | None,
        is_native: bool,
        arguments: bool,
        usage: bool,
        value: bool,
        masks: bool,
        mirrored: int,
        most_text: int = ...,
        most_in_container: int = ...,
    ) -> None: ...
    def begin(
        self, run: OpenRun, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], /
    ) -> bool:
        """Run the captures before a function; False if one would fail in Python as well."""

    def begin_block(self, run: OpenRun, /) -> bool:
        """Do the same for a block, which has no arguments and no value."""

    def start(self, run: OpenRun, /) -> None:
        """Read the counters of the process before an iteration."""

    def stop(self, run: OpenRun, /) -> None:
        """Read them again, and store the differences."""

    def finish(self, run: OpenRun, value: Any, /) -> None:
        """Store the return value of a function; raises what its encoder raises."""

class Sources:
    """Values of names in modules, and one dict: whether they are what they were.

    Args:
        places: dict, name and value of each.
        whole: a dict in which nothing may change; None for none.

    Attributes:
        watches: whether there is such a dict.

    Raises:
        RuntimeError: other libraries use up what CPython has for watching dicts.
    """

    watches: bool
    def __init__(
        self,
        places: tuple[tuple[dict[Any, Any], str, Any], ...],
        whole: dict[Any, Any] | None,
        /,
    ) -> None: ...
    def hold(self) -> bool:
        """Return True if nothing has changed."""

def add_sink(recorder: Recorder, sink: object, target: object, syncs: bool = False) -> None:
    """Add a sink to a recorder, in the order in which they get the record.

    Args:
        recorder: a Recorder that has not been used yet.
        sink: the object; a change of its class ends the use of the recorder.
        target: the Appender or `io.StringIO` to write to; None discards records.
        syncs: of an Appender: wait after each record until the disk has it.
    """

def note_change() -> None:
    """Have each Recorder looked for again: something it was made from has changed."""

class Journal:
    """Holds open runs in a mapped file, which a reader recovers after a crash.

    A process has one journal for each output file, however many objects refer to it. It is
    removed with the last object, or with the last record that is open in it. Without an
    output, the journal is in memory.

    Args:
        output: absolute path of the file that the records belong to.
        directory: where the journal lies, beside the output by default.
        local: only on file systems that cannot harm a program with a mapped file.

    Raises:
        OSError: there can be none; ENOTSUP for no regular file, or by `local`.
    """

    def __init__(
        self, output: bytes | None, directory: bytes | None = None, local: bool = True
    ) -> None: ...
    @property
    def path(self) -> bytes | None:
        """Path of its file; None for memory, and in a forked child."""
    def mirror(
        self,
        run: OpenRun,
        head: bytes,
        call: bytes,
        tail: bytes,
        offset_s: int,
        secret: bool = False,
        /,
    ) -> bool:
        """Mirror an open run until it is closed; return False if there is no room.

        Args:
            run: the run.
            head: `{"mb":{...,"record_id":"`.
            call: fields of `call` that come before the measurements.
            tail: other fields, each with a comma before it.
            offset_s: of the time zone, east of UTC.
            secret: write `call` as it is: add and note nothing that was measured.
        """

def refresh(run: OpenRun, head: bytes, call: bytes, tail: bytes, /) -> bool:
    """Replace the text of a run in its journal; return False if it has none, or no room.

    A concurrent reader sees either the old text or the new one.
    """

class JournalTemplate:
    """Mirrors runs without a dict into a journal, for one plan and one file.

    Args:
        journal: where; None for nowhere.
        sink: its `outfile` is looked at each time.
        head: see `Journal.mirror`.
        tail: likewise.
        offset_s: likewise.
        thread_at: place in the tail for the name of a thread; -1 for none.
    """

    def __init__(
        self,
        journal: Journal | None,
        sink: Any,
        head: bytes,
        tail: bytes,
        offset_s: int,
        thread_at: int = -1,
    ) -> None: ...
    @property
    def is_current(self) -> bool:
        """True while the file and the process are those it was made for."""
    def mirror(self, run: OpenRun, name: str | None, /) -> bool:
        """Mirror a run of this name; return False if the file or process has changed."""

class Appender:
    """One file that records are appended to; `target` is a path or a descriptor."""

    def __init__(self, target: str | bytes | PathLike[str] | int) -> None: ...
    def append(self, line: bytes) -> None:
        """Append the line and a newline; raise OSError if it could not be written."""
    def sync(self) -> None:
        """Call fsync(2) on the file."""
    def close(self) -> None:
        """Close the file; the next append opens it again."""

BATCH_SIZE: int  # bytes that wait in a batch, at most

class Batch:
    """Records that wait in memory, to be appended to a file with one write.

    Args:
        file: to which they are appended; by its path.
        records: that fill a batch.
        seconds: for which one may wait.
        journal: in which they lie meanwhile; None for memory.
    """

    def __init__(
        self, file: Appender, records: int, seconds: float, journal: Journal | None = None
    ) -> None: ...
    @property
    def file(self) -> Appender:
        """The file."""
    @property
    def is_stale(self) -> bool:
        """True in a forked child, until `renew()`: what waits belongs to the parent."""
    @property
    def is_journaled(self) -> bool:
        """True if the records that wait lie in a journal."""
    def renew(self, journal: Journal | None = None) -> None:
        """Give an empty batch, as in a forked child, a new place for its records."""
    def set_sync(self, sync: bool, /) -> None:
        """Call fsync(2) after each write, or not."""
    def append(self, line: bytes) -> None:
        """Add a record; raise OSError if it fills the batch and could not be written.

        Then the record is not in the batch. Others that could not be written are.
        """
    def flush(self) -> None:
        """Write what waits; raise OSError if that fails: then it still waits."""
    def lines(self) -> list[bytes]:
        """Return the records that wait."""
    def discard(self) -> None:
        """Forget the records that wait."""

def flush_batches(now_ns: int | None = None, /) -> None:
    """Write what waits in all batches; with a time, what has waited too long by then.

    Those that fail keep their records.
    """

def end_batches() -> None:
    """Write what waits in all batches, and from here on each record at once."""

class EmergencyWriter:
    """Has native code write the record of a run, unless it was claimed before.

    Args:
        run: a run that a journal mirrors.
        targets: paths and descriptors that its line goes to; where none takes it, or
            without one, standard error.
        owner: whose record it is. While one replaces an older one of its owner, only one
            of them is written.
    """

    def __init__(
        self, run: OpenRun, targets: Iterable[str | int], owner: object = None
    ) -> None: ...
    def remove(self) -> None:
        """Keep native code from writing the record."""

def exit_prepare(grace_ns: int, patience_ns: int) -> None:
    """Prepare a watchdog; set how long after a signal Python may take to begin and end."""

def exit_release() -> None:
    """Release the watchdog, unless it is about to end the process."""

def exit_begin() -> bool:
    """Return True if Python may write the records now; else native code is writing them."""

def exit_end() -> int:
    """Wait for native code, after Python has written the records.

    Return the deadly signal that came first, or 0.
    """

def exit_signal() -> tuple[int, int]:
    """Return the signal that ends the process, and its monotonic time; or 0, 0."""

def note_signal(number: int) -> None:
    """Note a signal, unless one was noted before."""

def first_signal() -> int:
    """Return the signal that was noted, or 0."""

def signal_came_directly(number: int) -> bool:
    """Return True if the system, not a later handler, called the handler in C."""

def undo_in_child(
    entries: Iterable[tuple[Callable[[], object], Callable[[Any], object], object, object]],
) -> None:
    """Set what a forked child restores: `put(before)` if `get()` is `installed`.

    The entries are `(get, put, installed, before)`; the functions are in C.
    """

def before_fork() -> None:
    """Block the handled signals in this thread from the fork on."""

def after_fork() -> None:
    """Unblock the signals when `os.fork()` has returned; in other threads at once."""

def in_child() -> None:
    """Restore the entries of `undo_in_child`, and unblock the signals."""

def emergency_write(number: int) -> None:
    """Write all open records that are not claimed: the process ends by this signal."""

def signal_take(
    number: int, kind: int, python: bool, users: bool, relay: int, behind: bool
) -> None:
    """Install a handler in C in front of the present one: see mb_setup.h."""

def signal_give_back(number: int) -> bool:
    """Restore the handler before; return False if a later one stays in front instead."""

def signal_in_force(number: int) -> bool:
    """Return True if the signal leads to the handler in C."""

def signal_is_before(number: int) -> bool:
    """Return True if the signal calls the earlier handler directly, not the one in C."""

def signal_is_default(number: int) -> bool:
    """Return True if the signal has the default action."""

def signal_is_pythons(number: int) -> bool:
    """Return True if its handler in C is part of the interpreter."""

def signal_default(number: int) -> None:
    """Set the default action."""

def signal_stack(wanted: bool) -> None:
    """Give this thread an alternate signal stack, or take it away again."""

def run_is_claimed(run: OpenRun) -> bool:
    """Return True if Python or native code has claimed the record."""

def clock_ns() -> int:
    """Return the monotonic clock."""

def wall_ns() -> int:
    """Return the nanoseconds since 1970-01-01T00:00:00Z."""

def clock_info(choice: int = 0) -> dict[str, str | int]:
    """Return `mb.clock`: what the monotonic clock is read from, and how finely.

    Args:
        choice: at the first call only. 0: the counter of the processor where the kernel
            keeps time by it; 1: the clock alone; 2: the counter in any case.
    """

def child_end_ns(pid: int, block: bool) -> int:
    """Return the monotonic clock right after the end of a child, which stays uncollected.

    0: it has not ended; with `block`, because a signal came. ChildProcessError: no such
    child.
    """

def adopts_orphans() -> bool:
    """Return True if orphans become children of this process: an init or a subreaper."""

def type_version(cls: type, /) -> int:
    """Return the version tag of a class, which changes with its bases too; 0 for no tag."""

def set_in_type(cls: type, name: str, value: object, /) -> None:
    """Set an attribute of any class, built-in ones included, in its own dictionary."""

def make_exits(whole: bool, /) -> None:
    """Set whether sys.exit() makes a SystemExit at once, as from Python 3.12 on."""

def in_main_thread() -> bool:
    """Return True if this is the thread in which Python calls signal handlers.

    Asks the interpreter, since gevent and eventlet patch `threading`.
    """

def start_thread(function: Callable[[], object], /) -> None:
    """Call a function in a thread of the system, even if `threading` creates greenlets.

    Raises:
        RuntimeError: no thread can be created.
    """

class Gate:
    """A `threading.Event` for threads of the system, even if `threading` is patched."""

    def set(self) -> None:
        """Let all present and later waiters pass."""
    def is_set(self) -> bool:
        """Return True if it was set."""
    def wait(self, seconds: float, /) -> bool:
        """Wait until it is set, at most these seconds; return True if it is.

        With a negative time, do not wait.
        """

class Counters:
    """Counters of perf_event_open(2), of this thread or of what it will start.

    Args:
        events: numbers `type` and `config` of each, at most 16.
        of_children: count what this thread starts, not itself.
    """

    def __init__(
        self, events: tuple[tuple[int, int], ...], of_children: bool, /
    ) -> None: ...
    @property
    def errors(self) -> tuple[int, ...]:
        """Return for each event why it is not counted: errno; 0 if it is."""
    def read(self) -> CountersReading:
        """Return the present counts.

        Raises:
            OSError: ECHILD in a forked child, EBADF if a program has closed the descriptor.
        """
    def close(self) -> None:
        """Close the descriptors; deallocation does it, too."""

class CountersReading:
    """What counters showed at a time."""

    def since(self, before: CountersReading, /) -> list[tuple[int | None, bool]]:
        """Return what each event counted since, and whether it is an estimate.

        None: the kernel has not counted it, though the thread ran.
        """
    def times_ns(self, before: CountersReading, i: int, /) -> tuple[int, int]:
        """Return for how long the thread ran since, and was counted: of one event."""

def look_for_greenlets() -> None:
    """Note whether greenlets can exist; later runs then know their greenlet."""

def fork_generation() -> int:
    """Return the number of forks between the process that loaded the library and this."""

def samples(
    func: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    loops: int,
    count: int,
    counter: Callable[[], Any] | None = None,
) -> list[Any]:
    """Return how long so many samples took, of so many calls of a function each.

    In nanoseconds or, with a `counter`, as differences of what it returns. Signals are
    handled between two samples.
    """

def mute() -> Token[Any]:
    """Discard phases made in this context, until unmute(token)."""

def unmute(token: Token[Any]) -> None: ...
def keep_phases(kept: int, names: int, most: int = 100_000, /) -> tuple[int, int, int]:
    """Set how many phases a record lists, and how many names have totals; for tests.

    That of a process lists none once there are more than `most`. Returns what was set
    before. No run may be open.
    """

def observe_from(ns: int, /) -> int:
    """Observe blocks of so many nanoseconds and more; return what it was before."""

def active_run(bench: object, /) -> Any:
    """Return the run that a phase of this bench would belong to; None for none."""

def runs_open() -> int:
    """Return the number of open runs of this process; for tests."""

def phases_lost() -> int:
    """Return the number of phases outside any open run of this process; for tests."""

def iso8601_text(wall_ns: int, offset_s: int) -> bytes:
    """Return a time as datetime.isoformat() does; ValueError outside years 1 to 9999."""

def string_text(value: str) -> bytes:
    """Return a text as a JSON string in ASCII, with its quotes."""

def ascii_text(json: bytes) -> bytes:
    """Return JSON in UTF-8 as JSON in ASCII."""

def is_suspicious(json: bytes) -> bool:
    """Return True if the text of a record may hold a secret: see mb_suspicious.h."""

def closed_text(json: bytes, measured: bool) -> bytes:
    """Mask every field of a record that may hold a secret; see mb_closed.h."""

def has_digits(text: bytes, run: int) -> bool:
    """Return True if the text has `run` decimal digits, at least one, side by side."""

def is_deep(value: object) -> bool:
    """Return True if lists, tuples and dicts nest beyond 200 levels.

    Subclasses of lists and dicts count, and frozendicts: orjson follows these by itself.
    """

def is_shallow(value: object, levels: int) -> bool:
    """Return True if a value has only None, str, int, float, bool; dict, list, tuple.

    The last three nest at most `levels` levels; subclasses do not count.
    """

def plain_text(value: object) -> bytes | None:
    """Return JSON of a plain value (as json.loads returns, or a datetime), else None."""

def plain_text_within(value: object, text: int, container: int) -> bytes | None:
    """Return the same; None too if a str or a container takes more bytes of JSON."""

class FlatNames:
    """Dotted names of the values in nested objects: each made once, used for many.

    `empty`, where it is not None, takes the place of each empty object.
    """

    empty: Any
    def __init__(self, above: str = '', empty: Any = None) -> None: ...
    def flattened(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The values by name; None where two share one, or it is nested too deep."""

class Decoder:
    """Decode lines of JSON whose objects have similar names.

    `flat` joins the names of nested objects, as FlatNames does; `empty`, where it is not
    None, then takes the place of each empty object.
    """

    def __init__(self, flat: bool = False, empty: Any = None) -> None: ...
    def decode(self, lines: bytes) -> list[dict[str, Any]] | None:
        """The records on whole lines, as json.loads() returns each of them.

        None if a line is not exactly one record, or is one that only the module json reads.
        """

ROW_SHAPES: dict[str, int]
ROW_COLUMNS: dict[str, int]
ROW_LEAVES: dict[str, int]
ROW_KINDS: dict[str, int]

class RowReader:
    """Make rows of a table out of lines of records; see csrc/reading/mb_rows.h.

    `shape` is one of ROW_SHAPES. `number` is that of the next record, `has_durations` is
    true after a row with a duration of the counter `perf_counter`. With `in_lists`, rows
    are appended to lists, one for each column, which have to be as long as one another.
    """

    number: int
    has_durations: bool
    def __init__(self, shape: int, in_lists: bool = False) -> None: ...
    def add_column(
        self, kind: int, key: bytes, leaf: int = -1, values: list[Any] | None = None
    ) -> int:
        """Add a column of one of ROW_COLUMNS, and return its number.

        `key` is its name in the rows. `leaf` is the place of its field; by default, a new
        one. `values` is its list.
        """

    def leaf(self, number: int) -> int:
        """The place of the field of a column."""

    def kinds(self, number: int) -> int:
        """Bits of ROW_KINDS: what the values of a column were so far."""

    def learn(self, names: tuple[bytes, ...], leaf: int | None, inside: int | None) -> None:
        """Say what is to be done with a field, whose names are given as in the text.

        `leaf` is for a value or empty object, `inside` for an object with members: a place,
        or one of ROW_LEAVES. None leaves what was said before.
        """

    def read(self, block: bytes, start: int) -> tuple[int, bytes]:
        """Read lines; return where the first unread one begins, and rows not in lists."""

def pieces(run: OpenRun, name: str, /) -> tuple[bytes, bytes, bytes]:
    """Return the text of what was captured and observed of a run.

    That is all of `call` before the measurements; then, each empty or with a comma before
    it, members of `call` after them, and one of the record.
    """

def call_text(name: str, /) -> bytes:
    """Return the fields of `call` that a run of this name has before its measurements."""

def record_text(
    run: OpenRun,
    head: bytes,
    call: bytes,
    tail: bytes,
    offset_s: int,
    secret: bool = False,
    after: bytes = b'',
) -> bytes:
    """Return a record with the measurements of the run; see `Journal.mirror`.

    `after` is a member of `call` that follows them, with a comma before it.
    """

def keep(run: OpenRun, line: bytes, /) -> bool:
    """Keep the record of a run in its journal, because no sink took it.

    The run is then closed in the journal. False if there is no journal, or no room.
    """

def close_files() -> int:
    """Close the files of records that are not in use; the next record opens them again.

    Returns how many it closed.
    """

def remove_journals() -> None:
    """Remove the files of this process's journals in which no record is open."""

def beat() -> None:
    """Note in the journals of this process that it is alive."""

def watch_parent(pid: int, is_job: bool) -> bool:
    """Note in the journals when the parent dies; return whether it is watched.

    Args:
        pid: the number of the parent.
        is_job: whether the job ends with it.
    """

def leave_parent() -> None:
    """Stop watching the parent, and restore the earlier handler and setting."""

def own_journals() -> list[str]:
    """Paths of the journals in which this process shows its records."""

JOURNAL_NAME: int
"""Bytes of the name of a file of records that are in the name of its journal."""

JOURNAL_MOST: int
"""Bytes of a journal, at most."""

def owner_lives(fd: int) -> bool:
    """Return True if the process that made the journal is alive: it holds a lock on it."""

def journal_header(data: bytes) -> dict[str, Any]:
    """Whose journal it is, from a copy of the file; ValueError if it is none.

    `pid`, `start_ticks` (field 22 of /proc/PID/stat), `boot_id`, `host`, `uid`;
    `made_wall_ns` and `made_ns`, both clocks when it was made; `output`, a path or None;
    `signal`, the number of the first one seen or 0, `signal_wall_ns` and `signal_ns`;
    `made_at`, the mark of the output when the journal was made, and `recovered_from`, that
    before its records were put there: None if no recovery has begun.
    `parent_ns`, when the parent was seen dead, or 0, and `parent_is_job`; `last_ns`, the
    last moment that it knows of; `end_is_marked`: the file was last modified at the end,
    or was so at `modified_ns`, when a recovery began (else 0).
    """

def journal_batches(data: bytes, /) -> list[tuple[list[bytes], bool]]:
    """Return the records that wait in each batch of a journal, and if it was being written.

    A damaged batch has one record, which is empty.
    """

def journal_claims(data: bytes) -> list[bool]:
    """For each of `journal_records`: whether its process began to write it to a file.

    Raises:
        ValueError: it is no journal.
    """

def mark_of(fd: int, end: int = -1) -> tuple[int, int, int, int] | None:
    """Return the mark of an open file at `end`, or at its end; None if it is shorter.

    Which file it is and how it looks: device, inode, bytes, digest (mb_mark.h).
    """

def note_recovery(journal: int, mark: tuple[int, int, int, int]) -> None:
    """Note in an open journal that its records are being put behind a mark."""

def journal_records(
    data: bytes, more: bytes = b'', now_ns: int | None = None
) -> list[tuple[bytes, bytes]]:
    """Id and line of each record open in a copy of a journal; both empty if damaged.

    Args:
        data: the copy.
        more: further fields, each with a comma before it.
        now_ns: the monotonic time of the end; None: the last that the journal knows of.

    Raises:
        ValueError: it is no journal.
    """

PROGRAM_PRINTED: int
PROGRAM_ENDED: int

class Program:
    """A program that is ended in time, and that no other code waits for (mb_program.h).

    Args:
        paths: files to execute, of which the first that is there is.
        words, env, directory: as for `os.execve`; None is the current directory.
        limit_ns: when it is killed.

    Raises:
        OSError: it cannot be started at all: ENOSYS where the system has no way to.
    """

    def __init__(
        self,
        paths: list[bytes],
        words: list[bytes],
        env: list[bytes],
        directory: bytes | None,
        limit_ns: int,
    ) -> None: ...
    def wait(self) -> int:
        """Wait for something to do: PROGRAM_PRINTED, PROGRAM_ENDED, both; 0 is a signal."""

    def read(self, stream: int) -> bytes:
        """Return what it has printed on a stream, 1 or 2; nothing if it has not by now."""

    def end(self) -> tuple[int, bool, bool, int]:
        """End it, if it runs, and return how it went.

        `error`, an errno if it could not be executed, and whether that was because of the
        directory; `overdue`, whether it had to be killed; and `status`, as of
        `os.waitpid`.
        """
