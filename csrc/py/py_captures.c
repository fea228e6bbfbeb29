#include "py/py_captures.h"

#include "masking/mb_suspicious.h"
#include "py/py_captured.h"
#include "py/py_headroom.h"
#include "py/py_json.h"
#include "py/py_template.h"
#include "py/py_text.h"

#include <string.h>
#include <unistd.h>

/* --- values ------------------------------------------------------------------------ */

/* Appends what encode() returns. 0, or -1 with an exception. */
static int
put_encoded(const py_captures *self, py_run *run, mb_text *text, PyObject *value)
{
    const bool headroom = py_headroom_give();
    PyObject *all[] = {value, run->bench};
    PyObject *encoded = PyObject_Vectorcall(self->encode, all, 2, NULL);
    py_headroom_take_back(headroom);
    if (!encoded) {
        return -1;
    }
    const int result = PyBytes_Check(encoded) ? 0 : -1;
    if (result < 0) {
        PyErr_SetString(PyExc_TypeError, "encode() has to return bytes");
    } else {
        mb_text_raw(text, PyBytes_AS_STRING(encoded),
                    (size_t)PyBytes_GET_SIZE(encoded));
    }
    Py_DECREF(encoded);
    return result;
}

/* Whether it may be a record: to_json() masks the secrets of one. */
static bool
may_be_record(const py_run *run, PyObject *value)
{
    return PyDict_CheckExact(value) && PyDict_Contains(value, run->state->mb_name) != 0;
}

static int
put_value(const py_captures *self, py_run *run, mb_text *text, PyObject *value)
{
    if (may_be_record(run, value)) {
        return put_encoded(self, run, text, value);
    }
    const int written = py_json_put(run->state, text, value);
    return written == 0 ? put_encoded(self, run, text, value) : (written < 0 ? -1 : 0);
}

/* Searches what was appended to a piece of the run since it had `from` bytes. */
static void
search(const py_captures *self, py_run *run, const mb_text *piece, size_t from)
{
    if (self->masks) {
        py_captured_search(run->captured, piece, from);
    }
}

/* Whether the value is a number or constant, which is no secret. */
static bool
is_number(PyObject *value)
{
    return PyLong_CheckExact(value) || PyFloat_CheckExact(value) || value == Py_None ||
           PyBool_Check(value);
}

/* --- the arguments ------------------------------------------------------------------- */

static int
put_positional(const py_captures *self, py_run *run, mb_text *text,
               const py_captures_call *call)
{
    bool are_numbers = true;
    MB_TEXT_LITERAL(text, ",\"args\":[");
    const size_t from = text->size;
    for (Py_ssize_t i = 0; i < call->count; i++) {
        if (i > 0) {
            MB_TEXT_LITERAL(text, ",");
        }
        if (put_value(self, run, text, call->values[i]) < 0) {
            return -1;
        }
        are_numbers = are_numbers && is_number(call->values[i]);
    }
    if (!are_numbers) {
        search(self, run, text, from);
    }
    MB_TEXT_LITERAL(text, "]");
    return 0;
}

static int
put_keyword(const py_captures *self, py_run *run, mb_text *text, PyObject *name,
            PyObject *value)
{
    if (!PyUnicode_CheckExact(name)) {
        PyErr_SetString(PyExc_TypeError, "a name of another class");
        return -1;
    }
    if (py_text_put_str(text, name) < 0) {
        return -1;
    }
    MB_TEXT_LITERAL(text, ":");
    return put_value(self, run, text, value);
}

static int
put_keywords(const py_captures *self, py_run *run, mb_text *text,
             const py_captures_call *call)
{
    const Py_ssize_t count = call->names ? PyTuple_GET_SIZE(call->names) : 0;
    MB_TEXT_LITERAL(text, ",\"kwargs\":{");
    const size_t from = text->size;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GET_ITEM(call->names, i);
        if (i > 0) {
            MB_TEXT_LITERAL(text, ",");
        }
        if (put_keyword(self, run, text, name, call->values[call->count + i]) < 0) {
            return -1;
        }
    }
    search(self, run, text, from);
    MB_TEXT_LITERAL(text, "}");
    return 0;
}

