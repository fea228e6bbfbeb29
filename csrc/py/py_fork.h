/* What a fork has to keep, and what the child restores.
 *
 * No line of Python runs here: a signal would interrupt it, and the exception of the
 * handler would be lost.
 *
 * Thread: under the GIL.
 */
#ifndef PY_FORK_H
#define PY_FORK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* In the parent: unblocks what mb_setup_fork_begin() has blocked. In the main thread it
 * does so once os.fork() has returned; until then CPython may run Python code (it warns
 * of threads, of the watchdog too, which a signal makes), and a handler in it. */
void py_fork_in_parent(void);

/* In the child: calls put(before) for each tuple (get, put, installed, before) of a
 * list for which get() is `installed`. Exceptions are discarded. Returns 0; or -1 with
 * an exception that is no Exception, such as KeyboardInterrupt, which leaves the rest
 * as it is. */
int py_fork_restore(PyObject *entries);

#endif
