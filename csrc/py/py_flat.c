#include "py/py_flat.h"

#include <stdbool.h>
#include <structmember.h>

#define DEEPEST 100 /* objects in each other */

typedef struct {
    PyObject_HEAD
    PyObject *above;  /* Owned: a str, what stands before the names here */
    PyObject *empty;  /* Owned: replaces an empty object; None to keep it */
    PyObject *joined; /* Owned: dict of a name here to its dotted name */
    PyObject *inside; /* Owned: dict of the name of an object to its py_flat */
} py_flat;

/* --- names ------------------------------------------------------------------------ */

/* New reference. */
static PyObject *
new_names(PyTypeObject *type, PyObject *above, PyObject *empty)
{
    py_flat *self = (py_flat *)type->tp_alloc(type, 0);
    if (!self) {
        return NULL;
    }
    self->above = Py_NewRef(above);
    self->empty = Py_NewRef(empty);
    self->joined = PyDict_New();
    self->inside = PyDict_New();
    if (!self->joined || !self->inside) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

/* The dotted name of a value, new reference; NULL with TypeError for one that is no
 * str. */
static PyObject *
joined_name(py_flat *names, PyObject *own)
{
    PyObject *name = PyDict_GetItemWithError(names->joined, own);
    if (name || PyErr_Occurred()) {
        return Py_XNewRef(name);
    }
    name = PyUnicode_Concat(names->above, own);
    if (name && PyDict_SetItem(names->joined, own, name) < 0) {
        Py_CLEAR(name);
    }
    return name;
}

static PyObject *
new_names_inside(py_flat *names, PyObject *own)
{
    PyObject *name = PyUnicode_Concat(names->above, own);
    PyObject *above = name ? PyUnicode_FromFormat("%U.", name) : NULL;
    PyObject *inside = above ? new_names(Py_TYPE(names), above, names->empty) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(above);
    return inside;
}

/* The names of the values in an object; as joined_name(). */
static PyObject *
names_inside(py_flat *names, PyObject *own)
{
    PyObject *inside = PyDict_GetItemWithError(names->inside, own);
    if (inside || PyErr_Occurred()) {
        return Py_XNewRef(inside);
    }
    inside = new_names_inside(names, own);
    if (inside && PyDict_SetItem(names->inside, own, inside) < 0) {
        Py_CLEAR(inside);
    }
    return inside;
}

/* --- values ----------------------------------------------------------------------- */

/* These return how many values they have put into `flat`, or -1 with an exception. It
 * is more than `flat` holds if two have the same name. */
static Py_ssize_t put_object(PyObject *flat, py_flat *names, PyObject *object,
                             int depth);

static Py_ssize_t
put_value(PyObject *flat, py_flat *names, PyObject *own, PyObject *value)
{
    PyObject *name = joined_name(names, own);
    const int result = name ? PyDict_SetItem(flat, name, value) : -1;
    Py_XDECREF(name);
    return result < 0 ? -1 : 1;
}

static Py_ssize_t
put_member(PyObject *flat, py_flat *names, PyObject *own, PyObject *value, int depth)
{
    if (!PyDict_Check(value)) {
        return put_value(flat, names, own, value);
    }
    if (PyDict_Size(value) == 0) {
        return put_value(flat, names, own,
                         names->empty == Py_None ? value : names->empty);
    }
    PyObject *inside = names_inside(names, own);
    const Py_ssize_t count =
        inside ? put_object(flat, (py_flat *)inside, value, depth + 1) : -1;
    Py_XDECREF(inside);
    return count;
}

static Py_ssize_t
put_members(PyObject *flat, py_flat *names, PyObject *exact, int depth)
{
    Py_ssize_t count = 0, more = 0, position = 0;
    PyObject *own, *value;
    while (more >= 0 && PyDict_Next(exact, &position, &own, &value)) {
        Py_INCREF(own); /* the hash of a name may be code of the program */
        Py_INCREF(value);
        more = put_member(flat, names, own, value, depth);
        count += more;
        Py_DECREF(own);
        Py_DECREF(value);
    }
    return more < 0 ? -1 : count;
}

/* A copy of a subclass is in its own order, which PyDict_Next() ignores. */
static PyObject *
exact_dict(PyObject *object)
{
    if (PyDict_CheckExact(object)) {
        return Py_NewRef(object);
    }
    PyObject *copy = PyDict_New();
    if (copy && PyDict_Update(copy, object) < 0) {
        Py_CLEAR(copy);
    }
    return copy;
}

/* Counts the members of an object that is too deep, and puts none of them. */
static Py_ssize_t
put_object(PyObject *flat, py_flat *names, PyObject *object, int depth)
{
    if (depth == DEEPEST) {
        return PyDict_Size(object);
    }
    PyObject *exact = exact_dict(object);
    const Py_ssize_t count = exact ? put_members(flat, names, exact, depth) : -1;
    Py_XDECREF(exact);
    return count;
}

/* --- the type --------------------------------------------------------------------- */

static PyObject *
flat_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"above", "empty", NULL};
    PyObject *above = NULL, *empty = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|UO:FlatNames", keywords, &above,
                                     &empty)) {
        return NULL;
    }
    above = above ? Py_NewRef(above) : PyUnicode_FromString("");
    PyObject *self = above ? new_names(type, above, empty) : NULL;
    Py_XDECREF(above);
    return self;
}

static PyObject *
flat_flattened(py_flat *self, PyObject *record)
{
    if (!PyDict_Check(record)) {
        PyErr_Format(PyExc_TypeError, "a dict is needed, not %.100s",
                     Py_TYPE(record)->tp_name);
        return NULL;
    }
    PyObject *flat = PyDict_New();
    const Py_ssize_t count = flat ? put_object(flat, self, record, 0) : -1;
    if (count < 0) {
        Py_CLEAR(flat);
    } else if (count != PyDict_Size(flat)) {
        Py_SETREF(flat, Py_NewRef(Py_None));
    }
    return flat;
}

static int
flat_traverse(py_flat *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->above);
    Py_VISIT(self->empty);
    Py_VISIT(self->joined);
    Py_VISIT(self->inside);
    return 0;
}

static int
flat_clear(py_flat *self)
{
    Py_CLEAR(self->above);
    Py_CLEAR(self->empty);
    Py_CLEAR(self->joined);
    Py_CLEAR(self->inside);
    return 0;
}

static void
flat_dealloc(py_flat *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    flat_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef flat_methods[] = {
    {"flattened", (PyCFunction)flat_flattened, METH_O,
     "The values by name; None where two share one, or it is nested too deep."},
    {0},
};

static PyMemberDef flat_members[] = {
    {"empty", T_OBJECT_EX, offsetof(py_flat, empty), READONLY, NULL},
    {0},
};

static PyType_Slot flat_slots[] = {
    {Py_tp_doc, "Dotted names of the values in nested objects."},
    {Py_tp_new, flat_new},
    {Py_tp_dealloc, flat_dealloc},
    {Py_tp_traverse, flat_traverse},
    {Py_tp_clear, flat_clear},
    {Py_tp_methods, flat_methods},
    {Py_tp_members, flat_members},
    {0},
};

static PyType_Spec flat_spec = {
    .name = "microbench._core.FlatNames",
    .basicsize = sizeof(py_flat),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = flat_slots,
};

int
py_flat_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->flat_type = py_state_type(module, &flat_spec);
    return state->flat_type ? 0 : -1;
}
