/* Reads the clocks: monotonic for durations, wall for timestamps. All in nanoseconds.
 *
 * The monotonic clock (CLOCK_MONOTONIC) is the one behind time.perf_counter() and
 * time.monotonic() of CPython on Linux; on macOS CPython reads mach_absolute_time().
 * Where the kernel keeps it by a counter of the processor, that continues it between
 * two readings (mb_ticks.h): a third less time a reading.
 *
 * Signal-safe: all but mb_clock_setup (clock_gettime is on the list of signal-safety(7)).
 */
#ifndef MB_CLOCK_H
#define MB_CLOCK_H

#include "base/mb_platform.h"
#include "base/mb_ticks.h"

typedef enum {
    MB_CLOCK_AUTO,      /* ticks where the kernel keeps time by them */
    MB_CLOCK_MONOTONIC, /* no ticks */
    MB_CLOCK_TSC,       /* ticks, whatever the kernel keeps time by */
} mb_clock_choice;

/* Chooses what the monotonic clock is read from; before that, it is read itself.
 * Returns whether ticks are used, from the moment on at which their rate is known.
 * Thread: under the GIL. */
bool mb_clock_setup(mb_clock_choice choice);

#if MB_HAS_TICKS
extern bool mb_clock_has_ticks;
extern mb_ticks mb_clock_ticks;

/* Reads the clock, since the line does not reach to the reading `tick`. */
int64_t mb_clock_beyond(const mb_ticks_line *line, uint64_t tick);

/* Reads the clock by its ticks. `begins`: the moment is that of the return, else that of
 * the call, wherever the two differ. */
static inline int64_t
mb_clock_by_ticks(bool begins)
{
    const uint64_t tick = mb_ticks_read();
    const mb_ticks_line line = mb_ticks_present(&mb_clock_ticks);
    if (mb_ticks_reach(&line, tick)) {
        return mb_ticks_ns(&line, tick);
    }
    const int64_t now_ns = mb_clock_beyond(&line, tick); /* draws a line from here on */
    return begins && line.most ? mb_clock_by_ticks(false) : now_ns;
}
#else
#define mb_clock_has_ticks false

static inline int64_t
mb_clock_by_ticks(bool begins)
{
    (void)begins;
    return 0;
}
#endif

/* Returns nanoseconds since an arbitrary start; never goes back. Cannot fail. */
static inline int64_t
mb_clock_ns(void)
{
    return mb_clock_has_ticks ? mb_clock_by_ticks(false)
                              : mb_clock_read(CLOCK_MONOTONIC);
}

/* As mb_clock_ns(), for the begin of a span: what there is to do beside reading the
 * clock comes first, not last. */
static inline int64_t
mb_clock_begin_ns(void)
{
    return mb_clock_has_ticks ? mb_clock_by_ticks(true)
                              : mb_clock_read(CLOCK_MONOTONIC);
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
    const char *source;    /* "tsc": ticks continue it; or "monotonic" */
    int64_t resolution_ns; /* smallest step between two different readings */
    int64_t overhead_ns;   /* what two readings with nothing in between come to */
} mb_clock_info;

/* Measured at the first call (some microseconds), remembered afterwards. The caller has
 * called mb_clock_setup().
 * Thread: any; two first calls at once both measure. */
mb_clock_info mb_clock_measure(void);

#endif
