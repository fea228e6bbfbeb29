#include "py/py_awaits.h"

#include "py/py_arguments.h"
#include "py/py_call_until_done.h"
#include "py/py_headroom.h"
#include "py/py_raised.h"

typedef struct {
    PyObject_HEAD
    PyObject *bench, *func;  /* Owned */
    PyObject *args, *kwargs; /* Owned: a tuple and a dict */
    py_recorder *recorder;   /* Owned */
    py_run *run;             /* Owned: while the call is open; or NULL */
    PyObject *value;         /* Owned: of the last iteration; or NULL */
} awaits;

/* --- entering ---------------------------------------------------------------------- */

/* Begins the run. NULL with an exception, or without one if Python has to. */
static py_run *
begin_run(const awaits *self)
{
    py_arguments all;
    if (py_arguments_take(&all, self->args, self->kwargs) < 0) {
        return NULL;
    }
    const py_captures_call call = {self->recorder->name, all.values, all.count,
                                   all.names};
    py_run *run = py_recorder_begin(self->recorder, self->bench, &call, NULL);
    py_arguments_let_go(&all);
    if (run && run->native.start_wall_ns == 0) { /* the journal has none either */
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    return run;
}

PyDoc_STRVAR(enter_doc, "__enter__()\n--\n\n"
                        "Begin a record; return the function, or None where Python\n"
                        "has to begin it.");

static PyObject *
awaits_enter(awaits *self, PyObject *Py_UNUSED(ignored))
{
    if (self->run) {
        PyErr_SetString(PyExc_RuntimeError, "this call has been entered already");
        return NULL;
    }
    if (!py_headroom_for_a_call()) {
        return NULL; /* the function could not be called */
    }
    self->run = begin_run(self);
    if (self->run) {
        return Py_NewRef(self->func);
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* --- iterations -------------------------------------------------------------------- */

/* Calls the function. A StopIteration would end the loop of the caller, and so becomes what
 * a coroutine makes of it. */
static PyObject *
call(const awaits *self)
{
    PyObject *awaitable = PyObject_Call(self->func, self->args, self->kwargs);
    if (!awaitable && PyErr_ExceptionMatches(PyExc_StopIteration)) {
        const py_raised stop = py_raised_take_object();
        PyErr_SetString(PyExc_RuntimeError, "coroutine raised StopIteration");
        py_raised_within(stop);
    }
    return awaitable;
}

/* Begins the next iteration, and returns what the function returns; the clock is read right
 * before it is called. __exit__() ends the iteration if it raises. */
static PyObject *
awaits_next(awaits *self)
{
    py_run *run = self->run;
    if (!run || (Py_ssize_t)run->native.iteration >= run->iterations) {
        return NULL;
    }
    if (run->triggers) {
        py_captured_start(run->captured);
    }
    if (py_run_start(run) < 0) {
        return NULL;
    }
    return call(self);
}

/* Ends the iteration, if one is measured; the clock is read first. */
static void
stop_clock(py_run *run)
{
    if (run->native.measuring) {
        py_run_stop(run);
        if (run->triggers) {
            py_run_stop_captured(run);
        }
    }
}

PyDoc_STRVAR(stop_doc, "stop(value, /)\n--\n\n"
                       "End the iteration, which has this value; return the value.");

static PyObject *
awaits_stop(awaits *self, PyObject *value)
{
    if (self->run) {
        stop_clock(self->run);
        Py_XSETREF(self->value, Py_NewRef(value));
    }
    return Py_NewRef(value);
}

/* --- leaving ----------------------------------------------------------------------- */

/* Ends the run of an open call. Returns as py_run_finish(). */
static int
finish_run(awaits *self, PyObject *error)
{
    py_run *run = self->run;
    PyObject *value = self->value ? self->value : Py_NewRef(Py_None);
    self->run = NULL;
    self->value = NULL;
    stop_clock(run);
    mb_run_note_finish(&run->native);
    const int result =
        py_recorder_finish(self->recorder, run, NULL, error, error ? NULL : value);
    Py_DECREF(value);
    return result;
}

PyDoc_STRVAR(exit_doc, "__exit__(kind, exception, traceback)\n--\n\n"
                       "End the iteration, if one is open, and write the record.");

static PyObject *
awaits_exit(awaits *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3) {
        PyErr_SetString(PyExc_TypeError, "__exit__() takes three arguments");
        return NULL;
    }
    PyObject *error = args[1] == Py_None ? NULL : args[1];
    return self->run && finish_run(self, error) != PY_DONE ? NULL : Py_NewRef(Py_None);
}

/* --- the type ---------------------------------------------------------------------- */

PyObject *
py_awaits_new(py_recorder *recorder, PyObject *bench, PyObject *func, PyObject *args,
              PyObject *kwargs)
{
    const py_state *state = PyType_GetModuleState(Py_TYPE(recorder));
    awaits *self = (awaits *)state->awaits_type->tp_alloc(state->awaits_type, 0);
    if (self) {
        self->bench = Py_NewRef(bench);
        self->func = Py_NewRef(func);
        self->args = Py_NewRef(args);
        self->kwargs = Py_NewRef(kwargs);
        self->recorder = (py_recorder *)Py_NewRef((PyObject *)recorder);
    }
    return (PyObject *)self;
}

static int
awaits_traverse(awaits *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->bench);
    Py_VISIT(self->func);
    Py_VISIT(self->args);
    Py_VISIT(self->kwargs);
    Py_VISIT(self->recorder);
    Py_VISIT(self->run);
    Py_VISIT(self->value);
    return 0;
}

/* Closes the run of a call that was entered and never left: it makes no record. */
static void
abandon(awaits *self)
{
    const py_raised error = py_raised_take();
    if (self->run && py_run_close(self->run) < 0) {
        PyErr_WriteUnraisable((PyObject *)self->run);
    }
    Py_CLEAR(self->run);
    py_raised_again(error);
}

static int
awaits_clear(awaits *self)
{
    abandon(self);
    Py_CLEAR(self->bench);
    Py_CLEAR(self->func);
    Py_CLEAR(self->args);
    Py_CLEAR(self->kwargs);
    Py_CLEAR(self->recorder);
    Py_CLEAR(self->value);
    return 0;
}

static void
awaits_dealloc(awaits *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    awaits_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef awaits_methods[] = {
    {"__enter__", (PyCFunction)awaits_enter, METH_NOARGS, enter_doc},
    {"__exit__", (PyCFunction)(void (*)(void))awaits_exit, METH_FASTCALL, exit_doc},
    {"stop", (PyCFunction)awaits_stop, METH_O, stop_doc},
    {0},
};

static PyType_Slot awaits_slots[] = {
    {Py_tp_doc, "A call of a coroutine function that C records: its iterations."},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, awaits_next},
    {Py_tp_methods, awaits_methods},
    {Py_tp_traverse, awaits_traverse},
    {Py_tp_clear, awaits_clear},
    {Py_tp_dealloc, awaits_dealloc},
    {0},
};

static PyType_Spec awaits_spec = {
    .name = "microbench._core.Awaits",
    .basicsize = sizeof(awaits),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = awaits_slots,
};

int
py_awaits_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->awaits_type = py_state_type(module, &awaits_spec);
    return state->awaits_type ? 0 : -1;
}
