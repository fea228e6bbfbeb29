/* Both of `__enter__` and `__exit__` as one descriptor, where that is the quickest way
 * in.
 *
 * Before CPython 3.14 a `with` statement binds both methods, which allocates two
 * objects. This descriptor returns the object itself instead, and the object has a
 * vectorcall: without arguments it enters, with three it leaves (73 ns an empty block
 * fell to 31, CPython 3.11). From 3.14 on, a `with` statement binds no ordinary method,
 * and specialises the calls.
 */
#ifndef PY_BOTH_H
#define PY_BOTH_H

#include "py/py_state.h"

#if PY_VERSION_HEX >= 0x030E0000
#define PY_BOTH_NEEDED 0
#else
#define PY_BOTH_NEEDED 1

/* Gives a type with such a vectorcall the two names. `what`, such as "a phase", is in
 * messages. Returns 0, or -1 with an exception. */
int py_both_add(PyObject *module, PyTypeObject *type, const char *what);
#endif

#endif
