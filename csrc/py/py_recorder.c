#include "py/py_recorder.h"

#include "py/py_call_until_done.h"
#include "py/py_handlers.h"
#include "py/py_outcome.h"
#include "py/py_raised.h"
#include "py/py_sources.h"
#include "py/py_template.h"
#include "py/py_type.h"
#include "run/mb_record.h"

#include <structmember.h>

unsigned long long py_recorder_changes;

/* --- is it current ----------------------------------------------------------------- */

static bool
sinks_are_current(const py_recorder *self)
{
    for (Py_ssize_t i = 0; i < self->sink_count; i++) {
        const py_recorder_sink *sink = &self->sinks[i];
        if (py_type_version((PyObject *)sink->type) != sink->type_version) {
            return false;
        }
    }
    return true;
}

/* Whether the sinks are what they were, wherever the record of a call begun before goes, and
 * the process too, which the record names. */
static bool
goes_there(const py_recorder *self)
{
    return self->changes == py_recorder_changes &&
           self->generation == mb_fork_generation() && sinks_are_current(self);
}

static bool
has_name(const py_recorder *self, PyObject *func)
{
    return self->labelled || !PyFunction_Check(func) ||
           ((PyFunctionObject *)func)->func_name == self->name;
}

/* Whether the function is where the text of the recorder has it. */
static bool
has_place(const py_recorder *self, PyObject *func)
{
    if (!self->code || !PyFunction_Check(func)) {
        return true;
    }
    const PyFunctionObject *function = (PyFunctionObject *)func;
    return function->func_qualname == self->qualname &&
           function->func_module == self->module && function->func_code == self->code;
}

bool
py_recorder_is_current(const py_recorder *self, PyObject *bench, PyObject *func)
{
    return goes_there(self) && has_name(self, func) && has_place(self, func) &&
           (!self->sources || py_sources_hold(self->sources)) &&
           self->bench_version == py_type_version((PyObject *)Py_TYPE(bench));
}

/* --- runs -------------------------------------------------------------------------- */

/* Takes a spare run that no context refers to; NULL if there is none. */
static py_run *
take_spare(py_recorder *self)
{
    for (unsigned i = self->spares; i-- > 0;) {
        py_run *run = self->spare[i];
        if (Py_REFCNT(run) == 1) {
            self->spare[i] = self->spare[--self->spares];
            return run;
        }
    }
    return NULL;
}

static py_run *
new_run(py_recorder *self)
{
    py_run *run = take_spare(self);
    return run ? run : (py_run *)self->run_class->tp_alloc(self->run_class, 0);
}

/* Keeps a closed run for the next call, unless others than a context refer to it, or as
 * many are kept. What it lets go of may run code that calls the function: the room is
 * looked at after. `references`: that of the caller, and that of a context. */
static void
release(py_recorder *self, py_run *run, Py_ssize_t references)
{
    if (Py_REFCNT(run) == references) {
        py_run_reset(run);
    }
    if (Py_REFCNT(run) == references && self->spares < PY_RECORDER_SPARES) {
        self->spare[self->spares++] = run;
    } else {
        Py_DECREF(run);
    }
}

/* Whether one more run may stay in its context. */
static bool
one_may_stay(const py_recorder *self)
{
    unsigned stay = 0;
    for (unsigned i = 0; i < self->spares; i++) {
        stay += Py_REFCNT(self->spare[i]) > 1;
    }
    return stay < PY_RECORDER_STAYING;
}

/* Closes a run whose record is written, and takes the reference. Returns as
 * py_run_close(). */
static int
close_run(py_recorder *self, py_run *run)
{
    const bool stays = one_may_stay(self) && py_run_stay(run);
    const int result = stays ? 0 : py_run_close(run);
    release(self, run, stays ? 2 : 1);
    return result;
}

/* Runs the captures before the code. False with an exception, or without one if Python has
 * to run the hooks. */
static bool
capture(const py_recorder *self, py_run *run, const py_captures_call *call)
{
    return !self->captures || py_captures_begin(self->captures, run, call) > 0;
}

/* Closes a run that makes no record; takes the reference. The exception stays. */
static void
discard(py_run *run)
{
    const py_raised error = py_raised_take();
    if (py_run_close(run) < 0) {
        PyErr_WriteUnraisable((PyObject *)run);
    }
    Py_DECREF(run);
    py_raised_again(error);
}

