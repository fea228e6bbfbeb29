#include "py/py_sources.h"

#include <stddef.h>

#define UNKNOWN UINT64_MAX /* no version: the name is looked at */

typedef struct {
    PyObject_VAR_HEAD PyObject *places; /* Owned: tuple of (dict, name, value) */
    PyObject *whole;                    /* Owned: dict; or NULL */
    uint64_t version;                   /* of that, when the object was made */
    bool is_watched;      /* the dicts of all places are; else each name is looked at */
    uint64_t versions[1]; /* of the dict of each place, when it was looked at last */
} py_sources;

/* --- the version of a dict ----------------------------------------------------------- */

#if PY_VERSION_HEX < 0x030C0000

static int
watch(PyObject *Py_UNUSED(dict), bool Py_UNUSED(is_whole))
{
    return 0;
}

static uint64_t
version_of(PyObject *dict, bool Py_UNUSED(is_whole))
{
    return ((PyDictObject *)dict)->ma_version_tag;
}

#else

/* The dict that was watched last as a whole, borrowed to compare it; its changes, and those
 * of all others. */
static PyObject *whole_dict;
static uint64_t whole_changes, other_changes;

static int
note_change(PyDict_WatchEvent Py_UNUSED(event), PyObject *dict,
            PyObject *Py_UNUSED(key), PyObject *Py_UNUSED(value))
{
    *(dict == whole_dict ? &whole_changes : &other_changes) += 1;
    return 0;
}

/* 0, or -1 with an exception if the process has too many such functions. If another dict is
 * the whole one now, nothing is known of the one before. */
static int
watch(PyObject *dict, bool is_whole)
{
    static int watcher = -1;
    if (watcher < 0 && (watcher = PyDict_AddWatcher(note_change)) < 0) {
        return -1;
    }
    if (is_whole && whole_dict != dict) {
        whole_dict = dict;
        whole_changes++;
    }
    return PyDict_Watch(watcher, dict);
}

static uint64_t
version_of(PyObject *Py_UNUSED(dict), bool is_whole)
{
    return is_whole ? whole_changes : other_changes;
}

#endif

/* --- is it the same ------------------------------------------------------------------ */

static bool
place_holds(PyObject *place)
{
    PyObject *dict = PyTuple_GET_ITEM(place, 0);
    PyObject *value = PyDict_GetItemWithError(dict, PyTuple_GET_ITEM(place, 1));
    if (!value) {
        PyErr_Clear();
        value = Py_None;
    }
    return value == PyTuple_GET_ITEM(place, 2);
}

/* Looks at the name only if its dict has changed since. */
static bool
has_place(py_sources *self, Py_ssize_t index)
{
    PyObject *place = PyTuple_GET_ITEM(self->places, index);
    const uint64_t version = version_of(PyTuple_GET_ITEM(place, 0), false);
    if (!self->is_watched || version != self->versions[index]) {
        if (!place_holds(place)) {
            return false;
        }
        self->versions[index] = version;
    }
    return true;
}

bool
py_sources_hold(PyObject *object)
{
    py_sources *self = (py_sources *)object;
    if (self->whole && version_of(self->whole, true) != self->version) {
        return false;
    }
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++) {
        if (!has_place(self, i)) {
            return false;
        }
    }
    return true;
}

/* --- the type ------------------------------------------------------------------------ */

static bool
is_place(PyObject *place)
{
    return PyTuple_CheckExact(place) && PyTuple_GET_SIZE(place) == 3 &&
           PyDict_CheckExact(PyTuple_GET_ITEM(place, 0)) &&
           PyUnicode_CheckExact(PyTuple_GET_ITEM(place, 1));
}

static bool
are_places(PyObject *places)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(places); i++) {
        if (!is_place(PyTuple_GET_ITEM(places, i))) {
            PyErr_SetString(PyExc_TypeError, "a place is (dict, str, value)");
            return false;
        }
    }
    return true;
}

/* Whether the dict of each place is watched from now on. */
static bool
watch_places(PyObject *places)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(places); i++) {
        if (watch(PyTuple_GET_ITEM(PyTuple_GET_ITEM(places, i), 0), false) < 0) {
            PyErr_Clear();
            return false;
        }
    }
    return true;
}

static PyObject *
sources_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *places, *whole;
    if (!PyArg_ParseTuple(args, "O!O:Sources", &PyTuple_Type, &places, &whole) ||
        !are_places(places)) {
        return NULL;
    }
    if (whole != Py_None && !PyDict_CheckExact(whole)) {
        PyErr_SetString(PyExc_TypeError, "a dict or None is needed");
        return NULL;
    }
    if (whole != Py_None && watch(whole, true) < 0) {
        return NULL;
    }
    py_sources *self = (py_sources *)type->tp_alloc(type, PyTuple_GET_SIZE(places));
    if (self) {
        self->places = Py_NewRef(places);
        self->whole = whole == Py_None ? NULL : Py_NewRef(whole);
        self->version = self->whole ? version_of(self->whole, true) : 0;
        self->is_watched = watch_places(places);
        for (Py_ssize_t i = 0; i < Py_SIZE(self); i++) {
            self->versions[i] = UNKNOWN;
        }
    }
    return (PyObject *)self;
}

PyDoc_STRVAR(hold_doc, "hold()\n--\n\nReturn whether everything is as it was.");

static PyObject *
sources_hold(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(py_sources_hold(self));
}

static int
sources_traverse(py_sources *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->places);
    Py_VISIT(self->whole);
    return 0;
}

/* The places stay: they are read until the object is freed, and the dicts that they lead
 * to are cleared by their modules. */
static void
sources_dealloc(py_sources *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->places);
    Py_CLEAR(self->whole);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_watches(py_sources *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->whole != NULL);
}

static PyGetSetDef sources_getset[] = {
    {"watches", (getter)get_watches, NULL, "whether there is a dict as a whole", NULL},
    {0},
};

static PyMethodDef sources_methods[] = {
    {"hold", sources_hold, METH_NOARGS, hold_doc},
    {0},
};

static PyType_Slot sources_slots[] = {
    {Py_tp_doc, "What ready text was made from."},
    {Py_tp_new, sources_new},
    {Py_tp_dealloc, sources_dealloc},
    {Py_tp_traverse, sources_traverse},
    {Py_tp_methods, sources_methods},
    {Py_tp_getset, sources_getset},
    {0},
};

static PyType_Spec sources_spec = {
    .name = "microbench._core.Sources",
    .basicsize = offsetof(py_sources, versions),
    .itemsize = sizeof(uint64_t),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = sources_slots,
};

int
py_sources_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->sources_type = py_state_type(module, &sources_spec);
    return state->sources_type ? 0 : -1;
}
