/* Writes the call block of a record as text, whatever the measurements are read from.
 *
 * There are two sources: the run itself (mb_record.c), and its slot in a journal
 * (mb_slot.c). Each fills in an mb_call_block, and has functions that read an item of a list.
 * mb_call_block_write() is inlined where they are constants, so that no item costs a call
 * through a pointer.
 *
 * Signal-safe: all, on fixed texts, if the functions of the source are.
 */
#ifndef MB_CALL_BLOCK_H
#define MB_CALL_BLOCK_H

#include "base/mb_text.h"
#include "run/mb_moments.h"
#include "run/mb_total.h"

typedef enum {
    MB_CALL_BLOCK_DURATIONS,
    MB_CALL_BLOCK_TIMINGS,
    MB_CALL_BLOCK_ITERATIONS, /* of each timing */
    MB_CALL_BLOCK_SUMMARY,
    MB_CALL_BLOCK_OPEN,
    MB_CALL_BLOCK_HISTOGRAM, /* of the iterations: one item, or none */
    MB_CALL_BLOCK_LISTS
} mb_call_block_list;

typedef struct {
    const char *utf8; /* the name; NULL: of several names */
    size_t size;
    int64_t ns;
    uint32_t iteration;
    mb_total total;
    bool has_histogram; /* of a total: then the moments hold instead */
    mb_moments moments;
} mb_call_block_item;

typedef struct {
    const char *record_id; /* MB_RECORD_ID_SIZE bytes */
    const char *fields;    /* "invocation":"Python","name":"x" */
    size_t fields_size;
    const char *before; /* more of them, a comma before each; not in a journal */
    size_t before_size;
    const char *after; /* members after the measurements, likewise */
    size_t after_size;
    bool secret;   /* nothing that was measured is written */
    bool integers; /* durations are integer nanoseconds, not seconds */
    bool cut;      /* some measurements are missing */
    int32_t offset_s;
    int64_t start_wall_ns, finish_wall_ns;
    int64_t clock_step_ns; /* 0: none */
    size_t
        counts[MB_CALL_BLOCK_LISTS]; /* of items to read; a list of none is left out */
} mb_call_block;

typedef struct {
    /* Reads an item: those of a list in order, each once. False: leave it out. */
    bool (*read)(void *from, mb_call_block_list list, size_t index,
                 mb_call_block_item *item);
    /* Whether the item that was read last is still the same, now that it is written. */
    bool (*is_same)(const void *from);
    /* Reads the next bucket of the item that was read last. False at the end. */
    bool (*bucket)(void *from, uint32_t *bucket, uint64_t *count);
} mb_call_block_source;

/* --- the parts -------------------------------------------------------------------- */

/* ID"},"call":{FIELDS BEFORE */
void mb_call_block_write_fields(mb_text *text, const mb_call_block *call);

/* ,"start_time":"...","finish_time":"..." and perhaps ,"clock_step":... */
void mb_call_block_write_times(mb_text *text, const mb_call_block *call);

/* ,"NAME":[ */
void mb_call_block_begin_list(mb_text *text, mb_call_block_list list);

void mb_call_block_write_duration(mb_text *text, int64_t ns, bool integer);

/* {"name":...,"duration":...} */
void mb_call_block_write_phase(mb_text *text, const char *utf8, size_t size, int64_t ns,
                               bool integer);

/* {"name":..., and, unless a histogram has them, "count":...,"sum":...,"min":...,"max":... */
void mb_call_block_begin_total(mb_text *text, const mb_call_block_item *item,
                               bool integer);

/* "count":...,"sum":...,"min":...,"max":...,"mean":...,"variance":...,"unit":...,
 * "digits":3,"buckets":[ */
void mb_call_block_begin_histogram(mb_text *text, const mb_moments *moments,
                                   bool integer);

/* [BUCKET,COUNT], with a comma before it unless it is the first. */
void mb_call_block_write_bucket(mb_text *text, bool first, uint32_t bucket,
                                uint64_t count);

/* --- all of it -------------------------------------------------------------------- */

#define MB_CALL_BLOCK_INLINE static inline __attribute__((always_inline))

/* Writes moments and buckets of the item that was read last, up to the closing brace. */
MB_CALL_BLOCK_INLINE void
mb_call_block_write_histogram(mb_text *text, const mb_call_block_source *source,
                              void *from, const mb_call_block_item *item, bool integers)
{
    uint32_t bucket;
    uint64_t count;
    mb_call_block_begin_histogram(text, &item->moments, integers);
    for (bool first = true; source->bucket(from, &bucket, &count); first = false) {
        mb_call_block_write_bucket(text, first, bucket, count);
    }
    MB_TEXT_LITERAL(text, "]}");
}

