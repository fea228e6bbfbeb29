#include "py/py_shape.h"

#include <string.h>

#define MOST_NAMES ((size_t)1 << 16)
#define MOST_SHAPES 4 /* of a step */

/* A dict, and the names and values from which it was made. */
struct py_shape {
    py_shape *next;  /* of the step */
    py_shape *older; /* of the store */
    PyObject *dict;  /* Owned: values that are not kept are replaced by None */
    Py_ssize_t count;
    PyObject *pairs[]; /* Borrowed from the dict: names, then values; NULL for None */
};

void
py_shape_free(py_shape_store *store)
{
    while (store->shapes) {
        py_shape *shape = store->shapes;
        store->shapes = shape->older;
        Py_DECREF(shape->dict);
        PyMem_Free(shape);
    }
}

/* --- dicts ------------------------------------------------------------------------ */

PyObject *
py_shape_plain_dict(PyObject **names, PyObject **values, Py_ssize_t count)
{
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict && i < count; i++) {
        if (PyDict_SetItem(dict, names[i], values[i]) < 0) {
            Py_CLEAR(dict);
        }
    }
    if (dict && PyDict_GET_SIZE(dict) != count) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* Returns a copy of the dict with these values. */
static PyObject *
filled(py_shape *shape, PyObject **values)
{
    PyObject **names = shape->pairs, **before = names + shape->count;
    PyObject *dict = PyDict_Copy(shape->dict);
    for (Py_ssize_t i = 0; dict && i < shape->count; i++) {
        if (values[i] != before[i] && PyDict_SetItem(dict, names[i], values[i]) < 0) {
            Py_CLEAR(dict);
        }
    }
    return dict;
}

static bool
is_container(PyObject *value)
{
    return PyDict_CheckExact(value) || PyList_CheckExact(value);
}

/* Returns whether a shape keeps a value: not what may change, nor what is long. */
static bool
is_kept(PyObject *value)
{
    if (PyUnicode_CheckExact(value)) {
        return PyUnicode_GET_LENGTH(value) <= PY_SCAN_LONGEST / PyUnicode_KIND(value);
    }
    return !is_container(value);
}

/* Returns a copy of a dict, without values that are not kept. */
static PyObject *
without_the_others(PyObject *dict)
{
    PyObject *copy = PyDict_Copy(dict);
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (copy && PyDict_Next(dict, &position, &name, &value)) {
        if (!is_kept(value) && PyDict_SetItem(copy, name, Py_None) < 0) {
            Py_CLEAR(copy);
        }
    }
    return copy;
}

static py_shape *
new_shape(PyObject *dict, PyObject **names, PyObject **values, Py_ssize_t count)
{
    py_shape *shape =
        PyMem_Malloc(sizeof *shape + 2 * (size_t)count * sizeof(PyObject *));
    if (!shape) {
        PyErr_NoMemory();
        return NULL;
    }
    shape->count = count;
    shape->dict = without_the_others(dict);
    if (!shape->dict) {
        PyMem_Free(shape);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        shape->pairs[i] = names[i];
        shape->pairs[count + i] = is_kept(values[i]) ? values[i] : NULL;
    }
    return shape;
}

static int
add_shape(py_shape_store *store, py_slot_step *step, py_shape *shape)
{
    if (!shape) {
        return -1;
    }
    shape->next = step->shapes;
    step->shapes = shape;
    step->shape_count++;
    shape->older = store->shapes;
    store->shapes = shape;
    store->names += (size_t)shape->count;
    return 0;
}

/* Returns whether a shape is worth keeping: it comes for the second time. */
static bool
is_wanted(py_shape_store *store, py_slot_step *step, Py_ssize_t count)
{
    const bool seen = step->seen;
    step->seen = true;
    return seen && !step->loose && step->shape_count < MOST_SHAPES &&
           store->names + (size_t)count <= MOST_NAMES;
}

PyObject *
py_shape_dict(py_shape_store *store, py_slot_step *step, PyObject **names,
              PyObject **values, Py_ssize_t count)
{
    const size_t size = (size_t)count * sizeof *names;
    for (py_shape *shape = step->shapes; shape; shape = shape->next) {
        if (shape->count == count && memcmp(shape->pairs, names, size) == 0) {
            return filled(shape, values);
        }
    }
    PyObject *dict = py_shape_plain_dict(names, values, count);
    if (dict && is_wanted(store, step, count) &&
        add_shape(store, step, new_shape(dict, names, values, count)) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

/* --- copies ----------------------------------------------------------------- */

static PyObject *
copied_dict(PyObject *dict)
{
    PyObject *copy = PyDict_Copy(dict);
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (copy && PyDict_Next(dict, &position, &name, &value)) {
        if (!is_container(value)) {
            continue;
        }
        PyObject *inner = py_shape_copied(value);
        if (!inner || PyDict_SetItem(copy, name, inner) < 0) {
            Py_CLEAR(copy);
        }
        Py_XDECREF(inner);
    }
    return copy;
}

static PyObject *
copied_list(PyObject *list)
{
    const Py_ssize_t size = PyList_GET_SIZE(list);
    PyObject *copy = PyList_GetSlice(list, 0, size);
    for (Py_ssize_t i = 0; copy && i < size; i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        if (!is_container(item)) {
            continue;
        }
        PyObject *inner = py_shape_copied(item);
        if (!inner || PyList_SetItem(copy, i, inner) < 0) {
            Py_CLEAR(copy);
        }
    }
    return copy;
}

static bool
is_nested_dict(PyObject *dict)
{
    Py_ssize_t position = 0;
    PyObject *value;
    while (PyDict_Next(dict, &position, NULL, &value)) {
        if (is_container(value)) {
            return true;
        }
    }
    return false;
}

bool
py_shape_is_nested(PyObject *value)
{
    if (PyDict_CheckExact(value)) {
        return is_nested_dict(value);
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(value); i++) {
        if (is_container(PyList_GET_ITEM(value, i))) {
            return true;
        }
    }
    return false;
}

PyObject *
py_shape_copied(PyObject *value)
{
    if (PyDict_CheckExact(value)) {
        return copied_dict(value);
    }
    return PyList_CheckExact(value) ? copied_list(value) : Py_NewRef(value);
}
