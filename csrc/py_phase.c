#include "py_phase.h"

#include "py_thread.h"

#include <structmember.h>

/* Not tracked by the garbage collector (10 ns an object): a phase is in a cycle only if
 * the code being timed keeps it, and a run that is closed lets go of everything else. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    py_run *run;       /* Owned; NULL in the phase of no run */
    py_state *state;   /* Borrowed: the type keeps it */
    PyObject *name;    /* Owned: a str */
    mb_phase *slot;    /* Borrowed from the run, while the phase is open */
    mb_entry *mirror;  /* Borrowed from the run's mirror, likewise; or NULL */
    PyObject *counter; /* Owned: foreign duration counter, or NULL */
    PyObject *began;   /* Owned: its reading on entry */
} py_phase;

/* --- entering and leaving ---------------------------------------------------------- */

static mb_phase *
stored_entry(py_phase *self)
{
    mb_run *run = &self->run->native;
    mb_name *name = py_run_name(self->run, self->name);
    mb_phase *slot = name ? mb_phases_enter(&run->phases, name, run->iteration) : NULL;
    if (name && !slot) {
        mb_phases_forget(name);
    }
    if (slot && run->mirror && !self->counter) { /* the journal holds nanoseconds */
        self->mirror = mb_run_mirror_phase(run, name);
    }
    return slot;
}

/* A foreign counter is Python code: it can do anything, also to this phase. So the slot is
 * in the object only while no counter runs. */
static void
read_foreign_start(py_phase *self)
{
    Py_XSETREF(self->began, py_run_reading(self->counter));
    if (!self->began) {
        PyErr_WriteUnraisable(self->counter);
    }
}

static PyObject *
enter(py_phase *self)
{
    if (!self->run) {
        return Py_NewRef(self);
    }
    if (self->slot) {
        PyErr_Format(PyExc_RuntimeError,
                     "phase %R is open: call time() again for one inside it",
                     self->name);
        return NULL;
    }
    const bool open = self->run->native.state == MB_RUN_OPEN;
    mb_phase *slot = open ? stored_entry(self) : NULL;
    if (!slot) {
        self->state->lost++;
        return Py_NewRef(self);
    }
    if (self->counter) {
        read_foreign_start(self);
    }
    self->slot = slot;
    if (self->mirror) {
        mb_entry_run(self->mirror, slot->start_ns = mb_clock_ns(), 0);
    } else {
        slot->start_ns = mb_clock_ns();
    }
    return Py_NewRef(self);
}

/* New reference to what the foreign counter says the phase took; NULL where it failed,
 * which is told. */
static PyObject *
foreign_duration(py_phase *self)
{
    PyObject *now = py_run_reading(self->counter);
    PyObject *value = now && self->began ? PyNumber_Subtract(now, self->began) : NULL;
    if (!value && PyErr_Occurred()) {
        PyErr_WriteUnraisable(self->counter);
    }
    Py_XDECREF(now);
    return value;
}

/* Runs no Python code before the value is kept, so that values are in the order of leaving.
 * -1 with an exception from outside. */
static int
store(py_phase *self, mb_phase *slot, int64_t now_ns, PyObject *value)
{
    if (self->run->native.state != MB_RUN_OPEN) {
        self->state->lost++; /* the record has been written without it */
        return 0;
    }
    mb_phases_leave(&self->run->native.phases, slot, now_ns);
    if (self->mirror && self->run->native.mirror) { /* none in a forked child */
        mb_run_leave_phase_mirrored(&self->run->native, slot, self->mirror);
    }
    if (!value || py_run_keep_value(self->run, slot, self->name, value) == 0) {
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1; /* Ctrl-C, while values were summed up */
    }
    PyErr_WriteUnraisable(self->counter);
    return 0;
}

/* An exception of the block is not set here: the interpreter has fetched it before. */
static PyObject *
leave(py_phase *self)
{
    mb_phase *slot = self->slot;
    if (slot) {
        const int64_t now_ns = mb_clock_ns();
        self->slot = NULL;
        PyObject *value = self->counter ? foreign_duration(self) : NULL;
        const int result = store(self, slot, now_ns, value);
        self->mirror = NULL;
        Py_XDECREF(value);
        Py_CLEAR(self->began);
        if (result < 0) {
            return NULL;
        }
    }
    Py_RETURN_FALSE;
}

static PyObject *
enter_or_leave(py_phase *self, size_t count, PyObject *names)
{
    if (count == 0 && !names) {
        return enter(self);
    }
    if (count == 3 && !names) {
        return leave(self);
    }
    PyErr_Format(PyExc_TypeError,
                 "a phase is entered without arguments and left with three, not %zu",
                 count);
    return NULL;
}

