/* Reads the clocks: monotonic for durations, wall for timestamps. All in nanoseconds.
 *
 * The monotonic clock (CLOCK_MONOTONIC) is the one behind time.perf_counter() and
 * time.monotonic() of CPython on Linux; on macOS CPython reads mach_absolute_time().
 * Signal-safe: all (clock_gettime is on the list of signal-safety(7)).
 */
#ifndef MB_CLOCK_H
#define MB_CLOCK_H

#include "base/mb_platform.h"

/* Returns nanoseconds since an arbitrary start; never goes back. Cannot fail. */
static inline int64_t
mb_clock_ns(void)
{
    return mb_clock_read(CLOCK_MONOTONIC);
}

/* Returns nanoseconds since 1970-01-01T00:00:00Z; jumps when the clock is set. */
static inline int64_t
mb_clock_wall_ns(void)
{
    return mb_clock_read(CLOCK_REALTIME);
}

/* Reads both clocks at the same moment: returns the wall clock, and sets `*now_ns` to
 * the monotonic one. They are at most 10 µs apart, unless the thread is interrupted in
 * each of ten tries: then it is the try in which they were closest. */
int64_t mb_clock_both(int64_t *now_ns);

typedef struct {
    const char *name;      /* as in clock_gettime(2) */
    int64_t resolution_ns; /* smallest step between two different readings */
    int64_t overhead_ns;   /* what two readings with nothing in between come to */
} mb_clock_info;

/* Measured at the first call (some microseconds), remembered afterwards.
 * Thread: any; two first calls at once both measure. */
mb_clock_info mb_clock_measure(void);

#endif
