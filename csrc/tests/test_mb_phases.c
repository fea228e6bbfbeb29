#include "run/mb_phases.h"

#include "mb_test.h"
#include "mb_test_phases.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

static mb_phase *
enter(mb_phases *phases, const char *name)
{
    mb_phase *phase = test_enter(phases, name, strlen(name), 0);
    CHECK(phase != NULL);
    return phase;
}

static void
a_phase_is_open_until_it_is_left(void)
{
    mb_phases phases = {0};
    mb_phase *phase = test_enter(&phases, "load", 4, 7);
    CHECK_BYTES(phase->name->utf8, phase->name->size, "load");
    CHECK_INT(phase->name->utf8[4], 0);
    CHECK_INT(phase->start_ns, 0);
    CHECK_INT(phase->duration_ns, MB_PHASE_OPEN);
    CHECK_INT(phase->iteration, 7);
    CHECK_INT(phases.entered, 1);
    CHECK_INT(phases.left, 0);
    phase->start_ns = 1000;
    mb_phases_leave(&phases, phase, 1250);
    CHECK_INT(phase->duration_ns, 250);
    CHECK_INT(phases.left, 1);
    mb_phases_free(&phases);
}

static void
a_phase_needs_32_bytes(void)
{
    CHECK_INT(sizeof(mb_phase), 32);
}

static void
phases_are_walked_in_the_order_of_entering(void)
{
    mb_phases phases = {0};
    mb_phase *entered[10000];
    for (int i = 0; i < 10000; i++) {
        entered[i] = enter(&phases, "p");
        entered[i]->start_ns = i;
    }
    mb_phase_place place = {0};
    for (int i = 0; i < 10000; i++) {
        CHECK(mb_phases_next(&phases, &place) == entered[i]); /* never moved */
        CHECK_INT(entered[i]->start_ns, i);
    }
    CHECK(mb_phases_next(&phases, &place) == NULL);
    CHECK(mb_phases_next(&phases, &place) == NULL);
    mb_phases_free(&phases);
}

static void
no_phases_are_walked_at_once(void)
{
    mb_phases phases = {0};
    mb_phase_place place = {0};
    CHECK(mb_phases_next(&phases, &place) == NULL);
    mb_phases_finished(&phases, NULL);
    mb_phases_free(&phases);
}

static void
a_walk_goes_on_when_more_phases_are_entered(void)
{
    mb_phases phases = {0};
    mb_phase_place place = {0};
    for (int i = 0; i < 1000; i++) {
        mb_phase *phase = enter(&phases, "p");
        CHECK(mb_phases_next(&phases, &place) == phase);
        CHECK(mb_phases_next(&phases, &place) == NULL);
    }
    mb_phases_free(&phases);
}

static void
finished_phases_are_in_the_order_of_leaving(void)
{
    mb_phases phases = {0};
    const mb_phase *finished[3];
    mb_phase *outer = enter(&phases, "outer");
    mb_phase *first = enter(&phases, "first");
    mb_phases_leave(&phases, first, 1);
    enter(&phases, "open");
    mb_phase *second = enter(&phases, "second");
    mb_phases_leave(&phases, second, 2);
    mb_phases_leave(&phases, outer, 3);
    CHECK_INT(phases.left, 3);
    CHECK_INT(phases.entered, 4);
    mb_phases_finished(&phases, finished);
    CHECK(finished[0] == first && finished[1] == second && finished[2] == outer);
    mb_phases_free(&phases);
}

static void
a_phase_of_no_time_is_finished(void)
{
    mb_phases phases = {0};
    const mb_phase *finished = NULL;
    mb_phase *phase = enter(&phases, "p");
    mb_phases_leave(&phases, phase, 0);
    mb_phases_finished(&phases, &finished);
    CHECK(finished == phase);
    mb_phases_free(&phases);
}

