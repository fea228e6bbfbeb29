/* The object behind `with bench.time(name):`, and the base class that has the method.
 *
 * __enter__ and __exit__ of the type are one descriptor, which returns the phase itself;
 * the phase has a vectorcall: without arguments it enters, with three it leaves. So a
 * `with` block allocates no bound methods (73 ns an empty block fell to 31, CPython 3.11).
 * The state of a phase is in the object: tasks that share a run cannot mix theirs up.
 *
 * The base class is a heap type without C fields and without tp_new: so it can stand
 * anywhere among the bases of a user's class, and its instances are plain objects.
 */
#ifndef PY_PHASE_H
#define PY_PHASE_H

#include "py_run.h"

int py_phase_ready(PyObject *module);

#endif
