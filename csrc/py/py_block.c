#include "py/py_block.h"

#include "py/py_call_until_done.h"
#include "py/py_entering.h"
#include "py/py_phase.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    PyObject *owner;       /* Owned: the bench */
    PyObject *name;        /* Owned: str; NULL for a call */
    PyObject *func;        /* Owned: what is called; or NULL */
    py_run *run;           /* Owned: while the block is open; or NULL */
    py_recorder *recorder; /* Owned: that begins it or has begun it; NULL: Python has */
} block;

/* --- entering ---------------------------------------------------------------------- */

/* Returns bench._bench_config.blocks, a new reference; NULL with an exception. It is None
 * until begin() has made it. */
static PyObject *
finder_of(const py_state *state, PyObject *bench)
{
    PyObject *config = PyObject_GetAttr(bench, state->config_name);
    PyObject *found = config ? PyObject_GetAttr(config, state->blocks_name) : NULL;
    Py_XDECREF(config);
    return found;
}

static int
find_recorder(const block *self, const py_state *state, py_recorder **recorder)
{
    PyObject *found = finder_of(state, self->owner);
    if (!found) {
        return -1;
    }
    int result = 0;
    *recorder = NULL;
    py_finder *finder = py_finder_of(state, found);
    if (finder) {
        result = py_finder_get(finder, state, self->owner, Py_None, recorder);
    }
    Py_DECREF(found);
    return result;
}

/* Begins a run without Python. NULL with an exception, or without one if Python has to. */
static py_run *
begin_here(const block *self, py_recorder *recorder)
{
    py_run *run = py_recorder_begin(recorder, self->owner, NULL, self->name);
    if (!run) {
        return NULL;
    }
    if (run->native.start_wall_ns == 0) { /* the journal has none either */
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    if (run->triggers) {
        py_captured_start(run->captured);
    }
    if (py_run_start(run) == 0) {
        return run;
    }
    py_run_close(run);
    Py_DECREF(run);
    return NULL;
}

static py_run *
begin_in_python(block *self, const py_state *state)
{
    return py_run_begun(state, PyObject_CallMethod((PyObject *)self, "begin", NULL));
}

static py_state *
state_of(PyTypeObject *defining)
{
    return PyType_GetModuleState(defining);
}

static int
enter(block *self, py_state *state)
{
    if (self->run) {
        PyErr_Format(PyExc_RuntimeError,
                     "record %R is open: make another one inside it", self->name);
        return -1;
    }
    py_recorder *recorder = self->recorder;
    self->recorder = NULL;
    if (!recorder && find_recorder(self, state, &recorder) < 0) {
        return -1;
    }
    py_run *run = recorder ? begin_here(self, recorder) : NULL;
    if (!run && !PyErr_Occurred()) {
        Py_CLEAR(recorder);
        run = begin_in_python(self, state);
    }
    if (!run) {
        Py_XDECREF((PyObject *)recorder);
        return -1;
    }
    /* another thread, or a hook, may have entered it meanwhile: that run is abandoned */
    Py_XSETREF(self->run, run);
    Py_XSETREF(self->recorder, recorder);
    return 0;
}

PyDoc_STRVAR(enter_doc, "__enter__()\n--\n\nBegin a record; the clock is read last.");

static PyObject *
block_enter(block *self, PyTypeObject *defining, PyObject *const *Py_UNUSED(args),
            Py_ssize_t Py_UNUSED(count), PyObject *Py_UNUSED(names))
{
    if (enter(self, state_of(defining)) < 0) {
        return NULL;
    }
    return Py_NewRef(self->func ? self->func : (PyObject *)self);
}

static int
enter_awaited(PyObject *self, py_state *state)
{
    return enter((block *)self, state);
}

PyDoc_STRVAR(aenter_doc, "__aenter__()\n--\n\n"
                         "Return what begins a record when it is awaited.");

static PyObject *
block_aenter(block *self, PyTypeObject *defining, PyObject *const *Py_UNUSED(args),
             Py_ssize_t Py_UNUSED(count), PyObject *Py_UNUSED(names))
{
    return py_entering_new(state_of(defining), (PyObject *)self, enter_awaited);
}

/* --- leaving ----------------------------------------------------------------------- */

/* Ends the run of an open block, clock read first. Returns as py_run_finish(). */
static int
finish(block *self, PyObject *error)
{
    py_run *run = self->run;
    py_recorder *recorder = self->recorder;
    self->run = NULL;
    self->recorder = NULL;
    if (!recorder) {
        const int result = py_run_finish(run, error, NULL);
        Py_DECREF(run);
        return result;
    }
    py_run_stop(run);
    if (run->triggers) {
        py_captured_stop(run->captured);
    }
    mb_run_note_finish(&run->native);
    const int result = py_recorder_finish(recorder, run, self->name, error, NULL);
    Py_DECREF((PyObject *)recorder);
    return result;
}

static int
leave(block *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "__exit__() takes three arguments");
        return -1;
    }
    PyObject *error = args[1] == Py_None ? NULL : args[1];
    return self->run && finish(self, error) != PY_DONE ? -1 : 0;
}