static void
a_name_is_stored_once_for_many_phases(void)
{
    mb_phases phases = {0};
    mb_phase_name *name = mb_phases_name(&phases, "load", 4);
    const mb_phase *one = mb_phases_enter(&phases, name, 0);
    const mb_phase *two = mb_phases_enter(&phases, name, 1);
    CHECK(one->name == name && two->name == name);
    CHECK_INT(two->iteration, 1);
    mb_phases_free(&phases);
}

static void
names_are_copies(void)
{
    mb_phases phases = {0};
    char name[] = "aaaa";
    const mb_phase *one = test_enter(&phases, name, 4, 0);
    memcpy(name, "bbbb", 4);
    const mb_phase *two = test_enter(&phases, name, 4, 0);
    const mb_phase *shorter = test_enter(&phases, name, 3, 0);
    const mb_phase *again = test_enter(&phases, name, 4, 0);
    CHECK_BYTES(one->name->utf8, one->name->size, "aaaa");
    CHECK_BYTES(two->name->utf8, two->name->size, "bbbb");
    CHECK_BYTES(shorter->name->utf8, shorter->name->size, "bbb");
    CHECK_BYTES(again->name->utf8, again->name->size, "bbbb");
    mb_phases_free(&phases);
}

static void
names_of_all_lengths_are_kept(void)
{
    mb_phases phases = {0};
    char name[5000];
    memset(name, 'n', sizeof name);
    for (size_t size = 0; size < sizeof name; size += 1 + size / 7) {
        const mb_phase *phase = test_enter(&phases, name, size, 0);
        CHECK_INT(phase->name->size, size);
        CHECK(memcmp(phase->name->utf8, name, size) == 0);
        CHECK_INT(phase->name->utf8[size], 0);
    }
    mb_phases_free(&phases);
}

static void
a_name_may_hold_a_zero_byte(void)
{
    mb_phases phases = {0};
    const mb_phase *phase = test_enter(&phases, "a\0b", 3, 0);
    CHECK_INT(phase->name->size, 3);
    CHECK(memcmp(phase->name->utf8, "a\0b", 4) == 0);
    mb_phases_free(&phases);
}

static void
a_name_beyond_all_memory_is_refused(void)
{
    mb_phases phases = {0};
    CHECK(test_enter(&phases, "p", SIZE_MAX, 0) == NULL);
    CHECK_INT(phases.entered, 0);
    mb_phases_free(&phases);
}

static void
freed_phases_are_empty_and_can_be_used_again(void)
{
    mb_phases phases = {0};
    enter(&phases, "one");
    mb_phases_free(&phases);
    CHECK_INT(phases.entered, 0);
    mb_phases_free(&phases);
    mb_phase *phase = enter(&phases, "two");
    CHECK_BYTES(phase->name->utf8, phase->name->size, "two");
    mb_phases_free(&phases);
}

/* --- memory ---------------------------------------------------------------------- */

static void
enter_through_a_failure(void)
{
    mb_phases phases = {0};
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "phase %d", i);
        const uint32_t entered = phases.entered;
        mb_phase *phase = test_enter(&phases, name, strlen(name), 0);
        if (!phase) {
            CHECK(test_allocation_failed());
            CHECK_INT(phases.entered, entered);
            phase = enter(&phases, name);
        }
        mb_phases_leave(&phases, phase, i);
    }
    const mb_phase *finished[300];
    mb_phases_finished(&phases, finished);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "phase %d", i);
        CHECK_INT(finished[i]->duration_ns, i);
        CHECK_BYTES(finished[i]->name->utf8, finished[i]->name->size, name);
    }
    mb_phases_free(&phases);
}

static void
a_phase_without_memory_changes_nothing(void)
{
    test_each_failing_allocation(enter_through_a_failure);
}

/* --- signals --------------------------------------------------------------------- */

static mb_phases interrupted;
static volatile sig_atomic_t walks, wrong;

