"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

`decorate` makes the function that users call. Each call begins a `run`, which reads the
`plan` of its bench (`hooks`, `settings`), and builds its record with `record_dict` if the
plan needs a dict. C has the loop, and calls `begin`, `complete` and `end`
(csrc/py/py_timed.c, csrc/py/py_run.c). `workers` and `parent` look at the process that a
record is of.

Nothing here imports `microbench.bench`, the façade over these modules. They share the
Config of a bench (config.py), and call what users override on `run.owner` (owner.py).
"""
