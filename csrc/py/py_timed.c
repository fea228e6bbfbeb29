#include "py/py_timed.h"

#include "base/mb_stack.h"
#include "py/py_arguments.h"
#include "py/py_call_until_done.h"
#include "py/py_function.h"
#include "py/py_headroom.h"
#include "py/py_iterations.h"
#include "py/py_raised.h"

/* The arguments of a call, in the form that it came in. */
typedef struct {
    PyObject *const *values; /* as vectorcall has them */
    size_t flags;
    PyObject *names;
    PyObject *positional,
        *keywords; /* Borrowed: tuple and dict, from a body; or NULL */
} arguments;

/* --- the run: begun in C, or in Python ----------------------------------------------- */

/* NULL with an exception, or without one if Python has to begin the run. */
static py_run *
begin_in_c(const py_timed *self, py_recorder *recorder, const arguments *given)
{
    const py_captures_call captured = {recorder->name, given->values,
                                       PyVectorcall_NARGS(given->flags), given->names};
    return py_recorder_begin(recorder, self->bench, &captured, NULL);
}

static PyObject *
tuple_of(const arguments *given)
{
    const Py_ssize_t count = PyVectorcall_NARGS(given->flags);
    PyObject *positional = PyTuple_New(count);
    for (Py_ssize_t i = 0; positional && i < count; i++) {
        PyTuple_SET_ITEM(positional, i, Py_NewRef(given->values[i]));
    }
    return positional;
}

static PyObject *
dict_of(const arguments *given)
{
    PyObject *const *values = given->values + PyVectorcall_NARGS(given->flags);
    PyObject *keywords = PyDict_New();
    const Py_ssize_t count = given->names ? PyTuple_GET_SIZE(given->names) : 0;
    for (Py_ssize_t i = 0; keywords && i < count; i++) {
        if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(given->names, i), values[i]) <
            0) {
            Py_CLEAR(keywords);
        }
    }
    return keywords;
}

static PyObject *
call_begin(const py_timed *self, PyObject *positional, PyObject *keywords)
{
    PyObject *all[] = {self->bench, self->func, positional, keywords};
    const bool headroom = py_headroom_give();
    PyObject *run = PyObject_Vectorcall(self->begin, all, 4, NULL);
    py_headroom_take_back(headroom);
    return run;
}

/* The run that begin() returns; NULL with an exception. */
static py_run *
begin_in_python(py_timed *self, const arguments *given)
{
    const bool has_both = given->positional != NULL;
    PyObject *positional = has_both ? Py_NewRef(given->positional) : tuple_of(given);
    PyObject *keywords = has_both ? Py_NewRef(given->keywords) : dict_of(given);
    py_run *run = NULL;
    if (positional && keywords) {
        run = py_run_begun(PyType_GetModuleState(Py_TYPE(self)),
                           call_begin(self, positional, keywords));
    }
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return run;
}

/* --- a call that is recorded --------------------------------------------------------- */

/* What a call returns after its run has ended with this outcome. The exception of the code,
 * where `value` is NULL, wins over any other but Ctrl-C and its like. */
static PyObject *
result_of(PyObject *value, py_raised error, int outcome, PyObject *func)
{
    if (!value && outcome == PY_INTERRUPTED) {
        py_raised_within(error);
    } else if (!value) {
        if (outcome != PY_DONE) {
            PyErr_WriteUnraisable(func);
        }
        py_raised_again(error);
    } else if (outcome != PY_DONE) {
        Py_CLEAR(value);
    }
    return value;
}

static inline PyObject *
iterate(py_timed *self, py_run *run, const arguments *given)
{
    return py_iterations_run(run, self->func, given->values, given->flags,
                             given->names);
}

/* Goes on with a run that C has begun, and has the Recorder write its record: no Python runs
 * but the function. Takes the reference to the run. */
static PyObject *
record_in_c(py_timed *self, py_recorder *recorder, py_run *run, const arguments *given)
{
    PyObject *value = iterate(self, run, given);
    const py_raised error = value ? (py_raised){0} : py_raised_take_object();
    const int outcome = py_recorder_finish(recorder, run, NULL, error.value, value);
    return result_of(value, error, outcome, self->func);
}

