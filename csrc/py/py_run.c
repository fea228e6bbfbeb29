#include "py/py_run.h"

#include "base/mb_stack.h"
#include "py/py_call_until_done.h"
#include "py/py_headroom.h"
#include "py/py_histogram.h"
#include "py/py_loops.h"
#include "py/py_raised.h"
#include "py/py_thread.h"
#include "py/py_thread_name.h"

#include <structmember.h>

/* --- the clock -------------------------------------------------------------------- */

uint32_t
py_run_slot_flags(const py_run *run)
{
    uint32_t flags = run->integers ? MB_SLOT_INTEGERS : 0;
    if (run->iterations > 1) {
        flags |= MB_SLOT_ITERATED;
    }
    if (run->native.phases.unlisted) {
        flags |= MB_SLOT_UNLISTED;
    }
    return run->foreign ? flags | MB_SLOT_UNTIMED : flags;
}

PyObject *
py_run_reading(PyObject *counter)
{
    const bool headroom = py_headroom_give();
    PyObject *reading = PyObject_CallNoArgs(counter);
    py_headroom_take_back(headroom);
    return reading;
}

static int
foreign_start(py_run *run)
{
    PyObject *reading = py_run_reading(run->counter);
    Py_XSETREF(run->began, reading);
    return reading ? 0 : -1;
}

