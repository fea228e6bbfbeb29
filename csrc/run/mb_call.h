/* Writes the pieces of the call block of a record as text.
 *
 * Signal-safe: all, on fixed texts.
 */
#ifndef MB_CALL_H
#define MB_CALL_H

#include "base/mb_text.h"
#include "run/mb_total.h"

/* Appends a comma before every item of a list but the first. */
void mb_call_next(mb_text *text, bool *any);

/* Appends nanoseconds, unchanged or as seconds. */
void mb_call_duration(mb_text *text, int64_t ns, bool integer);

/* {"name":...,"duration":...} */
void mb_call_phase(mb_text *text, const char *utf8, size_t size, int64_t ns,
                   bool integer);

/* {"name":...,"count":...,"sum":...,"min":...,"max":...}; NULL: of several names. */
void mb_call_total(mb_text *text, const char *utf8, size_t size, const mb_total *total,
                   bool integer);

/* ,"start_time":"...","finish_time":"..." */
void mb_call_times(mb_text *text, int64_t start_wall_ns, int64_t finish_wall_ns,
                   int32_t offset_s);

/* ,"clock_step":... in seconds; nothing for 0 */
void mb_call_clock_step(mb_text *text, int64_t ns);

#endif
