/* Writes the call block of a record as text, from the native half of a run.
 * Read as JSON, it equals the dict form of the same run.
 */
#ifndef MB_RECORD_H
#define MB_RECORD_H

#include "base/mb_text.h"
#include "run/mb_run.h"

typedef struct {
    bool integers;    /* durations as integer nanoseconds, not as seconds */
    bool iterated;    /* with call.timings_iteration */
    int32_t offset_s; /* of the time zone, east of UTC */
} mb_record_form;

/* Appends, without braces, ,"durations":[...],"start_time":"...","finish_time":"..."
 * and where there are any ,"clock_step":... ,"timings":[...] ,"timings_iteration":[...]
 * ,"timings_summary":[...]
 * ,"open_timings":[...]; open phases are given their time up to `now_ns`.
 * Without memory `text->failed` is set. */
void mb_record_call(mb_text *text, const mb_run *run, mb_record_form form,
                    int64_t now_ns);

#endif
