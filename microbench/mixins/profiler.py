"""Profile the lines of a function with line_profiler."""

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

    Requires the package line_profiler, which slows the profiled lines: do not compare
    `call.durations` with those of unprofiled records. `call.slowed_by` names the mixin.
    Only the function itself is profiled, not the functions that it calls. For a generator,
    only time inside its body counts. Coroutine functions and `record()` raise
    NotImplementedError. From Python 3.12 on, line_profiler cannot distinguish threads:
    calls that overlap with one of another thread get a note in `call.capture_errors`, and
    no profile.

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
        """Start profiling at the beginning of an iteration."""
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

        The first is a list with file, function, line, hits and time (seconds) of each line
        that was reached. The second is text for `decode_line_profile`, and for programs
        that read records of microbench 2.
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
        """Return the statistics of a `call.line_profiler`, without the package.

        Text from an untrusted source is safe: nothing in it is executed.

        Args:
            line_profile_pickled: `call.line_profiler` of a record.

        Returns:
            An object with `timings`, a dict from (file, first line, function) to a list of
            (line, hits, time), and `unit`, the seconds in one unit of these times.

        Raises:
            ValueError: the text is not a line profile.
        """
        return decoded(line_profile_pickled)

    @staticmethod
    def print_line_profile(line_profile_pickled: str, **kwargs: Any) -> None:
        """Print a `call.line_profiler` beside the source lines.

        Args:
            line_profile_pickled: `call.line_profiler` of a record.
            **kwargs: arguments of `line_profiler.show_text`, such as `stream`.

        Raises:
            ValueError: the text is not a line profile.
            ImportError: line_profiler is not installed.
        """
        from line_profiler import show_text

        stats = decoded(line_profile_pickled)
        show_text(stats.timings, stats.unit, **kwargs)


def can_nest(profiler: Any) -> bool:
    """Return True if ending a profile leaves the ones around it running (version 5)."""
    return hasattr(profiler, 'add_callable')


class _Profile:
    """Profiler of one call, started and stopped for each iteration.

    From Python 3.12 on, line_profiler observes all threads at once, and fails if two start
    it. So no profile is started while another thread is profiled, and profiles that overlap
    are dropped, because their counts would be wrong. Before line_profiler 5, the end of a
    profile ends the one around it, which is dropped, too.
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
        """Start profiling this thread, if its counts will be right."""
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
        self._enable()

    def _enable(self) -> None:
        before = sys.gettrace()
        try:
            self.profiler.enable_by_count()
        except (RuntimeError, ValueError) as error:  # another tool has its place
            self.problem = one_line(error)
        if sys.gettrace() is not before:
            self.trace_before, self.trace = before, sys.gettrace()

    def stop(self) -> None:
        """Stop profiling, if it is running."""
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
        """Restore the trace function of coverage or a debugger (line_profiler before 5)."""
        another_profiler = hasattr(self.trace_before, 'enable_by_count')
        if sys.gettrace() is None and not another_profiler:
            sys.settrace(self.trace_before)

    def stats(self) -> Any:
        """Return the statistics of this call, and release the profiler to the next one."""
        stats = self.taken.stats()
        self.pool.idle.append(self.taken)
        return stats

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


class _ProfiledBody:
    """Generator that is profiled only while its own body runs."""

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
