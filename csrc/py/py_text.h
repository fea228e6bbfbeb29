/* A text on the heap as bytes of Python, and a str of Python in a text.
 *
 * Thread: under the GIL.
 */
#ifndef PY_TEXT_H
#define PY_TEXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "base/mb_text.h"

/* Frees a heap text, and returns what it held, new reference; NULL with MemoryError if
 * it has failed. */
PyObject *py_text_bytes(mb_text *text);

/* Writes a str as a JSON string (mb_text_string). 0, or -1 with an exception. */
int py_text_put_str(mb_text *text, PyObject *str);

#endif
