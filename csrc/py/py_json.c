#include "py/py_json.h"

#include "py/py_text.h"

#include <math.h>

#define DEEPEST 100 /* containers in each other */

#if PY_VERSION_HEX < 0x030F0000
#define PyFrozenDict_CheckExact(value) ((void)(value), false)
#endif

int
py_json_ready(py_state *state)
{
    /* not `datetime`, whose half in Python a program may not have loaded */
    PyObject *module = PyImport_ImportModule("_datetime");
    PyObject *type = module ? PyObject_GetAttrString(module, "datetime") : NULL;
    Py_XDECREF(module);
    if (!type) {
        return -1;
    }
    state->datetime_type = (PyTypeObject *)type;
    state->isoformat = PyObject_GetAttrString(type, "isoformat");
    state->isoformat_words = Py_BuildValue("(ss)", "T", "microseconds");
    return state->isoformat && state->isoformat_words ? 0 : -1;
}

/* --- writing ---------------------------------------------------------------------- */

/* FAILED has set an exception. After FAILED and NOT_PLAIN the text is cut off
 * anywhere. */
typedef enum { FAILED = -1, NOT_PLAIN, WRITTEN } outcome;

typedef struct {
    mb_text *text;
    py_state *state;
    py_json_limits limits;
    int depth;
} writer;

static outcome put_value(writer *out, PyObject *value);

static outcome
put_str(writer *out, PyObject *str)
{
    const size_t from = out->text->size;
    if ((size_t)PyUnicode_GET_LENGTH(str) > out->limits.text) {
        return NOT_PLAIN; /* before its characters are encoded */
    }
    if (py_text_put_str(out->text, str) < 0) {
        return FAILED;
    }
    return out->text->size - from > out->limits.text ? NOT_PLAIN : WRITTEN;
}

/* Returns whether what was written since the text had `from` bytes is too much. */
static inline bool
is_too_long(const writer *out, size_t from)
{
    return out->text->size - from > out->limits.container;
}

static outcome
put_int(writer *out, PyObject *value)
{
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow) {
        return NOT_PLAIN;
    }
    mb_text_int(out->text, number);
    return WRITTEN;
}

/* As repr(); JSON has no word for NaN and infinities. */
static outcome
put_float(writer *out, double number)
{
    if (!isfinite(number)) {
        MB_TEXT_LITERAL(out->text, "null");
        return WRITTEN;
    }
    char *text = PyOS_double_to_string(number, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (!text) {
        return FAILED;
    }
    mb_text_raw(out->text, text, strlen(text));
    PyMem_Free(text);
    return WRITTEN;
}

static outcome
put_datetime(writer *out, PyObject *moment)
{
    PyObject *words = out->state->isoformat_words;
    PyObject *arguments[] = {moment, PyTuple_GET_ITEM(words, 0),
                             PyTuple_GET_ITEM(words, 1)};
    PyObject *text = PyObject_Vectorcall(out->state->isoformat, arguments, 3, NULL);
    const int result = text ? py_text_put_str(out->text, text) : -1;
    Py_XDECREF(text);
    return result < 0 ? FAILED : WRITTEN;
}

/* The tzinfo of a datetime may change any container: so each value is owned while it is
 * written, and the size is read anew. */
static outcome
put_sequence(writer *out, PyObject *values)
{
    const size_t from = out->text->size;
    MB_TEXT_LITERAL(out->text, "[");
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(values); i++) {
        PyObject *value = Py_NewRef(PySequence_Fast_GET_ITEM(values, i));
        if (i > 0) {
            MB_TEXT_LITERAL(out->text, ",");
        }
        const outcome result = put_value(out, value);
        Py_DECREF(value);
        if (result != WRITTEN) {
            return result;
        }
        if (is_too_long(out, from)) {
            return NOT_PLAIN;
        }
    }
    MB_TEXT_LITERAL(out->text, "]");
    return is_too_long(out, from) ? NOT_PLAIN : WRITTEN;
}

static outcome
put_member(writer *out, PyObject *key, PyObject *value)
{
    if (!PyUnicode_CheckExact(key)) {
        return NOT_PLAIN;
    }
    if (py_text_put_str(out->text, key) < 0) {
        return FAILED;
    }
    MB_TEXT_LITERAL(out->text, ":");
    Py_INCREF(value);
    const outcome result = put_value(out, value);
    Py_DECREF(value);
    return result;
}

