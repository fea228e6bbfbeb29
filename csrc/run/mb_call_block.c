#include "run/mb_call_block.h"

#include "base/mb_identity.h"

#include <string.h>

static void
write_string(mb_text *text, const char *string)
{
    mb_text_raw(text, string, strlen(string));
}

void
mb_call_block_begin_list(mb_text *text, mb_call_block_list list)
{
    static const char *const OPENINGS[MB_CALL_BLOCK_LISTS] = {
        [MB_CALL_BLOCK_DURATIONS] = ",\"durations\":[",
        [MB_CALL_BLOCK_TIMINGS] = ",\"timings\":[",
        [MB_CALL_BLOCK_ITERATIONS] = ",\"timings_iteration\":[",
        [MB_CALL_BLOCK_SUMMARY] = ",\"timings_summary\":[",
        [MB_CALL_BLOCK_OPEN] = ",\"open_timings\":[",
    };
    write_string(text, OPENINGS[list]);
}

/* --- items ------------------------------------------------------------------------ */

void
mb_call_block_write_duration(mb_text *text, int64_t ns, bool integer)
{
    (integer ? mb_text_int : mb_text_seconds)(text, ns);
}

void
mb_call_block_write_phase(mb_text *text, const char *utf8, size_t size, int64_t ns,
                          bool integer)
{
    MB_TEXT_LITERAL(text, "{\"name\":");
    mb_text_string(text, utf8, size);
    MB_TEXT_LITERAL(text, ",\"duration\":");
    mb_call_block_write_duration(text, ns, integer);
    MB_TEXT_LITERAL(text, "}");
}

static void
write_sum(mb_text *text, const char *name, int64_t ns, bool integer)
{
    write_string(text, name);
    mb_call_block_write_duration(text, ns, integer);
}

/* "count":...,"sum":...,"min":...,"max":... */
static void
write_sums(mb_text *text, const mb_total *total, bool integer)
{
    MB_TEXT_LITERAL(text, "\"count\":");
    mb_text_int(text, (int64_t)total->count);
    write_sum(text, ",\"sum\":", total->sum_ns, integer);
    write_sum(text, ",\"min\":", total->min_ns, integer);
    write_sum(text, ",\"max\":", total->max_ns, integer);
}

void
mb_call_block_begin_total(mb_text *text, const mb_call_block_item *item, bool integer)
{
    MB_TEXT_LITERAL(text, "{\"name\":");
    if (item->utf8) {
        mb_text_string(text, item->utf8, item->size);
    } else {
        MB_TEXT_LITERAL(text, "null");
    }
    MB_TEXT_LITERAL(text, ",");
    if (!item->has_histogram) {
        write_sums(text, &item->total, integer);
    }
}

void
mb_call_block_begin_histogram(mb_text *text, const mb_moments *moments, bool integer)
{
    const mb_total total = {.count = moments->count,
                            .sum_ns = moments->sum_ns,
                            .min_ns = moments->min_ns,
                            .max_ns = moments->max_ns};
    write_sums(text, &total, integer);
    MB_TEXT_LITERAL(text, ",\"mean\":");
    mb_moments_write_mean(text, moments, integer);
    MB_TEXT_LITERAL(text, ",\"variance\":");
    mb_moments_write_variance(text, moments, integer);
    write_string(text, integer ? ",\"unit\":\"ns\"" : ",\"unit\":\"s\"");
    MB_TEXT_LITERAL(text, ",\"digits\":3,\"buckets\":[");
}

void
mb_call_block_write_bucket(mb_text *text, bool first, uint32_t bucket, uint64_t count)
{
    write_string(text, first ? "[" : ",[");
    mb_text_int(text, bucket);
    MB_TEXT_LITERAL(text, ",");
    mb_text_int(text, (int64_t)count);
    MB_TEXT_LITERAL(text, "]");
}

/* --- around them ------------------------------------------------------------------ */

void
mb_call_block_write_fields(mb_text *text, const mb_call_block *call)
{
    mb_text_raw(text, call->record_id, MB_RECORD_ID_SIZE);
    MB_TEXT_LITERAL(text, "\"},\"call\":{");
    mb_text_raw(text, call->fields, call->fields_size);
    if (call->before_size) {
        mb_text_raw(text, call->before, call->before_size);
    }
}

void
mb_call_block_write_times(mb_text *text, const mb_call_block *call)
{
    MB_TEXT_LITERAL(text, ",\"start_time\":\"");
    const size_t start = text->size;
    mb_text_iso8601(text, call->start_wall_ns, call->offset_s);
    MB_TEXT_LITERAL(text, "\",\"finish_time\":\"");
    mb_text_iso8601_again(text, start, call->start_wall_ns, call->finish_wall_ns,
                          call->offset_s);
    MB_TEXT_LITERAL(text, "\"");
    if (call->clock_step_ns) {
        MB_TEXT_LITERAL(text, ",\"clock_step\":");
        mb_text_seconds(text, call->clock_step_ns);
    }
}
