/* The name of the thread that a record is of, where it is not the main one.
 *
 * It is that of `threading`; a thread that Python has not begun has the number of the system.
 * The text is kept with the state of the thread, until the name changes.
 *
 * Thread: under the GIL.
 */
#ifndef PY_THREAD_NAME_H
#define PY_THREAD_NAME_H

#include "py/py_state.h"

/* Returns the member as bytes, with a comma before it: ,"thread":"Thread-1"; a new reference.
 * NULL in the main thread, and without memory; never an exception. */
PyObject *py_thread_name_member(const py_state *state);

int py_thread_name_ready(PyObject *module);

#endif
