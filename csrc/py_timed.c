#include "py_timed.h"

#include "py_insist.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *func;  /* Owned: what is timed */
    PyObject *begin; /* Owned: begin(func, args, kwargs) gives a begun run */
    PyObject *dict;  /* Owned: __name__, __doc__, __wrapped__, ... */
    PyObject *weakrefs;
} py_timed;

/* --- the iteration loop ------------------------------------------------------------ */

static PyObject *
call_timed(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
           PyObject *names)
{
    if (py_run_start(run) < 0) {
        return NULL;
    }
    /* the callee may borrow the slot before the arguments only once */
    PyObject *value =
        PyObject_Vectorcall(func, args, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
    if (value) {
        py_run_stop(run);
        return value;
    }
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    py_run_stop(run);
    PyErr_Restore(type, error, traceback);
    return NULL;
}

typedef struct {
    PyObject *type, *value, *traceback; /* Owned */
} raised;

/* Takes what is raised now, as an object. */
static raised
take_raised(void)
{
    raised error;
    PyErr_Fetch(&error.type, &error.value, &error.traceback);
    PyErr_NormalizeException(&error.type, &error.value, &error.traceback);
    if (error.traceback) {
        PyException_SetTraceback(error.value, error.traceback);
    }
    return error;
}

static void
raise_again(raised error)
{
    PyErr_Restore(error.type, error.value, error.traceback);
}

/* Ctrl-C came after the code had raised `error`: it goes first, as in a `finally`. */
static void
raise_within(raised error)
{
    raised interruption = take_raised();
    PyException_SetContext(interruption.value, error.value);
    Py_DECREF(error.type);
    Py_XDECREF(error.traceback);
    raise_again(interruption);
}

/* Calls a method of the run without arguments: the trigger hooks of a plan that has any. */
static int
trigger(py_run *run, const char *method)
{
    PyObject *result = PyObject_CallMethod((PyObject *)run, method, NULL);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static PyObject *
one_iteration(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
              PyObject *names)
{
    if (!run->triggers) {
        return call_timed(run, func, args, flags, names);
    }
    if (trigger(run, "before_iteration") < 0) {
        return NULL;
    }
    PyObject *value = call_timed(run, func, args, flags, names);
    raised error = {0};
    if (!value) {
        error = take_raised();
    }
    /* It keeps its failures itself: what comes out is Ctrl-C on the way there. */
    const bool interrupted = trigger(run, "after_iteration") < 0;
    if (interrupted && !value) {
        raise_within(error);
    } else if (!value) {
        raise_again(error);
    } else if (interrupted) {
        Py_CLEAR(value);
    }
    return value;
}

/* Value of the last iteration, None if there were none; NULL with the exception of the
 * first that failed. */
static PyObject *
iterate(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
        PyObject *names)
{
    PyObject *value = Py_NewRef(Py_None);
    if (run->native.start_wall_ns == 0) {
        run->native.start_wall_ns = mb_wall_ns();
    }
    for (Py_ssize_t i = 0; value && i < run->iterations; i++) {
        Py_SETREF(value, one_iteration(run, func, args, flags, names));
    }
    mb_run_note_finish(&run->native);
    return value;
}

/* --- one call ---------------------------------------------------------------------- */

static PyObject *
keywords_of(PyObject *const *values, PyObject *names)
{
    PyObject *keywords = PyDict_New();
    const Py_ssize_t count = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t i = 0; keywords && i < count; i++) {
        if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), values[i]) < 0) {
            Py_CLEAR(keywords);
        }
    }
    return keywords;
}

static py_run *
begun_run(py_timed *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    PyObject *run = NULL;
    PyObject *positional = PyTuple_New(count);
    PyObject *keywords = keywords_of(args + count, names);
    for (Py_ssize_t i = 0; positional && i < count; i++) {
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    }
    if (positional && keywords) {
        PyObject *all[] = {self->func, positional, keywords};
        run = PyObject_Vectorcall(self->begin, all, 3, NULL);
    }
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    if (run && !PyObject_TypeCheck(run, state->run_type)) {
        PyErr_SetString(PyExc_TypeError, "begin() has to return a run");
        Py_CLEAR(run);
    }
    return (py_run *)run;
}

