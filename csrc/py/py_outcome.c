#include "py/py_outcome.h"

#include "masking/mb_suspicious.h"
#include "py/py_text.h"

/* --- the message ------------------------------------------------------------------- */

static bool
is_short_integer(PyObject *value)
{
    int overflow;
    if (!PyLong_CheckExact(value)) {
        return false;
    }
    PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0; /* one of too many digits has no text */
}

/* A built-in value whose text runs no code of the program. */
static bool
is_plain(PyObject *value)
{
    return !value || value == Py_None || PyUnicode_CheckExact(value) ||
           is_short_integer(value);
}

static bool
has_plain_arguments(const PyBaseExceptionObject *error)
{
    if (!error->args || !PyTuple_CheckExact(error->args)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(error->args); i++) {
        if (!is_plain(PyTuple_GET_ITEM(error->args, i))) {
            return false;
        }
    }
    return true;
}

static bool
has_plain_fields(const PyOSErrorObject *error)
{
    return is_plain(error->myerrno) && is_plain(error->strerror) &&
           is_plain(error->filename) && is_plain(error->filename2);
}

/* Whether str(error) is made of plain values by code of CPython. */
static bool
is_plainly_said(PyObject *error)
{
    const reprfunc say = Py_TYPE(error)->tp_str;
    if (say == ((PyTypeObject *)PyExc_OSError)->tp_str) {
        return has_plain_fields((PyOSErrorObject *)error) &&
               has_plain_arguments((PyBaseExceptionObject *)error);
    }
    return (say == ((PyTypeObject *)PyExc_BaseException)->tp_str ||
            say == ((PyTypeObject *)PyExc_KeyError)->tp_str) &&
           has_plain_arguments((PyBaseExceptionObject *)error);
}

/* Clears an error of str() itself. Any other is what a handler of a signal has raised:
 * CPython runs those at the start of str() and repr(). */
static void
clear_own_error(void)
{
    if (PyErr_Occurred() && (PyErr_ExceptionMatches(PyExc_MemoryError) ||
                             PyErr_ExceptionMatches(PyExc_RecursionError))) {
        PyErr_Clear();
    }
}

/* New reference; NULL where Python has to make it, with an exception if a handler of a
 * signal has raised. */
static PyObject *
message_of(PyObject *error)
{
    if (!is_plainly_said(error)) {
        return NULL;
    }
    PyObject *message = PyObject_Str(error);
    if (message && PyUnicode_GET_LENGTH(message) > PY_OUTCOME_LONGEST) {
        Py_CLEAR(message);
    }
    clear_own_error();
    return message;
}

/* --- the type ---------------------------------------------------------------------- */

/* Appends type(error).__name__. Returns 0, or -1 with or without an exception. */
static int
put_name(mb_text *text, PyTypeObject *type)
{
    if (!Py_IS_TYPE((PyObject *)type, &PyType_Type)) {
        return -1; /* its class may have a __name__ of its own */
    }
    if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        return py_text_put_str(text, ((PyHeapTypeObject *)type)->ht_name);
    }
    const char *dot = strrchr(type->tp_name, '.');
    const char *name = dot ? dot + 1 : type->tp_name;
    mb_text_string(text, name, strlen(name));
    return 0;
}

/* --- both -------------------------------------------------------------------------- */

static bool
put(mb_text *text, PyObject *error, PyObject *message)
{
    MB_TEXT_LITERAL(text, ",\"exception\":{\"type\":");
    if (put_name(text, Py_TYPE(error)) < 0) {
        return false;
    }
    MB_TEXT_LITERAL(text, ",\"message\":");
    if (py_text_put_str(text, message) < 0) {
        return false;
    }
    MB_TEXT_LITERAL(text, "}");
    return !text->failed;
}

bool
py_outcome_put(mb_text *text, PyObject *error)
{
    const size_t before = text->size;
    PyObject *message = message_of(error);
    if (!message) {
        return false;
    }
    const bool is_done = put(text, error, message) &&
                         !mb_suspicious_text(text->data + before, text->size - before);
    Py_DECREF(message);
    PyErr_Clear();
    if (!is_done) {
        text->size = before;
    }
    return is_done;
}