int
py_run_start(py_run *run)
{
    if (mb_samples_reserve(&run->native.durations, 1) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    if (run->foreign && foreign_start(run) < 0) {
        return -1;
    }
    mb_run_start(&run->native);
    return 0;
}

int
py_run_start_captured(py_run *run)
{
    if (run->native.start_wall_ns == 0) {
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    if (run->captured && !run->captured->is_measuring) {
        py_captured_start(run->captured);
    }
    return py_run_start(run);
}

/* What the current stretch took, added to the stretches before it. New reference. */
static PyObject *
foreign_elapsed(py_run *run)
{
    PyObject *now = py_run_reading(run->counter);
    if (!now || !run->began) {
        Py_XDECREF(now);
        return NULL;
    }
    PyObject *stretch = PyNumber_Subtract(now, run->began);
    Py_DECREF(now);
    Py_CLEAR(run->began);
    if (stretch && run->elapsed) {
        Py_SETREF(stretch, PyNumber_Add(run->elapsed, stretch));
    }
    return stretch;
}

/* Ends the stretch: from here on no time is counted until the next start. */
static int
end_stretch(py_run *run)
{
    if (!run->native.measuring) {
        return 0;
    }
    mb_run_suspend(&run->native);
    if (!run->foreign) {
        return 0;
    }
    PyObject *elapsed = foreign_elapsed(run);
    Py_XSETREF(run->elapsed, elapsed ? elapsed : Py_NewRef(Py_None));
    return elapsed ? 0 : -1;
}

/* Reads the clock, unless that is stopped: what follows is not timed. */
static void
pause_clock(py_run *run)
{
    if (end_stretch(run) < 0 && PyErr_Occurred()) {
        PyErr_WriteUnraisable(run->counter);
    }
}

/* The duration as a Python number; None where a foreign counter failed. */
static int
append_number(py_run *run)
{
    PyObject *number;
    if (run->foreign && run->elapsed) {
        number = run->elapsed;
        run->elapsed = NULL;
    } else if (run->foreign || run->integers) {
        number = PyLong_FromLongLong(run->native.elapsed_ns);
    } else {
        number = PyFloat_FromDouble((double)run->native.elapsed_ns / 1e9);
    }
    number = py_loops_share(number, run->loops);
    int result = number ? PyList_Append(run->durations, number) : -1;
    Py_XDECREF(number);
    return result;
}

void
py_run_stop(py_run *run)
{
    int result = end_stretch(run);
    if (run->durations && append_number(run) < 0) {
        result = -1;
    }
    if (run->loops > 1 && run->native.histogram) { /* to the nearest nanosecond */
        run->native.elapsed_ns = (run->native.elapsed_ns + run->loops / 2) / run->loops;
    }
    mb_run_stop(&run->native);
    if (result < 0 && PyErr_Occurred()) {
        PyErr_WriteUnraisable(run->counter);
    }
}

/* --- the active run of a context -------------------------------------------------- */

/* Sets a context variable. Until CPython 3.12, an allocation collects garbage, and code that
 * this runs must not set the variable meanwhile: the mapping would be freed while in use. */
static PyObject *
set_variable(PyObject *variable, PyObject *value)
{
#if PY_VERSION_HEX < 0x030C0000
    const int collects = PyGC_Disable();
    PyObject *token = PyContextVar_Set(variable, value);
    if (collects) {
        PyGC_Enable();
    }
    return token;
#else
    return PyContextVar_Set(variable, value);
#endif
}

static int
set_active(py_run *run, PyObject *value)
{
    PyObject *token = set_variable(run->state->active, value);
    Py_XDECREF(token);
    return token ? 0 : -1;
}

/* The open run that a value of the context variable stands for, and of its context;
 * NULL for none. Borrowed from `*held`, which the caller lets go of. */
static int
present(py_run *run, PyObject **open, PyObject **held)
{
    if (PyContextVar_Get(run->state->active, NULL, held) < 0) {
        return -1;
    }
    *open = py_run_open_one(run->state, *held);
    return 0;
}

/* Returns whether `run` is `open`, or one of those that were active when it was
 * opened. */
static bool
leads_to(PyObject *open, const py_run *run)
{
    while (open && open != run->state->muted) {
        if ((const py_run *)open == run) {
            return true;
        }
        open = ((py_run *)open)->previous;
    }
    return false;
}

/* Makes the run the active one, or what was opened inside it before it was suspended.
 * `previous` never leads back to the run itself: that would be a loop. A run that is
 * new cannot be led to. */
static int
activate(py_run *run, bool is_new)
{
    PyObject *open, *held;
    if (present(run, &open, &held) < 0) {
        return -1;
    }
    if (!is_new && leads_to(open, run)) {
        Py_XDECREF(held);
        return 0;
    }
    Py_XINCREF(open);
    Py_XSETREF(run->previous, open);
    Py_XDECREF(held);
    PyObject *inner = py_run_open_one(run->state, run->inner);
    int result = set_active(run, inner ? inner : (PyObject *)run);
    Py_CLEAR(run->inner);
    return result;
}

static int
reactivate_previous(py_run *run)
{
    PyObject *open = py_run_open_one(run->state, run->previous);
    return set_active(run, open ? open : Py_None);
}

/* Makes the run, and those opened inside it, inactive until activate(). */
static int
set_aside(py_run *run)
{
    PyObject *open, *held;
    if (present(run, &open, &held) < 0) {
        return -1;
    }
    int result = 0;
    if (leads_to(open, run)) {
        if (open != (PyObject *)run) {
            Py_XSETREF(run->inner, Py_NewRef(open));
        }
        result = reactivate_previous(run);
    }
    Py_XDECREF(held);
    return result;
}

static int
deactivate(py_run *run)
{
    PyObject *now;
    if (!run->state) {
        return 0; /* never opened */
    }
    if (PyContextVar_Get(run->state->active, NULL, &now) < 0) {
        return -1;
    }
    Py_XDECREF(now);
    /* else it is left in another context than it was entered in */
    return now == (PyObject *)run ? reactivate_previous(run) : 0;
}

/* --- names of phases -------------------------------------------------------------- */

/* UTF-8 of a str with lone surrogates in it, which CPython encodes no other way. */
static mb_phase_name *
name_with_surrogates(py_run *run, PyObject *str)
{
    PyObject *utf8 = PyUnicode_AsEncodedString(str, "utf-8", "surrogatepass");
    if (!utf8) {
        PyErr_Clear();
        return NULL;
    }
    mb_phase_name *stored = mb_phases_name(&run->native.phases, PyBytes_AS_STRING(utf8),
                                           (size_t)PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return stored;
}

mb_phase_name *
py_run_name(py_run *run, PyObject *str)
{
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(str, &size);
    if (!utf8) {
        PyErr_Clear();
        return name_with_surrogates(run, str);
    }
    return mb_phases_name(&run->native.phases, utf8, (size_t)size);
}

/* --- methods ---------------------------------------------------------------------- */

/* Coroutines and generators that await one another stack up on each resumption. */
static int
check_stack(void)
{
    if (mb_stack_room() == MB_STACK_FULL) {
        PyErr_SetString(PyExc_RecursionError,
                        "maximum recursion depth exceeded: the stack is used up");
        return -1;
    }
    return 0;
}

int
py_run_open(py_run *run, py_state *state, PyObject *bench, PyObject *counter,
            bool foreign, bool integers)
{
    if (check_stack() < 0) {
        return -1;
    }
    run->state = state;
    run->bench = Py_NewRef(bench);
    run->counter = Py_NewRef(counter);
    run->foreign = foreign;
    run->special = foreign;
    run->integers = integers;
    if (foreign && !(run->durations = PyList_New(0))) {
        return -1;
    }
    mb_run_open(&run->native, bench);
    run->native.strand = state->current ? py_thread_strand(state) : 0;
    if (!run->native.background && activate(run, true) < 0) {
        mb_run_close(&run->native);
        return -1;
    }
    return 0;
}

PyDoc_STRVAR(
    open_doc,
    "open(bench, counter, foreign, integers, histogram=False)\n--\n\n"
    "Enter the run in the registry and, unless it is in the background, make it\n"
    "the active one. With `histogram`, iterations and phases are not listed.");

static PyObject *
run_open(py_run *self, PyTypeObject *owner, PyObject *const *args, Py_ssize_t count,
         PyObject *names)
{
    if (count < 4 || count > 5 || names) {
        PyErr_SetString(PyExc_TypeError,
                        "open() takes four or five positional arguments");
        return NULL;
    }
    if (self->native.state != MB_RUN_NEW) {
        PyErr_SetString(PyExc_RuntimeError, "this run has been opened already");
        return NULL;
    }
    if (count == 5 && args[4] == Py_True && mb_run_use_histograms(&self->native) < 0) {
        return PyErr_NoMemory();
    }
    const int result = py_run_open(self, PyType_GetModuleState(owner), args[0], args[1],
                                   args[2] == Py_True, args[3] == Py_True);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(start_doc, "start()\n--\n\nBegin an iteration; the clock is read last.");

static PyObject *
run_start(py_run *self, PyObject *Py_UNUSED(ignored))
{
    if (py_run_start_captured(self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc, "stop()\n--\n\nEnd an iteration; the clock is read first.");

static PyObject *
run_stop(py_run *self, PyObject *Py_UNUSED(ignored))
{
    py_run_stop(self);
    py_run_stop_captured(self);
    mb_run_note_finish(&self->native);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(note_start_doc,
             "note_start()\n--\n\n"
             "Read both clocks: the start of the run, unless that is known.");

static PyObject *
run_note_start(py_run *self, PyObject *Py_UNUSED(ignored))
{
    mb_run_note_start(&self->native);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(note_finish_doc,
             "note_finish()\n--\n\n"
             "Set the time of the end, and the step of the wall clock.");

static PyObject *
run_note_finish(py_run *self, PyObject *Py_UNUSED(ignored))
{
    mb_run_note_finish(&self->native);
    Py_RETURN_NONE;
}

/* Abandons a run that could not be completed. The exception that is set stays set. */
static void
give_up_if_open(py_run *run)
{
    if (run->native.state != MB_RUN_OPEN) {
        return;
    }
    const py_raised error = py_raised_take();
    PyObject *closed = PyObject_CallMethod((PyObject *)run, "abandon", NULL);
    if (!closed) {
        PyErr_WriteUnraisable((PyObject *)run);
    }
    Py_XDECREF(closed);
    py_raised_again(error);
}

int
py_run_finish(py_run *run, PyObject *exception, PyObject *value)
{
    pause_clock(run);
    PyObject *outcome[] = {exception ? exception : Py_None, value ? value : Py_None};
    const int result = py_call_until_done((PyObject *)run, "complete", outcome, 2);
    give_up_if_open(run);
    return result;
}

py_run *
py_run_begun(const py_state *state, PyObject *begun)
{
    if (begun && !PyObject_TypeCheck(begun, state->run_type)) {
        PyErr_SetString(PyExc_TypeError, "begin() has to return a run");
        Py_CLEAR(begun);
    }
    return (py_run *)begun;
}

PyDoc_STRVAR(
    finish_doc,
    "finish(exception=None, value=None, /)\n--\n\n"
    "Have complete(exception, value) write the record and close the run, also if "
    "Ctrl-C comes in between. Should that fail, abandon().");

static PyObject *
run_finish(py_run *self, PyObject *const *args, Py_ssize_t count)
{
    if (count > 2) {
        PyErr_SetString(PyExc_TypeError, "finish() takes an exception and a value");
        return NULL;
    }
    PyObject *exception = count > 0 ? args[0] : NULL;
    PyObject *value = count > 1 ? args[1] : NULL;
    return py_run_finish(self, exception, value) == PY_DONE ? Py_NewRef(Py_None) : NULL;
}

PyDoc_STRVAR(suspend_doc,
             "suspend()\n--\n\n"
             "Stop the clock until resume(), and stop being the active run.");

static PyObject *
run_suspend(py_run *self, PyObject *Py_UNUSED(ignored))
{
    pause_clock(self);
    self->native.suspended = true;
    if (set_aside(self) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(resume_doc, "resume()\n--\n\n"
                         "Be the active run again and go on with the same iteration.");

static PyObject *
run_resume(py_run *self, PyObject *Py_UNUSED(ignored))
{
    if (self->native.state != MB_RUN_OPEN) {
        Py_RETURN_NONE;
    }
    if (check_stack() < 0) {
        return NULL;
    }
    self->native.suspended = false;
    self->native.thread = mb_thread_id();
    self->native.strand = self->state->current ? py_thread_strand(self->state) : 0;
    if (activate(self, false) < 0) {
        return NULL;
    }
    return run_start(self, NULL);
}

PyDoc_STRVAR(inside_doc, "inside(step, /, *args)\n--\n\n"
                         "Resume, call step(*args), and suspend, whatever it raises.");

static PyObject *
run_inside(py_run *self, PyObject *const *args, Py_ssize_t count)
{
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "inside() takes a callable");
        return NULL;
    }
    PyObject *resumed = run_resume(self, NULL);
    if (!resumed) {
        return NULL;
    }
    Py_DECREF(resumed);
    PyObject *value = PyObject_Vectorcall(args[0], args + 1, (size_t)(count - 1), NULL);
    const py_raised error = value ? (py_raised){0} : py_raised_take_object();
    PyObject *suspended = run_suspend(self, NULL);
    Py_XDECREF(suspended);
    if (!suspended && !value) {
        py_raised_within(error);
    } else if (!value) {
        py_raised_again(error);
    } else if (!suspended) {
        Py_CLEAR(value);
    }
    return value;
}

PyDoc_STRVAR(claim_doc,
             "claim()\n--\n\n"
             "Whether the caller is the one to write the record: true once.");

static PyObject *
run_claim(py_run *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(mb_run_claim(&self->native));
}

PyDoc_STRVAR(seal_doc, "seal()\n--\n\n"
                       "Leave the registry and the context; no phase comes any more.\n"
                       "What was measured stays, in the journal as well.");

static int
seal(py_run *run)
{
    mb_run_close(&run->native);
    const int result = deactivate(run);
    Py_CLEAR(run->bench);
    return result;
}

static PyObject *
run_seal(py_run *self, PyObject *Py_UNUSED(ignored))
{
    return seal(self) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(close_doc,
             "close()\n--\n\n"
             "Leave registry, context and journal. What was measured stays.");

int
py_run_close(py_run *run)
{
    mb_run_forget(&run->native);
    return seal(run);
}

static bool
is_active_here(const py_run *run)
{
    PyObject *now;
    if (PyContextVar_Get(run->state->active, NULL, &now) < 0) {
        PyErr_Clear();
        return false;
    }
    Py_XDECREF(now);
    return now == (const PyObject *)run;
}

bool
py_run_stay(py_run *run)
{
    if (run->previous || Py_REFCNT(run) != 2 || !is_active_here(run)) {
        return false;
    }
    mb_run_forget(&run->native);
    mb_run_close(&run->native);
    Py_CLEAR(run->bench);
    return true;
}

static PyObject *
run_close(py_run *self, PyObject *Py_UNUSED(ignored))
{
    return py_run_close(self) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(began_doc,
             "began_elsewhere()\n--\n\n"
             "The next iteration begins now and is measured elsewhere: have a "
             "journal that shows the run show that.");

static PyObject *
run_began_elsewhere(py_run *self, PyObject *Py_UNUSED(unused))
{
    mb_run_began_elsewhere(&self->native);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(add_doc,
             "add_duration(ns)\n--\n\n"
             "Store an iteration of `ns` nanoseconds that was measured elsewhere.");

static PyObject *
run_add_duration(py_run *self, PyObject *value)
{
    const long long ns = PyLong_AsLongLong(value);
    if (ns == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (mb_samples_reserve(&self->native.durations, 1) < 0) {
        return PyErr_NoMemory();
    }
    self->native.elapsed_ns = ns;
    return run_stop(self, NULL);
}

PyDoc_STRVAR(live_doc, "keep_numbers(list)\n--\n\n"
                       "From now on append durations to this list as Python numbers.");

static PyObject *
run_keep_numbers(py_run *self, PyObject *list)
{
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "keep_numbers() takes a list");
        return NULL;
    }
    Py_XSETREF(self->durations, Py_NewRef(list));
    Py_RETURN_NONE;
}

/* --- what was measured ------------------------------------------------------------ */

static PyObject *
number_of(const py_run *run, int64_t ns)
{
    return run->integers ? PyLong_FromLongLong(ns)
                         : PyFloat_FromDouble((double)ns / 1e9);
}

static PyObject *
get_durations(py_run *self, void *Py_UNUSED(closure))
{
    if (self->durations) {
        return Py_NewRef(self->durations);
    }
    const mb_samples *samples = &self->native.durations;
    PyObject *list = PyList_New((Py_ssize_t)samples->size);
    for (size_t i = 0; list && i < samples->size; i++) {
        PyObject *number =
            py_loops_share(number_of(self, samples->data[i]), self->loops);
        if (!number) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, (Py_ssize_t)i, number);
        }
    }
    return list;
}

/* Values of phases that are dropped go to fold(values), which sums them up by name. */
static int
fold_values(py_run *run)
{
    const uint32_t kept = mb_phases_stored(&run->native.phases);
    const Py_ssize_t count = PyList_GET_SIZE(run->values) - (Py_ssize_t)kept;
    PyObject *dropped = PyList_GetSlice(run->values, 0, count);
    if (!dropped || PyList_SetSlice(run->values, 0, count, NULL) < 0) {
        Py_XDECREF(dropped);
        return -1;
    }
    run->first_value += (uint32_t)count;
    PyObject *result = PyObject_CallMethod((PyObject *)run, "fold", "O", dropped);
    Py_DECREF(dropped);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static int
append_value(py_run *run, uint32_t order, PyObject *name, PyObject *value)
{
    if (!run->values) {
        run->values = PyList_New(0);
        run->first_value = (uint32_t)run->native.phases.dropped;
    }
    while (run->values &&
           PyList_GET_SIZE(run->values) < (Py_ssize_t)(order - run->first_value)) {
        if (PyList_Append(run->values, Py_None) < 0) {
            return -1;
        }
    }
    PyObject *pair = run->values ? PyTuple_Pack(2, name, value) : NULL;
    const int result = pair ? PyList_Append(run->values, pair) : -1;
    Py_XDECREF(pair);
    return result;
}

int
py_run_keep_value(py_run *run, mb_phase *phase, PyObject *name, PyObject *value)
{
    if (append_value(run, phase->order, name, value) < 0) {
        return -1;
    }
    mb_phase_note(phase, MB_PHASE_FOREIGN);
    const Py_ssize_t most = 2 * (Py_ssize_t)mb_phases_kept + PY_RUN_VALUES;
    return PyList_GET_SIZE(run->values) > most ? fold_values(run) : 0;
}

/* Returns what a foreign counter has measured for a finished phase, borrowed; NULL if C
 * has measured it. */
static PyObject *
value_of(const py_run *run, const mb_phase *phase)
{
    const Py_ssize_t index = (Py_ssize_t)(uint32_t)(phase->order - run->first_value);
    if (!run->values || index >= PyList_GET_SIZE(run->values)) {
        return NULL;
    }
    PyObject *pair = PyList_GET_ITEM(run->values, index);
    return pair == Py_None ? NULL : PyTuple_GET_ITEM(pair, 1);
}

/* New reference to the duration of a finished phase. */
static PyObject *
duration_of(const py_run *run, const mb_phase *phase)
{
    PyObject *value = value_of(run, phase);
    return value ? Py_NewRef(value) : number_of(run, phase->duration_ns);
}

/* {"name": ..., "duration": ...}; takes the reference to `duration`. */
static PyObject *
entry_of(const mb_phase *phase, PyObject *duration)
{
    PyObject *entry = NULL;
    PyObject *name =
        PyUnicode_DecodeUTF8(phase->name->utf8, phase->name->size, "surrogatepass");
    if (name && duration) {
        entry = Py_BuildValue("{sOsO}", "name", name, "duration", duration);
    }
    Py_XDECREF(name);
    Py_XDECREF(duration);
    return entry;
}

typedef PyObject *(*describe)(const py_run *run, const mb_phase *phase);

static PyObject *
timing_of(const py_run *run, const mb_phase *phase)
{
    return entry_of(phase, duration_of(run, phase));
}

static PyObject *
iteration_of(const py_run *Py_UNUSED(run), const mb_phase *phase)
{
    return PyLong_FromUnsignedLong(phase->iteration);
}

/* One item for each finished phase that is listed, in the order in which they were
 * left. */
static PyObject *
list_finished(const py_run *run, describe item_of)
{
    const mb_phases *stored = &run->native.phases;
    const uint32_t first = mb_phases_unlisted(stored);
    const uint32_t count = mb_phases_stored(stored) - first;
    const mb_phase **phases = PyMem_Calloc(first + count + 1, sizeof *phases);
    if (!phases) {
        return PyErr_NoMemory();
    }
    mb_phases_finished(stored, phases);
    PyObject *list = PyList_New(count);
    for (uint32_t i = 0; list && i < count; i++) {
        PyObject *item = item_of(run, phases[first + i]);
        if (!item) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, item);
        }
    }
    PyMem_Free(phases);
    return list;
}

static PyObject *
get_timings(py_run *self, void *Py_UNUSED(closure))
{
    return list_finished(self, timing_of);
}

static PyObject *
get_timings_iteration(py_run *self, void *Py_UNUSED(closure))
{
    return list_finished(self, iteration_of);
}

/* Takes the reference to `name`. */
static PyObject *
distribution_of(PyObject *name, const py_run *run, const mb_histogram *histogram)
{
    PyObject *entry = name ? Py_BuildValue("{sO}", "name", name) : NULL;
    if (entry && py_histogram_put(entry, histogram, run->integers) < 0) {
        Py_CLEAR(entry);
    }
    Py_XDECREF(name);
    return entry;
}

/* Takes the reference to `name`. */
static PyObject *
summary_of(PyObject *name, const py_run *run, const mb_total *total)
{
    PyObject *sum = number_of(run, total->sum_ns);
    PyObject *least = number_of(run, total->min_ns);
    PyObject *most = number_of(run, total->max_ns);
    PyObject *entry = NULL;
    if (name && sum && least && most) {
        entry = Py_BuildValue("{sOsKsOsOsO}", "name", name, "count", total->count,
                              "sum", sum, "min", least, "max", most);
    }
    Py_XDECREF(name);
    Py_XDECREF(sum);
    Py_XDECREF(least);
    Py_XDECREF(most);
    return entry;
}

static PyObject *
name_as_str(const mb_phase_name *name)
{
    return name ? PyUnicode_DecodeUTF8(name->utf8, name->size, "surrogatepass")
                : Py_NewRef(Py_None);
}

static PyObject *
list_totals(const py_run *run, const mb_total *totals)
{
    const mb_phases *phases = &run->native.phases;
    const mb_phase_name *name = phases->first_name;
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && i <= phases->names; i++) {
        const mb_histogram *histogram =
            name ? name->histogram : phases->shared_histogram;
        if (totals[i].count) {
            PyObject *entry = histogram && histogram->moments.count
                                  ? distribution_of(name_as_str(name), run, histogram)
                                  : summary_of(name_as_str(name), run, &totals[i]);
            if (!entry || PyList_Append(list, entry) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(entry);
        }
        name = name ? name->newer : NULL;
    }
    return list;
}

static PyObject *
get_timings_summary(py_run *self, void *Py_UNUSED(closure))
{
    const mb_phases *phases = &self->native.phases;
    if (!mb_phases_are_summed(phases)) {
        return PyList_New(0);
    }
    mb_total *totals = PyMem_Calloc(phases->names + 1, sizeof *totals);
    if (!totals) {
        return PyErr_NoMemory();
    }
    mb_phases_totals(phases, totals);
    PyObject *list = list_totals(self, totals);
    PyMem_Free(totals);
    return list;
}

static PyObject *
get_phases_listed(py_run *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLong(mb_phases_limit(&self->native.phases));
}

static PyObject *
get_histogram(py_run *self, void *Py_UNUSED(closure))
{
    const mb_histogram *histogram = self->native.histogram;
    PyObject *entry = NULL;
    if (!histogram || histogram->moments.count == 0) {
        Py_RETURN_NONE;
    }
    entry = PyDict_New();
    if (entry && py_histogram_put(entry, histogram, self->integers) < 0) {
        Py_CLEAR(entry);
    }
    return entry;
}

static PyObject *
get_values(py_run *self, void *Py_UNUSED(closure))
{
    return self->values ? PyList_GetSlice(self->values, 0, PY_SSIZE_T_MAX)
                        : PyList_New(0);
}

static PyObject *
list_open(const py_run *run, const mb_phase **phases, uint32_t count, int64_t now_ns)
{
    PyObject *list = PyList_New(count);
    for (uint32_t i = 0; list && i < count; i++) {
        const int64_t ns = mb_phase_so_far(phases[i], now_ns);
        PyObject *entry = entry_of(phases[i], number_of(run, ns));
        if (!entry) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, entry);
        }
    }
    return list;
}

static PyObject *
get_open_timings(py_run *self, void *Py_UNUSED(closure))
{
    const int64_t stopped = self->native.stopped_ns;
    const uint32_t count = mb_phases_open_count(&self->native.phases);
    const mb_phase **phases = PyMem_Calloc(count + 1, sizeof *phases);
    if (!phases) {
        return PyErr_NoMemory();
    }
    mb_phases_opened(&self->native.phases, phases);
    PyObject *list = list_open(self, phases, count, stopped ? stopped : mb_clock_ns());
    PyMem_Free(phases);
    return list;
}

static PyObject *
get_is_mixed(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->values != NULL);
}

static PyObject *
run_is_call(py_run *self, void *Py_UNUSED(unused))
{
    return PyBool_FromLong(self->captured && self->captured->is_call);
}

static PyObject *
get_record_id(py_run *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromStringAndSize(mb_run_record_id(&self->native),
                                       MB_RECORD_ID_SIZE);
}

static PyObject *
get_is_forked(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->native.generation != mb_fork_generation());
}

static PyObject *
get_is_journaled(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->native.mirror != NULL);
}

static PyObject *
get_in_first_iteration(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->native.started_ns && self->native.iteration == 0);
}

static PyObject *
get_has_claimed(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->native.claimed);
}

