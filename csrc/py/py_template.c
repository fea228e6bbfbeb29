#include "py/py_template.h"

#include "py/py_captures.h"
#include "py/py_text.h"

static uint64_t newest_serial;

void
py_template_init(py_template *self, PyObject *head, PyObject *tail, int32_t offset_s)
{
    *self = (py_template){.generation = mb_fork_generation()};
    self->record = (mb_mirror_opening){
        .serial = ++newest_serial,
        .head = PyBytes_AS_STRING(head),
        .head_size = (size_t)PyBytes_GET_SIZE(head),
        .tail = PyBytes_AS_STRING(tail),
        .tail_size = (size_t)PyBytes_GET_SIZE(tail),
        .offset_s = offset_s,
    };
    mb_text_heap(&self->call);
}

void
py_template_free(py_template *self)
{
    mb_text_free(&self->call);
}

bool
py_template_is_current(const py_template *self)
{
    return self->generation == mb_fork_generation();
}

int
py_template_put_call(mb_text *text, PyObject *name)
{
    MB_TEXT_LITERAL(text, "\"invocation\":\"Python\",\"name\":");
    return py_text_put_str(text, name);
}

/* Appends what is known of `call` before the code. Returns 0, or -1 with an exception. */
static int
put_all(mb_text *text, const py_run *run, PyObject *name)
{
    const py_captured *captured = run->captured;
    if (captured && captured->is_call) {
        MB_TEXT_LITERAL(text, PY_CAPTURES_FIRST);
    } else if (py_template_put_call(text, name) < 0) {
        return -1;
    }
    if (captured) {
        mb_text_raw(text, captured->call.data, captured->call.size);
    }
    return 0;
}

int
py_template_open(py_template *self, mb_journal *journal, py_run *run, PyObject *name)
{
    self->call.size = 0; /* its memory stays */
    self->call.failed = false;
    if (put_all(&self->call, run, name) < 0) {
        return -1;
    }
    if (!self->call.failed) {
        self->record.call = self->call.data;
        self->record.call_size = self->call.size;
        self->record.flags = py_run_slot_flags(run);
        mb_run_mirror(&run->native, journal, &self->record);
    }
    return 0;
}
