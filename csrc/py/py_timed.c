#include "py/py_timed.h"

#include "base/mb_stack.h"
#include "py/py_arguments.h"
#include "py/py_awaits.h"
#include "py/py_block.h"
#include "py/py_call_until_done.h"
#include "py/py_function.h"
#include "py/py_headroom.h"

#include <structmember.h>

/* --- the iteration loop ----------------------------------------------------------- */

/* Calls it as PyObject_Vectorcall() does, but for a function of Python looks neither
 * for the way to call it nor at what it returns. */
static inline PyObject *
call_directly(PyObject *func, PyObject *const *args, size_t flags, PyObject *names)
{
    return PyFunction_Check(func)
               ? ((PyFunctionObject *)func)->vectorcall(func, args, flags, names)
               : PyObject_Vectorcall(func, args, flags, names);
}

/* `goes_on`: the clock has been started already. */
static PyObject *
call_timed(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
           PyObject *names, bool goes_on)
{
    if (!goes_on && py_run_start(run) < 0) {
        return NULL;
    }
    /* the callee may borrow the slot before the arguments only once */
    PyObject *value =
        call_directly(func, args, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
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

/* Calls the hook of the owner that comes before an iteration, with the record. */
static int
before_iteration(PyObject *run)
{
    const bool headroom = py_headroom_give();
    PyObject *owner = PyObject_GetAttrString(run, "owner");
    PyObject *data = owner ? PyObject_GetAttrString(run, "data") : NULL;
    PyObject *result =
        data ? PyObject_CallMethod(owner, "pre_run_triggers", "(O)", data) : NULL;
    py_headroom_take_back(headroom);
    Py_XDECREF(owner);
    Py_XDECREF(data);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

/* Calls the method of the run that calls the hook after an iteration. */
static int
after_iteration(PyObject *run)
{
    const bool headroom = py_headroom_give();
    PyObject *result = PyObject_CallMethod(run, "after_iteration", NULL);
    py_headroom_take_back(headroom);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static PyObject *
one_iteration(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
              PyObject *names, bool goes_on)
{
    if (!run->triggers) {
        return call_timed(run, func, args, flags, names, goes_on);
    }
    if (py_captured_measures(run->captured)) {
        py_captured_start(run->captured);
        PyObject *value = call_timed(run, func, args, flags, names, false);
        py_run_stop_captured(run);
        return value;
    }
    if (before_iteration((PyObject *)run) < 0) {
        return NULL;
    }
    PyObject *value = call_timed(run, func, args, flags, names, false);
    raised error = {0};
    if (!value) {
        error = take_raised();
    }
    /* It keeps its failures itself: what comes out is Ctrl-C on the way there. */
    const bool interrupted = after_iteration((PyObject *)run) < 0;
    if (interrupted && !value) {
        raise_within(error);
    } else if (!value) {
        raise_again(error);
    } else if (interrupted) {
        Py_CLEAR(value);
    }
    return value;
}

/* Returns whether letting go of a value takes no time and runs no code. */
static inline bool
is_let_go_at_once(PyObject *value)
{
    return Py_REFCNT(value) > 1 || PyFloat_CheckExact(value);
}

#define RESERVED 1024 /* durations, 8 KiB, before the first iteration */

/* Makes room for durations, so that storing them takes no time. Without memory, room is
 * made when it is needed. */
static void
reserve_durations(py_run *run)
{
    const size_t count =
        run->iterations < RESERVED ? (size_t)run->iterations : RESERVED;
    if (run->iterations > 1 && !run->native.histogram) {
        (void)mb_samples_reserve(&run->native.durations, count);
    }
}

/* Value of the last iteration, None if there were none; NULL with the exception of the
 * first that failed. */
static PyObject *
iterate(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
        PyObject *names)
{
    PyObject *value = Py_NewRef(Py_None);
    bool goes_on = false;
    reserve_durations(run);
    if (run->native.start_wall_ns == 0) {
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    for (Py_ssize_t i = 0; value && i < run->iterations; i++) {
        PyObject *last = value;
        value = one_iteration(run, func, args, flags, names, goes_on);
        goes_on = value && i + 1 < run->iterations && is_let_go_at_once(last) &&
                  py_run_go_on(run);
        Py_DECREF(last);
    }
    mb_run_note_finish(&run->native);
    return value;
}

/* --- one call --------------------------------------------------------------------- */

/* The arguments of a call, in the two forms that are needed. */
typedef struct {
    PyObject *const *values; /* as vectorcall has them */
    size_t flags;
    PyObject *names;
    PyObject *positional, *keywords; /* Borrowed: tuple and dict, for begin() */
    py_recorder *recorder;           /* Borrowed: then no begin() is called; or NULL */
} arguments;

static py_run *
begun_run(py_timed *self, const arguments *given)
{
    PyObject *all[] = {self->bench, self->func, given->positional, given->keywords};
    const bool headroom = py_headroom_give();
    PyObject *run = PyObject_Vectorcall(self->begin, all, 4, NULL);
    py_headroom_take_back(headroom);
    return py_run_begun(PyType_GetModuleState(Py_TYPE(self)), run);
}

/* What a call returns after its run has ended with this outcome. The exception of the code,
 * where `value` is NULL, wins over any other but Ctrl-C and its like. */
static PyObject *
result_of(PyObject *value, raised error, int outcome, PyObject *func)
{
    if (!value && outcome == PY_INTERRUPTED) {
        raise_within(error);
    } else if (!value) {
        if (outcome != PY_DONE) {
            PyErr_WriteUnraisable(func);
        }
        raise_again(error);
    } else if (outcome != PY_DONE) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
finished(py_run *run, PyObject *value)
{
    const raised error = value ? (raised){0} : take_raised();
    const int outcome = py_run_finish(run, error.value, value);
    return result_of(value, error, outcome, (PyObject *)run);
}

/* A call that runs no Python but the function. NULL without an exception if it has to be made
 * in Python. */
static PyObject *
recorded_call(py_timed *self, const arguments *given)
{
    py_recorder *recorder = given->recorder;
    const py_captures_call captured = {recorder->name, given->values,
                                       PyVectorcall_NARGS(given->flags), given->names};
    py_run *run = py_recorder_begin(recorder, self->bench, &captured, NULL);
    PyObject *value = NULL;
    if (run) {
        value = iterate(run, self->func, given->values, given->flags, given->names);
        const raised error = value ? (raised){0} : take_raised();
        const int outcome = py_recorder_finish(recorder, run, NULL, error.value, value);
        value = result_of(value, error, outcome, self->func);
    }
    return value;
}

static PyObject *
call(py_timed *self, const arguments *given)
{
    if (given->recorder) {
        return recorded_call(self, given);
    }
    py_run *run = begun_run(self, given);
    if (!run) {
        return NULL;
    }
    PyObject *value =
        iterate(run, self->func, given->values, given->flags, given->names);
    value = finished(run, value);
    Py_DECREF(run);
    return value;
}

/* Raises RecursionError before anything begins, unless there is room for the function
 * and its record. */
static PyObject *
call_with_room(py_timed *self, const arguments *given)
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
    if (room != MB_STACK_PLENTY) {
        return call(self, given);
    }
    py_headroom_add_c(PY_HEADROOM_CALL);
    PyObject *value = call(self, given);
    py_headroom_add_c(-PY_HEADROOM_CALL);
    return value;
}

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

static int
find_recorder(py_timed *self, py_recorder **recorder)
{
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    return py_finder_get(&self->finder, state, self->bench, self->func, recorder);
}

/* A call that begin() gets in the form of tuple and dict. */
static PyObject *
call_in_python(py_timed *self, PyObject *const *args, size_t flags, PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    PyObject *positional = PyTuple_New(count);
    PyObject *keywords = keywords_of(args + count, names);
    PyObject *value = NULL;
    for (Py_ssize_t i = 0; positional && i < count; i++) {
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    }
    if (positional && keywords) {
        const arguments given = {args, flags, names, positional, keywords, NULL};
        value = call_with_room(self, &given);
    }
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return value;
}

/* --- calls that are not recorded, but counted ---------------------------------------- */

/* Calls the function, and adds the duration to the counts of the sampler. */
static PyObject *
counted_call(const py_timed *self, PyObject *const *args, size_t flags, PyObject *names)
{
    py_sampler *sampler = (py_sampler *)Py_NewRef(self->sampler);
    PyObject *func = Py_NewRef(self->func); /* the call may delete what leads here */
    py_sampler_call skipped;
    PyObject *value = NULL;
    if (py_sampler_enter(sampler, &skipped) == 0) {
        const int64_t start_ns = mb_clock_ns();
        value = PyObject_Vectorcall(func, args, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET,
                                    names);
        py_sampler_leave(sampler, &skipped, mb_clock_ns() - start_ns, !value);
    }
    Py_DECREF(func);
    Py_DECREF(sampler);
    return value;
}

static PyObject *
counted_call_from_body(const py_timed *self, PyObject *positional, PyObject *keywords)
{
    py_arguments all;
    if (py_arguments_take(&all, positional, keywords) < 0) {
        return NULL;
    }
    PyObject *value = counted_call(self, all.values, (size_t)all.count, all.names);
    py_arguments_let_go(&all);
    return value;
}

PyObject *
py_timed_call(py_timed *self, PyObject *const *args, size_t flags, PyObject *names)
{
    if (self->sampler) {
        return py_sampler_skips(self->sampler)
                   ? counted_call(self, args, flags, names)
                   : call_in_python(self, args, flags, names);
    }
    py_recorder *recorder;
    if (find_recorder(self, &recorder) < 0) {
        return NULL;
    }
    if (recorder) {
        const arguments given = {args, flags, names, NULL, NULL, recorder};
        PyObject *value = call_with_room(self, &given);
        Py_DECREF((PyObject *)recorder);
        if (value || PyErr_Occurred()) {
            return value;
        }
    }
    return call_in_python(self, args, flags, names);
}

static PyObject *
call_with_keywords(py_timed *self, PyObject *positional, PyObject *keywords,
                   py_recorder *recorder)
{
    py_arguments all;
    if (py_arguments_take(&all, positional, keywords) < 0) {
        return NULL;
    }
    const arguments given = {all.values, (size_t)all.count, all.names,
                             positional, keywords,          recorder};
    PyObject *result = call_with_room(self, &given);
    py_arguments_let_go(&all);
    return result;
}

static PyObject *
call_with_tuple(py_timed *self, PyObject *positional, PyObject *keywords,
                py_recorder *recorder)
{
    if (PyDict_GET_SIZE(keywords)) {
        return call_with_keywords(self, positional, keywords, recorder);
    }
    PyObject *const *values = ((PyTupleObject *)positional)->ob_item;
    const size_t count = (size_t)PyTuple_GET_SIZE(positional);
    const arguments given = {values, count, NULL, positional, keywords, recorder};
    return call_with_room(self, &given);
}

static PyObject *
call_from_body(py_timed *self, PyObject *positional, PyObject *keywords)
{
    py_recorder *recorder = NULL;
    if (self->sampler && py_sampler_skips(self->sampler)) {
        return counted_call_from_body(self, positional, keywords);
    }
    if (!self->sampler && find_recorder(self, &recorder) < 0) {
        return NULL;
    }
    PyObject *value = call_with_tuple(self, positional, keywords, recorder);
    if (!value && recorder && !PyErr_Occurred()) {
        value = call_with_tuple(self, positional, keywords, NULL);
    }
    Py_XDECREF((PyObject *)recorder);
    return value;
}

/* timed(args, kwargs), as the body of the function has it. */
static PyObject *
timed_vectorcall(PyObject *callable, PyObject *const *args, size_t flags,
                 PyObject *names)
{
    if (PyVectorcall_NARGS(flags) != 2 || names || !PyTuple_CheckExact(args[0]) ||
        !PyDict_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "a Timed is called with a tuple and a dict");
        return NULL;
    }
    py_timed *self = py_function_current((py_timed *)callable);
    if (!self) {
        return NULL;
    }
    PyObject *value = call_from_body(self, args[0], args[1]);
    Py_DECREF(self);
    return value;
}

/* --- the type --------------------------------------------------------------------- */

/* The attribute `sampler` of `begin`; NULL where it has none, as a function. */
static py_sampler *
sampler_of(PyTypeObject *type, PyObject *begin)
{
    const py_state *state = PyType_GetModuleState(type);
    PyObject *sampler = PyObject_GetAttrString(begin, "sampler");
    if (!sampler) {
        PyErr_Clear();
    } else if (!Py_IS_TYPE(sampler, state->sampler_type)) {
        Py_CLEAR(sampler);
    }
    return (py_sampler *)sampler;
}

static PyObject *
timed_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"bench", "func", "begin", "find", NULL};
    PyObject *bench, *func, *begin, *find = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|O:Timed", names, &bench, &func,
                                     &begin, &find)) {
        return NULL;
    }
    py_timed *self = (py_timed *)type->tp_alloc(type, 0);
    if (self) {
        self->vectorcall = timed_vectorcall;
        self->bench = Py_NewRef(bench);
        self->func = Py_NewRef(func);
        self->begin = Py_NewRef(begin);
        self->sampler = sampler_of(type, begin);
        self->finder.find = Py_XNewRef(find == Py_None ? NULL : find);
    }
    return (PyObject *)self;
}

