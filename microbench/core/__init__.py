"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

`decorate` makes the function, once. Follow its calls from module to module. The first one:

    calls.py        recorder_of() and begin(), which C calls: here each call enters Python
    hooked_run.py   state of the run, and its hooks
    plan.py         what the bench captures (hooks.py), and how it is set (settings.py,
                    arguments.py); capture.py has helpers for the hooks of mixins
    run.py          begin() before the code, complete() after it, up to the sinks
    place.py        where the function is
    record_text.py  the record as text: fixed bytes, and what native_captures.py adds

The second one looks whether C can write the records of later calls:

    calls.py        recorder_of() again
    recorder.py     make what C does a whole call with (csrc/py/py_recorder.h), unless
    plan.py         the plan, checked as at each call
    obstacles.py    names what keeps C from that
    capture.py      helpers for place.py, which says where the function is

From then on nothing here runs, or what runs at the first call, where there was an obstacle:
then plan.py checks the plan, and run.py fills a dict (record_dict.py). C has the loop. It
calls methods of the run by name (csrc/py/py_iterations.c, py_run.c).

A plan is made when a bench is first used. It asks mixins/surroundings for what describes
host and process in each record; bench.py hands it that function.

`block` and `suspended` begin the runs of blocks and of generators and coroutines.
`run_journal` mirrors open runs into the journal. `workers` and `parent` look at the process
that a record is of. All other modules serve single options.

Nothing here imports `microbench.bench`, the façade over these modules. They share the
Config of a bench (config.py), and call what users override on `run.owner` (owner.py).
"""
