#include "py/py_function.h"

/* The vectorcall of plain Python functions: the same in the whole process. */
static vectorcallfunc run_the_body;

/* --- replaced functions ----------------------------------------------------------- */

/* The Timed of the definition that `function` was replaced by. Borrowed; NULL for
 * none. */
static py_timed *
successor(const PyFunctionObject *function)
{
    PyObject *found = NULL;
    if (function->func_dict) {
        found = PyDict_GetItemString(function->func_dict, PY_FUNCTION_KEY);
    }
    if (!found || !py_timed_check(found)) {
        return NULL;
    }
    py_timed *timed = (py_timed *)found;
    return timed->code == function->func_code ? timed : NULL;
}

/* Replaces `before` by `next` in the closure, and connects `next` to the function. */
static int
adopt(PyFunctionObject *function, const py_timed *before, py_timed *next)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(function->func_closure);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *cell = PyTuple_GET_ITEM(function->func_closure, i);
        if (PyCell_GET(cell) == (const PyObject *)before) {
            PyCell_Set(cell, (PyObject *)next);
        }
    }
    PyObject *reference = PyWeakref_NewRef((PyObject *)function, NULL);
    if (!reference) {
        return -1;
    }
    Py_XSETREF(next->function, reference);
    return 0;
}

/* New reference to the function that leads to `timed`; NULL where it is gone. */
static PyFunctionObject *
function_of(const py_timed *timed)
{
    PyObject *function = NULL;
    if (!timed->function) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030D0000
    if (PyWeakref_GetRef(timed->function, &function) < 0) {
        PyErr_Clear();
    }
#else
    function = PyWeakref_GET_OBJECT(timed->function);
    function = function == Py_None ? NULL : Py_NewRef(function);
#endif
    return (PyFunctionObject *)function;
}

py_timed *
py_function_current(py_timed *timed)
{
    PyFunctionObject *function = function_of(timed);
    py_timed *found = NULL;
    int result = 0;
    if (function && function->func_code != timed->code) {
        found = successor(function);
        result = found ? adopt(function, timed, found) : 0;
    }
    found = result < 0 ? NULL : (py_timed *)Py_NewRef(found ? found : timed);
    Py_XDECREF(function);
    return found;
}

/* --- calls ------------------------------------------------------------------------ */

/* The Timed that calls of this function go to. Borrowed; NULL where a tool has given it
 * a body of their own. */
static py_timed *
timed_of(PyFunctionObject *function)
{
    PyObject *cell = PyTuple_GET_ITEM(function->func_closure, 0);
    PyObject *found = PyCell_GET(cell);
    if (!found || !py_timed_check(found)) {
        return NULL;
    }
    py_timed *timed = (py_timed *)found;
    if (timed->code == function->func_code) {
        return timed;
    }
    py_timed *next = successor(function);
    if (next && adopt(function, timed, next) < 0) {
        PyErr_Clear();
    }
    return next;
}

static PyObject *
function_vectorcall(PyObject *function, PyObject *const *args, size_t flags,
                    PyObject *names)
{
    py_timed *timed = timed_of((PyFunctionObject *)function);
    if (!timed) {
        return run_the_body(function, args, flags, names);
    }
    Py_INCREF(timed); /* the closure may get another one meanwhile */
    PyObject *value = py_timed_run(timed, args, flags, names);
    Py_DECREF(timed);
    return value;
}

/* --- making ----------------------------------------------------------------------- */

static void
set_vectorcall(PyFunctionObject *function)
{
    if (!run_the_body) {
        run_the_body = function->vectorcall;
    }
#if PY_VERSION_HEX >= 0x030C0000
    PyFunction_SetVectorcall(function, function_vectorcall);
#else
    function->vectorcall =
        function_vectorcall; /* 3.11 specialises calls all the same */
#endif
}

int
py_function_lead(PyObject *function, py_timed *timed, bool direct)
{
    PyObject *closure =
        PyFunction_Check(function) ? PyFunction_GET_CLOSURE(function) : 0;
    if (!closure || PyTuple_GET_SIZE(closure) == 0) {
        PyErr_SetString(PyExc_TypeError, "lead() needs a function with a closure");
        return -1;
    }
    PyObject *reference = PyWeakref_NewRef(function, NULL);
    if (!reference ||
        PyObject_SetAttrString(function, PY_FUNCTION_KEY, (PyObject *)timed) < 0) {
        Py_XDECREF(reference);
        return -1;
    }
    Py_XSETREF(timed->function, reference);
    Py_XSETREF(timed->code, Py_NewRef(PyFunction_GET_CODE(function)));
    if (direct) {
        set_vectorcall((PyFunctionObject *)function);
    }
    return 0;
}
