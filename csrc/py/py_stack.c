#include "py/py_stack.h"

#define FIRST_ROOM 64

static int
grow(py_stack *stack)
{
    const Py_ssize_t room = stack->room ? 2 * stack->room : FIRST_ROOM;
    const size_t size = (size_t)room * sizeof(PyObject *);
    PyObject **values = PyMem_Realloc(stack->values, size);
    stack->values = values ? values : stack->values;
    PyObject **names = PyMem_Realloc(stack->names, size);
    stack->names = names ? names : stack->names;
    if (!values || !names) {
        PyErr_NoMemory();
        return -1;
    }
    stack->room = room;
    return 0;
}

int
py_stack_push(py_stack *stack, PyObject *name, PyObject *value)
{
    if (!value) {
        return -1;
    }
    if (stack->count == stack->room && grow(stack) < 0) {
        Py_DECREF(value);
        return -1;
    }
    stack->names[stack->count] = Py_XNewRef(name);
    stack->values[stack->count++] = value;
    return 0;
}

void
py_stack_pop_to(py_stack *stack, Py_ssize_t base)
{
    while (stack->count > base) {
        Py_XDECREF(stack->names[--stack->count]);
        Py_DECREF(stack->values[stack->count]);
    }
}

void
py_stack_free(py_stack *stack)
{
    py_stack_pop_to(stack, 0);
    PyMem_Free(stack->values);
    PyMem_Free(stack->names);
}
