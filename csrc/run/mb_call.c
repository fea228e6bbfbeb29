#include "run/mb_call.h"

#include <string.h>

void
mb_call_next(mb_text *text, bool *any)
{
    if (*any) {
        MB_TEXT_LITERAL(text, ",");
    }
    *any = true;
}

void
mb_call_duration(mb_text *text, int64_t ns, bool integer)
{
    (integer ? mb_text_int : mb_text_seconds)(text, ns);
}

void
mb_call_phase(mb_text *text, const char *utf8, size_t size, int64_t ns, bool integer)
{
    MB_TEXT_LITERAL(text, "{\"name\":");
    mb_text_string(text, utf8, size);
    MB_TEXT_LITERAL(text, ",\"duration\":");
    mb_call_duration(text, ns, integer);
    MB_TEXT_LITERAL(text, "}");
}

static void
write_sum(mb_text *text, const char *name, int64_t ns, bool integer)
{
    mb_text_raw(text, name, strlen(name));
    mb_call_duration(text, ns, integer);
}

void
mb_call_total(mb_text *text, const char *utf8, size_t size, const mb_total *total,
              bool integer)
{
    MB_TEXT_LITERAL(text, "{\"name\":");
    if (utf8) {
        mb_text_string(text, utf8, size);
    } else {
        MB_TEXT_LITERAL(text, "null");
    }
    MB_TEXT_LITERAL(text, ",\"count\":");
    mb_text_int(text, (int64_t)total->count);
    write_sum(text, ",\"sum\":", total->sum_ns, integer);
    write_sum(text, ",\"min\":", total->min_ns, integer);
    write_sum(text, ",\"max\":", total->max_ns, integer);
    MB_TEXT_LITERAL(text, "}");
}

void
mb_call_times(mb_text *text, int64_t start_wall_ns, int64_t finish_wall_ns,
              int32_t offset_s)
{
    MB_TEXT_LITERAL(text, ",\"start_time\":\"");
    mb_text_iso8601(text, start_wall_ns, offset_s);
    MB_TEXT_LITERAL(text, "\",\"finish_time\":\"");
    mb_text_iso8601(text, finish_wall_ns, offset_s);
    MB_TEXT_LITERAL(text, "\"");
}

void
mb_call_clock_step(mb_text *text, int64_t ns)
{
    if (ns) {
        MB_TEXT_LITERAL(text, ",\"clock_step\":");
        mb_text_seconds(text, ns);
    }
}
