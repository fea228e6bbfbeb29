/* Work that Ctrl-C must not cut in two.
 *
 * Python raises KeyboardInterrupt between any two steps of Python code; and what handlers
 * of other signals raise (the time limits of test runners do) comes out there as well. C
 * code is not interrupted: so it can call a method that was, once more. The method has to
 * be written for that: it goes on where it was. What has interrupted it comes out when the
 * work is done.
 */
#ifndef PY_CALL_UNTIL_DONE_H
#define PY_CALL_UNTIL_DONE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Calls a method with `count` arguments until it returns; a few times only where it raises
 * an Exception, which may be its own. PY_DONE; or an exception is set, the first that was
 * raised: PY_INTERRUPTED if the method has come to its end all the same, else -1. */
enum { PY_DONE, PY_INTERRUPTED };
int py_call_until_done(PyObject *object, const char *method, PyObject *const *arguments,
                       size_t count);

#endif
