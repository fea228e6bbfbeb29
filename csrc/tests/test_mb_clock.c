#include "base/mb_clock.h"

#include "mb_test.h"

#include <sched.h>

static void
the_monotonic_clock_never_goes_back(void)
{
    int64_t last = mb_clock_ns();
    for (int i = 0; i < 100000; i++) {
        const int64_t now = mb_clock_ns();
        CHECK(now >= last);
        last = now;
    }
}

static void
the_wall_clock_is_that_of_the_c_library(void)
{
    const int64_t before = time(NULL);
    const int64_t now_s = mb_clock_wall_ns() / 1000000000;
    /* time() may read a coarser clock, which is a tick behind */
    CHECK(now_s >= before && now_s <= time(NULL) + 1);
}

static void
both_clocks_are_read_at_one_moment(void)
{
    int64_t now_ns = 0;
    const int64_t before_ns = mb_clock_ns(), wall_before_ns = mb_clock_wall_ns();
    const int64_t wall_ns = mb_clock_both(&now_ns);
    CHECK(before_ns <= now_ns && now_ns <= mb_clock_ns());
    CHECK(wall_before_ns <= wall_ns && wall_ns <= mb_clock_wall_ns());
}

static void
a_measurement_is_plausible_and_remembered(void)
{
    const mb_clock_info first = mb_clock_measure();
    CHECK(strcmp(first.name, "CLOCK_MONOTONIC") == 0);
    CHECK(strcmp(first.source, "monotonic") == 0);
    CHECK(first.resolution_ns > 0);
    CHECK(first.overhead_ns >= 0);
    const mb_clock_info second = mb_clock_measure();
    CHECK_INT(second.resolution_ns, first.resolution_ns);
    CHECK_INT(second.overhead_ns, first.overhead_ns);
}

static void *
measure_in_thread(void *barrier)
{
    pthread_barrier_wait(barrier);
    CHECK(mb_clock_measure().resolution_ns > 0);
    return NULL;
}

static void
two_threads_may_measure_first_at_once(void)
{
    pthread_barrier_t barrier;
    pthread_t threads[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, measure_in_thread, &barrier), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&barrier);
}

/* --- by ticks --------------------------------------------------------------------- */

#define OFF_NS 200 /* a line may be off by, at most: see mb_ticks.c */

/* Returns the reading, which has to lie between two of the clock. */
static int64_t
read_between(bool begins)
{
    const int64_t before_ns = mb_clock_read(CLOCK_MONOTONIC);
    const int64_t now_ns = begins ? mb_clock_begin_ns() : mb_clock_ns();
    const int64_t after_ns = mb_clock_read(CLOCK_MONOTONIC);
    CHECK(now_ns >= before_ns - OFF_NS && now_ns <= after_ns + OFF_NS);
    return now_ns;
}

/* Reads on until the first line is drawn: the longest that this takes is 20 ms, unless
 * the thread is interrupted. */
static bool
learn(void)
{
#if MB_HAS_TICKS
    const int64_t end_ns = mb_clock_read(CLOCK_MONOTONIC) + 2000000000;
    while (!mb_ticks_present(&mb_clock_ticks).most &&
           !mb_ticks_are_off(&mb_clock_ticks) &&
           mb_clock_read(CLOCK_MONOTONIC) < end_ns) {
        read_between(false);
    }
    return mb_ticks_present(&mb_clock_ticks).most > 0;
#else
    return false;
#endif
}

static void
ticks_are_on_once_they_are_chosen(void)
{
    CHECK_INT(mb_clock_setup(MB_CLOCK_TSC), MB_HAS_TICKS);
    CHECK_INT(mb_clock_setup(MB_CLOCK_MONOTONIC), MB_HAS_TICKS); /* remembered */
    const char *source = MB_HAS_TICKS ? "tsc" : "monotonic";
    CHECK(strcmp(mb_clock_measure().source, source) == 0);
}

static void
readings_by_ticks_lie_between_those_of_the_clock(void)
{
    learn();
    int64_t last_ns = 0;
    for (int i = 0; i < 200000; i++) {
        const int64_t now_ns = read_between(i % 2);
        CHECK(now_ns >= last_ns);
        last_ns = now_ns;
    }
}

static void
readings_of_all_processors_agree(void)
{
#ifdef __linux__
    cpu_set_t all, one;
    CHECK_INT(sched_getaffinity(0, sizeof all, &all), 0);
    int64_t last_ns = 0;
    for (int i = 0; i < 20 * CPU_SETSIZE; i++) {
        const size_t cpu = (size_t)i % CPU_SETSIZE;
        if (CPU_ISSET(cpu, &all)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
            const int64_t now_ns = read_between(i % 2);
            CHECK(now_ns >= last_ns);
            last_ns = now_ns;
        }
    }
    CHECK_INT(sched_setaffinity(0, sizeof all, &all), 0);
#endif
}

static void
a_forked_child_learns_for_itself(void)
{
    learn();
    const pid_t child = fork();
    if (child == 0) {
#if MB_HAS_TICKS
        CHECK_INT(mb_ticks_present(&mb_clock_ticks).most, 0);
        CHECK(mb_clock_ticks.base.ns == 0 || mb_ticks_are_off(&mb_clock_ticks));
#endif
        for (int i = 0; i < 1000; i++) {
            read_between(i % 2);
        }
        _exit(test_failures != 0);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

int
main(void)
{
    RUN(two_threads_may_measure_first_at_once); /* so it comes first */
    RUN(the_monotonic_clock_never_goes_back);
    RUN(the_wall_clock_is_that_of_the_c_library);
    RUN(both_clocks_are_read_at_one_moment);
    RUN(a_measurement_is_plausible_and_remembered);
    RUN(ticks_are_on_once_they_are_chosen); /* and from here on */
    RUN(the_monotonic_clock_never_goes_back);
    RUN(both_clocks_are_read_at_one_moment);
    RUN(readings_by_ticks_lie_between_those_of_the_clock);
    RUN(readings_of_all_processors_agree);
    RUN(a_forked_child_learns_for_itself);
    return test_report();
}
