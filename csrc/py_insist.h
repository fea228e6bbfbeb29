/* Work that Ctrl-C must not cut in two.
 *
 * Python raises KeyboardInterrupt between any two steps of Python code; and what handlers
 * of other signals raise (the time limits of test runners do) comes out there as well. C
 * code is not interrupted: so it can call a method that was, once more. The method has to
 * be written for that: it goes on where it was. What has interrupted it comes out when the
 * work is done.
 */
#ifndef PY_INSIST_H
#define PY_INSIST_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Calls a method with `count` arguments until it returns; a few times only where it raises
 * an Exception, which may be its own. 0, or -1 with the first that was raised. */
int py_insist(PyObject *object, const char *method, PyObject *const *arguments,
              size_t count);

#endif
