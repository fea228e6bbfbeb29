/* Handlers of signals in Python, run from code that does not hold the GIL. */
#ifndef PY_HANDLERS_H
#define PY_HANDLERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/* Runs the handlers of the signals that have come. Returns whether one has raised: its
 * exception is set then. Thread: without the GIL. */
bool py_handlers_raise(void);

/* Returns -1 if an exception is set, else 0. Thread: under the GIL. */
int py_handlers_raised(void);

#endif
