"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

Nothing here imports `microbench.bench`, the façade over these modules.
"""
