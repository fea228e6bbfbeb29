#include "py/py_template.h"

#include "py/py_captures.h"
#include "py/py_text.h"

static uint64_t newest_serial;

void
py_template_init(py_template *self, PyObject *head, PyObject *tail, int32_t offset_s,
                 Py_ssize_t thread_at)
{
    *self = (py_template){
        .generation = mb_fork_generation(),
        .thread_at = thread_at,
    };
    self->record = (mb_mirror_opening){
        .serial = ++newest_serial,
        .head = PyBytes_AS_STRING(head),
        .head_size = (size_t)PyBytes_GET_SIZE(head),
        .tail = PyBytes_AS_STRING(tail),
        .tail_size = (size_t)PyBytes_GET_SIZE(tail),
        .offset_s = offset_s,
    };
    mb_text_heap(&self->call);
    mb_text_heap(&self->tail);
}

void
py_template_free(py_template *self)
{
    mb_text_free(&self->call);
    mb_text_free(&self->tail);
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

int
py_template_put_all(mb_text *text, const py_run *run, PyObject *name)
{
    const py_captured *captured = run->captured;
    if (captured && captured->is_call) {
        MB_TEXT_LITERAL(text, PY_CAPTURES_FIRST);
    } else if (py_template_put_call(text, name) < 0) {
        return -1;
    } else {
        py_run_put_place(text, run);
    }
    if (captured) {
        mb_text_raw(text, captured->call.data, captured->call.size);
    }
    return 0;
}

PyObject *
py_template_all(const py_run *run, PyObject *name)
{
    mb_text text;
    mb_text_heap(&text);
    if (py_template_put_all(&text, run, name) < 0) {
        mb_text_free(&text);
        return NULL;
    }
    return py_text_bytes(&text);
}

/* Puts the name of the thread into the tail: no other record is said to have the same. */
static void
add_thread(py_template *self, mb_mirror_opening *record, PyObject *thread)
{
    const size_t at = (size_t)self->thread_at;
    self->tail.size = 0;
    self->tail.failed = false;
    mb_text_raw(&self->tail, record->tail, at);
    mb_text_raw(&self->tail, PyBytes_AS_STRING(thread),
                (size_t)PyBytes_GET_SIZE(thread));
    mb_text_raw(&self->tail, record->tail + at, record->tail_size - at);
    if (!self->tail.failed) {
        record->serial = 0;
        record->tail = self->tail.data;
        record->tail_size = self->tail.size;
    }
}

int
py_template_open(py_template *self, mb_journal *journal, py_run *run, PyObject *name)
{
    self->call.size = 0; /* its memory stays */
    self->call.failed = false;
    if (py_template_put_all(&self->call, run, name) < 0) {
        return -1;
    }
    if (!self->call.failed) {
        mb_mirror_opening record = self->record;
        record.call = self->call.data;
        record.call_size = self->call.size;
        record.flags = py_run_slot_flags(run);
        if (run->thread && self->thread_at >= 0) {
            add_thread(self, &record, run->thread);
        }
        mb_run_mirror(&run->native, journal, &record);
    }
    return 0;
}
