/* The one extension of an otherwise empty package: the floor of an import. */
#include <Python.h>

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_empty",
};

PyMODINIT_FUNC
PyInit__empty(void)
{
    return PyModuleDef_Init(&definition);
}
