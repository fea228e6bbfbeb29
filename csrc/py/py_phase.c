#include "py/py_phase.h"

#include "py/py_method.h"
#include "py/py_sampler.h"
#include "py/py_thread.h"

#include <structmember.h>

/* --- entering and leaving --------------------------------------------------------- */

/* Returns whether its run takes phases now. */
static bool
is_recorded(const py_phase *self)
{
    return self->run && self->run->native.state == MB_RUN_OPEN;
}

/* The name as UTF-8, stored with the phases; the run keeps the phase of one that has a
 * total. NULL without memory, and no exception. */
static mb_phase_name *
store_name(py_phase *self)
{
    py_run *run = self->run;
    mb_phase_name *name = py_run_name(run, self->name);
    if (name && name->index != MB_NAME_SHARES) {
        self->stored = name;
        if (!self->kept && Py_REFCNT(run) > 1) {
            py_kept_add(&run->kept, self);
        }
    }
    return name;
}

static mb_phase *
stored_entry(py_phase *self)
{
    mb_phase_name *name = self->stored ? self->stored : store_name(self);
    if (!name || !is_recorded(self)) { /* freeing another phase can run Python code */
        return NULL;
    }
    mb_run *run = &self->run->native;
    mb_phase *slot = mb_phases_enter(&run->phases, name, run->iteration);
    if (!slot) {
        mb_phases_forget(name);
    }
    if (slot && run->mirror && !self->counter) { /* the journal holds nanoseconds */
        self->mirror = mb_run_mirror_phase(run, name);
    }
    return slot;
}

/* A foreign counter is Python code: it can do anything, also to this phase. So the slot
 * is in the object only while no counter runs. */
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
    if (self->outside) {
        return Py_NewRef(self);
    }
    if (self->slot) {
        PyErr_Format(PyExc_RuntimeError,
                     "phase %R is open: call time() again for one inside it",
                     self->name);
        return NULL;
    }
    mb_phase *slot = is_recorded(self) ? stored_entry(self) : NULL;
    if (!slot) {
        self->state->lost++;
        return Py_NewRef(self);
    }
    if (self->counter) {
        read_foreign_start(self);
        if (!self->run) {
            return Py_NewRef(
                self); /* the counter has dropped it, and the slot with it */
        }
    }
    self->slot = slot;
    if (self->mirror) {
        mb_mirror_entry_run(self->mirror, slot->start_ns = mb_clock_begin_ns(), 0);
    } else {
        slot->start_ns = mb_clock_begin_ns();
    }
    return Py_NewRef(self);
}

/* New reference to the duration of the phase by the foreign counter. If the counter
 * fails, reports that through sys.unraisablehook and returns NULL. */
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

/* Summing values up is Python code, which may drop the run. */
static int
keep_value(py_phase *self, mb_phase *slot, PyObject *value)
{
    py_run *run = (py_run *)Py_NewRef(self->run);
    const int result = py_run_keep_value(run, slot, self->name, value);
    Py_DECREF(run);
    return result;
}

/* Runs no Python code before the value is kept, so that values are in the order of
 * leaving. -1 with an exception from outside. */
