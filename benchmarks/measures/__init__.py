"""The measures, in the order of the table."""

from . import (
    calls,
    command,
    encoding,
    iterations,
    live,
    memory,
    phases,
    reading,
    startup,
    threads,
)

ALL = (
    phases.rows,
    iterations.rows,
    calls.rows,
    threads.rows,
    encoding.rows,
    memory.rows,
    startup.rows,
    command.rows,
    reading.rows,
    live.rows,
)
