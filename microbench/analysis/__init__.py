"""Statistics of two series of durations: is one slower, and how sure is that?

Pure functions of numbers; NumPy and SciPy are imported here and nowhere else in microbench.
`estimate.py` has the ratio of the medians with its interval: `separate.py` of series that
were measured one after the other, `in_turns.py` of those that took turns, which `order.py`
finds out. They use `bounds.py` (of one median), `dependence.py` (of runs that resemble
their neighbours) and `drift.py`. `verdict.py` has a verdict, `many.py` corrects for the
number of comparisons. `docs/measuring.md` explains the method, and `benchmarks/statistics`
simulates it. `looks.py` has a verdict of runs that are still going on, and `scaling.py` how
a time grows with a number. Arrays have the runs along their last axis, so that a simulation
computes thousands of series at once.
"""