PyDoc_STRVAR(exit_doc, "__exit__(kind, exception, traceback)\n--\n\n"
                       "Stop the clock, and write the record.");

static PyObject *
block_exit(block *self, PyTypeObject *Py_UNUSED(defining), PyObject *const *args,
           Py_ssize_t count, PyObject *Py_UNUSED(names))
{
    return leave(self, args, count) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
block_aexit(block *self, PyTypeObject *defining, PyObject *const *args,
            Py_ssize_t count, PyObject *Py_UNUSED(names))
{
    return leave(self, args, count) < 0
               ? NULL
               : py_phase_awaitable(state_of(defining), Py_None);
}

/* --- the type ---------------------------------------------------------------------- */

static PyObject *
block_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *owner, *name;
    if (kwargs && PyDict_GET_SIZE(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "Block() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_UnpackTuple(args, "Block", 2, 2, &owner, &name)) {
        return NULL;
    }
    PyObject *text = PyUnicode_CheckExact(name) ? Py_NewRef(name) : PyObject_Str(name);
    block *self = text ? (block *)type->tp_alloc(type, 0) : NULL;
    if (!self) {
        Py_XDECREF(text);
        return NULL;
    }
    self->owner = Py_NewRef(owner);
    self->name = text;
    return (PyObject *)self;
}

PyObject *
py_block_of_call(const py_state *state, PyObject *bench, PyObject *func,
                 py_recorder *recorder)
{
    block *self = (block *)state->block_type->tp_alloc(state->block_type, 0);
    if (self) {
        self->owner = Py_NewRef(bench);
        self->func = Py_NewRef(func);
        self->recorder = (py_recorder *)Py_NewRef((PyObject *)recorder);
    }
    return (PyObject *)self;
}

static int
block_traverse(block *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->owner);
    Py_VISIT(self->func);
    Py_VISIT(self->run);
    Py_VISIT(self->recorder);
    return 0;
}

static int
block_clear(block *self)
{
    Py_CLEAR(self->owner);
    Py_CLEAR(self->name);
    Py_CLEAR(self->func);
    Py_CLEAR(self->run);
    Py_CLEAR(self->recorder);
    return 0;
}

static void
block_dealloc(block *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    block_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

#define METHOD(name, function, doc)                                                    \
    {name, (PyCFunction)(void (*)(void))(function),                                    \
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS, doc}

static PyMethodDef block_methods[] = {
    METHOD("__enter__", block_enter, enter_doc),
    METHOD("__exit__", block_exit, exit_doc),
    METHOD("__aenter__", block_aenter, aenter_doc),
    METHOD("__aexit__", block_aexit, exit_doc),
    {0},
};

static PyMemberDef block_members[] = {
    {"owner", T_OBJECT, offsetof(block, owner), READONLY, "the bench"},
    {"name", T_OBJECT, offsetof(block, name), READONLY, "call.name of the record"},
    {"run", T_OBJECT, offsetof(block, run), READONLY, "the open run, or None"},
    {0},
};

static PyType_Slot block_slots[] = {
    {Py_tp_doc, "A block of code that becomes a record; a subclass has begin()."},
    {Py_tp_new, block_new},
    {Py_tp_dealloc, block_dealloc},
    {Py_tp_traverse, block_traverse},
    {Py_tp_clear, block_clear},
    {Py_tp_methods, block_methods},
    {Py_tp_members, block_members},
    {0},
};

static PyType_Spec block_spec = {
    .name = "microbench._core.Block",
    .basicsize = sizeof(block),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = block_slots,
};

int
py_block_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->config_name = PyUnicode_InternFromString("_bench_config");
    state->blocks_name = PyUnicode_InternFromString("blocks");
    if (!state->config_name || !state->blocks_name) {
        return -1;
    }
    state->block_type = py_state_type(module, &block_spec);
    return state->block_type ? 0 : -1;
}
