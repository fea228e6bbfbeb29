/* The method `record(name)` of bench classes, without a frame of Python where the blocks of
 * the bench have a Finder: from their second on. py_method.h makes it.
 */
#ifndef PY_RECORD_METHOD_H
#define PY_RECORD_METHOD_H

#include "py/py_state.h"

/* Returns the method that does what `function` does: that is called for the first block of
 * a bench, and has the docstring. New reference; NULL with an exception. */
PyObject *py_record_method(PyObject *type, PyObject *function, const char *doc);

int py_record_method_ready(PyObject *module);

#endif