static PyObject *
phase_vectorcall(PyObject *self, PyObject *const *Py_UNUSED(args), size_t flags,
                 PyObject *names)
{
    return enter_or_leave((py_phase *)self, (size_t)PyVectorcall_NARGS(flags), names);
}

/* The phase of no run: nothing to store, nothing to read. */
static PyObject *
nothing_vectorcall(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const size_t count = (size_t)PyVectorcall_NARGS(flags);
    if (names || (count != 0 && count != 3)) {
        return phase_vectorcall(self, args, flags, names);
    }
    return Py_NewRef(count ? Py_False : self);
}

/* --- the one descriptor for __enter__ and __exit__ --------------------------------- */

typedef struct {
    PyObject_HEAD
    PyTypeObject *phase_type; /* Owned */
} py_both;

static PyObject *
both_get(PyObject *self, PyObject *phase, PyObject *Py_UNUSED(type))
{
    if (!phase || phase == Py_None) {
        return Py_NewRef(self); /* looked up on the type, as ExitStack does */
    }
    if (!Py_IS_TYPE(phase, ((py_both *)self)->phase_type)) {
        PyErr_Format(PyExc_TypeError, "a phase is needed, not %.100s",
                     Py_TYPE(phase)->tp_name);
        return NULL;
    }
    return Py_NewRef(phase);
}

static PyObject *
both_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(args);
    PyTypeObject *phase_type = ((py_both *)self)->phase_type;
    if (count == 0 || !Py_IS_TYPE(PyTuple_GET_ITEM(args, 0), phase_type)) {
        PyErr_SetString(PyExc_TypeError, "the first argument has to be a phase");
        return NULL;
    }
    if (kwargs && PyDict_GET_SIZE(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "a phase takes no keyword arguments");
        return NULL;
    }
    return enter_or_leave((py_phase *)PyTuple_GET_ITEM(args, 0), (size_t)count - 1,
                          NULL);
}

static int
both_traverse(py_both *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->phase_type);
    return 0;
}

static int
both_clear(py_both *self)
{
    Py_CLEAR(self->phase_type);
    return 0;
}

static void
both_dealloc(py_both *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    both_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot both_slots[] = {
    {Py_tp_doc, "Enter or leave a phase: both of __enter__ and __exit__."},
    {Py_tp_descr_get, both_get},
    {Py_tp_call, both_call},
    {Py_tp_dealloc, both_dealloc},
    {Py_tp_traverse, both_traverse},
    {Py_tp_clear, both_clear},
    {0},
};

static PyType_Spec both_spec = {
    .name = "microbench._core.EnterOrLeave",
    .basicsize = sizeof(py_both),
    .flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = both_slots,
};

/* --- async with: an awaitable that is ready at once -------------------------------- */

typedef struct {
    PyObject_HEAD
    PyObject *value; /* Owned; NULL once delivered */
} py_ready;

static PyObject *
ready(py_state *state, PyObject *value)
{
    py_ready *self = value ? PyObject_New(py_ready, state->ready_type) : NULL;
    if (!self) {
        Py_XDECREF(value);
        return NULL;
    }
    self->value = value;
    return (PyObject *)self;
}

static PyObject *
ready_next(py_ready *self)
{
    PyObject *value = self->value;
    self->value = NULL;
    PyErr_SetObject(PyExc_StopIteration, value);
    Py_XDECREF(value);
    return NULL;
}

static void
ready_dealloc(py_ready *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(self->value);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyObject *
py_awaitable(py_state *state, PyObject *value)
{
    return ready(state, Py_NewRef(value));
}

static PyType_Slot ready_slots[] = {
    {Py_tp_doc, "What `async with bench.time(...)` awaits: ready at once."},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, ready_next},
    {Py_am_await, PyObject_SelfIter},
    {Py_tp_dealloc, ready_dealloc},
    {0},
};

static PyType_Spec ready_spec = {
    .name = "microbench._core.Ready",
    .basicsize = sizeof(py_ready),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = ready_slots,
};

static PyObject *
phase_aenter(py_phase *self, PyObject *Py_UNUSED(ignored))
{
    return ready(self->state, enter(self));
}

static PyObject *
phase_aexit(py_phase *self, PyObject *args)
{
    if (PyTuple_GET_SIZE(args) != 3) {
        PyErr_SetString(PyExc_TypeError, "__aexit__() takes three arguments");
        return NULL;
    }
    return ready(self->state, leave(self));
}

/* --- the type ---------------------------------------------------------------------- */

/* A phase lives for the length of a block, and the next one is like it: a few are kept as
 * they are, with their reference to the type (10 ns a phase). Not in a
 * free-threaded build, whose objects know the thread that made them, nor where CPython keeps
 * a list of all objects. */
#if defined(Py_GIL_DISABLED) || defined(Py_TRACE_REFS)
static bool
keep_spare(py_phase *Py_UNUSED(self))
{
    return false;
}
#else
static bool
keep_spare(py_phase *self)
{
    py_state *state = self->state;
    if (state->spares == PY_STATE_SPARES) {
        return false;
    }
    state->spare[state->spares++] = self;
    return true;
}
#endif

static void
phase_dealloc(py_phase *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(self->run);
    Py_XDECREF(self->name);
    Py_XDECREF(self->counter);
    Py_XDECREF(self->began);
    if (keep_spare(self)) {
        return;
    }
    PyObject_Free(self);
    Py_DECREF(type);
}

static py_phase *
allocate(py_state *state)
{
    if (state->spares == 0) {
        return PyObject_New(py_phase, state->phase_type);
    }
    PyObject *self = state->spare[--state->spares];
    Py_SET_REFCNT(self, 1);
    return (py_phase *)self;
}

static PyObject *
phase_repr(py_phase *self)
{
    if (!self->run) {
        return PyUnicode_FromString("<phase outside any record>");
    }
    return PyUnicode_FromFormat("<phase %R%s>", self->name, self->slot ? ", open" : "");
}

static PyMethodDef phase_methods[] = {
    {"__aenter__", (PyCFunction)phase_aenter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)phase_aexit, METH_VARARGS, NULL},
    {0},
};

