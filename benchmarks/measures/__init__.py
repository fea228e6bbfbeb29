"""The measures, in the order of the table."""

from . import calls, encoding, iterations, live, memory, phases, reading, startup, threads

ALL = (
    phases.rows,
    iterations.rows,
    calls.rows,
    threads.rows,
    encoding.rows,
    memory.rows,
    startup.rows,
    reading.rows,
    live.rows,
)