static PyObject *
get_is_open(py_run *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->native.state == MB_RUN_OPEN);
}

/* --- what the machine did meanwhile ------------------------------------------------ */

int
py_run_observe(py_run *run, bool usage)
{
    if (!run->captured && !(run->captured = py_captured_new())) {
        return -1;
    }
    py_captured_observe(run->captured, usage);
    return 0;
}

PyDoc_STRVAR(
    observe_phases_doc,
    "observe_phases(observer, /)\n--\n\n"
    "From now on return observer(phase) for each phase that is made in this run,\n"
    "which is open.");

static PyObject *
run_observe_phases(py_run *self, PyObject *observer)
{
    Py_XSETREF(self->observer, Py_NewRef(observer));
    self->special = true;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(observe_doc,
             "observe(usage, /)\n--\n\n"
             "Have the record say what the machine does between start() and stop():\n"
             "load, delay and, if asked for, resource usage.");

static PyObject *
run_observe(py_run *self, PyObject *usage)
{
    return py_run_observe(self, usage == Py_True) < 0 ? NULL : Py_NewRef(Py_None);
}

static bool
is_observed(const py_run *self)
{
    return self->captured && self->captured->observes;
}

static PyObject *
get_load_average(py_run *self, void *Py_UNUSED(closure))
{
    const int64_t load = is_observed(self) ? self->captured->load : MB_LOAD_UNKNOWN;
    return load == MB_LOAD_UNKNOWN ? Py_NewRef(Py_None)
                                   : PyFloat_FromDouble((double)load / 100);
}

static PyObject *
get_run_delay(py_run *self, void *Py_UNUSED(closure))
{
    const int64_t ns = is_observed(self) ? self->captured->delay_ns : MB_LOAD_UNKNOWN;
    return ns == MB_LOAD_UNKNOWN ? Py_NewRef(Py_None)
                                 : PyFloat_FromDouble((double)ns / 1e9);
}

static double
seconds_between(struct timeval before, struct timeval after)
{
    return (double)mb_usage_time_us(before, after) / 1e6;
}

static PyObject *
get_resource_usage(py_run *self, void *Py_UNUSED(closure))
{
    const py_captured *captured = self->captured;
    if (!is_observed(self) || !captured->observes_usage ||
        !py_captured_has_usage(captured)) {
        Py_RETURN_NONE;
    }
    const struct rusage *before = &captured->before;
    const struct rusage *after = &captured->after;
    return Py_BuildValue(
        "[{sdsdslslslslslsl}]", /* in the order of mb_usage_put() */
        "utime", seconds_between(before->ru_utime, after->ru_utime), /* */
        "stime", seconds_between(before->ru_stime, after->ru_stime), /* */
        "minflt", after->ru_minflt - before->ru_minflt,              /* */
        "majflt", after->ru_majflt - before->ru_majflt,              /* */
        "inblock", after->ru_inblock - before->ru_inblock,           /* */
        "oublock", after->ru_oublock - before->ru_oublock,           /* */
        "nvcsw", after->ru_nvcsw - before->ru_nvcsw,                 /* */
        "nivcsw", after->ru_nivcsw - before->ru_nivcsw);
}

/* --- the thread --------------------------------------------------------------------- */

void
py_run_note_thread(py_run *run, const py_state *state)
{
    Py_XSETREF(run->thread, py_thread_name_member(state));
}

PyDoc_STRVAR(note_thread_doc,
             "note_thread()\n--\n\n"
             "Note the name of this thread, if it is not the main one.");

static PyObject *
run_note_thread(py_run *self, PyTypeObject *owner, PyObject *const *Py_UNUSED(args),
                Py_ssize_t Py_UNUSED(count), PyObject *Py_UNUSED(names))
{
    py_run_note_thread(self, PyType_GetModuleState(owner));
    Py_RETURN_NONE;
}

/* --- the type --------------------------------------------------------------------- */

static PyObject *
run_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    py_run *self = (py_run *)type->tp_alloc(type, 0); /* all zero is a new run */
    if (self) {
        self->iterations = 1;
    }
    return (PyObject *)self;
}

