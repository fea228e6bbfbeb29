#include "base/mb_clock.h"

#define ROUNDS 8
#define READINGS 64 /* in a round */

#define MOST_APART_NS 10000
#define MOST_TRIES 10

/* --- ticks ------------------------------------------------------------------------ */

#if MB_HAS_TICKS

bool mb_clock_has_ticks;
mb_ticks mb_clock_ticks = {.due_ns = MB_TICKS_OFF};

int64_t
mb_clock_beyond(const mb_ticks_line *line, uint64_t tick)
{
    const int64_t now_ns = mb_clock_read(CLOCK_MONOTONIC);
    if (mb_ticks_are_due(&mb_clock_ticks, now_ns)) {
        mb_ticks_anchor
            anchor; /* not from the reading above, which may be a slow one */
        anchor.before = mb_ticks_read();
        anchor.ns = mb_clock_read(CLOCK_MONOTONIC);
        anchor.after = mb_ticks_read();
        mb_ticks_add(&mb_clock_ticks, &anchor);
    }
    return mb_ticks_not_before(line, tick, now_ns);
}

/* The child may be in another time namespace, and no thread is busy there. */
static void
restart_in_child(void)
{
    if (!mb_ticks_are_off(&mb_clock_ticks)) {
        mb_ticks_restart(&mb_clock_ticks);
    }
}

bool
mb_clock_setup(mb_clock_choice choice)
{
    static bool chosen;
    if (!chosen) {
        chosen = true;
        const bool fit =
            choice == MB_CLOCK_TSC || (choice == MB_CLOCK_AUTO && mb_ticks_keep_time());
        if (fit && pthread_atfork(NULL, NULL, restart_in_child) == 0) {
            mb_ticks_restart(&mb_clock_ticks);
            mb_clock_has_ticks = true;
        }
    }
    return mb_clock_has_ticks;
}

#else

bool
mb_clock_setup(mb_clock_choice choice)
{
    (void)choice;
    return false;
}

#endif

/* --- both clocks ------------------------------------------------------------------ */

int64_t
mb_clock_both(int64_t *now_ns)
{
    int64_t wall_ns = 0, closest_ns = INT64_MAX;
    for (int tries = 0; tries < MOST_TRIES && closest_ns > MOST_APART_NS; tries++) {
        const int64_t before_ns = mb_clock_ns();
        const int64_t read_ns = mb_clock_wall_ns();
        const int64_t after_ns = mb_clock_ns();
        if (after_ns - before_ns < closest_ns) {
            closest_ns = after_ns - before_ns;
            wall_ns = read_ns;
            *now_ns = after_ns;
        }
    }
    return wall_ns;
}

/* --- what it can -------------------------------------------------------------------- */

static int64_t
smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What clock_gettime(2) promises: for clocks too coarse to be seen stepping. */
static int64_t
promised_resolution_ns(void)
{
    struct timespec step = {0};
    clock_getres(CLOCK_MONOTONIC, &step);
    return (int64_t)step.tv_sec * 1000000000 + step.tv_nsec;
}

/* The time of a round divided by its readings is finer than the clock; the quickest of
 * several rounds is one in which the thread was not interrupted. */
static mb_clock_info
measure(void)
{
    int64_t step_ns = INT64_MAX;
    int64_t round_ns = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        const int64_t start = mb_clock_ns();
        int64_t last = start;
        for (int i = 0; i < READINGS; i++) {
            const int64_t now = mb_clock_ns();
            if (now != last) {
                step_ns = smaller(step_ns, now - last);
            }
            last = now;
        }
        round_ns = smaller(round_ns, last - start);
    }
    return (mb_clock_info){
        .name = "CLOCK_MONOTONIC",
        .resolution_ns = step_ns == INT64_MAX ? promised_resolution_ns() : step_ns,
        .overhead_ns = round_ns / READINGS,
    };
}

#if MB_HAS_TICKS
static bool
uses_ticks(void)
{
    return !mb_ticks_are_off(&mb_clock_ticks);
}

static int64_t
ticks_round_ns(void)
{
    const int64_t start = mb_clock_read(CLOCK_MONOTONIC);
    for (int i = 0; i < READINGS; i++) {
        mb_ticks_read();
    }
    return mb_clock_read(CLOCK_MONOTONIC) - start;
}

/* Replaces what the clock can by what its ticks can: two readings in a row differ by
 * what one takes. */
static mb_clock_info
with_ticks(mb_clock_info info)
{
    int64_t round_ns = INT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        round_ns = smaller(round_ns, ticks_round_ns());
    }
    info.overhead_ns = smaller(info.overhead_ns, round_ns / READINGS);
    info.resolution_ns = smaller(info.resolution_ns, info.overhead_ns + 1);
    return info;
}
#else
static bool
uses_ticks(void)
{
    return false;
}

static mb_clock_info
with_ticks(mb_clock_info info)
{
    return info;
}
#endif

mb_clock_info
mb_clock_measure(void)
{
    static int64_t resolution_ns, overhead_ns; /* 0 until measured */
    mb_clock_info info = {.name = "CLOCK_MONOTONIC"};
    info.overhead_ns = __atomic_load_n(&overhead_ns, __ATOMIC_RELAXED);
    info.resolution_ns = __atomic_load_n(&resolution_ns, __ATOMIC_ACQUIRE);
    if (info.resolution_ns == 0) {
        info = uses_ticks() ? with_ticks(measure()) : measure();
        __atomic_store_n(&overhead_ns, info.overhead_ns, __ATOMIC_RELAXED);
        __atomic_store_n(&resolution_ns, info.resolution_ns, __ATOMIC_RELEASE);
    }
    info.source = uses_ticks() ? "tsc" : "monotonic";
    return info;
}
