#include "base/mb_ticks.h"

#include "mb_test.h"

#include <sched.h>

#define MS 1000000ll
#define PER_NS 2.6 /* ticks of the counter here, which starts at ORIGIN */
#define ORIGIN 1000000000000ull
#define WIDTH 50 /* nanoseconds from one reading of an anchor to the other */

static mb_ticks ticks;

static uint64_t
tick_at(double ns)
{
    return ORIGIN + (uint64_t)(ns * PER_NS);
}

/* Gives an anchor at `ns`, when the clock shows `clock_ns`. */
static void
add_shown(int64_t ns, int64_t clock_ns)
{
    const mb_ticks_anchor anchor = {tick_at((double)ns - WIDTH / 2.0), clock_ns,
                                    tick_at((double)ns + WIDTH / 2.0)};
    mb_ticks_add(&ticks, &anchor);
}

static void
add(int64_t ns)
{
    add_shown(ns, ns);
}

static bool
has_line(void)
{
    return mb_ticks_present(&ticks).most > 0;
}

/* The time by the present line at `ns`; -1 beyond it. */
static int64_t
shown_at(int64_t ns)
{
    const mb_ticks_line line = mb_ticks_present(&ticks);
    const uint64_t tick = tick_at((double)ns);
    return mb_ticks_reach(&line, tick) ? mb_ticks_ns(&line, tick) : -1;
}

static bool
is_near(int64_t ns, int64_t other_ns, int64_t most)
{
    return ns - other_ns <= most && other_ns - ns <= most;
}

/* Learns from 1, 11 and 21 ms on. */
static void
start(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    add(1 * MS);
    add(11 * MS);
    add(21 * MS);
}

/* --- learning --------------------------------------------------------------------- */

static void
nothing_is_due_while_it_is_off(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    CHECK(mb_ticks_are_off(&ticks));
    CHECK(!mb_ticks_are_due(&ticks, INT64_MAX - 1));
    add(1 * MS);
    CHECK_INT(ticks.base.ns, 0);
    CHECK_INT(shown_at(1 * MS), -1);
}

static void
two_anchors_teach_and_a_third_confirms(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    CHECK(mb_ticks_are_due(&ticks, 1));
    add(1 * MS);
    CHECK(!mb_ticks_are_due(&ticks, 11 * MS - 1));
    CHECK(mb_ticks_are_due(&ticks, 11 * MS));
    add(11 * MS);
    CHECK(!has_line());
    CHECK(!mb_ticks_are_due(&ticks, 21 * MS - 1));
    add(21 * MS);
    CHECK(has_line());
    CHECK(!mb_ticks_are_due(&ticks, 21 * MS + 1));
    CHECK(mb_ticks_are_due(&ticks, 22 * MS));
}

static void
an_anchor_that_is_not_due_teaches_nothing(void)
{
    start();
    const uint64_t number = ticks.number;
    add(21 * MS);
    add(20 * MS);
    CHECK_INT(ticks.number, number);
}

static void
a_rate_that_the_third_anchor_denies_is_not_used(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    add(1 * MS);
    add(11 * MS);
    add_shown(21 * MS, 22 * MS);
    CHECK(!has_line());
    CHECK_INT(ticks.misses, 1);
    CHECK_INT(ticks.due_ns, 42 * MS); /* twice as long as before */
}

static void
a_counter_that_stands_still_or_goes_back_teaches_nothing(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    const mb_ticks_anchor first = {ORIGIN, 1 * MS, ORIGIN};
    const mb_ticks_anchor still = {ORIGIN, 11 * MS, ORIGIN};
    const mb_ticks_anchor back = {ORIGIN - 1000000, 21 * MS, ORIGIN - 1000000};
    mb_ticks_add(&ticks, &first);
    mb_ticks_add(&ticks, &still);
    mb_ticks_add(&ticks, &back);
    CHECK(ticks.rate == 0);
    CHECK_INT(ticks.wide, 2);
    CHECK(!has_line());
}

static void
a_clock_that_leaps_teaches_nothing(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    for (int64_t second = 1; second <= 3; second++) { /* with each reading */
        const uint64_t tick = ORIGIN + (uint64_t)second * 100;
        const mb_ticks_anchor anchor = {tick, second * 1000 * MS, tick};
        mb_ticks_add(&ticks, &anchor);
        CHECK(ticks.rate == 0);
        CHECK(!has_line());
    }
}

