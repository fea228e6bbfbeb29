/* Awaits: one call of a coroutine function that a recorder records, with any number of
 * iterations, its arguments and its value.
 *
 *     with timed.awaits(args, kwargs) as func:     None: Python has to begin the run
 *         for awaitable in awaits:                 func(*args, **kwargs)
 *             value = awaits.stop(await awaitable)
 *
 * A call of one iteration of which nothing is captured is a Block (py_block.h), which costs
 * less. The frame that awaits is one in Python, so that tools which walk from one coroutine
 * to the next find both.
 *
 * Thread: under the GIL. Ctrl-C cannot come between the begin of a run and its note here.
 */
#ifndef PY_AWAITS_H
#define PY_AWAITS_H

#include "py/py_recorder.h"

int py_awaits_ready(PyObject *module);

/* A call that this recorder records, with a tuple and a dict. New reference; NULL with an
 * exception. */
PyObject *py_awaits_new(py_recorder *recorder, PyObject *bench, PyObject *func,
                        PyObject *args, PyObject *kwargs);

#endif
