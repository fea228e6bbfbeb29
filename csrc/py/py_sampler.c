#include "py/py_sampler.h"

#include "base/mb_clock.h"
#include "py/py_histogram.h"
#include "py/py_raised.h"
#include "py/py_run.h"

#include <structmember.h>

unsigned py_sampler_running;
static _Thread_local py_sampler_call *innermost;

/* --- which calls are recorded ------------------------------------------------------ */

static void
forget(py_sampler *self)
{
    mb_histogram_free(&self->calls);
    self->exceptions = 0;
}

static void
begin_anew(py_sampler *self)
{
    forget(self);
    self->generation = mb_fork_generation();
    self->ahead = 0;
    self->random = (uint64_t)mb_clock_ns() ^ (uint64_t)(uintptr_t)self;
}

/* A number from 0 to 1: splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
static double
random_number(py_sampler *self)
{
    uint64_t mixed = self->random += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (double)((mixed ^ mixed >> 31) >> 11) * 0x1p-53;
}

bool
py_sampler_skips(py_sampler *self)
{
    if (self->generation != mb_fork_generation()) {
        begin_anew(self);
    }
    if (!self->every) {
        return random_number(self) >= self->share;
    }
    if (self->ahead == 0) {
        self->ahead = self->every - 1;
        return false;
    }
    self->ahead--;
    return true;
}

/* --- calls that are counted -------------------------------------------------------- */

/* Greenlets end their calls in any order, so that these cannot be a list of their thread:
 * there, the context, which each greenlet has for itself, says that phases are dropped. */
int
py_sampler_enter(const py_sampler *self, py_sampler_call *skipped)
{
    skipped->muted = self->state->current != NULL;
    if (PyContextVar_Get(self->state->active, NULL, &skipped->active) < 0) {
        return -1;
    }
    if (!skipped->muted) {
        skipped->open = py_run_open_one(self->state, skipped->active);
        skipped->outer = innermost;
        innermost = skipped;
        py_sampler_running++;
        return 0;
    }
    PyObject *token = PyContextVar_Set(self->state->active, self->state->muted);
    Py_XDECREF(token);
    if (!token) {
        Py_CLEAR(skipped->active);
    }
    return token ? 0 : -1;
}

/* Sets the context variable back. */
static void
unmute(const py_sampler *self, const py_sampler_call *skipped)
{
    PyObject *before = skipped->active ? skipped->active : Py_None;
    PyObject *token = PyContextVar_Set(self->state->active, before);
    if (!token) {
        PyErr_WriteUnraisable(self->note);
    }
    Py_XDECREF(token);
}

static void
call_note(py_sampler *self)
{
    PyObject *result = PyObject_CallNoArgs(self->note);
    if (!result) {
        PyErr_WriteUnraisable(self->note);
    }
    Py_XDECREF(result);
}

static void
count(py_sampler *self, int64_t ns, bool raised)
{
    self->exceptions += raised;
    if (self->counted) {
        mb_histogram_add(&self->calls, ns);
    } else {
        mb_moments_add(&self->calls.moments, ns);
    }
}

void
py_sampler_leave(py_sampler *self, py_sampler_call *skipped, int64_t ns, bool raised)
{
    const bool is_first = self->calls.moments.count == 0;
    count(self, ns, raised);
    if (!skipped->muted) {
        innermost = skipped->outer;
        py_sampler_running--;
    }
    if (skipped->muted || is_first) {
        const py_raised error = py_raised_take();
        if (skipped->muted) {
            unmute(self, skipped);
        }
        if (is_first) {
            call_note(self);
        }
        py_raised_again(error);
    }
    Py_XDECREF(skipped->active);
}

bool
py_sampler_mutes_here(const PyObject *open)
{
    return innermost && innermost->open == open;
}

/* --- the type ---------------------------------------------------------------------- */

PyDoc_STRVAR(take_doc,
             "take()\n--\n\n"
             "Return a Sampler that has the counts, and begin to count anew;\n"
             "None where nothing is counted.");

