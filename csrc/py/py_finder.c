#include "py/py_finder.h"

#include "py/py_headroom.h"
#include "py/py_type.h"

#include <structmember.h>

static unsigned
version_of(PyObject *bench)
{
    return py_type_version((PyObject *)Py_TYPE(bench));
}

/* Whether find() would return the same as when it was called last. */
static bool
would_find_the_same(const py_finder *self, PyObject *bench)
{
    return self->has_looked && self->changes == py_recorder_changes &&
           self->version == version_of(bench);
}

/* Calls find(). Returns 0, or -1 with an exception that is none of its own. */
static int
look(py_finder *self, const py_state *state, PyObject *bench, PyObject *func)
{
    const unsigned long long changes = py_recorder_changes;
    const bool headroom = py_headroom_give();
    PyObject *all[] = {bench, func};
    PyObject *found = PyObject_Vectorcall(self->find, all, 2, NULL);
    py_headroom_take_back(headroom);
    if (!found && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyErr_Clear();
    if (found && !Py_IS_TYPE(found, state->recorder_type)) {
        Py_CLEAR(found);
    }
    Py_XSETREF(self->recorder, (py_recorder *)found);
    if (found) {
        self->recorder->changes = changes;
    }
    self->has_looked = true;
    self->changes = changes;
    self->version = version_of(bench);
    return 0;
}

static bool
is_current(const py_finder *self, PyObject *bench, PyObject *func)
{
    return self->recorder && py_recorder_is_current(self->recorder, bench, func);
}

int
py_finder_get(py_finder *self, const py_state *state, PyObject *bench, PyObject *func,
              py_recorder **recorder)
{
    *recorder = NULL;
    if (!self->find) {
        return 0;
    }
    bool found = is_current(self, bench, func);
    if (!found && (self->recorder || !would_find_the_same(self, bench))) {
        if (look(self, state, bench, func) < 0) {
            return -1;
        }
        found = is_current(self, bench, func);
    }
    if (found) {
        *recorder = (py_recorder *)Py_NewRef((PyObject *)self->recorder);
    }
    return 0;
}

int
py_finder_traverse(const py_finder *self, visitproc visit, void *arg)
{
    Py_VISIT(self->find);
    Py_VISIT(self->recorder);
    return 0;
}

void
py_finder_clear(py_finder *self)
{
    Py_CLEAR(self->find);
    Py_CLEAR(self->recorder);
}

/* --- the finder of a bench --------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    py_finder finder;
} finder_object;

static PyObject *
finder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"find", NULL};
    PyObject *find;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Finder", names, &find)) {
        return NULL;
    }
    finder_object *self = (finder_object *)type->tp_alloc(type, 0);
    if (self) {
        self->finder.find = Py_NewRef(find);
    }
    return (PyObject *)self;
}

static int
finder_traverse(finder_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return py_finder_traverse(&self->finder, visit, arg);
}

static int
finder_clear(finder_object *self)
{
    py_finder_clear(&self->finder);
    return 0;
}

static void
finder_dealloc(finder_object *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    finder_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef finder_members[] = {
    {"recorder", T_OBJECT, offsetof(finder_object, finder.recorder), READONLY,
     "the Recorder that was found last, or None"},
    {0},
};

static PyType_Slot finder_slots[] = {
    {Py_tp_doc, "Finds the Recorder of the blocks of a bench, and remembers it."},
    {Py_tp_new, finder_new},
    {Py_tp_dealloc, finder_dealloc},
    {Py_tp_traverse, finder_traverse},
    {Py_tp_clear, finder_clear},
    {Py_tp_members, finder_members},
    {0},
};

static PyType_Spec finder_spec = {
    .name = "microbench._core.Finder",
    .basicsize = sizeof(finder_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = finder_slots,
};

py_finder *
py_finder_of(const py_state *state, PyObject *object)
{
    return Py_IS_TYPE(object, state->finder_type) ? &((finder_object *)object)->finder
                                                  : NULL;
}

int
py_finder_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->finder_type = py_state_type(module, &finder_spec);
    return state->finder_type ? 0 : -1;
}
