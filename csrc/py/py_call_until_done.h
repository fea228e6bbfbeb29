/* Finishes work that Ctrl-C must not cut in two.
 *
 * Python raises KeyboardInterrupt between any two steps of Python code. Handlers of
 * other signals may raise there as well (the time limits of test runners do). C code is
 * not interrupted, so it can call an interrupted method again. The method has to be
 * written for that: it goes on where it was. The interrupting exception is raised when
 * the work is done.
 */
#ifndef PY_CALL_UNTIL_DONE_H
#define PY_CALL_UNTIL_DONE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define PY_CALL_ARGUMENTS 5 /* at most */

/* Calls a method with `count` arguments until it returns; only a few times if it raises
 * an Exception, which may be its own. Returns PY_DONE. Or sets the first exception that
 * was raised, and returns PY_INTERRUPTED if the method has come to its end all the
 * same, else -1. */
enum { PY_DONE, PY_INTERRUPTED };
int py_call_until_done(PyObject *object, const char *method, PyObject *const *arguments,
                       size_t count);

#endif
