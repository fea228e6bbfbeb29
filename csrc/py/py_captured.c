#include "py/py_captured.h"

#include "masking/mb_suspicious.h"

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

void
py_captured_begin(py_captured *self, bool measures)
{
    clear(&self->call);
    clear(&self->value);
    clear(&self->usage);
    self->is_call = false;
    self->may_hold_secrets = false;
    self->is_measuring = false;
    if (measures) {
        MB_TEXT_LITERAL(&self->usage, ",\"resource_usage\":[");
    }
}

static void
trim(mb_text *text)
{
    if (text->capacity > KEPT) {
        mb_text_free(text);
    }
}

void
py_captured_trim(py_captured *self)
{
    trim(&self->call);
    trim(&self->value);
    trim(&self->usage);
}

/* --- resource usage ---------------------------------------------------------------- */

void
py_captured_start(py_captured *self)
{
    if (self->usage.size) {
        self->is_measuring = getrusage(RUSAGE_SELF, &self->before) == 0;
    }
}

/* Seconds, as Python has them: rounded to the microseconds of the kernel. */
static void
put_time(mb_text *text, struct timeval before, struct timeval after)
{
    const int64_t seconds = (int64_t)after.tv_sec - before.tv_sec;
    const int64_t microseconds = (int64_t)after.tv_usec - before.tv_usec;
    const int64_t all = seconds * 1000000 + microseconds;
    if (all == 0) {
        MB_TEXT_LITERAL(text, "0.0");
    } else {
        mb_text_seconds(text, all * 1000);
    }
}

static void
put_count(mb_text *text, const char *name, size_t size, long count)
{
    mb_text_raw(text, name, size);
    mb_text_int(text, count);
}
#define PUT_COUNT(text, name, field)                                                   \
    put_count((text), ",\"" name "\":", sizeof name + 3, after->field - before->field)

/* The common case in one step. */
static bool
are_equal(const struct rusage *before, const struct rusage *after)
{
    return before->ru_minflt == after->ru_minflt &&
           before->ru_majflt == after->ru_majflt &&
           before->ru_inblock == after->ru_inblock &&
           before->ru_oublock == after->ru_oublock &&
           before->ru_nvcsw == after->ru_nvcsw && before->ru_nivcsw == after->ru_nivcsw;
}

static void
put_counts(mb_text *text, const struct rusage *before, const struct rusage *after)
{
    if (are_equal(before, after)) {
        MB_TEXT_LITERAL(text, ",\"minflt\":0,\"majflt\":0,\"inblock\":0,"
                              "\"oublock\":0,\"nvcsw\":0,\"nivcsw\":0}");
        return;
    }
    PUT_COUNT(text, "minflt", ru_minflt);
    PUT_COUNT(text, "majflt", ru_majflt);
    PUT_COUNT(text, "inblock", ru_inblock);
    PUT_COUNT(text, "oublock", ru_oublock);
    PUT_COUNT(text, "nvcsw", ru_nvcsw);
    PUT_COUNT(text, "nivcsw", ru_nivcsw);
    MB_TEXT_LITERAL(text, "}");
}

static void
put_differences(mb_text *text, const struct rusage *before, const struct rusage *after)
{
    MB_TEXT_LITERAL(text, "{\"utime\":");
    put_time(text, before->ru_utime, after->ru_utime);
    MB_TEXT_LITERAL(text, ",\"stime\":");
    put_time(text, before->ru_stime, after->ru_stime);
    put_counts(text, before, after);
}

void
py_captured_stop(py_captured *self)
{
    struct rusage after;
    if (!self->is_measuring || getrusage(RUSAGE_SELF, &after) < 0) {
        return;
    }
    self->is_measuring = false;
    if (self->usage.size && self->usage.data[self->usage.size - 1] == '}') {
        MB_TEXT_LITERAL(&self->usage, ",");
    }
    put_differences(&self->usage, &self->before, &after);
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
        .tail = piece_of(&self->usage),
    };
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
