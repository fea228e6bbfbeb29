#include "py/py_loops.h"

#include "base/mb_clock.h"
#include "py/py_arguments.h"

/* Calls it as PyObject_Vectorcall() does, but for a function of Python looks neither
 * for the way to call it nor at what it returns. */
static inline PyObject *
call_once(PyObject *func, PyObject *const *args, size_t flags, PyObject *names)
{
    return PyFunction_Check(func)
               ? ((PyFunctionObject *)func)->vectorcall(func, args, flags, names)
               : PyObject_Vectorcall(func, args, flags, names);
}

PyObject *
py_loops_call(PyObject *func, PyObject *const *args, size_t flags, PyObject *names,
              Py_ssize_t loops)
{
    PyObject *value = call_once(func, args, flags, names);
    while (value && --loops > 0) {
        Py_DECREF(value);
        value = call_once(func, args, flags, names);
    }
    return value;
}

/* --- samples ---------------------------------------------------------------------- */

typedef struct {
    PyObject *func;
    const py_arguments *given;
    Py_ssize_t loops;
    PyObject *counter; /* Borrowed; NULL: the native clock */
} work;

/* What a sample took, new reference; NULL with an exception. */
static PyObject *
foreign_sample(const work *what)
{
    const py_arguments *given = what->given;
    PyObject *start = PyObject_CallNoArgs(what->counter);
    PyObject *value =
        start ? py_loops_call(what->func, given->values, (size_t)given->count,
                              given->names, what->loops)
              : NULL;
    PyObject *stop = value ? PyObject_CallNoArgs(what->counter) : NULL;
    PyObject *length = stop ? PyNumber_Subtract(stop, start) : NULL;
    Py_XDECREF(start);
    Py_XDECREF(value);
    Py_XDECREF(stop);
    return length;
}

static PyObject *
native_sample(const work *what)
{
    const py_arguments *given = what->given;
    const int64_t start_ns = mb_clock_begin_ns();
    PyObject *value = py_loops_call(what->func, given->values, (size_t)given->count,
                                    given->names, what->loops);
    const int64_t stop_ns = mb_clock_ns();
    if (!value) {
        return NULL;
    }
    Py_DECREF(value);
    return PyLong_FromLongLong(stop_ns - start_ns);
}

static PyObject *
samples_of(const work *what, Py_ssize_t count)
{
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *length = NULL;
        if (PyErr_CheckSignals() == 0) {
            length = what->counter ? foreign_sample(what) : native_sample(what);
        }
        if (!length) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, length);
        }
    }
    return list;
}

static int
check(Py_ssize_t loops, Py_ssize_t count)
{
    if (loops < 1 || count < 0) {
        PyErr_SetString(PyExc_ValueError, "a sample has one call at least");
        return -1;
    }
    return 0;
}

PyObject *
py_loops_samples(PyObject *func, PyObject *args, PyObject *kwargs, Py_ssize_t loops,
                 Py_ssize_t count, PyObject *counter)
{
    py_arguments all;
    if (check(loops, count) < 0 || py_arguments_take(&all, args, kwargs) < 0) {
        return NULL;
    }
    const work what = {func, &all, loops, counter == Py_None ? NULL : counter};
    PyObject *list = samples_of(&what, count);
    py_arguments_let_go(&all);
    return list;
}

/* --- of a run --------------------------------------------------------------------- */

PyObject *
py_loops_share(PyObject *number, Py_ssize_t loops)
{
    if (!number || number == Py_None || loops <= 1) {
        return number;
    }
    PyObject *divisor = PyLong_FromSsize_t(loops);
    PyObject *share = divisor ? PyNumber_TrueDivide(number, divisor) : NULL;
    Py_XDECREF(divisor);
    Py_DECREF(number);
    return share;
}

int
py_loops_extend(PyObject *run, Py_ssize_t *iterations)
{
    PyObject *more = PyObject_CallMethod(run, "more", NULL);
    const Py_ssize_t count = more ? PyNumber_AsSsize_t(more, PyExc_OverflowError) : -1;
    Py_XDECREF(more);
    if (PyErr_Occurred()) {
        return -1;
    }
    *iterations += count;
    return 0;
}