PyDoc_STRVAR(lead_doc,
             "lead(function, direct, /)\n--\n\n"
             "Have `function`, in the closure of which this is, lead here: with\n"
             "`direct`, its calls come without running its body.");

static PyObject *
timed_lead(py_timed *self, PyObject *args)
{
    PyObject *function;
    int direct;
    if (!PyArg_ParseTuple(args, "Op:lead", &function, &direct) ||
        py_function_lead(function, self, direct) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(current_doc, "current()\n--\n\n"
                          "The Timed that a call of its function means by now.");

static PyObject *
timed_current(py_timed *self, PyObject *Py_UNUSED(ignored))
{
    return (PyObject *)py_function_current(self);
}

PyDoc_STRVAR(block_doc,
             "block()\n--\n\n"
             "Return the Block of one call, which gives the function to call; None for "
             "calls\nof several iterations, or with captures, and where Python has to "
             "begin the run.");

static PyObject *
block_of(py_timed *self)
{
    py_recorder *recorder;
    if (find_recorder(self, &recorder) < 0) {
        return NULL;
    }
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *block = recorder && recorder->iterations == 1 && !recorder->captures
                          ? py_block_of_call(state, self->bench, self->func, recorder)
                          : Py_NewRef(Py_None);
    Py_XDECREF((PyObject *)recorder);
    return block;
}

static PyObject *
timed_block(py_timed *self, PyObject *Py_UNUSED(ignored))
{
    py_timed *current = py_function_current(self);
    PyObject *block = current ? block_of(current) : NULL;
    Py_XDECREF((PyObject *)current);
    return block;
}

PyDoc_STRVAR(awaits_doc,
             "awaits(args, kwargs, /)\n--\n\n"
             "Return the Awaits of any call; None where Python has to begin the run.");

static PyObject *
awaits_of(py_timed *self, PyObject *args, PyObject *kwargs)
{
    py_recorder *recorder;
    if (find_recorder(self, &recorder) < 0) {
        return NULL;
    }
    PyObject *awaits =
        recorder ? py_awaits_new(recorder, self->bench, self->func, args, kwargs)
                 : Py_NewRef(Py_None);
    Py_XDECREF((PyObject *)recorder);
    return awaits;
}

static PyObject *
timed_awaits(py_timed *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyTuple_CheckExact(args[0]) || !PyDict_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "awaits() takes a tuple and a dict");
        return NULL;
    }
    py_timed *current = py_function_current(self);
    PyObject *awaits = current ? awaits_of(current, args[0], args[1]) : NULL;
    Py_XDECREF((PyObject *)current);
    return awaits;
}