/* Names the run of a block: a function has its name in the text of the recorder. */
static int
put_name(py_run *run, PyObject *name)
{
    run->call.size = 0;
    run->call.failed = false;
    if (py_template_put_call(&run->call, name) < 0) {
        return -1;
    }
    if (run->call.failed) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static int
mirror(const py_recorder *self, py_run *run, PyObject *name)
{
    PyObject *mirrored = PyObject_CallMethodObjArgs(
        self->template, run->state->mirror_name, (PyObject *)run, name, NULL);
    Py_XDECREF(mirrored);
    return mirrored ? 0 : -1;
}

static int
name_and_mirror(const py_recorder *self, py_run *run, PyObject *name)
{
    if (name && put_name(run, name) < 0) {
        return -1;
    }
    return self->template ? mirror(self, run, name ? name : self->name) : 0;
}

static py_run *
opened(py_recorder *self, PyObject *bench, PyObject *name)
{
    py_state *state = PyType_GetModuleState(Py_TYPE(self));
    py_run *run = new_run(self);
    if (!run) {
        return NULL;
    }
    run->iterations = self->iterations;
    if (self->histogram && mb_run_use_histograms(&run->native) < 0) {
        Py_DECREF(run);
        PyErr_NoMemory();
        return NULL;
    }
    run->recorder = Py_NewRef((PyObject *)self);
    run->label = Py_NewRef(name ? name : self->name);
    run->place = Py_XNewRef(self->place);
    if (self->thread_at >= 0) {
        py_run_note_thread(run, state);
    }
    if (self->observes && py_run_observe(run, self->observes_usage) < 0) {
        Py_DECREF(run);
        return NULL;
    }
    if (py_run_open(run, state, bench, self->counter, false, self->integers) < 0) {
        Py_DECREF(run);
        return NULL;
    }
    return run;
}

py_run *
py_recorder_begin(py_recorder *self, PyObject *bench, const py_captures_call *call,
                  PyObject *name)
{
    py_run *run = opened(self, bench, name);
    if (run && (!capture(self, run, call) || name_and_mirror(self, run, name) < 0)) {
        discard(run);
        return NULL;
    }
    if (run && self->observes) {
        run->triggers = true;
    }
    return run;
}

/* --- the record -------------------------------------------------------------------- */

/* Adds what the code has raised to the end of the record. False where Python has to. */
static bool
add_outcome(const py_recorder *self, mb_text *line, PyObject *error)
{
    if (!self->outcomes || line->failed) {
        return false;
    }
    line->size--; /* the last brace */
    const bool is_added = py_outcome_put(line, error);
    MB_TEXT_LITERAL(line, "}");
    return is_added;
}

/* Renders the record into the buffer of the run. False without memory, and where the
 * outcome is one for Python; with an exception if a handler of a signal has raised. */
static bool
render(const py_recorder *self, py_run *run, PyObject *error)
{
    run->line.size = 0;
    run->line.failed = false;
    mb_mirror_opening text = self->text;
    if (run->call.size) {
        text.call = run->call.data;
        text.call_size = run->call.size;
    }
    mb_record_more more = {0};
    if (run->captured && !py_captured_pieces(run->captured, &more)) {
        return false;
    }
    if (run->captured && run->captured->is_call) {
        text.call = PY_CAPTURES_FIRST;
        text.call_size = sizeof PY_CAPTURES_FIRST - 1;
    }
    more.rest.data = PyBytes_AS_STRING(self->rest);
    more.rest.size = (size_t)PyBytes_GET_SIZE(self->rest);
    if (run->thread) {
        more.inside.data = PyBytes_AS_STRING(run->thread);
        more.inside.size = (size_t)PyBytes_GET_SIZE(run->thread);
        more.inside_at = (size_t)self->thread_at;
    }
    mb_record_write_with(&run->line, &run->native, &text, &more,
                         run->native.stopped_ns);
    return (!error || add_outcome(self, &run->line, error)) && !run->line.failed;
}

/* Waits for the disk. False with the OSError, which is that of the sink. */
static bool
synced(const py_recorder_sink *sink, const py_state *state)
{
    PyObject *done = PyObject_CallMethodNoArgs(sink->target, state->sync_name);
    Py_XDECREF(done);
    return done != NULL;
}

static bool
append(const py_recorder_sink *sink, const mb_text *line)
{
    if (mb_batch_add(sink->batch, line->data, line->size)) {
        return true;
    }
    PyThreadState *thread = PyEval_SaveThread();
    const int error = sink->batch ? mb_batch_record(sink->batch, line->data, line->size)
                                  : mb_append_record(sink->file, line->data, line->size,
                                                     py_handlers_raise);
    PyEval_RestoreThread(thread);
    return error == 0;
}

/* One call, so that no other thread sees a part. */
static bool
write_to_memory(const py_recorder_sink *sink, mb_text *line, PyObject *write)
{
    MB_TEXT_LITERAL(line, "\n");
    if (line->failed) {
        return false;
    }
    PyObject *text =
        PyUnicode_DecodeASCII(line->data, (Py_ssize_t)line->size, "strict");
    line->size--;
    PyObject *written =
        text ? PyObject_CallMethodOneArg(sink->target, write, text) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(written);
    PyErr_Clear(); /* Python tries again, and reacts to the error */
    return written != NULL;
}

static bool
give(const py_recorder_sink *sink, py_run *run)
{
    switch (sink->kind) {
    case PY_RECORDER_FILE:
        return append(sink, &run->line) && (!sink->syncs || synced(sink, run->state));
    case PY_RECORDER_MEMORY:
        return write_to_memory(sink, &run->line, run->state->write);
    case PY_RECORDER_NULL:
        break;
    }
    return true;
}

/* How many sinks have the record; an exception is set if a handler of a signal has raised, or
 * the disk has failed. */
static Py_ssize_t
give_to_sinks(const py_recorder *self, py_run *run)
{
    Py_ssize_t done = 0;
    while (done < self->sink_count && give(&self->sinks[done], run)) {
        done++;
    }
    return done;
}

/* After an error the program may end soon. A batch that fails keeps its records: the
 * next record makes another attempt, and reports its error. */
static void
write_batches(const py_recorder *self)
{
    for (Py_ssize_t i = 0; i < self->sink_count; i++) {
        mb_batch *batch = self->sinks[i].batch;
        if (batch) {
            PyThreadState *thread = PyEval_SaveThread();
            mb_batch_flush(batch);
            PyEval_RestoreThread(thread);
        }
    }
}

/* Takes what a handler of a signal has raised during a write; NULL for nothing. */
static PyObject *
taken_interruption(void)
{
    py_raised error = py_raised_take();
    PyErr_NormalizeException(&error.type, &error.value, &error.traceback);
    Py_XDECREF(error.type);
    Py_XDECREF(error.traceback);
    return error.value;
}

/* Has Python take the run over: see Run.adopt(). Returns as py_call_until_done(). */
static int
adopt(const py_recorder *self, py_run *run, PyObject *name, Py_ssize_t tried)
{
    PyObject *interruption = taken_interruption();
    PyObject *bench = Py_NewRef(run->bench); /* adopt() may let go of it */
    PyObject *count = PyLong_FromSsize_t(tried);
    PyObject *all[PY_CALL_ARGUMENTS] = {bench, self->plan, name ? name : self->name,
                                        count, interruption ? interruption : Py_None};
    const int result =
        count ? py_call_until_done((PyObject *)run, "adopt", all, PY_CALL_ARGUMENTS)
              : -1;
    Py_XDECREF(count);
    Py_DECREF(bench);
    Py_XDECREF(interruption);
    return result;
}

/* Raises what was taken before the run ended, if that has raised nothing itself; takes the
 * references. Returns how it ended, as py_run_finish(). */
static int
then_raise(py_raised first, int ended)
{
    if (first.type && ended == PY_DONE) {
        py_raised_again(first);
        return PY_INTERRUPTED;
    }
    py_raised_drop(first);
    return ended;
}

/* Has Python go on with the record: `tried` sinks have it, and the next may have it. */
static int
leave_to_python(const py_recorder *self, py_run *run, PyObject *name, Py_ssize_t tried,
                PyObject *error, PyObject *value)
{
    const int adopted = adopt(self, run, name, tried);
    if (adopted == -1) {
        return -1; /* the run is closed with its object */
    }
    const py_raised first = py_raised_take(); /* an interruption, or nothing */
    return then_raise(first, py_run_finish(run, error, value));
}

/* Whether Python has to search the record for secrets. */
static bool
may_hold_secrets(const py_recorder *self, const py_run *run)
{
    return self->captures && run->captured->may_hold_secrets;
}

/* Whether the record is written without Python. `tried` sinks have tried. */
static bool
write_here(py_recorder *self, py_run *run, PyObject *error, Py_ssize_t *tried)
{
    if (!goes_there(self) || run->values || run->notes || may_hold_secrets(self, run) ||
        !render(self, run, error) || !mb_run_claim(&run->native)) {
        return false;
    }
    const Py_ssize_t done = give_to_sinks(self, run);
    *tried = done;
    if (error) {
        write_batches(self);
    }
    return done == self->sink_count;
}

/* As leave_to_python(), and raises the present exception after that, if there is one. */
static int
leave_interrupted(const py_recorder *self, py_run *run, PyObject *name, PyObject *error,
                  PyObject *value)
{
    const py_raised first = py_raised_take();
    return then_raise(first, leave_to_python(self, run, name, -1, error, value));
}

/* Has Python render the return value again, which keeps an Exception of its encoder until the
 * record is written. What else has interrupted that is raised after it. */
static int
leave_value_to_python(const py_recorder *self, py_run *run, PyObject *value)
{
    if (PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
    }
    return leave_interrupted(self, run, NULL, NULL, value);
}

int
py_recorder_finish(py_recorder *self, py_run *run, PyObject *name, PyObject *error,
                   PyObject *value)
{
    Py_ssize_t tried = -1;
    int result;
    if (self->captures && value && py_captures_value(self->captures, run, value) < 0) {
        result = leave_value_to_python(self, run, value);
        Py_DECREF(run);
        return result;
    }
    if (write_here(self, run, error, &tried)) {
        self->records++;
        return close_run(self, run) < 0 ? -1 : PY_DONE;
    }
    result = tried < 0 ? leave_interrupted(self, run, name, error, value)
                       : leave_to_python(self, run, name, tried, error, value);
    Py_DECREF(run);
    return result;
}

/* --- the type ---------------------------------------------------------------------- */

int
py_recorder_add(PyObject *object, PyObject *sink, const py_recorder_sink *how)
{
    py_recorder *self = (py_recorder *)object;
    const size_t size = ((size_t)self->sink_count + 1) * sizeof *self->sinks;
    py_recorder_sink *sinks = PyMem_Realloc(self->sinks, size);
    if (!sinks) {
        PyErr_NoMemory();
        return -1;
    }
    self->sinks = sinks;
    py_recorder_sink *added = &sinks[self->sink_count++];
    *added = *how;
    Py_XINCREF(added->target);
    added->type = (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE(sink));
    added->type_version = py_type_version((PyObject *)added->type);
    return 0;
}

static bool
is_none_or(PyObject *object, PyTypeObject *type)
{
    return !object || object == Py_None || Py_IS_TYPE(object, type);
}

/* A new reference; NULL for None. */
static PyObject *
not_none(PyObject *object)
{
    return Py_XNewRef(object == Py_None ? NULL : object);
}

/* Keeps what the place was made from, to see it change. */
static void
note_place(py_recorder *self, PyObject *place, PyObject *func)
{
    if (!place || !PyBytes_GET_SIZE(place)) {
        return;
    }
    self->place = Py_NewRef(place);
    if (func && PyFunction_Check(func)) {
        PyFunctionObject *function = (PyFunctionObject *)func;
        self->qualname = Py_XNewRef(function->func_qualname);
        self->module = Py_XNewRef(function->func_module);
        self->code = Py_XNewRef(function->func_code);
    }
}

static bool
parse(py_recorder *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "run_class", "plan",      "name",     "head",           "call",      "tail",
        "counter",   "offset_s",  "integers", "iterations",     "version",   "outcomes",
        "template",  "rest",      "captures", "sources",        "histogram", "place",
        "func",      "thread_at", "observes", "observes_usage", NULL};
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    int offset_s, integers, outcomes, histogram = 0, observes = 0, usage = 0;
    PyTypeObject *run_class;
    PyObject *plan, *name, *head, *call, *tail, *counter, *template = NULL;
    PyObject *rest = NULL, *captures = NULL, *sources = NULL;
    PyObject *place = NULL, *func = NULL;
    self->thread_at = -1;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O!OUSSSOipnIp|OSOOpSOnpp:Recorder", names, &PyType_Type,
            &run_class, &plan, &name, &head, &call, &tail, &counter, &offset_s,
            &integers, &self->iterations, &self->bench_version, &outcomes, &template,
            &rest, &captures, &sources, &histogram, &place, &func, &self->thread_at,
            &observes, &usage)) {
        return false;
    }
    if (!is_none_or(captures, state->captures_type) ||
        !is_none_or(sources, state->sources_type)) {
        PyErr_SetString(PyExc_TypeError, "Captures and Sources are needed, or None");
        return false;
    }
    self->rest = rest ? Py_NewRef(rest) : PyBytes_FromStringAndSize(NULL, 0);
    if (!self->rest) {
        return false;
    }
    self->captures = (py_captures *)not_none(captures);
    self->sources = not_none(sources);
    self->run_class = (PyTypeObject *)Py_NewRef((PyObject *)run_class);
    self->plan = Py_NewRef(plan);
    self->name = Py_NewRef(name);
    self->head = Py_NewRef(head);
    self->call = Py_NewRef(call);
    self->tail = Py_NewRef(tail);
    self->counter = Py_NewRef(counter);
    self->template = not_none(template);
    self->observes = observes;
    self->observes_usage = usage;
    note_place(self, place, func);
    self->generation = mb_fork_generation();
    self->integers = integers;
    self->histogram = histogram;
    self->outcomes = outcomes;
    self->text = (mb_mirror_opening){
        .head = PyBytes_AS_STRING(head),
        .head_size = (size_t)PyBytes_GET_SIZE(head),
        .call = PyBytes_AS_STRING(call),
        .call_size = (size_t)PyBytes_GET_SIZE(call),
        .tail = PyBytes_AS_STRING(tail),
        .tail_size = (size_t)PyBytes_GET_SIZE(tail),
        .flags = (integers ? MB_SLOT_INTEGERS : 0) |
                 (self->iterations > 1 ? MB_SLOT_ITERATED : 0),
        .offset_s = offset_s,
    };
    return true;
}

