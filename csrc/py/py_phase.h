/* The object behind `with bench.time(name):`, and the method that makes it
 * (py_method.h).
 *
 * __enter__ and __exit__ of the type are what the interpreter calls quickest: ordinary
 * methods, or one descriptor (py_both.h). The object itself is used again (py_kept.h).
 * The state of a phase is in the object: tasks that share a run cannot mix theirs up.
 */
#ifndef PY_PHASE_H
#define PY_PHASE_H

#include "py/py_run.h"

int py_phase_ready(PyObject *module);

/* Returns the method `time(name)` of a class, with this docstring. New reference; NULL
 * with an exception. */
PyObject *py_phase_time_method(PyObject *type, const char *doc);

/* Returns the run that a phase of this bench would belong to, or None. New reference;
 * NULL with an exception. */
PyObject *py_phase_active(py_state *state, PyObject *bench);

/* Returns an awaitable that gives `value` at once, new reference; NULL with an
 * exception. */
PyObject *py_phase_awaitable(py_state *state, PyObject *value);

#endif
