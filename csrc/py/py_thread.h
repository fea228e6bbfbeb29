/* Finds Python's main thread, and the greenlet that runs in this thread.
 *
 * gevent and eventlet patch the modules `threading` and `_thread` to describe
 * greenlets. But Python calls signal handlers in the real main thread.
 *
 * Thread: under the GIL.
 */
#ifndef PY_THREAD_H
#define PY_THREAD_H

#include <Python.h>

#include <stdbool.h>

#include "py/py_state.h"

/* Returns whether the caller is in the thread in which Python calls the handlers of
 * signals. */
bool py_thread_is_main(void);

/* Calls a function without arguments in a new thread of the system, never in a
 * greenlet. 0, or -1 with an exception if no thread can be created. */
int py_thread_start(PyObject *function);

/* Notes whether greenlets can exist: whether their module is loaded. Imports
 * nothing. */
void py_thread_look_for_greenlets(py_state *state);

/* Returns which strand of its thread the caller is: a greenlet, as a number that no two
 * living ones share; 0 for the main one, and where there are none. No exception. */
uintptr_t py_thread_strand(py_state *state);

#endif