/* Pickles by value, for functions of `__main__` and local ones; others are pickled by
 * name. */
static PyObject *
timed_reduce(py_timed *self, PyObject *Py_UNUSED(ignored))
{
    return Py_BuildValue("O(OOOO)", Py_TYPE(self), self->bench, self->func, self->begin,
                         self->finder.find ? self->finder.find : Py_None);
}

static PyObject *
timed_repr(py_timed *self)
{
    return PyUnicode_FromFormat("<timed %R>", self->func);
}

static int
timed_traverse(py_timed *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->bench);
    Py_VISIT(self->func);
    Py_VISIT(self->begin);
    Py_VISIT(self->sampler);
    Py_VISIT(self->code);
    Py_VISIT(self->function);
    return py_finder_traverse(&self->finder, visit, arg);
}

static int
timed_clear(py_timed *self)
{
    Py_CLEAR(self->bench);
    Py_CLEAR(self->func);
    Py_CLEAR(self->begin);
    Py_CLEAR(self->sampler);
    py_finder_clear(&self->finder);
    Py_CLEAR(self->code);
    Py_CLEAR(self->function);
    return 0;
}

static void
timed_dealloc(py_timed *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    timed_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

bool
py_timed_check(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == (destructor)timed_dealloc;
}

static PyMethodDef timed_methods[] = {
    {"lead", (PyCFunction)timed_lead, METH_VARARGS, lead_doc},
    {"current", (PyCFunction)timed_current, METH_NOARGS, current_doc},
    {"block", (PyCFunction)timed_block, METH_NOARGS, block_doc},
    {"awaits", (PyCFunction)(void (*)(void))timed_awaits, METH_FASTCALL, awaits_doc},
    {"__reduce__", (PyCFunction)timed_reduce, METH_NOARGS, NULL},
    {0},
};

static PyMemberDef timed_members[] = {
    {"bench", T_OBJECT_EX, offsetof(py_timed, bench), READONLY, NULL},
    {"func", T_OBJECT_EX, offsetof(py_timed, func), READONLY, NULL},
    {"begin", T_OBJECT_EX, offsetof(py_timed, begin), READONLY, NULL},
    {"recorder", T_OBJECT, offsetof(py_timed, finder.recorder), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(py_timed, vectorcall), READONLY,
     NULL},
    {0},
};

static PyType_Slot timed_slots[] = {
    {Py_tp_doc, "What calls of a decorated function come to."},
    {Py_tp_new, timed_new},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_repr, timed_repr},
    {Py_tp_dealloc, timed_dealloc},
    {Py_tp_traverse, timed_traverse},
    {Py_tp_clear, timed_clear},
    {Py_tp_methods, timed_methods},
    {Py_tp_members, timed_members},
    {0},
};

static PyType_Spec timed_spec = {
    .name = "microbench._core.Timed",
    .basicsize = sizeof(py_timed),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = timed_slots,
};

int
py_timed_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->timed_type = py_state_type(module, &timed_spec);
    return state->timed_type ? 0 : -1;
}