static void
a_wide_anchor_is_no_base(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    const mb_ticks_anchor wide = {tick_at(1e6 - 5000), 1 * MS, tick_at(1e6 + 5000)};
    mb_ticks_add(&ticks, &wide);
    add(11 * MS);
    CHECK(ticks.rate == 0);
    CHECK_INT(ticks.base.ns, 11 * MS);
    add(21 * MS);
    CHECK(ticks.rate > 0);
}

static void
wide_anchors_are_passed_over_and_in_the_end_turn_it_off(void)
{
    start();
    const mb_ticks_line before = mb_ticks_present(&ticks);
    for (int i = 1; i <= MB_TICKS_WIDE; i++) {
        CHECK(!mb_ticks_are_off(&ticks));
        CHECK_INT(mb_ticks_present(&ticks).ns, before.ns);
        const int64_t ns = 21 * MS + i * MS;
        const mb_ticks_anchor wide = {tick_at((double)ns - 60), ns,
                                      tick_at((double)ns + 60)};
        mb_ticks_add(&ticks, &wide);
    }
    CHECK(mb_ticks_are_off(&ticks));
    CHECK(!has_line());
}

static void
one_narrow_anchor_forgives_the_wide_ones(void)
{
    start();
    ticks.wide = MB_TICKS_WIDE - 1;
    add(22 * MS);
    CHECK_INT(ticks.wide, 0);
}

/* --- lines ------------------------------------------------------------------------ */

static void
a_line_is_the_clock_within_a_nanosecond(void)
{
    start();
    for (int64_t ns = 21 * MS; ns < 22 * MS; ns += 997) {
        CHECK(is_near(shown_at(ns), ns, 1));
    }
}

static void
a_line_ends_after_a_millisecond_and_has_nothing_before_it(void)
{
    start();
    CHECK(shown_at(22 * MS - 10) > 0);
    CHECK_INT(shown_at(22 * MS + 10), -1);
    CHECK_INT(shown_at(21 * MS - 10), -1); /* a counter that has gone back */
    CHECK_INT(shown_at(3600 * 1000 * MS), -1);
    const mb_ticks_line line = mb_ticks_present(&ticks);
    CHECK(!mb_ticks_reach(&line, 0));
    CHECK(!mb_ticks_reach(&line, UINT64_MAX));
}

static void
no_counter_is_too_slow_or_too_fast_for_the_arithmetic(void)
{
    static const double rates[] = {0.051, 1, 999}; /* nanoseconds of a tick */
    for (int i = 0; i < 3; i++) {
        const double rate = rates[i];
        ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
        mb_ticks_restart(&ticks);
        for (int64_t ns = 999000; ns < 30 * MS; ns += 10 * MS + 989) {
            const uint64_t tick = (uint64_t)((double)ns / rate);
            const mb_ticks_anchor anchor = {tick, ns, tick};
            mb_ticks_add(&ticks, &anchor);
        }
        const mb_ticks_line line = mb_ticks_present(&ticks);
        CHECK(line.most > 0);
        const int64_t end_ns = mb_ticks_ns(&line, line.tick + line.most);
        CHECK(is_near(end_ns, line.ns + MB_TICKS_LINE_NS, (int64_t)rate + 1));
    }
}

static void
a_line_goes_on_where_the_counter_starts_again_from_zero(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    for (int64_t ns = 1 * MS; ns <= 31 * MS; ns += 10 * MS) {
        const uint64_t tick = (uint64_t)ns - (uint64_t)(21 * MS) - 500; /* wraps */
        const mb_ticks_anchor anchor = {tick - 20, ns, tick + 20};
        mb_ticks_add(&ticks, &anchor);
        if (ns == 21 * MS) {
            const mb_ticks_line line = mb_ticks_present(&ticks);
            CHECK(line.most > 0);
            CHECK(is_near(mb_ticks_ns(&line, 500), 21 * MS + 1000, 1));
        }
    }
    CHECK_INT(ticks.misses, 0);
}

static void
the_rate_becomes_finer_with_time(void)
{
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    add(1 * MS);
    add_shown(11 * MS, 11 * MS + 20); /* read late: two millionths too much */
    add(21 * MS);
    const double rough = ticks.rate * PER_NS - 1;
    CHECK(rough > 1e-6);
    add(101 * MS);
    CHECK_INT(ticks.base.ns, 101 * MS);
    const double finer = ticks.rate * PER_NS - 1;
    CHECK(finer < 1e-9 && finer > -1e-9);
}