static int
store(py_phase *self, mb_phase *slot, int64_t now_ns, PyObject *value)
{
    if (!is_recorded(self)) {
        self->state->lost++; /* the record has been written without it */
        return 0;
    }
    mb_run *run = &self->run->native;
    mb_phases_leave(&run->phases, slot, now_ns);
    if (run->phases.histograms && !value) {
        mb_run_count_phase(run, slot, self->mirror);
    } else if (self->mirror && run->mirror) { /* none in a forked child */
        mb_run_leave_phase_mirrored(run, slot, self->mirror);
    }
    if (!value || keep_value(self, slot, value) == 0) {
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

/* --- decorating ------------------------------------------------------------------- */

/* New reference to the bench that a phase was made by; NULL if it is gone. */
static PyObject *
bench_of(const py_phase *self)
{
    PyObject *bench = self->run ? self->run->bench : NULL;
    if (self->bench) {
        bench = ((PyWeakReference *)self->bench)->wr_object;
    }
    return bench == Py_None ? NULL : Py_XNewRef(bench);
}

/* Returns a function each call of which is such a phase: Python makes it. */
static PyObject *
decorate(py_phase *self, PyObject *func)
{
    if (!PyCallable_Check(func) && !Py_TYPE(func)->tp_descr_get) { /* a class method */
        return PyErr_Format(PyExc_TypeError,
                            "%R cannot be called: a phase decorates functions", func);
    }
    PyObject *bench = bench_of(self);
    if (!bench) {
        return PyErr_Format(PyExc_RuntimeError,
                            "the bench of phase %R is gone, or its record is written: "
                            "call time() of a bench that is kept",
                            self->name);
    }
    PyObject *name = Py_NewRef(self->name), *result = NULL;
    PyObject *module = PyImport_ImportModule("microbench.first_use");
    if (module) {
        result = PyObject_CallMethod(module, "timed", "OOO", bench, name, func);
        Py_DECREF(module);
    }
    Py_DECREF(bench);
    Py_DECREF(name);
    return result;
}

#if PY_BOTH_NEEDED
static PyObject *
phase_vectorcall(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const size_t count = (size_t)PyVectorcall_NARGS(flags);
    if (count == 0 && !names) {
        return enter((py_phase *)self);
    }
    if (count == 3 && !names) {
        return leave((py_phase *)self);
    }
    if (count == 1 && !names) {
        return decorate((py_phase *)self, args[0]);
    }
    PyErr_Format(PyExc_TypeError,
                 "a phase is entered without arguments and left with three, or "
                 "decorates a function, which is one; not %zu",
                 count);
    return NULL;
}

/* Outside any record: nothing to store, nothing to read. */
static PyObject *
nothing_vectorcall(PyObject *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const size_t count = (size_t)PyVectorcall_NARGS(flags);
    if (names || (count != 0 && count != 3)) {
        return phase_vectorcall(self, args, flags, names);
    }
    return Py_NewRef(count ? Py_False : self);
}
#else
/* CPython 3.14 calls methods without arguments quicker as METH_NOARGS, 3.15 as
 * METH_FASTCALL: 2 ns each. */
#if PY_VERSION_HEX < 0x030F0000
#define ENTER_FLAGS METH_NOARGS
static PyObject *
phase_enter(py_phase *self, PyObject *Py_UNUSED(ignored))
{
    return enter(self);
}
#else
#define ENTER_FLAGS METH_FASTCALL
static PyObject *
phase_enter(py_phase *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    if (count != 0) {
        return PyErr_Format(PyExc_TypeError, "__enter__() takes no arguments, not %zd",
                            count);
    }
    return enter(self);
}
#endif

static PyObject *
phase_call(py_phase *self, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args) != 1 || (kwargs && PyDict_GET_SIZE(kwargs))) {
        return PyErr_Format(PyExc_TypeError,
                            "a phase decorates a function: it takes one argument");
    }
    return decorate(self, PyTuple_GET_ITEM(args, 0));
}

static PyObject *
phase_exit(py_phase *self, PyObject *const *Py_UNUSED(args), Py_ssize_t count)
{
    if (count != 3) {
        return PyErr_Format(PyExc_TypeError,
                            "__exit__() takes three arguments, not %zd", count);
    }
    return leave(self);
}
#endif

/* --- async with: an awaitable that is ready at once ------------------------------- */

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
py_phase_awaitable(py_state *state, PyObject *value)
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

/* --- the type --------------------------------------------------------------------- */

/* A phase lives for the length of a block, and the next one is like it: a few are kept
 * as they are, with their reference to the type (10 ns a phase). Not in a free-threaded
 * build, whose objects know the thread that made them, nor where CPython keeps a list
 * of all objects. */
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
    Py_XDECREF(self->run); /* it is not kept, else the run owned it */
    Py_XDECREF(self->name);
    Py_XDECREF(self->bench);
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
    if (self->outside) {
        return PyUnicode_FromString("<phase outside any record>");
    }
    return PyUnicode_FromFormat("<phase %R%s>", self->name, self->slot ? ", open" : "");
}

static PyObject *
phase_name(py_phase *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->outside ? Py_None : self->name);
}

static PyGetSetDef phase_attributes[] = {
    {"name", (getter)phase_name, NULL, "name of the phase, or None", NULL},
    {0},
};

static PyMethodDef phase_methods[] = {
    {"__aenter__", (PyCFunction)phase_aenter, METH_NOARGS, NULL},
    {"__aexit__", (PyCFunction)phase_aexit, METH_VARARGS, NULL},
#if !PY_BOTH_NEEDED
    {"__enter__", (PyCFunction)(void (*)(void))phase_enter, ENTER_FLAGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))phase_exit, METH_FASTCALL, NULL},
#endif
    {0},
};

#if PY_BOTH_NEEDED
static PyMemberDef phase_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(py_phase, vectorcall), READONLY,
     NULL},
    {0},
};
#endif

