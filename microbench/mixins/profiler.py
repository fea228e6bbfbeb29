"""Which lines of a function take the time."""

from __future__ import annotations

import sys
from _thread import get_ident

from ..core.capture import namespace
from ..messages import one_line
from .line_pool import taken
from .line_stats import decoded, encoded, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .line_stats import LineStats


class MBLineProfiler:
    """Hits and time of each line of the decorated function.

    Needs the package line_profiler, which slows the profiled lines: do not compare
    `call.durations` with those of records without; `call.slowed_by` names it. Only the
    function itself is profiled, not what it calls. Of a generator, the time inside its
    body counts. Coroutine functions and `record()` raise NotImplementedError. From
    Python 3.12 on, line_profiler cannot tell threads apart: calls that overlap with one
    of another thread have a note in `call.capture_errors`, and no profile.

    >>> from microbench import MicroBench
    >>> class Bench(MicroBench, MBLineProfiler):
    ...     pass
    """

    refuses = (
        'coroutine functions',
        'async generator functions',
        'record()',
        'record_on_exit()',
    )

    def capture_line_profile(self, bm_data: dict[str, Any]) -> None:
        """Prepare a profiler for this call.

        Raises:
            ImportError: line_profiler is not installed.
        """
        profile = bm_data['_line_profiler'] = _Profile(bm_data['_func'])
        namespace(bm_data, 'call').setdefault('slowed_by', []).append('line_profiler')
        bm_data['_wrap_body'] = lambda body: _ProfiledBody(profile, body)

    def pre_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Profile from here on: an iteration begins."""
        forward = getattr(super(), 'pre_run_triggers', None)
        if forward is not None:
            forward(bm_data)
        if '_line_profiler' in bm_data:
            bm_data['_line_profiler'].start()

    def post_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Stop profiling."""
        if '_line_profiler' in bm_data:
            bm_data['_line_profiler'].stop()
        forward = getattr(super(), 'post_run_triggers', None)
        if forward is not None:
            forward(bm_data)

    def capturepost_line_profile(self, bm_data: dict[str, Any]) -> None:
        """Set `call.line_profile` and `call.line_profiler`.

        The first is plain: a list with file, function, line, hits and time (seconds) of
        each line that was reached. The second is for `decode_line_profile`, and for
        programs that read the records of microbench 2.
        """
        profile = bm_data.get('_line_profiler')
        if profile is None:
            return
        profile.stop()  # it still goes on if something failed
        if profile.problem is not None:
            bm_data['_run'].note('capturepost_line_profile', profile.problem)
            return
        stats = profile.stats()
        call = namespace(bm_data, 'call')
        call['line_profile'] = plain(stats)
        call['line_profiler'] = encoded(stats)

    @staticmethod
    def decode_line_profile(line_profile_pickled: str) -> LineStats:
        """Return the statistics in a `call.line_profiler`; line_profiler is not needed.

        Text from strangers is safe to decode: nothing in it is executed.

        Raises:
            ValueError: the text holds anything else.
        """
        return decoded(line_profile_pickled)

    @staticmethod
    def print_line_profile(line_profile_pickled: str, **kwargs: Any) -> None:
        """Print a `call.line_profiler` beside the source lines.

        `kwargs` are those of `line_profiler.show_text`, such as `stream`.

        Raises:
            ValueError: the text holds anything else.
            ImportError: line_profiler is not installed.
        """
        from line_profiler import show_text

        stats = decoded(line_profile_pickled)
        show_text(stats.timings, stats.unit, **kwargs)


def can_nest(profiler: Any) -> bool:
    """Whether the end of a profile leaves those around it running (line_profiler 5)."""
    return hasattr(profiler, 'add_callable')


class _Profile:
    """The profiler of one call: started and stopped for each iteration.

    From Python 3.12 on, line_profiler observes all threads at once, and fails where two
    start it. There, no profile is started beside one of another thread, and those that
    overlap are given up: their counts would be wrong. Before line_profiler 5, the end of
    a profile ends the one around it: that is given up, too.
    """

    every_thread = sys.version_info >= (3, 12)
    running: list[_Profile] = []  # noqa: RUF012 - of the whole process

    def __init__(self, func: Any) -> None:
        self.pool, self.taken = taken(func)
        self.profiler = self.taken.profiler
        self.problem: str | None = None  # why there is no profile
        self.thread = 0
        # What sys.gettrace() returned before, and returns meanwhile, up to Python 3.11.
        self.trace_before: Any = None
        self.trace: Any = None

    def start(self) -> None:
        """Profile this thread from here on, where the counts will be right."""
        self.thread = get_ident()
        others = [p for p in self.running if p.thread != self.thread]
        around = [p for p in self.running if p.thread == self.thread]
        self.running.append(self)
        if self.every_thread and others:
            for profile in (self, *others):
                profile.problem = 'RuntimeError: another thread was profiled meanwhile'
            return
        if around and not can_nest(self.profiler):
            for profile in around:
                profile.problem = 'RuntimeError: a call inside was profiled, too'
        before = sys.gettrace()
        try:
            self.profiler.enable_by_count()
        except (RuntimeError, ValueError) as error:  # another tool has its place
            self.problem = one_line(error)
        if sys.gettrace() is not before:
            self.trace_before, self.trace = before, sys.gettrace()

    def stop(self) -> None:
        """Stop if it goes on."""
        if self not in self.running:
            return
        expected = (None, self.trace) if self.problem else (self.trace,)
        replaced = self.trace is not None and sys.gettrace() not in expected
        if replaced:
            self.problem = self.problem or 'RuntimeError: the code has used sys.settrace()'
        try:
            self.profiler.disable_by_count()
        except ValueError as error:  # the code, or another profiler, has ended it
            self.problem = self.problem or one_line(error)
        finally:
            self.running.remove(self)
            if not replaced:
                self._put_trace_back()

    def _put_trace_back(self) -> None:
        """Let coverage or a debugger go on: line_profiler before 5 leaves none."""
        another_profiler = hasattr(self.trace_before, 'enable_by_count')
        if sys.gettrace() is None and not another_profiler:
            sys.settrace(self.trace_before)

    def stats(self) -> Any:
        """Return the statistics of this call, and let the next one have the profiler."""
        stats = self.taken.stats()
        self.pool.idle.append(self.taken)
        return stats

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


class _ProfiledBody:
    """A generator that is profiled while it runs, not while its consumer does."""

    def __init__(self, profile: _Profile, body: Any) -> None:
        profile.stop()  # each step by itself instead
        self.profile = profile
        self.body = body

    def send(self, value: Any) -> Any:
        with self.profile:
            return self.body.send(value)

    def throw(self, exception: BaseException) -> Any:
        with self.profile:
            return self.body.throw(exception)

    def close(self) -> Any:
        with self.profile:
            return self.body.close()