/* --- time never goes back --------------------------------------------------------- */

static void
a_line_ahead_of_the_clock_is_flattened_not_set_back(void)
{
    start();
    const mb_ticks_line before = mb_ticks_present(&ticks);
    add_shown(22 * MS + 5, 22 * MS - 25); /* read early */
    CHECK_INT(ticks.misses, 0);
    const mb_ticks_line line = mb_ticks_present(&ticks);
    CHECK(line.ns >= mb_ticks_end_ns(&before));
    CHECK(is_near(mb_ticks_end_ns(&line), 23 * MS - 25, 1)); /* on time again */
}

static void
the_clock_is_not_read_as_earlier_than_a_line_was(void)
{
    start();
    const mb_ticks_line line = mb_ticks_present(&ticks);
    const uint64_t after = tick_at(22e6 + 10), before = tick_at(21e6 - 10);
    CHECK(is_near(mb_ticks_not_before(&line, after, 22 * MS - 5), 22 * MS, 1));
    CHECK_INT(mb_ticks_not_before(&line, after, 22 * MS + 10), 22 * MS + 10);
    CHECK_INT(mb_ticks_not_before(&line, before, 21 * MS - 5), 21 * MS);
    CHECK_INT(mb_ticks_not_before(&line, before, 21 * MS + 5), 21 * MS + 5);
}

static void
readings_rise_while_the_clock_is_corrected(void)
{
    start();
    int64_t last_ns = 0, clock_ns = 21 * MS;
    for (int64_t ns = 21 * MS; ns < 500 * MS; ns += 10007) {
        const bool fast = (ns / (50 * MS)) % 2; /* by 400 millionths, for 50 ms */
        int64_t now_ns = shown_at(ns);
        if (now_ns < 0) {
            const mb_ticks_line line = mb_ticks_present(&ticks);
            now_ns = mb_ticks_not_before(&line, tick_at((double)ns), clock_ns);
            add_shown(ns, clock_ns);
        }
        CHECK(now_ns >= last_ns);
        CHECK(is_near(now_ns, clock_ns, 500));
        last_ns = now_ns;
        clock_ns += 10007 + (fast ? 4 : 0);
    }
    CHECK(ticks.misses > 0);
}

/* --- jumps ------------------------------------------------------------------------ */

static void
a_jump_of_the_counter_has_it_learn_anew(void)
{
    start();
    const mb_ticks_anchor jumped = {tick_at(25e6), 22 * MS, tick_at(25e6) + 100};
    mb_ticks_add(&ticks, &jumped);
    CHECK_INT(ticks.misses, 1);
    CHECK(!has_line());
    CHECK(ticks.rate == 0);
    const mb_ticks_line none = mb_ticks_present(&ticks);
    CHECK(is_near(none.ns, 22 * MS, 1)); /* no reading goes back behind the old line */
}

static void
a_machine_that_slept_has_it_learn_anew(void)
{
    start();
    add_shown(5000 * MS, 100 * MS); /* the clock stood still, the counter did not */
    CHECK_INT(ticks.misses, 1);
    CHECK(!has_line());
}

static void
a_pause_of_the_program_changes_nothing(void)
{
    start();
    add(3600 * 1000 * MS);
    CHECK_INT(ticks.misses, 0);
    CHECK(is_near(shown_at(3600 * 1000 * MS + 1000), 3600 * 1000 * MS + 1000, 1));
}

static void
it_waits_longer_after_each_jump_and_gives_up(void)
{
    start();
    int64_t ns = 21 * MS;
    for (uint32_t i = 1; i <= MB_TICKS_MISSES; i++) {
        CHECK(!mb_ticks_are_off(&ticks));
        const int64_t ahead_ns = i * 5 * MS;
        ns = ns > ticks.due_ns - ahead_ns ? ns + MS : ticks.due_ns - ahead_ns;
        add_shown(ns, ns + ahead_ns);
        CHECK_INT(ticks.misses, i);
        for (int again = 0; again < 2 && i < MB_TICKS_MISSES; again++) {
            ns = ticks.due_ns - ahead_ns;
            add_shown(ns, ns + ahead_ns);
        }
        CHECK(i == MB_TICKS_MISSES || has_line());
    }
    CHECK(mb_ticks_are_off(&ticks));
    CHECK(!has_line());
}

