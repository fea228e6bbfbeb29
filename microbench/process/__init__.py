"""The end of the process: registered runs, signal handlers, the cause of the end.

Follow `record_on_exit()` from module to module:

    registry.py     the table of runs; at the end of the process, all begins here again
    signals.py      which signals the registration wants
    exit_run.py     the run, a `core.run.Run` in the background; its record, prepared
    cause.py        watch how the process ends
    handlers.py     install a handler for each signal, in Python and C
    graceful.py     know the handlers of other software that stop a program

In workers of multiprocessing the end is found by `core.workers`. Code that has to run when
Python cannot is in csrc/dying.
"""
