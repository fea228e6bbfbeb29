/* Timed: one call of a function that `@bench` returned, from its arguments to its record.
 *
 *     Timed(bench, func, begin, find)(args, kwargs)
 *
 * A call takes a run from the Recorder that `find(bench, func)` has returned, or else
 * asks `begin(bench, func, args, kwargs)` for a begun one. It runs the iterations
 * (py_iterations.h), and has the Recorder write the record, or else ends by
 * `run.finish(exception, value)`. It raises RecursionError before anything is begun where
 * the function could not be called, or the stack is nearly used up. Where `begin` has an
 * attribute `sampler`, that decides which calls are recorded; the others are only counted.
 *
 * There are two ways in: the vectorcall of the function itself (py_function.c), and the body
 * of the function, which calls the Timed with a tuple and a dict.
 *
 * A coroutine function is called in Python, between what block() or awaits() returns.
 */
#ifndef PY_TIMED_H
#define PY_TIMED_H

#include "py/py_finder.h"
#include "py/py_sampler.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *bench; /* Owned */
    PyObject *func;  /* Owned: what is timed */
    PyObject *begin; /* Owned: see above; not called where Python code has the loop */
    py_sampler *sampler; /* Owned: that of `begin`, if it has one; or NULL */
    py_finder finder;    /* of the recorder; without `find` there is none */
    PyObject *code;      /* Owned: of the function that leads here; NULL without one */
    PyObject *function;  /* Owned: weak reference to that function; or NULL */
} py_timed;

/* --- py_timed_type.c ------------------------------------------------------------------ */

int py_timed_ready(PyObject *module);

bool py_timed_check(PyObject *object);

/* --- py_timed.c ----------------------------------------------------------------------- */

/* Runs one call of the function, with its arguments as vectorcall gives them. */
PyObject *py_timed_run(py_timed *self, PyObject *const *args, size_t flags,
                       PyObject *names);

/* Runs one call from the body of the function, timed(args, kwargs): the vectorcall of Timed. */
PyObject *py_timed_run_from_body(PyObject *timed, PyObject *const *args, size_t flags,
                                 PyObject *names);

/* Finds the Recorder of the next call: new reference, NULL where Python has to begin the run.
 * 0, or -1 with an exception. */
int py_timed_recorder(py_timed *self, py_recorder **recorder);

#endif
