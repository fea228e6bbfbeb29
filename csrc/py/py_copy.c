#include "py/py_copy.h"

#include "base/mb_stack.h"

#include <stdbool.h>

#define DEEPEST                                                                        \
    1000 /* nested containers: Python's own limit, unless a program sets it */

/* A container that is being copied, and those around it. */
typedef struct within {
    const struct within *outer;
    PyObject *container;
} within;

static PyObject *copy_of(PyObject *value, const within *outer);

static bool
is_container(PyObject *value)
{
    return PyDict_Check(value) || PyList_Check(value) || PyTuple_Check(value) ||
           PySet_Check(value);
}

/* Raises an exception if a container is among those around it, or if they are too many. */
static int
check_nesting(PyObject *value, const within *outer)
{
    int depth = 0;
    for (; outer; outer = outer->outer) {
        if (outer->container == value) {
            PyErr_SetString(PyExc_ValueError, "it contains itself");
            return -1;
        }
        depth++;
    }
    if (depth == DEEPEST || mb_stack_room() == MB_STACK_FULL) {
        PyErr_SetString(PyExc_RecursionError, "it is nested too deeply");
        return -1;
    }
    return 0;
}

/* --- the built-in containers ------------------------------------------------------- */

/* Replaces each container among the values of a new dict by its copy. */
static int
copy_values(PyObject *copy, const within *inside)
{
    PyObject *name, *value;
    Py_ssize_t place = 0;
    while (PyDict_Next(copy, &place, &name, &value)) {
        if (!is_container(value)) {
            continue;
        }
        PyObject *item = copy_of(value, inside);
        const int error = item ? PyDict_SetItem(copy, name, item) : -1;
        Py_XDECREF(item);
        if (error) {
            return -1;
        }
    }
    return 0;
}