static void
walk_in_a_handler(int signal_number)
{
    (void)signal_number;
    mb_phase_place place = {0};
    const uint32_t entered = __atomic_load_n(&interrupted.entered, __ATOMIC_ACQUIRE);
    uint32_t seen = 0;
    for (const mb_phase *phase; (phase = mb_phases_next(&interrupted, &place));) {
        wrong |= phase->name->size != 5 || phase->name->utf8[0] != 'p';
        seen++;
    }
    wrong |= seen != entered;
    walks = walks + 1;
}

/* A signal at some instruction of what runs a few microseconds later. */
static void
order_a_signal(int after_us)
{
    const struct itimerval once = {.it_value = {.tv_usec = after_us}};
    setitimer(ITIMER_REAL, &once, NULL);
}

static void
a_signal_handler_can_walk_them_at_any_moment(void)
{
    signal(SIGALRM, walk_in_a_handler);
    for (int walk = 0; walk < 300; walk++) {
        order_a_signal(1 + walk % 50);
        while (walks == walk) {
            enter(&interrupted, "phase");
        }
        if (interrupted.entered > 2000) {
            mb_phases_free(&interrupted);
        }
    }
    CHECK_INT(wrong, 0);
    mb_phases_free(&interrupted);
}

/* --- dropped ones ----------------------------------------------------------------- */

static int dropped_count;
static int64_t last_dropped_ns;

static void
note_drop(mb_phases *phases, const mb_phase *phase)
{
    CHECK_INT(phases->dropped, ++dropped_count);
    last_dropped_ns = phase->duration_ns;
}

static void
pass(mb_phases *phases, const char *name, int64_t ns)
{
    mb_phases_leave(phases, enter(phases, name), ns);
}

static void
the_first_ones_are_dropped(void)
{
    mb_phases phases = {.on_drop = note_drop};
    mb_total totals[4];
    const mb_phase *stored[48];
    mb_phases_kept = 16;
    dropped_count = 0;
    mb_phase *open = enter(&phases, "open");
    for (int64_t i = 1; i <= 1000; i++) {
        pass(&phases, i % 2 ? "odd" : "even", i);
    }
    CHECK_INT(phases.left, 1000);
    CHECK_INT(phases.dropped, dropped_count);
    CHECK_INT(last_dropped_ns, dropped_count);
    CHECK(mb_phases_stored(&phases) >= 16 && mb_phases_stored(&phases) <= 48);
    CHECK_INT(mb_phases_stored(&phases) - mb_phases_unlisted(&phases), 16);
    mb_phases_finished(&phases, stored);
    CHECK_INT(stored[mb_phases_unlisted(&phases)]->duration_ns, 985);
    CHECK_INT(mb_phases_open_count(&phases), 1);
    mb_phases_opened(&phases, stored);
    CHECK(stored[0] == open);
    CHECK(mb_phases_are_summed(&phases));
    mb_phases_totals(&phases, totals);
    CHECK_INT(totals[0].count, 0);
    CHECK_INT(totals[1].count, 500);
    CHECK_INT(totals[1].sum_ns, 250000);
    CHECK_INT(totals[1].min_ns, 1);
    CHECK_INT(totals[2].max_ns, 1000);
    CHECK(phases.entered <= 48);
    mb_phases_free(&phases);
    mb_phases_kept = MB_PHASES_KEPT;
}

static void
open_ones_keep_their_order(void)
{
    mb_phases phases = {0};
    mb_phase *open[40];
    const mb_phase *found[40];
    mb_phases_kept = 4;
    for (int i = 0; i < 40; i++) {
        for (int j = 0; j < 10; j++) {
            pass(&phases, "p", 1);
        }
        open[i] = enter(&phases, "open");
    }
    CHECK_INT(mb_phases_open_count(&phases), 40);
    mb_phases_opened(&phases, found);
    for (int i = 0; i < 40; i++) {
        CHECK(found[i] == open[i]);
    }
    for (int i = 39; i >= 0; i--) {
        mb_phases_leave(&phases, open[i], i);
    }
    CHECK_INT(phases.left, 440);
    for (int i = 0; i < 100; i++) {
        pass(&phases, "p", 1);
    }
    CHECK_INT(phases.left, 540);
    mb_phases_free(&phases);
    mb_phases_kept = MB_PHASES_KEPT;
}

