"""Call a function at many points, by any executor, and keep a record of each call.

    sweep.py      sweep(): checks everything before the first call
    grid.py       the points, made when they are needed
    sending.py    pickles the function and the points, or says which cannot be sent
    runner.py     submits tasks in a window, and again those whose worker has died
    pools.py      the executor: given, or made here and replaced when it breaks
    waiting.py    which futures are done
    worker.py     what a worker does: a record for each call
    calls.py      makes the tasks, and takes what becomes of them
    keeping.py    writes the records that come back, each once
    lost.py       the record of a call whose worker has died
    earlier.py    which points an output has already
    result.py     what sweep() returns
    sharing.py    which points had a node at the same time
    progress.py   a line on a terminal
    dask.py       a plugin that records all tasks of Dask workers

A worker writes no file. It returns the text of the record with the value, and the program
that sweeps writes it: a task counts as done if its record has come, and no other way. So a
task that runs again, because its worker died, leaves one record.
"""
