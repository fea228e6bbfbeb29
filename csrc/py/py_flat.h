/* Flat records: the values of nested objects under their dotted names.
 *
 * The type FlatNames remembers the names that it has joined, so that many records of
 * the same fields share them: a tree with one object for each object in the records.
 *
 * Thread: under the GIL.
 */
#ifndef PY_FLAT_H
#define PY_FLAT_H

#include "py/py_state.h"

/* Makes the type FlatNames. 0, or -1 with an exception. */
int py_flat_ready(PyObject *module);

#endif
