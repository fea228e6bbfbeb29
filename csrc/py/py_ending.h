/* Helps Python see the exit status: see microbench/process/cause.py.
 *
 * Thread: under the GIL.
 */
#ifndef PY_ENDING_H
#define PY_ENDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* Up to Python 3.11, sys.exit(n) sets a class and a value; an exception object is made
 * only when Python code catches it, so without that its `code` is never read. With
 * `whole` the object is made at once, as from 3.12 on, however `sys.exit` is reached.
 * Idempotent.
 */
void py_ending_make_exits(bool whole);

#endif