static PyObject *
sampler_take(py_sampler *self, PyObject *Py_UNUSED(ignored))
{
    if (self->generation != mb_fork_generation()) {
        begin_anew(self);
    }
    if (self->calls.moments.count == 0) {
        Py_RETURN_NONE;
    }
    py_sampler *taken = (py_sampler *)Py_TYPE(self)->tp_alloc(Py_TYPE(self), 0);
    if (taken) {
        taken->state = self->state;
        taken->generation = self->generation;
        taken->every = self->every;
        taken->share = self->share;
        taken->counted = self->counted;
        taken->integers = self->integers;
        taken->note = Py_NewRef(Py_None);
        taken->calls = self->calls;
        taken->exceptions = self->exceptions;
        self->calls = (mb_histogram){0};
        self->exceptions = 0;
    }
    return (PyObject *)taken;
}

PyDoc_STRVAR(put_back_doc, "put_back(taken)\n--\n\n"
                           "Add the counts of a Sampler that take() has returned.");

static PyObject *
sampler_put_back(py_sampler *self, PyObject *taken)
{
    if (!Py_IS_TYPE(taken, Py_TYPE(self))) {
        PyErr_SetString(PyExc_TypeError, "put_back() takes what take() has returned");
        return NULL;
    }
    py_sampler *more = (py_sampler *)taken;
    const bool is_first = self->calls.moments.count == 0;
    mb_histogram_merge(&self->calls, &more->calls);
    self->exceptions += more->exceptions;
    forget(more);
    if (is_first && self->calls.moments.count) {
        call_note(self);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fields_doc, "fields()\n--\n\nReturn the counts, as a record has them.");

static PyObject *
sampler_fields(const py_sampler *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *fields = PyDict_New();
    PyObject *exceptions = PyLong_FromUnsignedLongLong(self->exceptions);
    if (!fields || !exceptions ||
        py_histogram_put_sums(fields, &self->calls.moments, self->integers) < 0 ||
        (self->counted && py_histogram_put(fields, &self->calls, self->integers) < 0) ||
        (self->exceptions &&
         PyDict_SetItemString(fields, "exceptions", exceptions) < 0)) {
        Py_CLEAR(fields);
    }
    Py_XDECREF(exceptions);
    return fields;
}

static PyObject *
sampler_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    unsigned long long every;
    double share;
    int counted, integers;
    PyObject *note;
    if (!PyArg_ParseTuple(args, "KdppO:Sampler", &every, &share, &counted, &integers,
                          &note)) {
        return NULL;
    }
    py_sampler *self = (py_sampler *)type->tp_alloc(type, 0);
    if (self) {
        self->state = PyType_GetModuleState(type);
        self->every = every;
        self->share = share;
        self->counted = counted;
        self->integers = integers;
        self->note = Py_NewRef(note);
        begin_anew(self);
    }
    return (PyObject *)self;
}

static int
sampler_traverse(py_sampler *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->note);
    return 0;
}

static int
sampler_clear(py_sampler *self)
{
    Py_CLEAR(self->note);
    return 0;
}

static void
sampler_dealloc(py_sampler *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    sampler_clear(self);
    mb_histogram_free(&self->calls);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef sampler_methods[] = {
    {"take", (PyCFunction)sampler_take, METH_NOARGS, take_doc},
    {"put_back", (PyCFunction)sampler_put_back, METH_O, put_back_doc},
    {"fields", (PyCFunction)sampler_fields, METH_NOARGS, fields_doc},
    {0},
};

static PyType_Slot sampler_slots[] = {
    {Py_tp_doc, "Decides which calls are recorded, and counts the others."},
    {Py_tp_new, sampler_new},
    {Py_tp_dealloc, sampler_dealloc},
    {Py_tp_traverse, sampler_traverse},
    {Py_tp_clear, sampler_clear},
    {Py_tp_methods, sampler_methods},
    {0},
};

static PyType_Spec sampler_spec = {
    .name = "microbench._core.Sampler",
    .basicsize = sizeof(py_sampler),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = sampler_slots,
};

int
py_sampler_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->sampler_type = py_state_type(module, &sampler_spec);
    return state->sampler_type ? 0 : -1;
}
