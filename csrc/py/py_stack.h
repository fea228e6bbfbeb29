/* A stack of values that are read, and not yet in an object or list.
 *
 * Thread: under the GIL.
 */
#ifndef PY_STACK_H
#define PY_STACK_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject **values; /* Owned, and so is each of them */
    PyObject **names;  /* Owned, and so is each of them; NULL in a list */
    Py_ssize_t count;
    Py_ssize_t room;
} py_stack;

/* Steals the value, but not the name. The value may be NULL: nothing is pushed then. 0,
 * or -1; with MemoryError, unless the value is NULL. */
int py_stack_push(py_stack *stack, PyObject *name, PyObject *value);

/* Pops, and releases, the values from number `base` on. */
void py_stack_pop_to(py_stack *stack, Py_ssize_t base);

void py_stack_free(py_stack *stack);

#endif