/* Ends the run. The exception of the code, which is set then, wins over any other but
 * Ctrl-C and its like. */
static PyObject *
finished(py_run *run, PyObject *value)
{
    raised error = {0};
    if (!value) {
        error = take_raised();
    }
    const int outcome = py_run_finish(run, error.value, value);
    if (!value && outcome == PY_INTERRUPTED) {
        raise_within(error);
    } else if (!value) {
        if (outcome != PY_DONE) {
            PyErr_WriteUnraisable((PyObject *)run);
        }
        raise_again(error);
    } else if (outcome != PY_DONE) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
timed_vectorcall(PyObject *callable, PyObject *const *args, size_t flags,
                 PyObject *names)
{
    py_timed *self = (py_timed *)callable;
    py_run *run = begun_run(self, args, flags, names);
    if (!run) {
        return NULL;
    }
    PyObject *value = finished(run, iterate(run, self->func, args, flags, names));
    Py_DECREF(run);
    return value;
}

/* --- looking like the function ----------------------------------------------------- */

static PyObject *
timed_get(PyObject *self, PyObject *object, PyObject *Py_UNUSED(type))
{
    return object && object != Py_None ? PyMethod_New(self, object) : Py_NewRef(self);
}

static PyObject *
forwarded(py_timed *self, void *name)
{
    return PyObject_GetAttrString(self->func, name);
}

static PyObject *
timed_repr(py_timed *self)
{
    return PyUnicode_FromFormat("<timed %R>", self->func);
}

static PyGetSetDef timed_getset[] = {
    {"__code__", (getter)forwarded, NULL, NULL, "__code__"},
    {"__defaults__", (getter)forwarded, NULL, NULL, "__defaults__"},
    {"__kwdefaults__", (getter)forwarded, NULL, NULL, "__kwdefaults__"},
    {"__globals__", (getter)forwarded, NULL, NULL, "__globals__"},
    {"__closure__", (getter)forwarded, NULL, NULL, "__closure__"},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {0},
};

static PyMemberDef timed_members[] = {
    {"begin", T_OBJECT_EX, offsetof(py_timed, begin), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(py_timed, vectorcall), READONLY,
     NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(py_timed, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(py_timed, weakrefs), READONLY, NULL},
    {0},
};

/* --- the type ---------------------------------------------------------------------- */

static PyObject *
timed_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"func", "begin", NULL};
    PyObject *func, *begin;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:Timed", names, &func, &begin)) {
        return NULL;
    }
    py_timed *self = (py_timed *)type->tp_alloc(type, 0);
    if (self) {
        self->vectorcall = timed_vectorcall;
        self->func = Py_NewRef(func);
        self->begin = Py_NewRef(begin);
    }
    return (PyObject *)self;
}

static int
timed_traverse(py_timed *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->func);
    Py_VISIT(self->begin);
    Py_VISIT(self->dict);
    return 0;
}

static int
timed_clear(py_timed *self)
{
    Py_CLEAR(self->func);
    Py_CLEAR(self->begin);
    Py_CLEAR(self->dict);
    return 0;
}

static void
timed_dealloc(py_timed *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    timed_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot timed_slots[] = {
    {Py_tp_doc, "A function each call of which is a run."},
    {Py_tp_new, timed_new},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, timed_get},
    {Py_tp_repr, timed_repr},
    {Py_tp_dealloc, timed_dealloc},
    {Py_tp_traverse, timed_traverse},
    {Py_tp_clear, timed_clear},
    {Py_tp_getset, timed_getset},
    {Py_tp_members, timed_members},
    {0},
};

static PyType_Spec timed_spec = {
    .name = "microbench._core.Timed",
    .basicsize = sizeof(py_timed),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = timed_slots,
};

int
py_timed_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->timed_type = py_state_type(module, &timed_spec);
    return state->timed_type ? 0 : -1;
}