static int
put_arguments(const py_captures *self, py_run *run, mb_text *text,
              const py_captures_call *call)
{
    static const py_captures_call NONE;
    if (!self->arguments) {
        return 0;
    }
    if (!call) {
        call = &NONE;
    }
    if (put_positional(self, run, text, call) < 0) {
        return -1;
    }
    return put_keywords(self, run, text, call);
}

/* --- the working directory ----------------------------------------------------------- */

/* Renders the member. 0, or -1 with an exception. */
static int
render_working_dir(py_captures *self, PyObject *path)
{
    mb_text *text = &self->working_dir;
    text->size = 0;
    text->failed = false;
    MB_TEXT_LITERAL(text, ",\"working_dir\":");
    const size_t from = text->size;
    if (py_text_put_str(text, path) < 0) {
        return -1;
    }
    if (text->failed) {
        PyErr_NoMemory();
        return -1;
    }
    self->working_dir_is_suspicious =
        mb_suspicious_text(text->data + from, text->size - from);
    return 0;
}

static int
read_with_python(py_captures *self)
{
    PyObject *path = PyObject_CallNoArgs(self->getcwd);
    if (path && !PyUnicode_CheckExact(path)) {
        Py_CLEAR(path);
        PyErr_SetString(PyExc_TypeError, "getcwd() has to return a str");
    }
    const int result = path ? render_working_dir(self, path) : -1;
    Py_XDECREF(path);
    return result;
}

/* Whether the path is the one that was rendered last: most programs never change it. */
static bool
is_rendered(py_captures *self)
{
    char path[PY_CAPTURES_PATH];
    if (!self->is_native || !getcwd(path, sizeof path)) {
        self->path[0] = '\0';
        return false;
    }
    if (strcmp(path, self->path) == 0) {
        return true;
    }
    strcpy(self->path, path);
    return false;
}

/* Reads the path, if it is recorded, and renders its member. 0, or -1 with an exception. */
static int
read_working_dir(py_captures *self)
{
    if (!self->getcwd || is_rendered(self)) {
        return 0;
    }
    if (read_with_python(self) < 0) {
        self->path[0] = '\0';
        return -1;
    }
    return 0;
}

static void
put_working_dir(const py_captures *self, py_run *run, mb_text *text)
{
    if (self->getcwd) {
        mb_text_raw(text, self->working_dir.data, self->working_dir.size);
        if (self->working_dir_is_suspicious && self->masks) {
            run->captured->may_hold_secrets = true;
        }
    }
}

/* --- before the code ---------------------------------------------------------------- */

static int
put_name(mb_text *text, const py_captures_call *call)
{
    if (!call) {
        return 0;
    }
    MB_TEXT_LITERAL(text, ",\"name\":");
    return py_text_put_str(text, call->name);
}

