/* Reads a time as microbench writes it: ISO 8601 with six digits and an offset, in the
 * quotes of JSON.
 *
 *     int64_t microseconds;
 *     if (mb_moment_read("\"2026-03-01T09:30:00.120000+00:00\"", 34, &microseconds)) ...
 *
 * Other forms are not read. No locale, no errno. Signal-safe.
 */
#ifndef MB_MOMENT_H
#define MB_MOMENT_H

#include "base/mb_platform.h"

/* Sets the microseconds since 1970 in UTC. */
bool mb_moment_read(const char *text, size_t size, int64_t *microseconds);

#endif
