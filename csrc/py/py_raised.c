#include "py/py_raised.h"

py_raised
py_raised_take_object(void)
{
    py_raised error = py_raised_take();
    PyErr_NormalizeException(&error.type, &error.value, &error.traceback);
    if (error.traceback) {
        PyException_SetTraceback(error.value, error.traceback);
    }
    return error;
}

void
py_raised_within(py_raised error)
{
    py_raised later = py_raised_take_object();
    PyException_SetContext(later.value, error.value);
    Py_DECREF(error.type);
    Py_XDECREF(error.traceback);
    py_raised_again(later);
}

void
py_raised_drop(py_raised error)
{
    Py_XDECREF(error.type);
    Py_XDECREF(error.value);
    Py_XDECREF(error.traceback);
}
