"""Statistics of two series of durations: is one slower, and how sure is that?

Pure functions of numbers; NumPy and SciPy are imported here and nowhere else in microbench.
`estimate.py` has the ratio of the medians with its interval, from the modules below it:
`bounds.py` (of one median), `dependence.py` (of runs that follow each other), `order.py`
(of two series in time) and `drift.py`. `verdict.py` turns it into words, `many.py` corrects
for the number of comparisons. `docs/measuring.md` explains the method, and
`benchmarks/statistics` simulates it. Arrays have the runs along their last axis, so that
a simulation computes thousands of series at once.
"""