static int
run_traverse(py_run *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->bench);
    Py_VISIT(self->counter);
    Py_VISIT(self->observer);
    Py_VISIT(self->began);
    Py_VISIT(self->elapsed);
    Py_VISIT(self->durations);
    Py_VISIT(self->values);
    Py_VISIT(self->previous);
    Py_VISIT(self->inner);
    Py_VISIT(self->recorder);
    Py_VISIT(self->label);
    Py_VISIT(self->notes);
    Py_VISIT(self->place);
    return py_kept_traverse(&self->kept, visit, arg);
}

/* Detaches a run of the whole process that is still open when the interpreter frees it:
 * what the journal shows of it stays there. */
static void
leave_in_journal(py_run *self)
{
    if (self->native.background) {
        self->native.mirror = NULL;
        self->native.entry = NULL;
    }
}

static int
run_clear(py_run *self)
{
    leave_in_journal(self);
    mb_run_close(&self->native); /* the registry knows it by its bench */
    mb_run_forget(&self->native);
    Py_CLEAR(self->bench);
    Py_CLEAR(self->counter);
    Py_CLEAR(self->observer);
    Py_CLEAR(self->began);
    Py_CLEAR(self->elapsed);
    Py_CLEAR(self->durations);
    Py_CLEAR(self->values);
    Py_CLEAR(self->previous);
    Py_CLEAR(self->inner);
    Py_CLEAR(self->recorder);
    Py_CLEAR(self->label);
    Py_CLEAR(self->notes);
    Py_CLEAR(self->place);
    Py_CLEAR(self->thread);
    py_kept_clear(&self->kept);
    return 0;
}

