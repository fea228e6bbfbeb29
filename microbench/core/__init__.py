"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

Follow the call of a decorated function from module to module:

    decorate.py     make the function, once; begin() makes the run of a call
    recorder.py     what C does the whole call with (csrc/py/py_recorder.h), unless
    obstacles.py    names what keeps C from that; then:
    plan.py         what the bench captures (hooks.py), and how it is set (settings.py)
    hooked_run.py   state of the run; the record as a dict, if the plan needs one
    run.py          begin() before the code, complete() after it, up to the sinks
    capture.py      helpers for the hooks of mixins
    record_text.py  the record as text: fixed bytes, and what native_captures.py adds

C has the loop, and calls the rest: the functions `recorder_of` and `begin`, which
`decorate` gives it, and methods of the run by name (csrc/py/py_timed.c, py_run.c).
`block` and `suspended` begin the runs of blocks and of generators and coroutines.
`run_journal` mirrors open runs into the journal. `workers` and `parent` look at the process
that a record is of. All other modules serve single options.

Nothing here imports `microbench.bench`, the façade over these modules. They share the
Config of a bench (config.py), and call what users override on `run.owner` (owner.py).
"""