static PyObject *
copy_of_dict(PyObject *value, const within *inside)
{
    PyObject *copy = PyDict_Copy(value);
    if (copy && copy_values(copy, inside) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* A list of copies of the items of any sequence. */
static PyObject *
copies_of_items(PyObject *value, const within *inside)
{
    PyObject *copies = PySequence_List(value);
    for (Py_ssize_t i = 0; copies && i < PyList_GET_SIZE(copies); i++) {
        PyObject *item = copy_of(PyList_GET_ITEM(copies, i), inside);
        if (!item || PyList_SetItem(copies, i, item) < 0) {
            Py_CLEAR(copies);
        }
    }
    return copies;
}

static PyObject *
copy_of_tuple(PyObject *value, const within *inside)
{
    PyObject *items = copies_of_items(value, inside);
    PyObject *copy = items ? PyList_AsTuple(items) : NULL;
    Py_XDECREF(items);
    return copy;
}

/* --- classes made of them ---------------------------------------------------------- */

static PyObject *
copy_of_named_tuple(PyObject *value, const within *inside)
{
    PyObject *items = copies_of_items(value, inside);
    PyObject *type = (PyObject *)Py_TYPE(value);
    PyObject *copy = items ? PyObject_CallMethod(type, "_make", "(O)", items) : NULL;
    Py_XDECREF(items);
    return copy;
}

/* What copy.copy() returns, which shares all items. */
static PyObject *
shallow_copy(PyObject *value)
{
    PyObject *module = PyImport_ImportModule("copy");
    PyObject *copy = module ? PyObject_CallMethod(module, "copy", "(O)", value) : NULL;
    Py_XDECREF(module);
    return copy;
}

/* Puts copies of the items of a mapping into its shallow copy. */
static int
put_items(PyObject *copy, PyObject *mapping, const within *inside)
{
    PyObject *items = PyMapping_Items(mapping);
    int error = items ? 0 : -1;
    for (Py_ssize_t i = 0; !error && i < PyList_GET_SIZE(items); i++) {
        PyObject *name, *value;
        PyObject *pair = PyList_GET_ITEM(items, i);
        const bool is_pair = PyArg_ParseTuple(pair, "OO", &name, &value);
        PyObject *item = is_pair ? copy_of(value, inside) : NULL;
        error = item ? PyObject_SetItem(copy, name, item) : -1;
        Py_XDECREF(item);
    }
    Py_XDECREF(items);
    return error;
}

static int
put_sequence(PyObject *copy, PyObject *value, const within *inside)
{
    PyObject *items = copies_of_items(value, inside);
    const int error = items ? PySequence_SetSlice(copy, 0, PY_SSIZE_T_MAX, items) : -1;
    Py_XDECREF(items);
    return error;
}

static PyObject *
copy_of_subclass(PyObject *value, const within *inside)
{
    if (PyTuple_Check(value)) {
        return copy_of_named_tuple(value, inside);
    }
    PyObject *copy = shallow_copy(value);
    int error = 0;
    if (copy && PyDict_Check(copy)) {
        error = put_items(copy, value, inside);
    } else if (copy && PyList_Check(copy)) {
        error = put_sequence(copy, value, inside);
    }
    if (error) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* --- any value ---------------------------------------------------------------------- */

static PyObject *
copy_of_container(PyObject *value, const within *inside)
{
    if (PyDict_CheckExact(value)) {
        return copy_of_dict(value, inside);
    }
    if (PyList_CheckExact(value)) {
        return copies_of_items(value, inside);
    }
    if (PyTuple_CheckExact(value)) {
        return copy_of_tuple(value, inside);
    }
    return Py_IS_TYPE(value, &PySet_Type) ? PySet_New(value)
                                          : copy_of_subclass(value, inside);
}

static PyObject *
copy_of(PyObject *value, const within *outer)
{
    if (!is_container(value)) {
        return Py_NewRef(value);
    }
    if (check_nesting(value, outer) < 0 ||
        Py_EnterRecursiveCall(" while a field is copied")) {
        return NULL;
    }
    PyObject *copy = copy_of_container(value, &(within){outer, value});
    Py_LeaveRecursiveCall();
    return copy;
}

/* Clears an error; returns false for an interruption, which stays. */
static bool
clear_error(void)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return false;
    }
    PyErr_Clear();
    return true;
}

PyObject *
py_copy_value(PyObject *value)
{
    PyObject *copy = copy_of(value, NULL);
    if (!copy && clear_error()) {
        copy = Py_NewRef(value);
    }
    return copy;
}

/* --- merging ------------------------------------------------------------------------ */

/* Whether the value is an instance of collections.abc.Mapping; -1 with an exception. */
static int
is_mapping(PyObject *value)
{
    PyObject *module = PyImport_ImportModule("_collections_abc");
    PyObject *mapping = module ? PyObject_GetAttrString(module, "Mapping") : NULL;
    const int found = mapping ? PyObject_IsInstance(value, mapping) : -1;
    Py_XDECREF(mapping);
    Py_XDECREF(module);
    return found;
}

/* A dict itself, or a new dict of the items of another mapping. NULL for any other value, and
 * for a mapping that raises; after an interruption, with an exception. */
static PyObject *
as_dict(PyObject *value)
{
    if (PyDict_Check(value)) {
        return Py_NewRef(value);
    }
    if (value == Py_None || PyUnicode_Check(value) || PyList_CheckExact(value)) {
        return NULL;
    }
    PyObject *dict = NULL;
    const int found = is_mapping(value);
    if (found > 0) {
        dict = PyDict_New();
    }
    if (dict && PyDict_Update(dict, value) < 0) {
        Py_CLEAR(dict);
    }
    if (!dict && PyErr_Occurred()) {
        clear_error();
    }
    return dict;
}

/* A new reference to the item of a dict or subclass; NULL without an exception if there is
 * none. */
static PyObject *
item_of(PyObject *record, PyObject *name)
{
    if (!PyDict_CheckExact(record)) {
        return PyObject_CallMethod(record, "get", "(O)", name);
    }
    PyObject *item = PyDict_GetItemWithError(record, name);
    return Py_XNewRef(item);
}

/* The dict into which a dict of this name is merged, owned; NULL if there is none, with an
 * exception only after a failure. */
static PyObject *
dict_there(PyObject *record, PyObject *name)
{
    PyObject *there = item_of(record, name);
    PyObject *dict = there ? as_dict(there) : NULL;
    Py_XDECREF(there);
    return dict;
}

static int
put_copy(PyObject *record, PyObject *name, PyObject *value)
{
    PyObject *copy = py_copy_value(value);
    const int error = copy ? PyObject_SetItem(record, name, copy) : -1;
    Py_XDECREF(copy);
    return error;
}

static int
merge_field(PyObject *record, PyObject *name, PyObject *value)
{
    PyObject *there = PyDict_Check(value) ? dict_there(record, name) : NULL;
    if (!there) {
        return PyErr_Occurred() ? -1 : put_copy(record, name, value);
    }
    int error = PyObject_SetItem(record, name, there);
    if (!error) {
        error = py_copy_merge(there, value);
    }
    Py_DECREF(there);
    return error;
}

static int
merge_fields(PyObject *record, PyObject *fields)
{
    PyObject *name, *value;
    Py_ssize_t place = 0;
    int error = 0;
    while (!error && PyDict_Next(fields, &place, &name, &value)) {
        Py_INCREF(name);
        Py_INCREF(value);
        error = merge_field(record, name, value);
        Py_DECREF(name);
        Py_DECREF(value);
    }
    return error;
}

/* The items of a subclass in the order that it gives them. */
static int
merge_subclass(PyObject *record, PyObject *fields)
{
    PyObject *dict = PyDict_New();
    const int error = dict ? PyDict_Update(dict, fields) : -1;
    const int result = error ? -1 : merge_fields(record, dict);
    Py_XDECREF(dict);
    return result;
}

int
py_copy_merge(PyObject *record, PyObject *fields)
{
    if (mb_stack_room() == MB_STACK_FULL) {
        PyErr_SetString(PyExc_RecursionError, "fields are nested too deeply");
        return -1;
    }
    if (Py_EnterRecursiveCall(" while fields are merged")) {
        return -1;
    }
    const int error = PyDict_CheckExact(fields) ? merge_fields(record, fields)
                                                : merge_subclass(record, fields);
    Py_LeaveRecursiveCall();
    return error;
}
