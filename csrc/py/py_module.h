/* The module object that owns the types of the native border, and how it is filled.
 *
 * Thread: with the GIL.
 */
#ifndef PY_MODULE_H
#define PY_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Returns a module object with all types ready, new reference; NULL with an
 * exception. */
PyObject *py_module_new(void);

#endif
