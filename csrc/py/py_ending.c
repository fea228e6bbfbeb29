#include "py/py_ending.h"

#if PY_VERSION_HEX < 0x030C0000

static _PyCFunctionFast original; /* sys.exit is one for the process */

static PyObject *
whole_exit(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    PyObject *type, *value, *traceback;
    PyObject *result = original(module, args, count);
    PyErr_Fetch(&type, &value, &traceback);
    /* (3,) would become the status 3, and () 0 */
    if (!value || !PyTuple_Check(value) || PyTuple_GET_SIZE(value) > 1) {
        PyErr_NormalizeException(&type, &value, &traceback);
    }
    PyErr_Restore(type, value, traceback);
    return result;
}

void
py_ending_make_exits(bool whole)
{
    PyObject *function = PySys_GetObject("exit");
    if (!function || !PyCFunction_CheckExact(function)) {
        return; /* replaced by the program */
    }
    PyMethodDef *definition = ((PyCFunctionObject *)function)->m_ml;
    if (definition->ml_flags != METH_FASTCALL) {
        return;
    }
    const PyCFunction replacement = (PyCFunction)(void (*)(void))whole_exit;
    if (whole && definition->ml_meth != replacement) {
        original = (_PyCFunctionFast)(void (*)(void))definition->ml_meth;
        definition->ml_meth = replacement;
    } else if (!whole && definition->ml_meth == replacement) {
        definition->ml_meth = (PyCFunction)(void (*)(void))original;
    }
}

#else

void
py_ending_make_exits(bool whole)
{
    (void)whole;
}

#endif