/* Has Python begin the run and write its record. */
static PyObject *
record_in_python(py_timed *self, const arguments *given)
{
    py_run *run = begin_in_python(self, given);
    if (!run) {
        return NULL;
    }
    PyObject *value = iterate(self, run, given);
    const py_raised error = value ? (py_raised){0} : py_raised_take_object();
    const int outcome = py_run_finish(run, error.value, value);
    value = result_of(value, error, outcome, (PyObject *)run);
    Py_DECREF(run);
    return value;
}

/* Records a call; `recorder` is NULL where only Python can. */
static PyObject *
record(py_timed *self, py_recorder *recorder, const arguments *given)
{
    if (recorder) {
        py_run *run = begin_in_c(self, recorder, given);
        if (run) {
            return record_in_c(self, recorder, run, given);
        }
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    return record_in_python(self, given);
}

/* Raises RecursionError before anything begins, unless there is room for the function
 * and its record. */
static PyObject *
record_if_there_is_room(py_timed *self, py_recorder *recorder, const arguments *given)
{
    const int room = mb_stack_room();
    if (room == MB_STACK_FULL) {
        PyErr_SetString(PyExc_RecursionError,
                        "maximum recursion depth exceeded: the stack is used up");
        return NULL;
    }
    if (!py_headroom_for_a_call()) {
        return NULL;
    }
    const int units = room == MB_STACK_PLENTY ? PY_HEADROOM_CALL : 0;
    py_headroom_add_c(units);
    PyObject *value = record(self, recorder, given);
    py_headroom_add_c(-units);
    return value;
}

/* --- a call that is only counted ------------------------------------------------------ */

/* Runs the function, and adds the duration to the counts of the sampler. */
static PyObject *
count_only(const py_timed *self, const arguments *given)
{
    py_sampler *sampler = (py_sampler *)Py_NewRef(self->sampler);
    PyObject *func = Py_NewRef(self->func); /* it may delete what leads here */
    py_sampler_call skipped;
    PyObject *value = NULL;
    if (py_sampler_enter(sampler, &skipped) == 0) {
        const int64_t start_ns = mb_clock_ns();
        value = PyObject_Vectorcall(func, given->values,
                                    given->flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET,
                                    given->names);
        py_sampler_leave(sampler, &skipped, mb_clock_ns() - start_ns, !value);
    }
    Py_DECREF(func);
    Py_DECREF(sampler);
    return value;
}

/* --- the ways in ---------------------------------------------------------------------- */

int
py_timed_recorder(py_timed *self, py_recorder **recorder)
{
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    return py_finder_get(&self->finder, state, self->bench, self->func, recorder);
}

static PyObject *
record_or_count(py_timed *self, const arguments *given)
{
    py_recorder *recorder = NULL;
    if (self->sampler && py_sampler_skips(self->sampler)) {
        return count_only(self, given);
    }
    if (!self->sampler && py_timed_recorder(self, &recorder) < 0) {
        return NULL;
    }
    PyObject *value = record_if_there_is_room(self, recorder, given);
    Py_XDECREF((PyObject *)recorder);
    return value;
}

PyObject *
py_timed_run(py_timed *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const arguments given = {args, flags, names, NULL, NULL};
    return record_or_count(self, &given);
}

static PyObject *
run_from_body(py_timed *self, PyObject *positional, PyObject *keywords)
{
    arguments given = {((PyTupleObject *)positional)->ob_item,
                       (size_t)PyTuple_GET_SIZE(positional), NULL, positional,
                       keywords};
    if (!PyDict_GET_SIZE(keywords)) {
        return record_or_count(self, &given);
    }
    py_arguments all;
    if (py_arguments_take(&all, positional, keywords) < 0) {
        return NULL;
    }
    given.values = all.values;
    given.names = all.names;
    PyObject *value = record_or_count(self, &given);
    py_arguments_let_go(&all);
    return value;
}

PyObject *
py_timed_run_from_body(PyObject *timed, PyObject *const *args, size_t flags,
                       PyObject *names)
{
    if (PyVectorcall_NARGS(flags) != 2 || names || !PyTuple_CheckExact(args[0]) ||
        !PyDict_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "a Timed is called with a tuple and a dict");
        return NULL;
    }
    py_timed *self = py_function_current((py_timed *)timed);
    if (!self) {
        return NULL;
    }
    PyObject *value = run_from_body(self, args[0], args[1]);
    Py_DECREF(self);
    return value;
}
