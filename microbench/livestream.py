"""Follow a file in a thread, and call hooks for each record that is written.

>>> import os, tempfile
>>> from microbench import MicroBench
>>> class Names(LiveStream):
...     def display(self, data):
...         print(data['call']['name'])
>>> with tempfile.TemporaryDirectory() as folder:
...     path = os.path.join(folder, 'results.jsonl')
...     stream = Names(path)
...     with MicroBench(outfile=path).record('fit'):
...         pass
...     stream.stop()  # what was written until now is still shown
...     stream.join()
fit
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from abc import ABCMeta

from .journal.followed import source_of
from .logs import printing_logger
from .messages import one_line, print_stderr
from .results.fields import part, runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    Hook = Callable[[dict[str, Any]], Any]
    Stream = TypeVar('Stream')

AT_EXIT = 1.0  # seconds for the remaining records when the interpreter ends
SHORTEST = 0.001  # seconds; a sleeptime of 0 must not keep a core busy
SHOWN = 80  # bytes of a damaged line that are logged


class _Begun(ABCMeta):
    """Start the thread after the outermost constructor has returned.

    So hooks find all attributes, even those that a subclass sets after calling
    `super().__init__()`. It derives from ABCMeta so that a stream can be abstract.
    """

    def __call__(cls: type[Stream], *args: Any, **options: Any) -> Stream:
        stream: Stream = super().__call__(*args, **options)  # type: ignore[misc]
        start = getattr(stream, '_start_thread', None)
        if start is not None:
            start()
        return stream


class LiveStream(metaclass=_Begun):
    """Call hooks for each record of a file: present ones, and those appended later.

    Args:
        filename: path of a file, which need not exist yet; or of a directory (one that
            exists, or ends with a slash), or a pattern with `*` or `?`: all files that it
            stands for, new ones included. A relative path is resolved in the current
            working directory.
        sleeptime: seconds between two looks at the file. On Linux the kernel reports
            changes made on the same machine at once.

    Raises:
        TypeError: `filename` is not a path, or `sleeptime` is not a number.
        ValueError: `filename` is empty, or `sleeptime` is negative.
        OSError: the process has no descriptors left.

    For each record the stream calls `filter`. If that returns true, it calls every method
    whose name begins with `process_`, in alphabetical order, and then `display`. All hooks
    run in one thread, which starts after the constructor. An exception in a hook is
    logged; the other hooks still run.

    A line is read once it is complete. A line that is not a record is logged and skipped.
    A file that is rotated, truncated or replaced is followed, and no record with an
    `mb.record_id` is delivered twice.

    >>> LiveStream('results.jsonl', sleeptime=-1)
    Traceback (most recent call last):
    ValueError: sleeptime has to be a number of seconds from 0 on, not -1
    """

    _thread: _Thread | None = None

    def __init__(self, filename: Any, sleeptime: float = 0.5) -> None:
        path = _path(filename)
        self._log = printing_logger(f"LiveStream('{os.fsdecode(filename)}')")
        self._thread = _Thread(self, path, _seconds(sleeptime))

    def filter(self, data: dict[str, Any]) -> Any:
        """Select records; override this to skip some.

        Args:
            data: the record as a dict, which hooks may change.

        Returns:
            A true value if the other hooks are to be called. The default is True.
        """
        return True

    def process_runtime(self, data: dict[str, Any]) -> None:
        """Set `runtime` to finish minus start, a timedelta; None if one is missing.

        Args:
            data: the record as a dict.
        """
        data['runtime'] = runtime(data)

    def display(self, data: dict[str, Any]) -> None:
        """Log name, host and runtime of the record; override this to do something else.

        Args:
            data: the record as a dict.
        """
        name = part(data, 'call', 'name') or '<unknown>'
        host = part(data, 'host', 'hostname') or '<unknown>'
        self._log.info('%s() on %s took %s', name, host, data.get('runtime'))

    def stop(self) -> None:
        """Make the thread end after it has delivered the records written so far."""
        if self._thread is not None:
            self._thread.stop()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended.

        Args:
            timeout: seconds to wait at most; None waits without limit.
        """
        if self._thread is not None:
            self._start_thread()
            self._thread.join(timeout)

    def _start_thread(self) -> None:
        """Start the thread, unless it was started or does not exist."""
        if self._thread is not None:
            self._thread.start_once()


