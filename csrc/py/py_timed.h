/* Timed: the iteration loop, which a call of a function that `@bench` returned runs.
 *
 *     Timed(bench, func, begin)(args, kwargs)
 *
 * A call asks `begin(bench, func, args, kwargs)` for a begun run, calls the function
 * `run.iterations` times with two clock reads around each, and ends by
 * `run.finish(exception, value)`. It raises RecursionError before anything is begun
 * where the function could not be called, or the stack is nearly used up.
 */
#ifndef PY_TIMED_H
#define PY_TIMED_H

#include "py/py_run.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *bench; /* Owned */
    PyObject *func;  /* Owned: what is timed */
    PyObject *begin; /* Owned: see above; not called where Python code has the loop */
    PyObject *code;  /* Owned: of the function that leads here; NULL without one */
    PyObject *function; /* Owned: weak reference to that function; or NULL */
} py_timed;

int py_timed_ready(PyObject *module);

bool py_timed_check(PyObject *object);

/* Runs one call, with arguments as vectorcall gives them. */
PyObject *py_timed_call(py_timed *self, PyObject *const *args, size_t flags,
                        PyObject *names);

#endif
