#include "py/py_block.h"

#include "py/py_entering.h"
#include "py/py_headroom.h"
#include "py/py_phase.h"
#include "py/py_raised.h"

#include <structmember.h>

typedef py_block block;

/* There is one: Cython refuses to make another in a sub-interpreter. */
static py_state *the_state;

/* --- as the interpreter calls them: see py_both.h ---------------------------------- */

/* Calls the function of an open block. If that fails, the block is left: where `__enter__`
 * raises, nothing else leaves it. */
static PyObject *
call(block *self)
{
    PyObject *awaitable = PyObject_Call(self->func, self->args, self->kwargs);
    if (awaitable) {
        return awaitable;
    }
    const py_raised error = py_raised_take_object();
    if (py_block_leave(self, error.value) < 0) {
        py_raised_within(error);
    } else {
        py_raised_again(error);
    }
    return NULL;
}

/* Refuses a call that could not be made, before anything is begun. */
static PyObject *
enter(block *self)
{
    if (self->func && !py_headroom_for_a_call()) {
        return NULL;
    }
    if (py_block_enter(self, the_state) < 0) {
        return NULL;
    }
    return self->func ? call(self) : Py_NewRef((PyObject *)self);
}

static PyObject *
leave(block *self, PyObject *exception)
{
    PyObject *error = exception == Py_None ? NULL : exception;
    return py_block_leave(self, error) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
wrong_call(Py_ssize_t count)
{
    return PyErr_Format(PyExc_TypeError,
                        "a block is left with three arguments, not %zd", count);
}

#if PY_BOTH_NEEDED
static PyObject *
block_vectorcall(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (count == 0 && !names) {
        return enter((block *)self);
    }
    if (count == 3 && !names) {
        return leave((block *)self, args[1]);
    }
    PyErr_SetString(PyExc_TypeError, "a block is not callable: enter it by `with`");
    return NULL;
}
#else
static PyObject *
block_enter(block *self, PyObject *Py_UNUSED(ignored))
{
    return enter(self);
}

static PyObject *
block_exit(block *self, PyObject *const *args, Py_ssize_t count)
{
    return count == 3 ? leave(self, args[1]) : wrong_call(count);
}
#endif

static int
enter_awaited(PyObject *self, py_state *state)
{
    return py_block_enter((block *)self, state);
}

static PyObject *
block_aenter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return py_entering_new(the_state, self, enter_awaited);
}

static PyObject *
block_aexit(block *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *left = count == 3 ? leave(self, args[1]) : wrong_call(count);
    PyObject *awaitable = left ? py_phase_awaitable(the_state, left) : NULL;
    Py_XDECREF(left);
    return awaitable;
}

/* --- making one -------------------------------------------------------------------- */

/* A few are kept as they are, with their reference to the type, as phases are
 * (py_phase.c). */
#if defined(Py_GIL_DISABLED) || defined(Py_TRACE_REFS)
static bool
keep_spare(block *Py_UNUSED(self))
{
    return false;
}
#else
static bool
keep_spare(block *self)
{
    py_state *state = the_state;
    if (state->block_spares == PY_STATE_SPARES ||
        !Py_IS_TYPE(self, state->block_type)) {
        return false;
    }
    state->block_spare[state->block_spares++] = self;
    return true;
}
#endif

static block *
allocate(PyTypeObject *type)
{
    py_state *state = the_state;
    block *self;
    if (type == state->block_type && state->block_spares > 0) {
        self = state->block_spare[--state->block_spares];
        Py_SET_REFCNT((PyObject *)self, 1);
        PyObject_GC_Track(self);
    } else {
        self = (block *)type->tp_alloc(type, 0);
    }
#if PY_BOTH_NEEDED
    if (self) {
        self->vectorcall = block_vectorcall;
    }
#endif
    return self;
}

static block *
named(PyTypeObject *type, PyObject *bench, PyObject *name)
{
    PyObject *text = PyUnicode_CheckExact(name) ? Py_NewRef(name) : PyObject_Str(name);
    block *self = text ? allocate(type) : NULL;
    if (!self) {
        Py_XDECREF(text);
        return NULL;
    }
    self->owner = Py_NewRef(bench);
    self->name = text;
    return self;
}

PyObject *
py_block_named(const py_state *state, PyObject *bench, PyObject *name, PyObject *finder)
{
    block *self = named(state->block_type, bench, name);
    if (self) {
        self->finder = Py_NewRef(finder);
    }
    return (PyObject *)self;
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
    return (PyObject *)named(type, owner, name);
}

PyObject *
py_block_of_call(const py_state *state, PyObject *bench, py_block_call call,
                 py_recorder *recorder)
{
    block *self = allocate(state->block_type);
    if (self) {
        self->owner = Py_NewRef(bench);
        self->func = Py_NewRef(call.func);
        self->args = Py_NewRef(call.args);
        self->kwargs = Py_NewRef(call.kwargs);
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
    Py_VISIT(self->args);
    Py_VISIT(self->kwargs);
    Py_VISIT(self->fields);
    Py_VISIT(self->finder);
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
    Py_CLEAR(self->args);
    Py_CLEAR(self->kwargs);
    Py_CLEAR(self->fields);
    Py_CLEAR(self->finder);
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
    if (keep_spare(self)) {
        return;
    }
    type->tp_free(self);
    Py_DECREF(type);
}

#define FAST(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL

static PyMethodDef block_methods[] = {
#if !PY_BOTH_NEEDED
    {"__enter__", (PyCFunction)block_enter, METH_NOARGS,
     "Begin a record; the clock is read last."},
    {"__exit__", FAST(block_exit), "Stop the clock, and write the record."},
#endif
    {"__aenter__", (PyCFunction)block_aenter, METH_NOARGS,
     "Return what begins a record when it is awaited."},
    {"__aexit__", FAST(block_aexit), NULL},
    {0},
};

static PyMemberDef block_members[] = {
#if PY_BOTH_NEEDED
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(block, vectorcall), READONLY, NULL},
#endif
    {"owner", T_OBJECT, offsetof(block, owner), READONLY, "the bench"},
    {"name", T_OBJECT, offsetof(block, name), READONLY, "call.name of the record"},
    {"fields", T_OBJECT, offsetof(block, fields), 0, "those of each record, or None"},
    {"run", T_OBJECT, offsetof(block, run), READONLY, "the open run, or None"},
    {0},
};

static PyType_Slot block_slots[] = {
    {Py_tp_doc, "A block of code that becomes a record each time it is entered."},
#if PY_BOTH_NEEDED
    {Py_tp_call, PyVectorcall_Call},
#endif
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
#if PY_BOTH_NEEDED
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL,
#else
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
#endif
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
    the_state = state;
    state->block_type = py_state_type(module, &block_spec);
    if (!state->block_type) {
        return -1;
    }
#if PY_BOTH_NEEDED
    return py_both_add(module, state->block_type, "a block");
#else
    return 0;
#endif
}