class _Thread(threading.Thread):
    """Read the file and call the hooks of a stream.

    Each pass delivers the records that are complete when it begins. After `stop` there is
    one more pass. So all earlier records are delivered, and a writer that never pauses
    cannot keep the thread alive.
    """

    def __init__(self, stream: LiveStream, path: str, sleeptime: float) -> None:
        super().__init__(name=f'LiveStream({path!r})', daemon=True)
        self._stream = stream
        self._path, self._sleeptime = path, sleeptime
        self._source = source_of(path, self._note_damage, self._note_unread)
        self._is_started = False
        self._is_stopping = False
        self._logged: set[object] = set()  # failures that were logged with a traceback

    def start_once(self) -> None:
        if not self._is_started:
            self._source.start()
            self._is_started = True
            running.add(self)
            self.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._source.wake()

    def run(self) -> None:
        try:
            self._follow()
        finally:
            self._source.close()
            running.discard(self)

    def _follow(self) -> None:
        while not self._is_stopping:
            self._pass(self._source.records)
            self._source.wait(self._sleeptime)
        self._pass(self._source.records)
        self._pass(self._source.finish)

    def _pass(self, records: Callable[[], Iterator[dict[str, Any]]]) -> None:
        try:
            self._deliver(records())
        except OSError as error:
            self._say('cannot be read, waiting: %s', one_line(error), once=error.errno)

    def _deliver(self, records: Iterator[dict[str, Any]]) -> None:
        """Call the hooks for each record; inlined, since this runs for every record."""
        stream, hooks = self._stream, None
        for record in records:
            if hooks is None:  # looked up late, so that hooks set before a record count
                hooks = self._hooks()
            try:
                if not stream.filter(record):
                    continue
            except BaseException as error:  # SystemExit must not end the thread
                self._note_failure('filter', error)
                continue
            for name, hook in hooks:
                try:
                    hook(record)
                except BaseException as error:
                    self._note_failure(name, error)

    def _hooks(self) -> list[tuple[str, Hook]]:
        """Return names and functions of the hooks after the filter, for one pass."""
        stream = self._stream
        processing = [name for name in dir(stream) if name.startswith('process_')]
        names = [*sorted(processing), 'display']
        return [(name, getattr(stream, name)) for name in names]

    def _note_failure(self, name: str, error: BaseException) -> None:
        """Log a failure, the first of its kind with its traceback."""
        known = (name, type(error)) in self._logged
        self._logged.add((name, type(error)))
        trace = None if known else error
        self._say('%s() failed: %s', name, one_line(error), exc_info=trace)

    def _note_unread(self, path: str, error: OSError) -> None:
        text = f'{path} cannot be read: {one_line(error)}'
        self._say('%s', text, once=(path, error.errno))

    def _note_damage(self, line: bytes) -> None:
        text = line[:SHOWN].decode('utf-8', 'backslashreplace')
        self._say('a line was skipped, it is not a record: %r', text)

    def _say(self, message: str, *values: Any, once: Any = None, **more: Any) -> None:
        """Log an error; if logging fails, print that instead."""
        if once is not None and once in self._logged:
            return
        self._logged.add(once)
        try:
            self._stream._log.error(message, *values, **more)
        except Exception as error:
            print_stderr(f'{self.name}: logging failed: {one_line(error)}')


# --- ending ------------------------------------------------------------------------------

running: set[_Thread] = set()


@atexit.register
def _end_all() -> None:
    """Let hooks finish: a daemon thread that prints during shutdown kills the process."""
    threads = list(running)
    for thread in threads:
        thread.stop()
    deadline = time.monotonic() + AT_EXIT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


# --- arguments ---------------------------------------------------------------------------


def _path(filename: Any) -> str:
    """Return an absolute path.

    Raises:
        TypeError, ValueError: the value is not a path.
    """
    if not isinstance(filename, (str, bytes)) and not hasattr(filename, '__fspath__'):
        kind = type(filename).__name__
        raise TypeError(f'filename has to be a path, not {kind}')
    path = os.fsdecode(filename)
    if not path or '\0' in path:
        raise ValueError(f'filename {path!r} is not a path')
    absolute = os.path.abspath(path)
    return absolute if os.path.basename(path) else os.path.join(absolute, '')


def _seconds(value: Any) -> float:
    """Return a number of seconds to wait, at least SHORTEST.

    Raises:
        TypeError, ValueError: the value is not a number from 0 on.
    """
    if isinstance(value, bool) or not hasattr(value, '__float__'):
        kind = type(value).__name__
        raise TypeError(f'sleeptime has to be a number of seconds, not {kind}')
    if not float(value) >= 0:
        raise ValueError(f'sleeptime has to be a number of seconds from 0 on, not {value}')
    return max(float(value), SHORTEST)
