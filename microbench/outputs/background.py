"""Send records in a thread, so that no caller waits for a network.

    queued     in memory, in a queue of bounded size: its thread takes it next
    current    in the batch that is being sent, or tried again
    done       taken by the server, or kept in the spool, or printed, or dropped

A batch that the server cannot take now is tried again until it can; meanwhile others wait,
and where the queue is full the oldest go to the spool. A batch that the server refuses goes
there too. Without a spool refused records are printed, and those that find no room are
counted.

The thread is started by the first record, gets no signals, and is stopped before a fork. At
the end of the process it has some seconds; what it has not sent by then goes to the spool,
or to standard error.

`+=` of an int attribute is not interrupted by other threads of an interpreter with a GIL.
"""

from __future__ import annotations

from _queue import Empty, SimpleQueue
from contextlib import suppress
from time import monotonic

from .. import threads
from ..lock import Lock
from ..messages import one_line, print_stderr, warn
from .backoff import Backoff
from .report import Report
from .senders import END_SECONDS, discard, last_words, register, start_without_signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_RECORDS = 10_000  # that wait
MOST_BYTES = 64 << 20
MOST_IN_REQUEST = 1 << 20  # bytes, but one record at least
AT_ONCE = 256  # records that go to the spool with one write
WARNED = 3  # failures in a row, before a warning
GIVE_UP = 300.0  # seconds of failures after which a batch goes to the spool
DIRECT_SECONDS = 2.0  # for a record that comes after the end

_lock = Lock()


