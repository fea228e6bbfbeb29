"""The end of the process: registered runs, signal handlers, the cause of the end.

`registry` is the way in, and runs when the process ends. It makes a record by `exit_run`,
asks `cause` how the process ends, and has `handlers` installed for the signals that a
registration wants (`signals`). `graceful` knows the handlers of other software. Code that
has to run when Python cannot is in csrc/dying.
"""