static void
names_beyond_the_most_share_a_total(void)
{
    mb_phases phases = {0};
    mb_total totals[3];
    char name[24];
    mb_phases_kept = 4;
    mb_phases_names = 2;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "name %d", i);
        pass(&phases, name, i);
    }
    CHECK_INT(phases.names, 2);
    mb_phases_totals(&phases, totals);
    CHECK_INT(totals[0].count, 1);
    CHECK_INT(totals[2].count, 98);
    CHECK_INT(totals[2].max_ns, 99);
    mb_phase_name *unused = mb_phases_name(&phases, "unused", 6);
    CHECK_INT(unused->index, MB_NAME_SHARES);
    mb_phases_forget(unused);
    mb_phases_free(&phases);
    mb_phases_kept = MB_PHASES_KEPT;
    mb_phases_names = MB_PHASES_NAMES;
}

static void
drop_through_a_failure(void)
{
    mb_phases phases = {0};
    mb_total totals[2];
    for (int i = 0; i < 100; i++) {
        mb_phase *phase = test_enter(&phases, "p", 1, 0);
        if (!phase) {
            CHECK(test_allocation_failed());
            phase = enter(&phases, "p");
        }
        mb_phases_leave(&phases, phase, 1);
    }
    CHECK_INT(phases.left, 100);
    mb_phases_totals(&phases, totals);
    CHECK_INT(totals[0].count, 100);
    mb_phases_free(&phases);
}

static void
without_memory_no_phase_is_dropped_uncounted(void)
{
    mb_phases_kept = 4;
    test_each_failing_allocation(drop_through_a_failure);
    mb_phases_kept = MB_PHASES_KEPT;
}

static void
a_foreign_duration_is_in_no_total(void)
{
    mb_phases phases = {0};
    mb_total totals[2];
    mb_phases_kept = 2;
    for (int i = 0; i < 30; i++) {
        mb_phase *phase = enter(&phases, "p");
        mb_phases_leave(&phases, phase, 7);
        if (i % 3) {
            mb_phase_note(phase, MB_PHASE_FOREIGN);
        }
    }
    mb_phases_totals(&phases, totals);
    CHECK_INT(totals[0].count, 10);
    CHECK_INT(totals[0].sum_ns, 70);
    mb_phases_free(&phases);
    mb_phases_kept = MB_PHASES_KEPT;
}

int
main(void)
{
    RUN(a_phase_is_open_until_it_is_left);
    RUN(a_phase_needs_32_bytes);
    RUN(phases_are_walked_in_the_order_of_entering);
    RUN(no_phases_are_walked_at_once);
    RUN(a_walk_goes_on_when_more_phases_are_entered);
    RUN(finished_phases_are_in_the_order_of_leaving);
    RUN(a_phase_of_no_time_is_finished);
    RUN(a_name_is_stored_once_for_many_phases);
    RUN(names_are_copies);
    RUN(names_of_all_lengths_are_kept);
    RUN(a_name_may_hold_a_zero_byte);
    RUN(a_name_beyond_all_memory_is_refused);
    RUN(freed_phases_are_empty_and_can_be_used_again);
    RUN(a_phase_without_memory_changes_nothing);
    RUN(a_signal_handler_can_walk_them_at_any_moment);
    RUN(the_first_ones_are_dropped);
    RUN(open_ones_keep_their_order);
    RUN(names_beyond_the_most_share_a_total);
    RUN(without_memory_no_phase_is_dropped_uncounted);
    RUN(a_foreign_duration_is_in_no_total);
    return test_report();
}
