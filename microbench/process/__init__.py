"""The end of the process: registered runs, signal handlers, the cause of the end.

`record_on_exit()` of a bench is in exits.py, which loads this room. Follow it from module
to module:

    registry.py     the table of runs; at the end of the process, all begins here again
    signals.py      which signals the registration wants, and how long Python may take
    exit_run.py     the run, a `core.run.Run` in the background; its record, prepared
    cause.py        watch how the process ends
    handlers.py     install a handler for each signal, in Python and C

Two things are asked of core.workers: first, whether this process is the program or only
imports its script for workers; then, before cause.py, how a worker of multiprocessing ends.
The run makes its plan, its text (core.record_text) and its place in the journal
(core.run_journal) as any other.

`graceful` knows the handlers of other software that stop a program. Code that has to run
when Python cannot is in csrc/dying.
"""
