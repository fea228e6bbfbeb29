/* The arguments of a call, from a tuple and a dict to the form that vectorcall has.
 *
 *     py_arguments given;
 *     if (py_arguments_take(&given, args, kwargs) == 0) {
 *         PyObject_Vectorcall(func, given.values, given.count, given.names);
 *         py_arguments_let_go(&given);
 *     }
 *
 * Thread: under the GIL.
 */
#ifndef PY_ARGUMENTS_H
#define PY_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject **values; /* Owned, and each value: code that runs may change the dict */
    Py_ssize_t count;  /* of positional ones; those of `names` follow */
    PyObject *names;   /* Owned: a tuple */
} py_arguments;

/* 0, or -1 with MemoryError. */
int py_arguments_take(py_arguments *self, PyObject *positional, PyObject *keywords);

void py_arguments_let_go(py_arguments *self);

#endif
