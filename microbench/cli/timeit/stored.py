"""Write what `microbench timeit` has found into a result file."""

from __future__ import annotations

from ...core.arguments import is_switched_off
from ...encoding import json_text
from ...measured_record import MeasuredRecord
from ...messages import safe
from ...outputs.file import FileOutput
from ..words import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .timed import Timed


def sink_for(path: str) -> FileOutput:
    """Return the sink of a file, before anything is measured.

    Raises:
        UsageError: the file cannot be written, or nothing is recorded.
    """
    if is_switched_off():
        raise UsageError('MICROBENCH=off is set: nothing is recorded')
    try:
        sink = FileOutput(path)
        sink.look_ahead()
    except ValueError as error:
        raise UsageError(safe(str(error))) from None
    except OSError as error:
        raise UsageError(f'cannot write {safe(path)}: {error.strerror}') from None
    return sink


def store(sink: FileOutput, timed: Timed) -> None:
    """Append a record for each process: the statement is its name.

    Raises:
        OSError: the file cannot be written.
    """
    for process in timed.processes:
        record = MeasuredRecord(timed.statement).made(process.durations, process.loops)
        sink.write_record(json_text.encode(record))
    sink.close()
