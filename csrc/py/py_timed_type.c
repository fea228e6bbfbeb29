#include "py/py_timed.h"

#include "py/py_awaits.h"
#include "py/py_block.h"
#include "py/py_function.h"

#include <structmember.h>

/* --- making -------------------------------------------------------------------------- */

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
        self->vectorcall = py_timed_run_from_body;
        self->bench = Py_NewRef(bench);
        self->func = Py_NewRef(func);
        self->begin = Py_NewRef(begin);
        self->sampler = sampler_of(type, begin);
        self->finder.find = Py_XNewRef(find == Py_None ? NULL : find);
    }
    return (PyObject *)self;
}

/* --- methods ------------------------------------------------------------------------- */

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
             "block(args, kwargs, /)\n--\n\n"
             "Return the Block of one call, which gives what it returns; None for "
             "calls\nof several iterations, or with captures, and where Python has to "
             "begin the run.");

static PyObject *
block_of(py_timed *self, PyObject *args, PyObject *kwargs)
{
    py_recorder *recorder;
    if (py_timed_recorder(self, &recorder) < 0) {
        return NULL;
    }
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    const py_block_call call = {self->func, args, kwargs};
    PyObject *block = recorder && recorder->iterations == 1 && !recorder->captures
                          ? py_block_of_call(state, self->bench, call, recorder)
                          : Py_NewRef(Py_None);
    Py_XDECREF((PyObject *)recorder);
    return block;
}

/* 0 if these are the arguments of a call; else -1 with an exception. */
static int
check_call(PyObject *const *args, Py_ssize_t count, const char *method)
{
    if (count == 2 && PyTuple_CheckExact(args[0]) && PyDict_CheckExact(args[1])) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() takes a tuple and a dict", method);
    return -1;
}

static PyObject *
timed_block(py_timed *self, PyObject *const *args, Py_ssize_t count)
{
    if (check_call(args, count, "block") < 0) {
        return NULL;
    }
    py_timed *current = py_function_current(self);
    PyObject *block = current ? block_of(current, args[0], args[1]) : NULL;
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
    if (py_timed_recorder(self, &recorder) < 0) {
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
    if (check_call(args, count, "awaits") < 0) {
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

/* --- the type ------------------------------------------------------------------------ */

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
    {"block", (PyCFunction)(void (*)(void))timed_block, METH_FASTCALL, block_doc},
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
