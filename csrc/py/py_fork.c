#include "py/py_fork.h"

#include "dying/mb_setup.h"
#include "py/py_thread.h"

static int
let_signals_come(void *Py_UNUSED(argument))
{
    mb_setup_fork_end();
    /* now: what the program calls next may wait for long */
    return PyErr_CheckSignals();
}

void
py_fork_in_parent(void)
{
    if (!py_thread_is_main() || Py_AddPendingCall(let_signals_come, NULL) < 0) {
        mb_setup_fork_end();
    }
}

static void
restore(PyObject *get, PyObject *put, PyObject *installed, PyObject *before)
{
    PyObject *now = PyObject_CallNoArgs(get);
    PyObject *result = now == installed ? PyObject_CallOneArg(put, before) : NULL;
    Py_XDECREF(result);
    Py_XDECREF(now);
}

int
py_fork_restore(PyObject *entries)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(entries); i++) {
        PyObject *get, *put, *installed, *before;
        PyObject *entry = Py_NewRef(PyList_GET_ITEM(entries, i));
        if (PyArg_ParseTuple(entry, "OOOO", &get, &put, &installed, &before)) {
            restore(get, put, installed, before);
        }
        Py_DECREF(entry);
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear();
    }
    return 0;
}
