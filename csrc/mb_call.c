#include "mb_call.h"

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
