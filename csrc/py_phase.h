/* The object behind `with bench.time(name):`, and the method that makes it.
 *
 * __enter__ and __exit__ of the type are one descriptor, which returns the phase itself;
 * the phase has a vectorcall: without arguments it enters, with three it leaves. So a
 * `with` block allocates no bound methods (73 ns an empty block fell to 31, CPython 3.11).
 * The state of a phase is in the object: tasks that share a run cannot mix theirs up.
 *
 * `time` itself is an object in the class dictionary that CPython calls like a function,
 * with the bench as its first argument: no base class in C, so that a bench class can
 * have any bases, and no descriptor that checks the class of each bench.
 */
#ifndef PY_PHASE_H
#define PY_PHASE_H

#include "py_run.h"

int py_phase_ready(PyObject *module);

/* An awaitable that gives `value` at once, new reference; NULL with an exception. */
PyObject *py_awaitable(py_state *state, PyObject *value);

#endif