static PyObject *
recorder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    py_recorder *self = (py_recorder *)type->tp_alloc(type, 0);
    if (!self || !parse(self, args, kwargs)) {
        Py_XDECREF(self);
        return NULL;
    }
    const py_state *state = PyType_GetModuleState(type);
    if (!PyType_IsSubtype(self->run_class, state->run_type)) {
        PyErr_SetString(PyExc_TypeError, "run_class has to be a class of runs");
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int
recorder_traverse(py_recorder *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->run_class);
    Py_VISIT(self->plan);
    Py_VISIT(self->counter);
    Py_VISIT(self->captures);
    Py_VISIT(self->sources);
    Py_VISIT(self->template);
    for (Py_ssize_t i = 0; i < self->sink_count; i++) {
        Py_VISIT(self->sinks[i].target);
        Py_VISIT(self->sinks[i].type);
    }
    for (unsigned i = 0; i < self->spares; i++) {
        Py_VISIT(self->spare[i]);
    }
    return 0;
}

static void
clear_sinks(py_recorder *self)
{
    while (self->sink_count > 0) {
        const py_recorder_sink sink = self->sinks[--self->sink_count];
        Py_XDECREF(sink.target);
        Py_DECREF((PyObject *)sink.type);
    }
}

static int
recorder_clear(py_recorder *self)
{
    clear_sinks(self);
    while (self->spares) {
        Py_DECREF(self->spare[--self->spares]);
    }
    Py_CLEAR(self->run_class);
    Py_CLEAR(self->plan);
    Py_CLEAR(self->name);
    Py_CLEAR(self->head);
    Py_CLEAR(self->call);
    Py_CLEAR(self->tail);
    Py_CLEAR(self->counter);
    Py_CLEAR(self->template);
    return 0;
}