static PyMemberDef phase_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(py_phase, vectorcall), READONLY,
     NULL},
    {"name", T_OBJECT, offsetof(py_phase, name), READONLY,
     "name of the phase, or None"},
    {0},
};

static PyType_Slot phase_slots[] = {
    {Py_tp_doc, "A named part of a run: the object behind `with bench.time(name)`."},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_dealloc, phase_dealloc},
    {Py_tp_repr, phase_repr},
    {Py_tp_methods, phase_methods},
    {Py_tp_members, phase_members},
    {0},
};

static PyType_Spec phase_spec = {
    .name = "microbench._core.Phase",
    .basicsize = sizeof(py_phase),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = phase_slots,
};

/* Takes the reference to `run`, which may be NULL. */
static py_phase *
new_phase(py_state *state, py_run *run)
{
    py_phase *self = allocate(state);
    if (!self) {
        Py_XDECREF(run);
        return NULL;
    }
    self->vectorcall = run ? phase_vectorcall : nothing_vectorcall;
    self->run = run;
    self->state = state;
    self->name = NULL;
    self->slot = NULL;
    self->mirror = NULL;
    self->counter = NULL;
    self->began = NULL;
    return self;
}

/* --- bench.time -------------------------------------------------------------------- */

/* The run that gets a phase made now, new reference; NULL for none, or with an
 * exception. */
static py_run *
run_for_phase(py_state *state, PyObject *bench)
{
    PyObject *value;
    if (PyContextVar_Get(state->active, NULL, &value) < 0) {
        return NULL;
    }
    PyObject *open = py_run_open_one(state, value);
    if (open == state->muted) {
        Py_DECREF(value);
        return NULL;
    }
    if (open) {
        if (open != value) {
            Py_INCREF(open);
            Py_DECREF(value);
        }
        return (py_run *)open;
    }
    Py_XDECREF(value);
    if (mb_runs_open == 0) {
        return NULL;
    }
    bool lost;
    mb_run *run = mb_run_elsewhere(bench, py_strand(state), &lost);
    state->lost += lost;
    PyObject *object =
        run ? (PyObject *)((char *)run - offsetof(py_run, native)) : NULL;
    if (!object || Py_REFCNT(object) == 0) {
        return NULL; /* none, or one that is being deallocated just now */
    }
    return (py_run *)Py_NewRef(object);
}

/* A phase is measured by the counter of the bench it was made from, which need not be the
 * bench of the run. New reference to a foreign one, or NULL. */
static PyObject *
foreign_counter(const py_run *run, PyObject *bench)
{
    if (bench == run->bench) {
        return run->foreign ? Py_NewRef(run->counter) : NULL;
    }
    PyObject *counter = PyObject_GetAttrString(bench, "_duration_counter");
    if (!counter) {
        PyErr_Clear();
        return NULL;
    }
    if (counter == run->counter && !run->foreign) {
        Py_CLEAR(counter);
    }
    return counter;
}

