#include "py/py_text.h"

PyObject *
py_text_bytes(mb_text *text)
{
    PyObject *bytes = NULL;
    if (text->failed) {
        PyErr_NoMemory();
    } else {
        bytes = PyBytes_FromStringAndSize(text->data, (Py_ssize_t)text->size);
    }
    mb_text_free(text);
    return bytes;
}

int
py_text_put_str(mb_text *text, PyObject *str)
{
    if (PyUnicode_IS_COMPACT_ASCII(str)) {
        mb_text_string(text, PyUnicode_DATA(str), (size_t)PyUnicode_GET_LENGTH(str));
        return 0;
    }
    PyObject *utf8 = PyUnicode_AsEncodedString(str, "utf-8", "surrogatepass");
    if (!utf8) {
        return -1;
    }
    mb_text_string(text, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return 0;
}
