#include "py/py_decoder.h"

#include "py/py_decode.h"

typedef struct {
    PyObject_HEAD
    py_decode decode;
    bool in_use;
} py_decoder;

/* Moves behind blanks and empty lines; returns whether a record may follow. */
static bool
skip_empty_lines(py_scan *scan)
{
    py_scan_blanks(scan);
    while (*scan->place == '\n') {
        scan->place++;
        py_scan_blanks(scan);
    }
    return scan->place < scan->end;
}

/* Moves behind the end of the line; returns whether nothing else stood before it. */
static bool
skip_line_end(py_scan *scan)
{
    py_scan_blanks(scan);
    if (scan->place == scan->end) {
        return true;
    }
    return *scan->place++ == '\n';
}

/* Appends the record at the place. 0, or -1: with an exception, or as in py_decode.h. */
static int
append_record(py_decode *decode, PyObject *records)
{
    py_scan *scan = &decode->scan;
    PyObject *record = *scan->place == '{' ? py_decode_record(decode) : NULL;
    int result = -1;
    if (record && skip_line_end(scan)) {
        result = PyList_Append(records, record);
    }
    Py_XDECREF(record);
    return result;
}

static PyObject *
decoded(py_decode *decode)
{
    PyObject *records = PyList_New(0);
    while (records && skip_empty_lines(&decode->scan)) {
        if (append_record(decode, records) < 0) {
            Py_CLEAR(records);
        }
    }
    return records;
}

static PyObject *
decoder_decode(py_decoder *self, PyObject *lines)
{
    if (!PyBytes_Check(lines)) {
        PyErr_Format(PyExc_TypeError, "bytes are needed, not %.100s",
                     Py_TYPE(lines)->tp_name);
        return NULL;
    }
    if (self->in_use) {
        Py_RETURN_NONE;
    }
    const char *text = PyBytes_AS_STRING(lines);
    self->in_use = true;
    self->decode.scan = (py_scan){text, text + PyBytes_GET_SIZE(lines)};
    PyObject *records = decoded(&self->decode);
    self->in_use = false;
    if (!records && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return records;
}

static PyObject *
decoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"flat", "empty", NULL};
    int flat = 0;
    PyObject *empty = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pO:Decoder", keywords, &flat,
                                     &empty)) {
        return NULL;
    }
    py_decoder *self = (py_decoder *)type->tp_alloc(type, 0);
    if (self) {
        self->decode.flat = self->decode.slots.flat = flat != 0;
        self->decode.empty = empty == Py_None ? NULL : Py_NewRef(empty);
    }
    return (PyObject *)self;
}

static int
decoder_traverse(py_decoder *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->decode.empty);
    return 0;
}

static int
decoder_clear(py_decoder *self)
{
    Py_CLEAR(self->decode.empty);
    return 0;
}

static void
decoder_dealloc(py_decoder *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    py_decode_free(&self->decode);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef decoder_methods[] = {
    {"decode", (PyCFunction)decoder_decode, METH_O,
     "The records on whole lines; None if a line is not exactly one record, or is one "
     "that only the module json reads."},
    {0},
};

static PyType_Slot decoder_slots[] = {
    {Py_tp_doc, "Decodes lines of JSON whose objects have similar names."},
    {Py_tp_new, decoder_new},
    {Py_tp_dealloc, decoder_dealloc},
    {Py_tp_traverse, decoder_traverse},
    {Py_tp_clear, decoder_clear},
    {Py_tp_methods, decoder_methods},
    {0},
};

static PyType_Spec decoder_spec = {
    .name = "microbench._core.Decoder",
    .basicsize = sizeof(py_decoder),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = decoder_slots,
};

int
py_decoder_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->decoder_type = py_state_type(module, &decoder_spec);
    return state->decoder_type ? 0 : -1;
}
