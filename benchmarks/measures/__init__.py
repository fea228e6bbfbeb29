"""The measures, in the order of the table."""

from . import (
    background,
    calls,
    command,
    encoding,
    exits,
    iterations,
    journal,
    live,
    memory,
    phases,
    reading,
    recovery,
    startup,
    threads,
)

ALL = (
    phases.rows,
    iterations.rows,
    calls.rows,
    journal.rows,
    recovery.rows,
    threads.rows,
    background.rows,
    encoding.rows,
    memory.rows,
    startup.rows,
    command.rows,
    reading.rows,
    live.rows,
    exits.rows,
)