static PyType_Slot phase_slots[] = {
    {Py_tp_doc, "A named part of a run: the object behind `with bench.time(name)`."},
#if PY_BOTH_NEEDED
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, phase_members},
#else
    {Py_tp_call, phase_call},
#endif
    {Py_tp_dealloc, phase_dealloc},
    {Py_tp_repr, phase_repr},
    {Py_tp_methods, phase_methods},
    {Py_tp_getset, phase_attributes},
    {0},
};

static PyType_Spec phase_spec = {
    .name = "microbench._core.Phase",
    .basicsize = sizeof(py_phase),
#if PY_BOTH_NEEDED
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
#else
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
#endif
    .slots = phase_slots,
};

/* Takes the references to both; `run` may be NULL. */
static py_phase *
new_phase(py_state *state, py_run *run, PyObject *name)
{
    py_phase *self = allocate(state);
    if (!self) {
        Py_XDECREF(run);
        Py_DECREF(name);
        return NULL;
    }
#if PY_BOTH_NEEDED
    self->vectorcall = run ? phase_vectorcall : nothing_vectorcall;
#endif
    self->run = run;
    self->kept = false;
    self->outside = !run;
    self->name = name;
    self->bench = NULL;
    self->stored = NULL;
    self->slot = NULL;
    self->mirror = NULL;
    self->counter = NULL;
    self->began = NULL;
    self->state = state;
    return self;
}

/* --- bench.time ------------------------------------------------------------------- */

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
    if (open == state->muted || py_sampler_mutes(open)) {
        Py_XDECREF(value);
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
    bool lost;
    mb_run *run = mb_run_elsewhere(bench, py_thread_strand(state), &lost);
    state->lost += lost;
    PyObject *object =
        run ? (PyObject *)((char *)run - offsetof(py_run, native)) : NULL;
    if (!object || Py_REFCNT(object) == 0) {
        return NULL; /* none, or one that is being deallocated just now */
    }
    return (py_run *)Py_NewRef(object);
}

PyObject *
py_phase_active(py_state *state, PyObject *bench)
{
    PyObject *run = (PyObject *)run_for_phase(state, bench);
    return run || PyErr_Occurred() ? run : Py_NewRef(Py_None);
}

/* A phase is measured by the counter of the bench it was made from, which need not be
 * the bench of the run. New reference to a foreign one, or NULL. */
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

static py_phase *
new_phase_of(py_state *state, py_run *run, PyObject *name, mb_phase_name *stored)
{
    PyObject *text = PyUnicode_Check(name) ? Py_NewRef(name) : PyObject_Str(name);
    py_phase *phase = NULL;
    if (text) {
        phase = new_phase(state, (py_run *)Py_NewRef(run), text);
    }
    if (phase) {
        phase->stored = stored;
    }
    return phase;
}

/* A phase that was entered and then dropped stays open in the record. */
static void
let_go_of_slot(py_phase *phase)
{
    phase->slot = NULL;
    phase->mirror = NULL;
    Py_CLEAR(phase->began);
}

static py_phase *
phase_of_run(py_state *state, py_run *run, PyObject *name)
{
    py_phase *kept = py_kept_phase(&run->kept, name);
    if (!kept || Py_REFCNT(kept) > 1) {
        return new_phase_of(state, run, name, kept ? kept->stored : NULL);
    }
    Py_INCREF(kept);
    if (kept->slot) {
        let_go_of_slot(kept);
    }
    return kept;
}

static bool
is_made_by(const py_phase *phase, const PyObject *bench)
{
    const PyWeakReference *reference = (PyWeakReference *)phase->bench;
    return reference && reference->wr_object == bench;
}

/* Takes the reference to the phase, which may be NULL, and returns it. A bench without
 * weak references, such as a stand-in, can be used in `with` only. */
static PyObject *
with_bench(py_phase *phase, PyObject *bench)
{
    if (phase && !is_made_by(phase, bench)) {
        PyObject *reference = PyWeakref_NewRef(bench, NULL);
        if (!reference) {
            PyErr_Clear();
        }
        Py_XSETREF(phase->bench, reference);
    }
    return (PyObject *)phase;
}

/* A phase that does nothing: the one of the state, unless that is in use. It knows
 * bench and name in case it decorates a function, and keeps no bench alive. */
static PyObject *
phase_outside(py_state *state, PyObject *bench, PyObject *name)
{
    py_phase *phase = (py_phase *)state->nothing;
    if (Py_REFCNT(phase) > 1) {
        phase = new_phase(state, NULL, Py_NewRef(name));
    } else {
        Py_INCREF(phase);
    }
    if (phase && phase->name != name) {
        Py_XSETREF(phase->name, Py_NewRef(name));
    }
    return with_bench(phase, bench);
}

