#include "py/py_state.h"

py_state *
py_state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

PyTypeObject *
py_state_type(PyObject *module, PyType_Spec *spec)
{
    return (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
}