#define LINE_KEPT                                                                      \
    (64 << 10) /* bytes of the buffer that a run keeps for the next record */

void
py_run_reset(py_run *run)
{
    run->call.size = 0;
    run_clear(run);
    mb_run_reset(&run->native);
    if (run->line.capacity > LINE_KEPT) {
        mb_text_free(&run->line);
    }
    if (run->captured) {
        py_captured_reset(run->captured);
    }
    run->first_value = 0;
    run->triggers = false;
    run->state = NULL;
}

static void
run_dealloc(py_run *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    leave_in_journal(self);
    mb_run_free(&self->native);
    py_captured_free(self->captured);
    mb_text_free(&self->call);
    mb_text_free(&self->line);
    run_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef run_methods[] = {
    {"open", (PyCFunction)(void (*)(void))run_open,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS, open_doc},
    {"start", (PyCFunction)run_start, METH_NOARGS, start_doc},
    {"stop", (PyCFunction)run_stop, METH_NOARGS, stop_doc},
    {"note_start", (PyCFunction)run_note_start, METH_NOARGS, note_start_doc},
    {"note_finish", (PyCFunction)run_note_finish, METH_NOARGS, note_finish_doc},
    {"suspend", (PyCFunction)run_suspend, METH_NOARGS, suspend_doc},
    {"resume", (PyCFunction)run_resume, METH_NOARGS, resume_doc},
    {"inside", (PyCFunction)(void (*)(void))run_inside, METH_FASTCALL, inside_doc},
    {"finish", (PyCFunction)(void (*)(void))run_finish, METH_FASTCALL, finish_doc},
    {"claim", (PyCFunction)run_claim, METH_NOARGS, claim_doc},
    {"seal", (PyCFunction)run_seal, METH_NOARGS, seal_doc},
    {"close", (PyCFunction)run_close, METH_NOARGS, close_doc},
    {"add_duration", (PyCFunction)run_add_duration, METH_O, add_doc},
    {"began_elsewhere", (PyCFunction)run_began_elsewhere, METH_NOARGS, began_doc},
    {"keep_numbers", (PyCFunction)run_keep_numbers, METH_O, live_doc},
    {"observe", (PyCFunction)run_observe, METH_O, observe_doc},
    {"observe_phases", (PyCFunction)run_observe_phases, METH_O, observe_phases_doc},
    {"note_thread", (PyCFunction)(void (*)(void))run_note_thread,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS, note_thread_doc},
    {0},
};

static PyGetSetDef run_getset[] = {
    {"durations", (getter)get_durations, NULL, "one number an iteration", NULL},
    {"timings", (getter)get_timings, NULL, "finished phases in order of leaving", NULL},
    {"timings_iteration", (getter)get_timings_iteration, NULL,
     "iteration of each finished phase", NULL},
    {"open_timings", (getter)get_open_timings, NULL,
     "phases not left yet, with their time so far, outermost first", NULL},
    {"timings_summary", (getter)get_timings_summary, NULL,
     "totals of all phases that C has measured; empty while all are listed", NULL},
    {"histogram", (getter)get_histogram, NULL,
     "distribution of the iterations; None where they are listed, or there is none",
     NULL},
    {"phases_listed", (getter)get_phases_listed, NULL,
     "how many phases are listed, at most: the last ones", NULL},
    {"values", (getter)get_values, NULL,
     "a name and a value for each phase that a counter of others has measured", NULL},
    {"is_mixed", (getter)get_is_mixed, NULL,
     "whether phases were measured by a counter that C does not read", NULL},
    {"is_call", (getter)run_is_call, NULL,
     "whether C has captured the call of a function", NULL},
    {"is_open", (getter)get_is_open, NULL, "between open() and close()", NULL},
    {"is_forked", (getter)get_is_forked, NULL, "opened by a parent of this process",
     NULL},
    {"is_journaled", (getter)get_is_journaled, NULL, "if a journal mirrors it", NULL},
    {"in_first_iteration", (getter)get_in_first_iteration, NULL,
     "whether it has been started and not stopped", NULL},
    {"has_claimed", (getter)get_has_claimed, NULL, "whether claim() has returned True",
     NULL},
    {"load_average", (getter)get_load_average, NULL,
     "that of the last minute, at the start of an observed run; None if unknown", NULL},
    {"run_delay", (getter)get_run_delay, NULL,
     "seconds that the thread waited for a CPU, of an observed run; None if unknown",
     NULL},
    {"resource_usage", (getter)get_resource_usage, NULL,
     "list with the usage of an observed run; None if unknown", NULL},
    {"record_id", (getter)get_record_id, NULL,
     "id of its record: another one in a forked child", NULL},
    {0},
};

static PyMemberDef run_members[] = {
    {"bench", T_OBJECT, offsetof(py_run, bench), READONLY,
     "the bench, until it is closed"},
    {"recorder", T_OBJECT, offsetof(py_run, recorder), READONLY,
     "the Recorder that has begun it, or None"},
    {"label", T_OBJECT, offsetof(py_run, label), READONLY,
     "call.name, where a Recorder has begun it"},
    {"notes", T_OBJECT, offsetof(py_run, notes), 0, "fields by annotate(), or None"},
    {"place", T_OBJECT, offsetof(py_run, place), 0,
     "members of `call` with the place of the function, as bytes; or None"},
    {"thread", T_OBJECT, offsetof(py_run, thread), READONLY,
     "member of `process` with the name of the thread, as bytes; or None"},
    {"phases_finished", T_ULONGLONG, offsetof(py_run, native.phases.left), READONLY,
     "how many phases have been left"},
    {"iterations", T_PYSSIZET, offsetof(py_run, iterations), 0,
     "how often a decorated function is called"},
    {"loops", T_PYSSIZET, offsetof(py_run, loops), 0,
     "calls in each iteration, of which more() says how many follow; 0: one, and none"},
    {"background", T_BOOL, offsetof(py_run, native.background), 0,
     "set before open(): takes the phases that belong to no other run"},
    {"triggers", T_BOOL, offsetof(py_run, triggers), 0,
     "whether the owner has hooks around each iteration"},
    {"start_wall_ns", T_LONGLONG, offsetof(py_run, native.start_wall_ns), 0,
     "wall clock at the first start, in nanoseconds since 1970"},
    {"finish_wall_ns", T_LONGLONG, offsetof(py_run, native.finish_wall_ns), 0,
     "the start, and what the monotonic clock says since, at the last stop"},
    {"clock_step_ns", T_LONGLONG, offsetof(py_run, native.clock_step_ns), 0,
     "by how much the wall clock was set meanwhile; 0 for less than a second"},
    {0},
};

static PyType_Slot run_slots[] = {
    {Py_tp_doc, "The native half of a run: clock, durations, phases, context."},
    {Py_tp_new, run_new},
    {Py_tp_dealloc, run_dealloc},
    {Py_tp_traverse, run_traverse},
    {Py_tp_clear, run_clear},
    {Py_tp_methods, run_methods},
    {Py_tp_getset, run_getset},
    {Py_tp_members, run_members},
    {0},
};

static PyType_Spec run_spec = {
    .name = "microbench._core.OpenRun",
    .basicsize = sizeof(py_run),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = run_slots,
};

int
py_run_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->run_type = py_state_type(module, &run_spec);
    return state->run_type ? 0 : -1;
}