MB_CALL_BLOCK_INLINE void
mb_call_block_write_summary(mb_text *text, const mb_call_block_source *source,
                            void *from, const mb_call_block_item *item, bool integers)
{
    mb_call_block_begin_total(text, item, integers);
    if (item->has_histogram) {
        mb_call_block_write_histogram(text, source, from, item, integers);
    } else {
        MB_TEXT_LITERAL(text, "}");
    }
}

MB_CALL_BLOCK_INLINE void
mb_call_block_write_item(mb_text *text, const mb_call_block_source *source, void *from,
                         mb_call_block_list list, const mb_call_block_item *item,
                         bool integers)
{
    if (list == MB_CALL_BLOCK_DURATIONS) {
        mb_call_block_write_duration(text, item->ns, integers);
    } else if (list == MB_CALL_BLOCK_ITERATIONS) {
        mb_text_int(text, item->iteration);
    } else if (list == MB_CALL_BLOCK_SUMMARY) {
        mb_call_block_write_summary(text, source, from, item, integers);
    } else {
        mb_call_block_write_phase(text, item->utf8, item->size, item->ns, integers);
    }
}

MB_CALL_BLOCK_INLINE void
mb_call_block_write_list(mb_text *text, const mb_call_block *call,
                         const mb_call_block_source *source, void *from,
                         mb_call_block_list list)
{
    bool any = false;
    mb_call_block_item item;
    const bool always = list == MB_CALL_BLOCK_DURATIONS;
    if (always) {
        mb_call_block_begin_list(text, list);
    }
    for (size_t i = 0; i < call->counts[list]; i++) {
        const size_t before = text->size;
        if (!source->read(from, list, i, &item)) {
            continue;
        }
        if (any) {
            MB_TEXT_LITERAL(text, ",");
        } else if (!always) {
            mb_call_block_begin_list(text, list);
        }
        mb_call_block_write_item(text, source, from, list, &item, call->integers);
        if (source->is_same(from)) {
            any = true;
        } else {
            text->size = before;
        }
    }
    if (any || always) {
        MB_TEXT_LITERAL(text, "]");
    }
}

MB_CALL_BLOCK_INLINE void
mb_call_block_write_iterations(mb_text *text, const mb_call_block *call,
                               const mb_call_block_source *source, void *from)
{
    mb_call_block_item item;
    if (call->counts[MB_CALL_BLOCK_HISTOGRAM] &&
        source->read(from, MB_CALL_BLOCK_HISTOGRAM, 0, &item)) {
        MB_TEXT_LITERAL(text, ",\"histogram\":{");
        mb_call_block_write_histogram(text, source, from, &item, call->integers);
    }
}

MB_CALL_BLOCK_INLINE void
mb_call_block_write_measured(mb_text *text, const mb_call_block *call,
                             const mb_call_block_source *source, void *from)
{
    mb_call_block_write_list(text, call, source, from, MB_CALL_BLOCK_DURATIONS);
    mb_call_block_write_iterations(text, call, source, from);
    mb_call_block_write_times(text, call);
    mb_call_block_write_list(text, call, source, from, MB_CALL_BLOCK_TIMINGS);
    mb_call_block_write_list(text, call, source, from, MB_CALL_BLOCK_ITERATIONS);
    mb_call_block_write_list(text, call, source, from, MB_CALL_BLOCK_SUMMARY);
    mb_call_block_write_list(text, call, source, from, MB_CALL_BLOCK_OPEN);
    if (call->cut) {
        MB_TEXT_LITERAL(text, ",\"journal_full\":true");
    }
}

/* ID"},"call":{FIELDS,"durations":[...],"start_time":"...","finish_time":"..."} with,
 * where there are any, histogram after the durations, clock_step, timings, timings_iteration, timings_summary,
 * open_timings and journal_full before the brace. */
MB_CALL_BLOCK_INLINE void
mb_call_block_write(mb_text *text, const mb_call_block *call,
                    const mb_call_block_source *source, void *from)
{
    mb_call_block_write_fields(text, call);
    if (!call->secret) {
        mb_call_block_write_measured(text, call, source, from);
    }
    if (call->after_size) {
        mb_text_raw(text, call->after, call->after_size);
    }
    MB_TEXT_LITERAL(text, "}");
}

#endif
