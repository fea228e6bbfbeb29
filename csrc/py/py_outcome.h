/* The exception that ended a call, as the text of its record.
 *
 *     if (!py_outcome_put(&line, error))
 *         ...                       Python has to write this record
 *
 * Runs no code of the program: only messages made of plain values, by an exception whose
 * `__str__` is built in, become text here.
 *
 * Thread: under the GIL.
 */
#ifndef PY_OUTCOME_H
#define PY_OUTCOME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "base/mb_text.h"

#define PY_OUTCOME_LONGEST 4096 /* characters of a message */

/* Appends `,"exception":{"type":...,"message":...}`. Returns false, and leaves the text as
 * it was, where only Python can: for other messages, for long ones, and for those that may
 * hold a secret. Sets an exception only if a handler of a signal has raised it. */
bool py_outcome_put(mb_text *text, PyObject *error);

#endif
