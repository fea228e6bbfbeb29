#include "py/py_captures.h"

#include "masking/mb_suspicious.h"
#include "py/py_captured.h"
#include "py/py_headroom.h"
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

/* Whether it may be a record: to_json() masks the secrets of one. A key may have an
 * `__eq__` that fails: encode() finds that, too. -1 with any other exception. */
static int
may_be_record(const py_run *run, PyObject *value)
{
    if (!PyDict_CheckExact(value)) {
        return 0;
    }
    const int found = PyDict_Contains(value, run->state->mb_name);
    if (found < 0 && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        return 1;
    }
    return found;
}

static int
put_value(const py_captures *self, py_run *run, mb_text *text, PyObject *value)
{
    const int found = may_be_record(run, value);
    if (found != 0) {
        return found < 0 ? -1 : put_encoded(self, run, text, value);
    }
    const int written = py_json_put(run->state, text, value, self->limits);
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

/* Calls what a program has put in place of os.getcwd(), and renders what it returns. */
static int
read_with_python(py_captures *self)
{
    PyObject *path = PyObject_CallNoArgs(self->getcwd);
    if (path && !PyUnicode_CheckExact(path)) {
        Py_CLEAR(path);
        PyErr_SetString(PyExc_TypeError, "getcwd() has to return a str");
    }
    const int result = path ? render_working_dir(self, path) : -1;
    self->path[0] = '\0';
    Py_XDECREF(path);
    return result;
}

/* Renders a path as os.getcwd() returns it. The GIL is held, so other threads find the path and
 * the member as they belong together. */
static int
render_native(py_captures *self, const char *path)
{
    PyObject *decoded = PyUnicode_DecodeFSDefault(path);
    const int result = decoded ? render_working_dir(self, decoded) : -1;
    strcpy(self->path, result == 0 ? path : "");
    Py_XDECREF(decoded);
    return result;
}

/* Reads the path, if it is recorded, and renders its member, unless that is the one rendered
 * last: most programs never change it. 0, or -1 with an exception. */
static int
read_working_dir(py_captures *self)
{
    char path[PY_CAPTURES_PATH];
    if (!self->getcwd) {
        return 0;
    }
    if (!self->is_native || !getcwd(path, sizeof path)) {
        return read_with_python(self);
    }
    return strcmp(path, self->path) == 0 ? 0 : render_native(self, path);
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
put_name(mb_text *text, const py_run *run, const py_captures_call *call)
{
    if (!call) {
        return 0;
    }
    MB_TEXT_LITERAL(text, ",\"name\":");
    if (py_text_put_str(text, call->name) < 0) {
        return -1;
    }
    py_run_put_place(text, run);
    return 0;
}

/* In the alphabetical order of their hooks. */
static int
put_members(py_captures *self, py_run *run, const py_captures_call *call)
{
    mb_text *text = &run->captured->call;
    if (put_arguments(self, run, text, call) < 0 || put_name(text, run, call) < 0 ||
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

/* Whether a journal would show the text of this run before Python could mask it. */
static bool
would_show_secrets(const py_captures *self, const py_captured *captured)
{
    const int least = captured->is_call ? PY_CAPTURES_ALL : PY_CAPTURES_BLOCKS;
    return captured->may_hold_secrets && self->mirrored >= least;
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
    const bool failed = put_members(self, run, call) < 0;
    if (!failed && !would_show_secrets(self, run->captured)) {
        return 1;
    }
    py_captured_begin(run->captured, false);
    run->triggers = false;
    if (failed && !PyErr_ExceptionMatches(PyExc_Exception)) {
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
    if (!self->value || !captured->is_call) {
        return 0;
    }
    text->size = 0;
    text->failed = false;
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
