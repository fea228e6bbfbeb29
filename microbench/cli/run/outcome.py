"""Collect the results of the timed iterations as fields of the record."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .child import Child


class Outcome:
    """The results of the iterations, in order.

    An iteration that was interrupted or is still running has a duration, texts and
    samples, but no return code and no usage.

    Args:
        captured: names of the streams whose text is stored.
        scope: `process` or `tree`: what the samples measure; None without samples.
    """

    def __init__(self, captured: Iterable[str], scope: str | None) -> None:
        self.returncodes: list[int] = []
        self.usage: list[Any] = []
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
