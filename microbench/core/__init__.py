"""The life of a record: settings, plan, run, capture, monitor, and the decorator.

`decorate` makes the function, once. Follow its calls from module to module. The first one:

    finders.py      recorder_of(), which C calls first: None at the first call
    run.py          begin_call(), which C calls then: begin() before the code, complete()
                    after it, up to the sinks
    hooked_run.py   state of the run, and its hooks
    plan.py         what the bench captures (hooks.py), and how it is set (settings.py,
                    arguments.py); capture.py has helpers for the hooks of mixins
    callables.py    the name of the function, and where it is
    record_text.py  the record as text: fixed bytes, and what native_captures.py adds

The second one looks whether C can write the records of later calls:

    finders.py      recorder_of() again
    recorder.py     make what C does a whole call with (csrc/py/py_recorder.h), unless
    plan.py         the plan, checked as at each call
    obstacles.py    names what keeps C from that
    callables.py    kind, name and place of the function

From then on nothing here runs, unless there was an obstacle. Then each call goes from
run.py on as the first one does, and where a hook has to see the record, it is a dict:
run.py has record_dict.py make and complete it. C has the loop. It calls methods of the run
by name (csrc/py/py_iterations.c, py_run.c).

A plan is made when a bench is first used. It asks mixins/surroundings for what describes
host and process in each record; bench.py hands it that function.

`block` and `suspended` begin the runs of blocks and of generators and coroutines.
`run_journal` mirrors open runs into the journal. `workers` and `parent` look at the process
that a record is of. All other modules serve single options.

Nothing here imports `microbench.bench`, the façade over these modules. They share the
Config of a bench (config.py), and call what users override on `run.owner` (owner.py).
"""
