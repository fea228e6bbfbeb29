#include "py/py_ending.h"

int
py_ending_set_in_type(PyObject *type, PyObject *name, PyObject *value)
{
    PyTypeObject *self = (PyTypeObject *)type;
#if PY_VERSION_HEX < 0x030C0000
    PyObject *dict = Py_NewRef(self->tp_dict);
#else
    PyObject *dict = PyType_GetDict(self);
#endif
    const int result = dict ? PyDict_SetItem(dict, name, value) : -1;
    PyType_Modified(self);
    Py_XDECREF(dict);
    return result;
}

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
    const PyCFunction ours = (PyCFunction)(void (*)(void))whole_exit;
    if (whole && definition->ml_meth != ours) {
        original = (_PyCFunctionFast)(void (*)(void))definition->ml_meth;
        definition->ml_meth = ours;
    } else if (!whole && definition->ml_meth == ours) {
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
