/* What `async with bench.arecord(name)` awaits to enter the block: like a coroutine, it
 * enters when it is awaited, and in the context in which it is; but it runs no Python.
 *
 * Thread: under the GIL.
 */
#ifndef PY_ENTERING_H
#define PY_ENTERING_H

#include "py/py_state.h"

/* Enters an object. Returns 0, or -1 with an exception. */
typedef int (*py_enter)(PyObject *object, py_state *state);

/* An awaitable that enters `object` and gives it. New reference; NULL with an exception. */
PyObject *py_entering_new(py_state *state, PyObject *object, py_enter enter);

int py_entering_ready(PyObject *module);

#endif