/* A phase of a run of another bench, or of one with a counter of its own. */
static PyObject *
phase_with_counter(py_phase *phase, const py_run *run, PyObject *bench)
{
    Py_XSETREF(phase->counter, foreign_counter(run, bench));
    if (bench != run->bench) {
        return with_bench(phase, bench);
    }
    Py_CLEAR(phase->bench);
    return (PyObject *)phase;
}

/* Takes the reference to the phase. Inlined, it costs each phase registers. */
__attribute__((noinline)) static PyObject *
special_phase(py_phase *phase, py_run *run, PyObject *bench)
{
    PyObject *found = phase_with_counter(phase, run, bench);
    if (!found || !run->observer) {
        return found;
    }
    PyObject *observer = Py_NewRef(run->observer);
    PyObject *observed = PyObject_CallOneArg(observer, found);
    Py_DECREF(observer);
    Py_DECREF(found);
    return observed;
}

static PyObject *
phase_of(py_state *state, PyObject *bench, PyObject *name)
{
    if (mb_runs_open == 0) { /* whatever run the context has is closed */
        return phase_outside(state, bench, name);
    }
    py_run *run = run_for_phase(state, bench);
    if (!run) {
        return PyErr_Occurred() ? NULL : phase_outside(state, bench, name);
    }
    py_phase *phase = phase_of_run(state, run, name);
    PyObject *found = (PyObject *)phase;
    if (phase &&
        (bench != run->bench || run->special || phase->counter || phase->bench)) {
        found = special_phase(phase, run, bench);
    }
    Py_DECREF(run);
    return found;
}

static bool
has_sync(PyObject *names)
{
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, i), "sync") == 0) {
            return true;
        }
    }
    return false;
}

/* Has Python make a phase that waits, or refuse the arguments: time(name, sync=...). */
static PyObject *
synced_phase(PyObject *bench, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *module = PyImport_ImportModule("microbench.first_use");
    PyObject *function = module ? PyObject_GetAttrString(module, "synced") : NULL;
    PyObject *bound = function ? PyMethod_New(function, bench) : NULL;
    PyObject *made =
        bound ? PyObject_Vectorcall(bound, args, (size_t)count, names) : NULL;
    Py_XDECREF(module);
    Py_XDECREF(function);
    Py_XDECREF(bound);
    return made;
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

static py_state *time_state;

/* Any call but time(name). It is a function of its own so that the usual one saves no
 * registers for it. */
__attribute__((noinline)) static PyObject *
unusual_time(PyObject *bench, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    if (has_sync(names)) {
        return synced_phase(bench, args, count, names);
    }
    const Py_ssize_t given = count + (names ? PyTuple_GET_SIZE(names) : 0);
    return wrong_call(given, names) < 0 ? NULL : phase_of(time_state, bench, args[0]);
}

static PyObject *
time_method(PyObject *bench, PyTypeObject *Py_UNUSED(owner), PyObject *const *args,
            Py_ssize_t count, PyObject *names)
{
    if (count != 1 || names) {
        return unusual_time(bench, args, count, names);
    }
    return phase_of(time_state, bench, args[0]);
}

static PyObject *
time_vectorcall(PyObject *Py_UNUSED(method), PyObject *const *args, size_t flags,
                PyObject *names)
{
    return py_method_call(time_method, "time", args, flags, names);
}

PyObject *
py_phase_time_method(PyObject *type, const char *doc)
{
    static PyMethodDef definition = {"time", (PyCFunction)(void (*)(void))time_method,
                                     PY_METHOD_FLAGS, NULL};
    static const char signature[] = "time($self, name, *, sync=None)\n--\n\n";
    return py_method_new(type, &definition, time_vectorcall, signature, doc);
}

/* --- making the types ------------------------------------------------------------- */

int
py_phase_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->ready_type = py_state_type(module, &ready_spec);
    state->phase_type = py_state_type(module, &phase_spec);
    if (!state->ready_type || !state->phase_type) {
        return -1;
    }
#if PY_BOTH_NEEDED
    if (py_both_add(module, state->phase_type, "a phase") < 0) {
        return -1;
    }
#endif
    time_state = state;
    PyObject *none = Py_NewRef(Py_None);
    state->nothing = (PyObject *)new_phase(state, NULL, none);
    return state->nothing ? 0 : -1;
}
