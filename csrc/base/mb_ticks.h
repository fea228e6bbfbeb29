/* Continues the monotonic clock by a counter of the processor, a millisecond at a time.
 *
 * An *anchor* is a reading of the clock between two readings of the counter. From it a
 * *line* leads on, for MB_TICKS_LINE_NS: the clock is there plus what the counter has
 * counted since. Beyond the line the clock itself is read, which gives the next anchor.
 * So the clock alone measures a long span, and a counter that jumps (a machine that was
 * suspended, or moved to another host) is believed for a millisecond at most.
 *
 *     learn two anchors --> confirm by a third --> draw lines
 *       ^                     |                      |   each anchor has to lie on the
 *       +---------------------+----------------------+   last line, else all is learned
 *                                                        anew; finally: off
 *
 * Time never goes back: each line begins where the one before it ends, or later.
 *
 * Thread: any may read and anchor; of two that anchor at once, one does nothing.
 * Signal-safe: all.
 */
#ifndef MB_TICKS_H
#define MB_TICKS_H

#include "base/mb_platform.h"

#define MB_TICKS_LINE_NS 1000000
#define MB_TICKS_LEARN_NS                                                              \
    10000000 /* between two anchors that the rate is learned from */
#define MB_TICKS_REFINE_NS 100000000 /* likewise, once it is known */
#define MB_TICKS_WIDEST_NS 100       /* between the two readings of an anchor */
#define MB_TICKS_MISSES 16           /* anchors off the line, and ... */
#define MB_TICKS_WIDE 64             /* wide ones one after another, until it is off */
#define MB_TICKS_SHIFT 40

typedef struct {
    uint64_t before; /* the counter */
    int64_t ns;      /* the clock, read between the two */
    uint64_t after;
} mb_ticks_anchor;

typedef struct {
    uint64_t tick; /* where it begins, */
    int64_t ns;    /* and then; of an empty one: what no line before has passed */
    uint64_t most; /* ticks that it is long; 0: it is empty */
    uint64_t rate; /* nanoseconds of a tick, times 2^MB_TICKS_SHIFT */
} mb_ticks_line;

typedef struct {
    uint64_t number; /* of the present line: changes after the line is there */
    mb_ticks_line lines[2];
    int64_t due_ns; /* no anchor is needed before; MB_TICKS_OFF */
    uint32_t busy;  /* one thread has the fields below */
    uint32_t misses, wide;
    double rate;                /* nanoseconds of a tick; 0: not known */
    mb_ticks_anchor base, last; /* the rate is from `base` on */
} mb_ticks;

#define MB_TICKS_OFF INT64_MAX

/* All zero, but for due_ns, is one that is off. Starts to learn, and forgets what was
 * learned: in a forked child as well, where another thread may have been busy. */
void mb_ticks_restart(mb_ticks *ticks);

/* Gives it an anchor. Ignores one that is not due. */
void mb_ticks_add(mb_ticks *ticks, const mb_ticks_anchor *anchor);

/* Returns whether an anchor is needed at `now_ns`. */
static inline bool
mb_ticks_are_due(const mb_ticks *ticks, int64_t now_ns)
{
    return now_ns >= __atomic_load_n(&ticks->due_ns, __ATOMIC_RELAXED);
}

static inline bool
mb_ticks_are_off(const mb_ticks *ticks)
{
    return __atomic_load_n(&ticks->due_ns, __ATOMIC_RELAXED) == MB_TICKS_OFF;
}

#define MB_TICKS_LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* Returns the present line. */
static inline mb_ticks_line
mb_ticks_present(const mb_ticks *ticks)
{
    for (;;) {
        const uint64_t number = __atomic_load_n(&ticks->number, __ATOMIC_ACQUIRE);
        const mb_ticks_line *now = &ticks->lines[number % 2];
        const mb_ticks_line line = {.tick = MB_TICKS_LOAD(now->tick),
                                    .ns = MB_TICKS_LOAD(now->ns),
                                    .most = MB_TICKS_LOAD(now->most),
                                    .rate = MB_TICKS_LOAD(now->rate)};
        mb_fence(__ATOMIC_ACQUIRE); /* before the number is read again */
        if (MB_TICKS_LOAD(ticks->number) == number) {
            return line;
        }
    }
}

/* Returns whether the line reaches to a reading of the counter; never, if that has gone
 * back. */
static inline bool
mb_ticks_reach(const mb_ticks_line *line, uint64_t tick)
{
    return tick - line->tick < line->most;
}

/* Returns the time of a reading that the line reaches. */
static inline int64_t
mb_ticks_ns(const mb_ticks_line *line, uint64_t tick)
{
    return line->ns + (int64_t)(((tick - line->tick) * line->rate) >> MB_TICKS_SHIFT);
}

/* Returns where it ends: no time after its last tick is earlier. */
static inline int64_t
mb_ticks_end_ns(const mb_ticks_line *line)
{
    return mb_ticks_ns(line, line->tick + line->most);
}

/* Returns the time of a reading `tick` that the line does not reach, of the clock right
 * after it: this, or what the line has come to before. It begins later than the reading
 * if another thread has drawn it meanwhile. */
static inline int64_t
mb_ticks_not_before(const mb_ticks_line *line, uint64_t tick, int64_t clock_ns)
{
    const bool is_past = (int64_t)(tick - line->tick) >= 0;
    const int64_t least_ns = is_past ? mb_ticks_end_ns(line) : line->ns;
    return clock_ns > least_ns ? clock_ns : least_ns;
}

#endif
