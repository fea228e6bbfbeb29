"""The end of the process: registered runs, signal handlers, the cause of the end.

`registry` is the way in. Code that has to run when Python cannot is in csrc/dying.
"""
