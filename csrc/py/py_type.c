#include "py/py_type.h"

unsigned int
py_type_version(PyObject *type)
{
    PyTypeObject *self = (PyTypeObject *)type;
#if PY_VERSION_HEX < 0x030C0000
    if (!PyType_HasFeature(self, Py_TPFLAGS_VALID_VERSION_TAG)) {
        return 0;
    }
#endif
    return self->tp_version_tag;
}

int
py_type_set(PyObject *type, PyObject *name, PyObject *value)
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
