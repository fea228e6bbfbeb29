#include "py/py_sources.h"

typedef struct {
    PyObject_HEAD
    PyObject *places; /* Owned: tuple of (dict, name, value) */
    PyObject *whole;  /* Owned: dict; or NULL */
    uint64_t version; /* of that, when the object was made */
} py_sources;

/* --- the version of a dict ----------------------------------------------------------- */

#if PY_VERSION_HEX < 0x030C0000

static int
watch(PyObject *Py_UNUSED(dict))
{
    return 0;
}

static uint64_t
version_of(PyObject *dict)
{
    return ((PyDictObject *)dict)->ma_version_tag;
}

#else

static uint64_t changes; /* of all dicts that are watched */

static int
note_change(PyDict_WatchEvent Py_UNUSED(event), PyObject *Py_UNUSED(dict),
            PyObject *Py_UNUSED(key), PyObject *Py_UNUSED(value))
{
    changes++;
    return 0;
}

/* 0, or -1 with an exception if the process has too many such functions. */
static int
watch(PyObject *dict)
{
    static int watcher = -1;
    if (watcher < 0 && (watcher = PyDict_AddWatcher(note_change)) < 0) {
        return -1;
    }
    return PyDict_Watch(watcher, dict);
}

static uint64_t
version_of(PyObject *Py_UNUSED(dict))
{
    return changes;
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

bool
py_sources_hold(PyObject *object)
{
    const py_sources *self = (py_sources *)object;
    if (self->whole && version_of(self->whole) != self->version) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->places); i++) {
        if (!place_holds(PyTuple_GET_ITEM(self->places, i))) {
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
    if (whole != Py_None && watch(whole) < 0) {
        return NULL;
    }
    py_sources *self = (py_sources *)type->tp_alloc(type, 0);
    if (self) {
        self->places = Py_NewRef(places);
        self->whole = whole == Py_None ? NULL : Py_NewRef(whole);
        self->version = self->whole ? version_of(self->whole) : 0;
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
    .basicsize = sizeof(py_sources),
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
