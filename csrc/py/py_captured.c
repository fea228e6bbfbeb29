#include "py/py_captured.h"

#include "masking/mb_suspicious.h"

int64_t py_captured_short_ns = PY_CAPTURED_SHORT_NS;

#define KEPT (16 << 10) /* bytes of each buffer that the next run finds again */

py_captured *
py_captured_new(void)
{
    py_captured *self = PyMem_Calloc(1, sizeof *self);
    if (!self) {
        PyErr_NoMemory();
    }
    return self;
}

void
py_captured_free(py_captured *self)
{
    if (self) {
        mb_text_free(&self->call);
        mb_text_free(&self->value);
        mb_text_free(&self->usage);
        PyMem_Free(self);
    }
}

static void
clear(mb_text *text)
{
    text->size = 0;
    text->failed = false;
}

static void
put_load(py_captured *self)
{
    if (self->load != MB_LOAD_UNKNOWN) {
        MB_TEXT_LITERAL(&self->call, ",\"load_average\":");
        mb_load_put(&self->call, self->load);
    }
}

void
py_captured_begin(py_captured *self, bool measures)
{
    clear(&self->call);
    clear(&self->value);
    clear(&self->usage);
    self->is_call = false;
    self->may_hold_secrets = false;
    self->is_measuring = false;
    self->has_usage = false;
    self->delay_ns = MB_LOAD_UNKNOWN;
    if (self->observes) {
        put_load(self);
    }
    if (measures || self->observes_usage) {
        MB_TEXT_LITERAL(&self->usage, ",\"resource_usage\":[");
    }
}

void
py_captured_observe(py_captured *self, bool usage)
{
    self->observes = true;
    self->observes_usage = usage;
    self->load = mb_load_average();
    py_captured_begin(self, false);
}

static void
trim(mb_text *text)
{
    if (text->capacity > KEPT) {
        mb_text_free(text);
    }
}

void
py_captured_reset(py_captured *self)
{
    trim(&self->call);
    trim(&self->value);
    trim(&self->usage);
    self->observes = false;
    self->observes_usage = false;
}

/* --- resource usage ---------------------------------------------------------------- */

void
py_captured_start(py_captured *self)
{
    if (!self->usage.size && !self->observes) {
        return;
    }
    self->is_measuring = mb_usage_read(&self->before);
    self->generation = mb_fork_generation();
    if (self->observes && self->is_measuring) {
        self->thread = mb_load_thread();
        self->before_delay_ns = mb_load_delay_ns(&self->before);
    }
}

/* Another thread may end a block: then it is unknown how long the first one waited. */
static void
note_delay(py_captured *self)
{
    const bool known =
        self->before_delay_ns != MB_LOAD_UNKNOWN && self->thread == mb_load_thread();
    const int64_t now_ns = known ? mb_load_delay_ns(&self->after) : MB_LOAD_UNKNOWN;
    if (now_ns != MB_LOAD_UNKNOWN) {
        self->delay_ns = now_ns - self->before_delay_ns;
        MB_TEXT_LITERAL(&self->value, ",\"run_delay\":");
        mb_text_seconds(&self->value, self->delay_ns);
    }
}

static void
note_usage(py_captured *self)
{
    if (self->usage.data && self->usage.data[self->usage.size - 1] == '}') {
        MB_TEXT_LITERAL(&self->usage, ",");
    }
    mb_usage_put(&self->usage, &self->before, &self->after);
}

/* Whether a second reading is wanted. A forked child counts anew: it does not know what its
 * parent had used before. */
static bool
goes_on(const py_captured *self, int64_t elapsed_ns)
{
    const bool listed = self->usage.size && !self->observes_usage;
    return self->is_measuring && self->generation == mb_fork_generation() &&
           (listed || elapsed_ns >= py_captured_short_ns);
}

void
py_captured_stop(py_captured *self, int64_t elapsed_ns)
{
    self->has_usage = goes_on(self, elapsed_ns) && mb_usage_read(&self->after);
    self->is_measuring = false;
    if (!self->has_usage) {
        return;
    }
    if (self->usage.size) {
        note_usage(self);
    }
    if (self->observes && elapsed_ns >= py_captured_short_ns) {
        note_delay(self);
    }
}

bool
py_captured_has_usage(const py_captured *self)
{
    return self->usage.size && (self->has_usage || !self->observes_usage);
}

/* --- pieces ------------------------------------------------------------------------ */

static mb_record_piece
piece_of(const mb_text *text)
{
    return (mb_record_piece){text->data, text->size};
}

bool
py_captured_pieces(py_captured *self, mb_record_more *more)
{
    const size_t open = self->usage.size;
    if (open) {
        MB_TEXT_LITERAL(&self->usage, "]");
    }
    *more = (mb_record_more){
        .before = piece_of(&self->call),
        .after = piece_of(&self->value),
    };
    if (py_captured_has_usage(self)) {
        more->tail = piece_of(&self->usage);
    }
    self->usage.size = open; /* the bracket stays behind it until the next iteration */
    return !(self->call.failed || self->value.failed || self->usage.failed);
}

void
py_captured_search(py_captured *self, const mb_text *piece, size_t from)
{
    if (piece->size > from &&
        mb_suspicious_text(piece->data + from, piece->size - from)) {
        self->may_hold_secrets = true;
    }
}