static void
a_restart_forgets_all_and_lets_go_of_a_busy_thread(void)
{
    start();
    ticks.busy = 1;
    add(30 * MS);
    CHECK_INT(ticks.last.ns, 21 * MS);
    mb_ticks_restart(&ticks);
    CHECK(!has_line());
    CHECK_INT(mb_ticks_present(&ticks).ns, 0);
    add(31 * MS);
    CHECK_INT(ticks.base.ns, 31 * MS);
}

/* --- threads ---------------------------------------------------------------------- */

static int64_t
    now_ns; /* of the counter that the threads share: one tick a nanosecond */
static bool ended;

static int64_t
read_shared(void)
{
    const uint64_t tick = (uint64_t)__atomic_load_n(&now_ns, __ATOMIC_ACQUIRE);
    const mb_ticks_line line = mb_ticks_present(&ticks);
    if (mb_ticks_reach(&line, tick)) {
        return mb_ticks_ns(&line, tick);
    }
    const int64_t clock_ns = __atomic_load_n(&now_ns, __ATOMIC_ACQUIRE);
    if (mb_ticks_are_due(&ticks, clock_ns)) {
        const mb_ticks_anchor anchor = {(uint64_t)clock_ns, clock_ns,
                                        (uint64_t)clock_ns};
        mb_ticks_add(&ticks, &anchor);
    }
    return mb_ticks_not_before(&line, tick, clock_ns);
}

static void *
read_in_thread(void *unused)
{
    (void)unused;
    int64_t last_ns = 0;
    while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
        const int64_t before_ns = __atomic_load_n(&now_ns, __ATOMIC_ACQUIRE);
        const int64_t read_ns = read_shared();
        const int64_t after_ns = __atomic_load_n(&now_ns, __ATOMIC_ACQUIRE);
        CHECK(read_ns >= last_ns);
        CHECK(read_ns >= before_ns - 1 && read_ns <= after_ns + 101);
        last_ns = read_ns;
    }
    return NULL;
}

static void
threads_see_whole_lines_only(void)
{
    pthread_t threads[2];
    now_ns = 1;
    ended = false;
    ticks = (mb_ticks){.due_ns = MB_TICKS_OFF};
    mb_ticks_restart(&ticks);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, read_in_thread, NULL), 0);
    }
    for (int i = 0; i < 20000; i++) {
        __atomic_add_fetch(&now_ns, 100003, __ATOMIC_RELEASE);
        read_shared();
        if (i % 64 == 0) {
            sched_yield();
        }
    }
    __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_INT(ticks.misses, 0);
    CHECK(ticks.number > 100);
}

int
main(void)
{
    RUN(nothing_is_due_while_it_is_off);
    RUN(two_anchors_teach_and_a_third_confirms);
    RUN(an_anchor_that_is_not_due_teaches_nothing);
    RUN(a_rate_that_the_third_anchor_denies_is_not_used);
    RUN(a_counter_that_stands_still_or_goes_back_teaches_nothing);
    RUN(a_clock_that_leaps_teaches_nothing);
    RUN(a_wide_anchor_is_no_base);
    RUN(wide_anchors_are_passed_over_and_in_the_end_turn_it_off);
    RUN(one_narrow_anchor_forgives_the_wide_ones);
    RUN(a_line_is_the_clock_within_a_nanosecond);
    RUN(a_line_ends_after_a_millisecond_and_has_nothing_before_it);
    RUN(no_counter_is_too_slow_or_too_fast_for_the_arithmetic);
    RUN(a_line_goes_on_where_the_counter_starts_again_from_zero);
    RUN(the_rate_becomes_finer_with_time);
    RUN(a_line_ahead_of_the_clock_is_flattened_not_set_back);
    RUN(the_clock_is_not_read_as_earlier_than_a_line_was);
    RUN(readings_rise_while_the_clock_is_corrected);
    RUN(a_jump_of_the_counter_has_it_learn_anew);
    RUN(a_machine_that_slept_has_it_learn_anew);
    RUN(a_pause_of_the_program_changes_nothing);
    RUN(it_waits_longer_after_each_jump_and_gives_up);
    RUN(a_restart_forgets_all_and_lets_go_of_a_busy_thread);
    RUN(threads_see_whole_lines_only);
    return test_report();
}