static PyObject *
phase_of(py_state *state, PyObject *bench, PyObject *name)
{
    py_run *run = run_for_phase(state, bench);
    if (!run) {
        return PyErr_Occurred() ? NULL : Py_NewRef(state->nothing);
    }
    py_phase *phase = new_phase(state, run);
    if (!phase) {
        return NULL;
    }
    phase->name = PyUnicode_Check(name) ? Py_NewRef(name) : PyObject_Str(name);
    if (!phase->name) {
        Py_DECREF(phase);
        return NULL;
    }
    if (bench != run->bench || run->foreign) {
        phase->counter = foreign_counter(run, bench);
    }
    return (PyObject *)phase;
}

static int
wrong_call(Py_ssize_t given, PyObject *names)
{
    if (given != 1) {
        PyErr_Format(PyExc_TypeError,
                     "time() takes the name of the phase, not %zd values", given);
        return -1;
    }
    if (names &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "name") != 0) {
        PyErr_Format(PyExc_TypeError, "time() takes no argument %R",
                     PyTuple_GET_ITEM(names, 0));
        return -1;
    }
    return 0;
}

/* A method knows its class, but no module. There is one: Cython refuses to make another in
 * a sub-interpreter. */
static py_state *time_state;

static PyObject *
time_method(PyObject *bench, PyTypeObject *Py_UNUSED(owner), PyObject *const *args,
            Py_ssize_t count, PyObject *names)
{
    if (count != 1 || names) {
        const Py_ssize_t given = count + (names ? PyTuple_GET_SIZE(names) : 0);
        if (wrong_call(given, names) < 0) {
            return NULL;
        }
    }
    return phase_of(time_state, bench, args[0]);
}

/* As an unbound method has it, without a look at the class of the bench. */
static PyObject *
time_vectorcall(PyObject *Py_UNUSED(method), PyObject *const *args, size_t flags,
                PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (count == 0) {
        return PyErr_Format(PyExc_TypeError, "time() needs a bench");
    }
    return time_method(args[0], NULL, args + 1, count - 1, names);
}

static PyMethodDef time_definition = {
    "time",
    (PyCFunction)(void (*)(void))time_method,
    /* not specialised: that form would check the class of the bench again and again */
    METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
    NULL,
};

PyObject *
py_phase_time_method(PyObject *type, const char *doc)
{
    static const char signature[] = "time($self, name)\n--\n\n";
    if (!PyType_Check(type)) {
        return PyErr_Format(PyExc_TypeError, "a class is needed, not %R", type);
    }
    if (!time_definition.ml_doc) { /* CPython reads it as long as there is a method */
        char *text = malloc(sizeof signature + strlen(doc));
        if (!text) {
            return PyErr_NoMemory();
        }
        strcpy(text, signature);
        time_definition.ml_doc = strcat(text, doc);
    }
    PyObject *method = PyDescr_NewMethod((PyTypeObject *)type, &time_definition);
    if (method) { /* what CPython has there looks the class up among the bases: 4 ns */
        ((PyMethodDescrObject *)method)->vectorcall = time_vectorcall;
    }
    return method;
}

/* --- making the types -------------------------------------------------------------- */

static int
add_both(PyObject *module, PyTypeObject *phase_type)
{
    PyTypeObject *both_type = py_state_type(module, &both_spec);
    py_both *both = both_type ? (py_both *)both_type->tp_alloc(both_type, 0) : NULL;
    Py_XDECREF(both_type);
    if (!both) {
        return -1;
    }
    both->phase_type = (PyTypeObject *)Py_NewRef((PyObject *)phase_type);
    int result =
        PyObject_SetAttrString((PyObject *)phase_type, "__enter__", (PyObject *)both);
    if (result == 0) {
        result = PyObject_SetAttrString((PyObject *)phase_type, "__exit__",
                                        (PyObject *)both);
    }
    Py_DECREF(both);
    return result;
}

int
py_phase_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->ready_type = py_state_type(module, &ready_spec);
    state->phase_type = py_state_type(module, &phase_spec);
    if (!state->ready_type || !state->phase_type ||
        add_both(module, state->phase_type) < 0) {
        return -1;
    }
    time_state = state;
    state->nothing = (PyObject *)new_phase(state, NULL);
    return state->nothing ? 0 : -1;
}
