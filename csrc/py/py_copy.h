/* Copies containers, so that a hook that changes a record changes only that record.
 *
 * Containers are dict, list, tuple, set, and classes made of them; their other items are
 * shared. Code of a subclass may run.
 *
 * Thread: under the GIL.
 */
#ifndef PY_COPY_H
#define PY_COPY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* A copy of a container and of the containers in it. A value that is no container, contains
 * itself, is nested too deeply or cannot be copied, is returned as it is. NULL with an exception
 * if an interruption came (KeyboardInterrupt). */
PyObject *py_copy_value(PyObject *value);

/* Puts copies of `fields`, a dict, into the dict `record`; a dict is merged into the one that
 * `record` has under the same name. A mapping there is replaced by a dict of its items.
 * 0, or -1 with an exception. */
int py_copy_merge(PyObject *record, PyObject *fields);

#endif
