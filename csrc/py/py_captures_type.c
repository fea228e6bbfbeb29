#include "py/py_captures.h"

#include "py/py_arguments.h"

/* --- methods ------------------------------------------------------------------------- */

static py_run *
run_in(py_captures *self, PyObject *object, bool begun)
{
    const py_state *state = PyType_GetModuleState(Py_TYPE(self));
    py_run *run = (py_run *)object;
    if (!PyObject_TypeCheck(object, state->run_type)) {
        PyErr_SetString(PyExc_TypeError, "a run is needed");
        return NULL;
    }
    if (run->native.state != MB_RUN_OPEN || (begun && !run->captured)) {
        PyErr_SetString(PyExc_RuntimeError, "the run has to be open, and captured");
        return NULL;
    }
    return run;
}

static int
begin_call(py_captures *self, py_run *run, PyObject *name, PyObject *args,
           PyObject *kwargs)
{
    py_arguments all;
    if (py_arguments_take(&all, args, kwargs) < 0) {
        return -1;
    }
    const py_captures_call call = {name, all.values, all.count, all.names};
    const int result = py_captures_begin(self, run, &call);
    py_arguments_let_go(&all);
    return result;
}

PyDoc_STRVAR(begin_doc, "begin(run, name, args, kwargs, /)\n--\n\n"
                        "Run the captures before the code; False if one would fail.");

static PyObject *
captures_begin(py_captures *self, PyObject *arguments)
{
    PyObject *object, *name, *args, *kwargs;
    if (!PyArg_ParseTuple(arguments, "OUO!O!:begin", &object, &name, &PyTuple_Type,
                          &args, &PyDict_Type, &kwargs)) {
        return NULL;
    }
    py_run *run = run_in(self, object, false);
    if (!run) {
        return NULL;
    }
    const int result = begin_call(self, run, name, args, kwargs);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

PyDoc_STRVAR(begin_block_doc, "begin_block(run, /)\n--\n\n"
                              "Do the same for a block, which has no arguments.");

static PyObject *
captures_begin_block(py_captures *self, PyObject *object)
{
    py_run *run = run_in(self, object, false);
    if (!run) {
        return NULL;
    }
    const int result = py_captures_begin(self, run, NULL);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

PyDoc_STRVAR(start_doc, "start(run, /)\n--\n\nRead the counters before an iteration.");

static PyObject *
captures_start(py_captures *self, PyObject *object)
{
    py_run *run = run_in(self, object, true);
    if (!run) {
        return NULL;
    }
    py_captured_start(run->captured);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(stop_doc, "stop(run, /)\n--\n\nRead the counters after an iteration.");

static PyObject *
captures_stop(py_captures *self, PyObject *object)
{
    py_run *run = run_in(self, object, true);
    if (!run) {
        return NULL;
    }
    py_run_stop_captured(run);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(value_doc,
             "finish(run, value, /)\n--\n\nAdd the return value of the code.");

static PyObject *
captures_finish(py_captures *self, PyObject *arguments)
{
    PyObject *object, *value;
    if (!PyArg_ParseTuple(arguments, "OO", &object, &value)) {
        return NULL;
    }
    py_run *run = run_in(self, object, true);
    if (!run || py_captures_value(self, run, value) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* --- the type ----------------------------------------------------------------------- */

static PyObject *
captures_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "encode", "getcwd",   "is_native", "arguments",         "usage", "value",
        "masks",  "mirrored", "most_text", "most_in_container", NULL};
    PyObject *encode, *getcwd;
    Py_ssize_t text = PY_SSIZE_T_MAX, container = PY_SSIZE_T_MAX;
    py_captures *self = (py_captures *)type->tp_alloc(type, 0);
    if (!self || !PyArg_ParseTupleAndKeywords(
                     args, kwargs, "OOpppppi|nn:Captures", names, &encode, &getcwd,
                     &self->is_native, &self->arguments, &self->usage, &self->value,
                     &self->masks, &self->mirrored, &text, &container)) {
        Py_XDECREF(self);
        return NULL;
    }
    self->limits = (py_json_limits){(size_t)text, (size_t)container};
    self->encode = Py_NewRef(encode);
    self->getcwd = getcwd == Py_None ? NULL : Py_NewRef(getcwd);
    return (PyObject *)self;
}

static int
captures_traverse(py_captures *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->encode);
    Py_VISIT(self->getcwd);
    return 0;
}

/* The references stay until then: they are read by calls, and lead back here only through a
 * plan, which can be cleared. */
static void
captures_dealloc(py_captures *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->encode);
    Py_CLEAR(self->getcwd);
    mb_text_free(&self->working_dir);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef captures_methods[] = {
    {"begin", (PyCFunction)captures_begin, METH_VARARGS, begin_doc},
    {"begin_block", (PyCFunction)captures_begin_block, METH_O, begin_block_doc},
    {"start", (PyCFunction)captures_start, METH_O, start_doc},
    {"stop", (PyCFunction)captures_stop, METH_O, stop_doc},
    {"finish", (PyCFunction)captures_finish, METH_VARARGS, value_doc},
    {0},
};

static PyType_Slot captures_slots[] = {
    {Py_tp_doc, "Captures of microbench that run without Python."},
    {Py_tp_new, captures_new},
    {Py_tp_dealloc, captures_dealloc},
    {Py_tp_traverse, captures_traverse},
    {Py_tp_methods, captures_methods},
    {0},
};

static PyType_Spec captures_spec = {
    .name = "microbench._core.Captures",
    .basicsize = sizeof(py_captures),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = captures_slots,
};

int
py_captures_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->captures_type = py_state_type(module, &captures_spec);
    state->mb_name = PyUnicode_InternFromString("mb");
    return state->captures_type && state->mb_name ? 0 : -1;
}
