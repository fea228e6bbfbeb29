#include "py/py_method.h"

#include <string.h>

PyObject *
py_method_new(PyObject *type, PyMethodDef *definition, vectorcallfunc call,
              const char *signature, const char *doc)
{
    if (!PyType_Check(type)) {
        return PyErr_Format(PyExc_TypeError, "a class is needed, not %R", type);
    }
    if (!definition->ml_doc) { /* CPython reads it as long as there is a method */
        char *text = malloc(strlen(signature) + strlen(doc) + 1);
        if (!text) {
            return PyErr_NoMemory();
        }
        strcpy(text, signature);
        definition->ml_doc = strcat(text, doc);
    }
    PyObject *method = PyDescr_NewMethod((PyTypeObject *)type, definition);
    if (method) {
        ((PyMethodDescrObject *)method)->vectorcall = call;
    }
    return method;
}