/* Not plain if the dict changes meanwhile. Keys have no limit of their own. */
static outcome
put_dict(writer *out, PyObject *values)
{
    const Py_ssize_t size = PyDict_Size(values);
    const size_t from = out->text->size;
    Py_ssize_t position = 0;
    PyObject *key, *value;
    MB_TEXT_LITERAL(out->text, "{");
    for (bool first = true; PyDict_Next(values, &position, &key, &value);
         first = false) {
        if (!first) {
            MB_TEXT_LITERAL(out->text, ",");
        }
        const outcome result = put_member(out, key, value);
        if (result != WRITTEN) {
            return result;
        }
        if (PyDict_Size(values) != size || is_too_long(out, from)) {
            return NOT_PLAIN;
        }
    }
    MB_TEXT_LITERAL(out->text, "}");
    return is_too_long(out, from) ? NOT_PLAIN : WRITTEN;
}

static outcome
put_container(writer *out, PyObject *value)
{
    outcome result = NOT_PLAIN;
    if (out->depth == DEEPEST) {
        return NOT_PLAIN;
    }
    out->depth++;
    if (PyDict_CheckExact(value) || PyFrozenDict_CheckExact(value)) {
        result = put_dict(out, value);
    } else if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
        result = put_sequence(out, value);
    }
    out->depth--;
    return result;
}

static outcome
put_constant(writer *out, PyObject *value)
{
    if (value == Py_None) {
        MB_TEXT_LITERAL(out->text, "null");
    } else if (value == Py_True) {
        MB_TEXT_LITERAL(out->text, "true");
    } else {
        MB_TEXT_LITERAL(out->text, "false");
    }
    return WRITTEN;
}

static outcome
put_value(writer *out, PyObject *value)
{
    if (PyUnicode_CheckExact(value)) {
        return put_str(out, value);
    }
    if (PyLong_CheckExact(value)) {
        return put_int(out, value);
    }
    if (PyFloat_CheckExact(value)) {
        return put_float(out, PyFloat_AS_DOUBLE(value));
    }
    if (value == Py_None || PyBool_Check(value)) {
        return put_constant(out, value);
    }
    if (Py_IS_TYPE(value, out->state->datetime_type)) {
        return put_datetime(out, value);
    }
    return put_container(out, value);
}

int
py_json_put(py_state *state, mb_text *text, PyObject *value, py_json_limits limits)
{
    writer out = {.text = text, .state = state, .limits = limits};
    const size_t before = text->size;
    const outcome result = put_value(&out, value);
    if (result == WRITTEN) {
        return 1;
    }
    text->size = before;
    if (result == FAILED && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

PyObject *
py_json_text(py_state *state, PyObject *value, py_json_limits limits)
{
    mb_text text;
    mb_text_heap(&text);
    const int written = py_json_put(state, &text, value, limits);
    if (written == 1) {
        return py_text_bytes(&text);
    }
    mb_text_free(&text);
    return written < 0 ? NULL : Py_NewRef(Py_None);
}

/* --- checks: no code of the program runs, so all references are borrowed ---------- */

typedef bool (*check_of_value)(PyObject *value, int levels);

/* Returns whether the check finds a member of a dict, list or tuple. */
static bool
finds_member(PyObject *container, check_of_value check, int levels)
{
    PyObject *member;
    if (PyList_Check(container) || PyTuple_Check(container)) {
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(container); i++) {
            if (check(PySequence_Fast_GET_ITEM(container, i), levels)) {
                return true;
            }
        }
        return false;
    }
    for (Py_ssize_t position = 0; PyDict_Next(container, &position, NULL, &member);) {
        if (check(member, levels)) {
            return true;
        }
    }
    return false;
}

static bool
nests_beyond(PyObject *value, int levels)
{
    if (PyDict_Check(value) || PyList_Check(value) || PyTuple_CheckExact(value) ||
        PyFrozenDict_CheckExact(value)) {
        return levels <= 0 || finds_member(value, nests_beyond, levels - 1);
    }
    return false;
}

bool
py_json_is_deep(PyObject *value)
{
    return nests_beyond(value, 2 * DEEPEST);
}

static bool
is_not_shallow(PyObject *value, int levels)
{
    if (value == Py_None || PyUnicode_CheckExact(value) || PyLong_CheckExact(value) ||
        PyFloat_CheckExact(value) || PyBool_Check(value)) {
        return false;
    }
    if (levels <= 0) {
        return true;
    }
    if (PyDict_CheckExact(value) || PyList_CheckExact(value) ||
        PyTuple_CheckExact(value)) {
        return finds_member(value, is_not_shallow, levels - 1);
    }
    return true;
}

bool
py_json_is_shallow(PyObject *value, int levels)
{
    return !is_not_shallow(value, levels);
}
