"""Each record to each sink, whatever the others do.

A sink that fails costs neither the result of the program nor the other sinks. What no
sink took goes to standard error as one line, the first ten times; after that, only the
count is told, each time it has grown tenfold.
"""

from __future__ import annotations

from ..messages import one_line, tell, text_of, warn
from ..outputs.base import writer_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_LINES = 10


class Delivery:
    """The sinks of one bench.

    Args:
        sinks: objects with `write(str)` or, as `Output` has it, `write_record(bytes)`.
        on_error: `'warn'`, or `'raise'` the first error once all sinks had their turn.
    """

    lost = 0  # records of this process that no sink took

    def __init__(self, sinks: list[Any], on_error: str) -> None:
        self.sinks = sinks
        self.on_error = on_error
        self.failing: set[int] = set()  # ids of sinks that were warned about

    def __reduce__(self) -> Any:
        return type(self), (self.sinks, self.on_error)

    def deliver(self, record: bytes) -> None:
        """Give the record, without newline, to every sink in order."""
        errors: list[BaseException] = []
        for sink in self.sinks:
            try:
                writer_of(sink)(record)
            except BaseException as error:
                errors.append(error)
                self._warn_once(sink, error)
            else:
                if self.failing:
                    self.failing.discard(id(sink))
        if errors:
            self._react(errors, record)

    def failed(self, name: str, error: BaseException, record: bytes) -> None:
        """React to somebody's own way of output that has failed."""
        if self.on_error == 'warn':
            warn(f'{name} did not take a record: {one_line(error)}', RuntimeWarning)
        self._react([error], record, nobody=True)

    def _react(
        self, errors: list[BaseException], record: bytes, nobody: bool = False
    ) -> None:
        if nobody or len(errors) == len(self.sinks):
            self.last_resort(record)
        for error in errors:
            if self.on_error == 'raise' or not isinstance(error, Exception):
                raise error

    def _warn_once(self, sink: Any, error: BaseException) -> None:
        if self.on_error == 'raise' or id(sink) in self.failing:
            return
        self.failing.add(id(sink))
        name = text_of(sink, repr)
        warn(f'{name} did not take a record: {one_line(error)}', RuntimeWarning)

    @classmethod
    def last_resort(cls, record: bytes) -> None:
        """Write the record to standard error."""
        Delivery.lost += 1
        if cls.lost <= MOST_LINES:
            tell(record.decode('ascii', 'backslashreplace'))
        elif _is_power_of_ten(cls.lost):
            tell(f'microbench: no sink took {cls.lost} records so far')


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip('0') == '1'
