#include "base/mb_clock.h"

#define ROUNDS 8
#define READINGS 64 /* in a round */

#define MOST_APART_NS 10000
#define MOST_TRIES 10

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

mb_clock_info
mb_clock_measure(void)
{
    static int64_t resolution_ns, overhead_ns; /* 0 until measured */
    mb_clock_info info = {.name = "CLOCK_MONOTONIC"};
    info.overhead_ns = __atomic_load_n(&overhead_ns, __ATOMIC_RELAXED);
    info.resolution_ns = __atomic_load_n(&resolution_ns, __ATOMIC_ACQUIRE);
    if (info.resolution_ns == 0) {
        info = measure();
        __atomic_store_n(&overhead_ns, info.overhead_ns, __ATOMIC_RELAXED);
        __atomic_store_n(&resolution_ns, info.resolution_ns, __ATOMIC_RELEASE);
    }
    return info;
}
