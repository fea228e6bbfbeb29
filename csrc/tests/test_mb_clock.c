#include "base/mb_clock.h"

#include "mb_test.h"

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

int
main(void)
{
    RUN(two_threads_may_measure_first_at_once); /* so it comes first */
    RUN(the_monotonic_clock_never_goes_back);
    RUN(the_wall_clock_is_that_of_the_c_library);
    RUN(both_clocks_are_read_at_one_moment);
    RUN(a_measurement_is_plausible_and_remembered);
    return test_report();
}
