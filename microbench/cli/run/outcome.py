"""Collect the results of the iterations: fields of the record, and the exit status."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # exit statuses, as in shells and env(1)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .child import Child


class Outcome:
    """The results of the iterations, in order, and how the measurement ended.

    An iteration that was interrupted or is still running has a duration, texts and
    samples, but no return code and no usage.

    Args:
        captured: names of the streams whose text is stored.
        scope: `process` or `tree`: what the samples measure; None without samples.

    Attributes:
        error: the first error. It ended the measurement.
        start_error: that error, if it prevented the start of the command.
        is_incomplete: whether iterations are missing.
    """

    error: BaseException | None = None
    start_error: OSError | None = None
    is_incomplete = False

    def __init__(self, captured: Iterable[str], scope: str | None) -> None:
        self.returncodes: list[int] = []
        self.usage: list[Any] = []
        self.delays: list[float | None] = []
        self.texts: dict[str, list[str]] = {name: [] for name in captured}
        self.timed_out: list[bool] = []
        self.samples: list[list[dict[str, Any]]] = []
        self.unsampled: dict[str, None] = {}  # reasons why samples are missing
        self.scope = scope

    def add(self, child: Child) -> None:
        """Add the results that an execution has so far."""
        if child.status is not None:
            self.returncodes.append(child.returncode)
            self.usage.append(child.usage)
            self.delays.append(child.run_delay)
        for name, texts in self.texts.items():
            texts.append(child.texts.get(name, ''))
        self.timed_out.append(child.timed_out)
        self.samples.append(list(child.samples))
        if child.unsampled:
            self.unsampled[child.unsampled] = None

    def store(self, call: dict[str, Any]) -> None:
        """Store the fields that have a value in `call` of the record."""
        call.update(self.texts)
        if any(self.timed_out):
            call['timed_out'] = True
            call['timed_out_iterations'] = self.timed_out
        if any(self.samples):
            call['monitor'] = self.samples
            call['monitor_scope'] = self.scope
        for reason in self.unsampled:
            missing = {'method': 'monitor', 'error': reason}
            call.setdefault('capture_errors', []).append(missing)

    @property
    def run_delay(self) -> float | None:
        """Seconds for which the command waited for a CPU; None if a run is unknown."""
        known = [delay for delay in self.delays if delay is not None]
        return round(sum(known), 9) if known and len(known) == len(self.delays) else None

    def fail(self, error: BaseException, has_started: bool) -> None:
        """Note the error that ends the measurement."""
        self.error = error
        if isinstance(error, OSError) and not has_started:
            self.start_error = error

    def ended_by(self, number: int | None) -> int | None:
        """Return the signal by which this process must end, if there is one.

        Args:
            number: a signal that ended the measurement.
        """
        died_of_it = self.returncodes[-1:] in ([-signal.SIGINT], [128 + signal.SIGINT])
        if number == signal.SIGINT and not self.is_incomplete and not died_of_it:
            return None  # the child handled it, and all iterations are done
        return number

    @property
    def exit_status(self) -> int:
        """The first return code that is not 0; 127 or 126 if the start failed; else 0."""
        failed = [code for code in self.returncodes if code]
        if self.start_error is not None:
            is_missing = isinstance(self.start_error, FileNotFoundError)
            failed.append(NOT_FOUND if is_missing else NOT_EXECUTABLE)
        return failed[0] if failed else 0