/* In the alphabetical order of their hooks. */
static int
put_members(py_captures *self, py_run *run, const py_captures_call *call)
{
    mb_text *text = &run->captured->call;
    if (put_arguments(self, run, text, call) < 0 || put_name(text, call) < 0 ||
        read_working_dir(self) < 0) {
        return -1;
    }
    put_working_dir(self, run, text);
    if (text->failed) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int
py_captures_begin(py_captures *self, py_run *run, const py_captures_call *call)
{
    if (!run->captured && !(run->captured = py_captured_new())) {
        return -1;
    }
    py_captured_begin(run->captured, self->usage);
    run->captured->is_call = call;
    run->triggers = self->usage;
    if (put_members(self, run, call) == 0) {
        return 1;
    }
    py_captured_begin(run->captured, false);
    run->triggers = false;
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

/* --- after the code ----------------------------------------------------------------- */

int
py_captures_value(const py_captures *self, py_run *run, PyObject *value)
{
    py_captured *captured = run->captured;
    mb_text *text = &captured->value;
    text->size = 0;
    text->failed = false;
    if (!self->value || !captured->is_call) {
        return 0;
    }
    MB_TEXT_LITERAL(text, ",\"return_value\":");
    const size_t from = text->size;
    if (put_value(self, run, text, value) < 0) {
        text->size = 0;
        return -1;
    }
    if (!is_number(value)) {
        search(self, run, text, from);
    }
    return 0;
}

/* --- for Python --------------------------------------------------------------------- */

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

/* The values in one array, and the names. NULL with an exception. */
static PyObject *
flattened(PyObject *args, PyObject *kwargs, PyObject **names)
{
    PyObject *values = PyDict_Values(kwargs);
    PyObject *keys = PyDict_Keys(kwargs);
    PyObject *positional = PySequence_List(args);
    PyObject *all = values && positional ? PySequence_Concat(positional, values) : NULL;
    *names = keys && all ? PyList_AsTuple(keys) : NULL;
    Py_XDECREF(values);
    Py_XDECREF(keys);
    Py_XDECREF(positional);
    if (!*names) {
        Py_CLEAR(all);
    }
    return all;
}

static int
begin_call(py_captures *self, py_run *run, PyObject *name, PyObject *args,
           PyObject *kwargs)
{
    PyObject *names;
    PyObject *all = flattened(args, kwargs, &names);
    if (!all) {
        return -1;
    }
    const py_captures_call call = {name, PySequence_Fast_ITEMS(all),
                                   PyTuple_GET_SIZE(args), names};
    const int result = py_captures_begin(self, run, &call);
    Py_DECREF(all);
    Py_DECREF(names);
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
    py_captured_stop(run->captured);
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

/* What stands before the captures. 0, or -1 with an exception. */
static int
put_first(mb_text *text, bool is_call, PyObject *name)
{
    if (is_call) {
        MB_TEXT_LITERAL(text, PY_CAPTURES_FIRST);
        return 0;
    }
    return py_template_put_call(text, name);
}

/* All of `call` before the measurements, as bytes; NULL with an exception. */
static PyObject *
all_before(const py_run *run, PyObject *name)
{
    mb_text text;
    mb_text_heap(&text);
    if (put_first(&text, run->captured->is_call, name) < 0) {
        mb_text_free(&text);
        return NULL;
    }
    mb_text_raw(&text, run->captured->call.data, run->captured->call.size);
    return py_text_bytes(&text);
}

static PyObject *
bytes_of(mb_record_piece piece)
{
    return PyBytes_FromStringAndSize(piece.size ? piece.data : NULL,
                                     (Py_ssize_t)piece.size);
}

PyDoc_STRVAR(
    pieces_doc,
    "pieces(run, name, /)\n--\n\n"
    "Return all members of `call` before the measurements; one after them, and\n"
    "one of the record, each with a comma before it, or empty.");

static PyObject *
captures_pieces(py_captures *self, PyObject *arguments)
{
    mb_record_more more;
    PyObject *object, *name;
    if (!PyArg_ParseTuple(arguments, "OU:pieces", &object, &name)) {
        return NULL;
    }
    py_run *run = run_in(self, object, true);
    if (!run) {
        return NULL;
    }
    if (!py_captured_pieces(run->captured, &more)) {
        return PyErr_NoMemory();
    }
    return Py_BuildValue("(NNN)", all_before(run, name), bytes_of(more.after),
                         bytes_of(more.tail));
}

/* --- the type ----------------------------------------------------------------------- */

static PyObject *
captures_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"encode", "getcwd", "is_native", "arguments",
                            "usage",  "value",  "masks",     NULL};
    PyObject *encode, *getcwd;
    py_captures *self = (py_captures *)type->tp_alloc(type, 0);
    if (!self ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "OOppppp:Captures", names, &encode,
                                     &getcwd, &self->is_native, &self->arguments,
                                     &self->usage, &self->value, &self->masks)) {
        Py_XDECREF(self);
        return NULL;
    }
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

static int
captures_clear(py_captures *self)
{
    Py_CLEAR(self->encode);
    Py_CLEAR(self->getcwd);
    return 0;
}

static void
captures_dealloc(py_captures *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    captures_clear(self);
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
    {"pieces", (PyCFunction)captures_pieces, METH_VARARGS, pieces_doc},
    {0},
};

static PyType_Slot captures_slots[] = {
    {Py_tp_doc, "Captures of microbench that run without Python."},
    {Py_tp_new, captures_new},
    {Py_tp_dealloc, captures_dealloc},
    {Py_tp_traverse, captures_traverse},
    {Py_tp_clear, captures_clear},
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