static void
recorder_dealloc(py_recorder *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    recorder_clear(self);
    Py_CLEAR(self->rest);
    Py_CLEAR(self->place);
    Py_CLEAR(self->qualname);
    Py_CLEAR(self->module);
    Py_CLEAR(self->code);
    Py_CLEAR(self->captures);
    Py_CLEAR(self->sources);
    PyMem_Free(self->sinks);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef recorder_members[] = {
    {"plan", T_OBJECT_EX, offsetof(py_recorder, plan), READONLY, NULL},
    {"labelled", T_BOOL, offsetof(py_recorder, labelled), 0,
     "the name is that of the decorator, whatever that of the function"},
    {"records", T_ULONGLONG, offsetof(py_recorder, records), READONLY,
     "how many records it has written without Python"},
    {"changes", T_ULONGLONG, offsetof(py_recorder, changes), 0,
     "the count of changes after which it is current"},
    {0},
};

static PyType_Slot recorder_slots[] = {
    {Py_tp_doc, "Writes the records of a function without running other Python."},
    {Py_tp_new, recorder_new},
    {Py_tp_dealloc, recorder_dealloc},
    {Py_tp_traverse, recorder_traverse},
    {Py_tp_clear, recorder_clear},
    {Py_tp_members, recorder_members},
    {0},
};

static PyType_Spec recorder_spec = {
    .name = "microbench._core.Recorder",
    .basicsize = sizeof(py_recorder),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = recorder_slots,
};

int
py_recorder_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->mirror_name = PyUnicode_InternFromString("mirror");
    state->sync_name = PyUnicode_InternFromString("sync");
    state->recorder_type = py_state_type(module, &recorder_spec);
    return state->mirror_name && state->sync_name && state->recorder_type ? 0 : -1;
}
