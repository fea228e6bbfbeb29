/* What types keep to themselves: their version, and the dictionary of built-in ones.
 *
 * Thread: under the GIL.
 */
#ifndef PY_TYPE_H
#define PY_TYPE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Returns the version tag of a type, which changes with its bases too. 0 if the type
 * has none: then nothing may be kept for it. */
unsigned int py_type_version(PyObject *type);

/* Does what type.__setattr__ does, for built-in types too. Returns 0, or -1 with an
 * exception. */
int py_type_set(PyObject *type, PyObject *name, PyObject *value);

#endif
