"""How often a short function has to be called, and what the times say.

    options.py       min_time, max_time, precision and warmup: checked
    clock.py         readings as seconds; what a reading costs
    calibration.py   warm up, and find how many calls make a sample
    series.py        the samples, and whether they are enough
    interval.py      the interval of a median, also of samples that are not independent
    result.py        Measurement: statistics, a sentence, HTML

`microbench/measurement.py` measures a function with these, `core/calibrated.py` the calls
of one that `@bench` decorates, and `cli/timeit/` a statement.
"""
