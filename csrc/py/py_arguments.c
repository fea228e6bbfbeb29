#include "py/py_arguments.h"

int
py_arguments_take(py_arguments *self, PyObject *positional, PyObject *keywords)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(positional);
    const Py_ssize_t named = PyDict_GET_SIZE(keywords);
    PyObject **values = PyMem_New(PyObject *, (size_t)(count + named));
    PyObject *names = PyTuple_New(named);
    if (!values || !names) {
        PyMem_Free(values);
        Py_XDECREF(names);
        PyErr_NoMemory();
        return -1;
    }
    PyObject *name, *value;
    Py_ssize_t place = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        values[i] = Py_NewRef(PyTuple_GET_ITEM(positional, i));
    }
    for (Py_ssize_t i = 0; PyDict_Next(keywords, &place, &name, &value); i++) {
        PyTuple_SET_ITEM(names, i, Py_NewRef(name));
        values[count + i] = Py_NewRef(value);
    }
    *self = (py_arguments){values, count, names};
    return 0;
}

void
py_arguments_let_go(py_arguments *self)
{
    const Py_ssize_t all = self->count + PyTuple_GET_SIZE(self->names);
    for (Py_ssize_t i = 0; i < all; i++) {
        Py_DECREF(self->values[i]);
    }
    PyMem_Free(self->values);
    Py_DECREF(self->names);
}