class Sender:
    """The queue and the thread of one sink.

    Args:
        sink: a NetworkOutput.
        most: records that may wait.
    """

    def __init__(self, sink: Any, most: int = MOST_RECORDS) -> None:
        self._sink = sink
        self._most = most
        self.dropped = self.kept = self.printed = 0
        self.renew()

    def renew(self) -> None:
        """Begin with nothing, as in a forked child: what waits belongs to the parent."""
        self._queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._alarm: SimpleQueue[None] = SimpleQueue()
        self._backoff = Backoff()
        self._current: list[bytes] = []
        self._bytes = self.accepted = self.done = 0
        self._waiters: list[tuple[int, Any]] = []
        self._thread: Any = None
        self._stops = self._ended = False
        self._deadline: float | None = None  # of the end
        self._failing_since: float | None = None
        self.news = ''  # a warning for the next caller

    # --- the caller -------------------------------------------------------------------

    def put(self, record: bytes, timeout: float | None = None) -> None:
        """Add a record to the queue; after the end of the process, send it at once."""
        if self._ended:
            self._sink._send([record], DIRECT_SECONDS if timeout is None else timeout)
            return
        size = len(record)
        if self._queue.qsize() >= self._most or self._bytes + size > MOST_BYTES:
            self._make_room(size)
        self.accepted += 1
        self._bytes += size
        self._queue.put(record)
        if self._thread is None:
            self._start()
        if self.news:
            news, self.news = self.news, ''
            warn(news, RuntimeWarning)

    def _make_room(self, size: int) -> None:
        """Take the oldest records out of the queue: to the spool, or away."""
        spool = self._sink._spool
        oldest: list[bytes] = []
        while (
            self._queue.qsize() >= self._most
            or self._bytes + size > MOST_BYTES
            or (spool and 0 < len(oldest) < AT_ONCE)
        ):
            try:
                record = self._queue.get_nowait()
            except Empty:
                break
            if record is not None:
                self._bytes -= len(record)
                oldest.append(record)
        if spool is not None and spool.keep(oldest):
            self.kept += len(oldest)
        else:
            self._drop(len(oldest))
        self._finish(len(oldest))

    def _drop(self, count: int) -> None:
        if not self.dropped:
            self.news = (
                f'{self._sink!r} is slower than the program: {self._most} records wait, '
                f'and the oldest are dropped from now on; spool= would keep them'
            )
        self.dropped += count

    def flush(self, timeout: float | None) -> None:
        """Wait until all that was put so far is done.

        Raises:
            TimeoutError: it is not, in this time.
        """
        goal, event = self.accepted, threads.event()
        if self._ended or self.done >= goal:
            return
        self._waiters.append((goal, event))
        self._start()
        self._wake()
        if self.done < goal and not event.wait(END_SECONDS if timeout is None else timeout):
            raise TimeoutError(f'{goal - self.done} records wait for {self._sink!r}')

    # --- the thread -------------------------------------------------------------------

    def _start(self) -> None:
        with _lock.held:
            if self._thread is None:
                register(self)
                self._thread = threads.new_thread(self.run, 'microbench-sender')
                try:
                    start_without_signals(self._thread)
                except BaseException as error:
                    self._thread = None
                    if not isinstance(error, RuntimeError):  # else a later one sends it
                        raise

    def run(self) -> None:
        """Send what waits until the sender stops. The caller: the thread."""
        try:
            while not self._stops:
                self._current = self._current or self._take()
                if self._current:
                    self._deliver(self._current)
                elif self._deadline is not None:
                    return
        finally:
            self._thread = None

    def _take(self) -> list[bytes]:
        """Wait for a record; return it, and those that wait behind it, up to a batch."""
        batch: list[bytes] = []
        size, most = 0, self._sink._most_in_batch
        while len(batch) < most and size < MOST_IN_REQUEST:
            try:
                waits = not batch and self._deadline is None
                record = self._queue.get() if waits else self._queue.get_nowait()
            except Empty:
                break
            if record is None and (self._stops or not batch):
                break
            if record is not None:
                batch.append(record)
                size += len(record)
        self._bytes -= size
        return batch

    def _deliver(self, batch: list[bytes]) -> None:
        """Send a batch until it is done, or the sender stops: then it stays current."""
        while not self._stops:
            try:
                self._sink._send(batch, self._time_left())
            except Exception as error:
                asked = self._asked_to_wait(error)
                if asked is None:
                    self._current = []
                    self._refused(batch, error)
                    return
                if not self._tries_again(batch, error, asked):
                    return
            else:
                self._backoff.reset()
                self._failing_since = None
                self._done(batch)
                return

    def _asked_to_wait(self, error: Exception) -> float | None:
        try:
            return self._sink._retry_after(error)  # type: ignore[no-any-return]
        except Exception:
            return 0.0

    def _time_left(self) -> float | None:
        return None if self._deadline is None else max(self._deadline - monotonic(), 0.01)

    def _tries_again(self, batch: list[bytes], error: Exception, asked: float) -> bool:
        """Wait after a failure; return False if the batch is not to be tried again."""
        if self._deadline is not None:
            self._stops = True
            return False
        now = monotonic()
        if self._failing_since is None:
            self._failing_since = now
        wait = max(self._backoff.next(), asked)
        if self._backoff.failures == WARNED:
            self.news = (
                f'{self._sink!r} did not take a record: {one_line(error)}; '
                f'it is tried again, while others wait'
            )
        spool = self._sink._spool
        if spool is not None and now - self._failing_since > GIVE_UP and spool.keep(batch):
            self.kept += len(batch)
            self._done(batch)
        self._sleep(wait)
        return bool(self._current)

    def _sleep(self, seconds: float) -> None:
        """Wait until the time is over, or _wake() is called."""
        with suppress(Empty):
            self._alarm.get(timeout=seconds)

    def _wake(self) -> None:
        self._alarm.put(None)
        self._queue.put(None)

    def _refused(self, batch: list[bytes], error: Exception) -> None:
        """Send the halves of a batch that the server refuses; keep a single record."""
        if len(batch) > 1:
            half = len(batch) // 2
            for part in (batch[:half], batch[half:]):
                self._current = part
                self._deliver(part)
                if self._current:  # stopped: the rest is lost from the batch otherwise
                    self._current = batch[batch.index(self._current[0]) :]
                    return
            return
        where = self._keep(batch)
        self.news = f'{self._sink!r} refused a record: {one_line(error)}; it is {where}'
        self._finish(1)

    def _keep(self, records: list[bytes]) -> str:
        """Put records into the spool, or print them; return where they are."""
        spool = self._sink._spool
        if spool is not None and spool.keep(records):
            self.kept += len(records)
            return f'kept in {spool.directory}'
        self.printed += len(records)
        for record in records:
            Report.last_resort(record)
        return 'on standard error'

    def _done(self, batch: list[bytes]) -> None:
        self._current = []
        self._finish(len(batch))

    def _finish(self, count: int) -> None:
        """Count records that are done, and let those go on who wait for them."""
        self.done += count
        for waiter in list(self._waiters):
            if waiter[0] <= self.done:
                waiter[1].set()
                with suppress(ValueError):
                    self._waiters.remove(waiter)

    # --- stopped ----------------------------------------------------------------------

    def stop(self) -> None:
        """Have the thread stop after the request that it waits for."""
        if self._thread is not None:
            self._stops = True
            self._wake()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(max(seconds, 0.0))

    def go_on(self) -> None:
        """After a stop, send what waits, unless the old thread could not stop."""
        self._renew_start()
        if self.done < self.accepted:
            self._start()

    def _renew_start(self) -> None:
        """Let the next record start a thread."""
        self._stops = False
        self._alarm = SimpleQueue()

    def close(self) -> None:
        """Send what waits, for some seconds, and end the thread until the next record."""
        with suppress(TimeoutError):
            self.flush(END_SECONDS)
        self.stop()
        self.join(END_SECONDS)
        self._renew_start()
        if self.done >= self.accepted:
            discard(self)

    def begin_end(self, deadline: float) -> bool:
        """Have the thread send what waits until then; return False if nothing waits."""
        if self._ended or self.done >= self.accepted:
            self._ended = True
            return False
        self._deadline = deadline
        self._start()
        if self._thread is None:  # the interpreter starts no threads any more
            self.run()
        self._wake()
        return True

    def end(self) -> None:
        """Wait until the deadline; keep or print what was not sent by then."""
        self.join((self._deadline or 0.0) - monotonic())
        self._ended = self._stops = True
        rest, self._current = self._current, []
        with suppress(Empty):
            while True:
                record = self._queue.get_nowait()
                if record is not None:
                    rest.append(record)
        if rest:
            where = self._keep(rest)
            print_stderr(last_words(self._sink, len(rest), where))
        self._finish(len(rest))

    def report(self) -> None:
        """Print what no caller was warned about, and how many records were dropped."""
        news, self.news = self.news, ''
        if self.dropped:
            lost = f'{self.dropped} records were dropped: the queue was full'
            news = f'{self._sink!r}: {lost}'
            self.dropped = 0
        if news:
            print_stderr(f'microbench: {news}')
