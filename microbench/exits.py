"""`record_on_exit()` of a bench: what users call; see process/ for what it does."""

from __future__ import annotations

from .descriptors import loaded, not_recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

registry: Any = None  # process.registry, once it is loaded


class RecordsExit:
    """The part of a bench that registers the record of the process."""

    _off: bool

    def record_on_exit(
        self,
        name: str | None = None,
        handle_sigterm: bool = True,
        *,
        signals: Any = None,
        grace: float | None = None,
        then: Literal['auto', 'redeliver', 'leave'] = 'auto',
    ) -> None:
        """Write one record when the process ends, of the time from this call on.

        The process may end by the end of the script, `sys.exit()`, an uncaught
        exception, Ctrl-C or one of the signals below; recording does not change that.
        Captures run at the end; `call.capture_errors` holds their errors. The record has
        `exit_status` or `exit_signal`, and `exception` if there was one. It has the
        phases of this bench outside any other record, from any thread; those still open
        are in `call.open_timings`. If no sink takes the record, it is written to standard
        error. A second call starts anew; forked children write nothing.

        Where Python cannot react to a signal in time, or crashes, native code writes
        the record as it was prepared by this call, with the phases so far, and
        `exit_path: "native"`: to the files among the sinks, else to standard error.

        Args:
            name: `call.name`; `<process>` by default.
            handle_sigterm: whether signals are handled at all. Off the main thread only
                native code handles them, and a RuntimeWarning says so.
            signals: names or numbers. Left out: SIGTERM, after which a Python handler
                installed before runs; SIGHUP, SIGXCPU, SIGUSR1 and SIGUSR2 where they
                are at their default action; and SIGSEGV, SIGBUS, SIGFPE, SIGILL and
                SIGABRT. A signal that is ignored stays so.
            grace: seconds for Python to react to a signal. Left out: what
                MICROBENCH_EXIT_GRACE says; else 0.25, or 0 under an MPI launcher. Then
                it has until 2 seconds after the signal, or until `grace` is over.
            then: what follows when a Python handler installed before has returned.
                `'redeliver'`: the record was written when the signal came; the signal is
                sent again, and ends the process. `'leave'`: the signal is noted, and the
                handler stops the program by itself; the record is written at the end,
                with `exit_signal` and `exit_status`. `'auto'`: `'leave'` for handlers of
                event loops, and of servers, job runners and trainers that do so;
                `'redeliver'` for others, with a RuntimeWarning that names the handler.

        Raises:
            ImportError: the class has a `monitor`, and psutil is not installed.
            NotImplementedError: a mixin of the class cannot be used this way.
            TypeError, ValueError: an argument is wrong; the message names it.
        """
        chosen = name or '<process>', handle_sigterm, signals, grace, then
        module = None if self._off else registry or _loaded()
        if module is not None:
            module.register(self, *chosen)

    def cancel_record_on_exit(self) -> None:
        """Cancel `record_on_exit()`: no record is written.

        When no bench is registered any more, handlers and hooks are what they were.
        """
        module = None if self._off else registry or _loaded()
        if module is not None:
            module.cancel(self)


def _loaded() -> Any:
    """Return process.registry; warn and return None without descriptors.

    It is kept: tests of users patch `sys.modules`.
    """
    global registry  # noqa: PLW0603 - imported on first use, and never again
    try:
        registry = loaded(_registry)
    except OSError as error:
        not_recorded(error)
    return registry


def _registry() -> Any:
    from .process import registry as module  # start-up time

    return module
