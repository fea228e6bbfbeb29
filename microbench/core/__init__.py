"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

Nothing here imports `microbench.bench`, the façade over these modules. They share the
Config of a bench (config.py), and call what users override on `run.owner` (owner.py).
"""
