#include "run/mb_run.h"

#include <sys/wait.h>

#include "mb_test.h"
#include "mb_test_journal.h"
#include "mb_test_phases.h"

static const char bench[] = "a bench", other_bench[] = "another";

static void *
open_here(void *run)
{
    mb_run_open(run, bench);
    return NULL;
}

/* Opens a run of `bench` in a thread of its own. All the threads of a test are alive at
 * once, so that no two of them can have the same number. */
static void
open_in_thread(mb_run *run, uintptr_t thread)
{
    *run = (mb_run){0};
    mb_run_open(run, bench);
    run->thread = thread;
}

static const mb_run *
elsewhere(bool lost_expected)
{
    bool lost = !lost_expected;
    const mb_run *found = mb_run_elsewhere(bench, 0, &lost);
    CHECK(lost == lost_expected);
    return found;
}

static void
a_run_goes_from_new_to_open_to_closed(void)
{
    mb_run run = {0};
    CHECK_INT(run.state, MB_RUN_NEW);
    mb_run_open(&run, bench);
    CHECK_INT(run.state, MB_RUN_OPEN);
    CHECK(run.bench == bench && run.thread == mb_thread_id());
    CHECK_INT(mb_runs_open, 1);
    mb_run_close(&run);
    mb_run_close(&run);
    CHECK_INT(run.state, MB_RUN_CLOSED);
    CHECK_INT(mb_runs_open, 0);
    mb_run_free(&run);
}

static void
a_run_that_was_never_opened_can_be_closed_and_freed(void)
{
    mb_run run = {0};
    mb_run_close(&run);
    CHECK_INT(run.state, MB_RUN_NEW);
    mb_run_free(&run);
    CHECK_INT(mb_runs_open, 0);
}

static void
a_closed_run_stays_readable(void)
{
    mb_run run = {0};
    mb_run_open(&run, bench);
    CHECK_INT(mb_samples_push(&run.durations, 5), 0);
    CHECK(test_enter(&run.phases, "p", 1, 0) != NULL);
    mb_run_close(&run);
    CHECK_INT(run.durations.data[0], 5);
    CHECK_INT(run.phases.entered, 1);
    mb_run_free(&run);
}

static void
iterations_that_go_on_have_no_gap(void)
{
    mb_run run = {0};
    mb_run_open(&run, bench);
    mb_run_start(&run);
    for (int i = 0; i < 20; i++) {
        CHECK(run.measuring);
        mb_run_suspend(&run);
        mb_run_stop(&run);
        CHECK(!run.measuring);
        mb_run_go_on(&run);
    }
    int64_t sum_ns = 0;
    for (size_t i = 0; i < run.durations.size; i++) {
        sum_ns += run.durations.data[i];
    }
    CHECK_INT(run.durations.size, 20);
    CHECK_INT(run.iteration, 20);
    CHECK_INT(sum_ns, run.stopped_ns - run.began_ns);
    mb_run_free(&run);
}

static void
freeing_an_open_run_closes_it(void)
{
    mb_run run = {0};
    mb_run_open(&run, bench);
    mb_run_free(&run);
    CHECK_INT(mb_runs_open, 0);
    CHECK(elsewhere(false) == NULL);
}

static void
runs_close_in_any_order(void)
{
    static const int ORDERS[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t order = 0; order < sizeof ORDERS / sizeof *ORDERS; order++) {
        mb_run runs[3];
        for (int i = 0; i < 3; i++) {
            open_in_thread(&runs[i], 1);
        }
        for (int closed = 0; closed < 3; closed++) {
            mb_run_close(&runs[ORDERS[order][closed]]);
            const mb_run *newest = NULL;
            for (int i = 0; i < 3; i++) {
                newest = runs[i].state == MB_RUN_OPEN ? &runs[i] : newest;
            }
            CHECK(elsewhere(false) == newest);
            CHECK_INT(mb_runs_open, 2 - closed);
        }
    }
}

static void
without_open_runs_a_phase_goes_nowhere(void)
{
    CHECK(elsewhere(false) == NULL);
}

static void
a_phase_of_a_worker_goes_to_the_newest_run_of_the_one_other_thread(void)
{
    mb_run runs[2];
    pthread_t thread;
    for (int i = 0; i < 2; i++) {
        runs[i] = (mb_run){0};
        CHECK_INT(pthread_create(&thread, NULL, open_here, &runs[i]), 0);
        pthread_join(thread, NULL);
        runs[i].thread = runs[0].thread;
    }
    CHECK(elsewhere(false) == &runs[1]);
    mb_run_free(&runs[1]);
    CHECK(elsewhere(false) == &runs[0]);
    mb_run_free(&runs[0]);
}

static void
between_two_threads_a_phase_is_lost(void)
{
    mb_run one, two;
    open_in_thread(&one, 1);
    open_in_thread(&two, 2);
    CHECK(elsewhere(true) == NULL);
    mb_run_free(&one);
    CHECK(elsewhere(false) == &two);
    mb_run_free(&two);
}

static void
with_an_open_run_in_its_own_thread_a_phase_is_lost(void)
{
    mb_run own, other;
    open_in_thread(&other, 1);
    open_in_thread(&own, mb_thread_id());
    CHECK(elsewhere(true) == NULL);
    mb_run_free(&own);
    mb_run_free(&other);
}

static void
runs_of_other_benches_do_not_count(void)
{
    mb_run run, foreign;
    foreign = (mb_run){0};
    open_in_thread(&run, 1);
    mb_run_open(&foreign, other_bench);
    CHECK(elsewhere(false) == &run);
    mb_run_free(&run);
    CHECK(elsewhere(false) == NULL);
    mb_run_free(&foreign);
}

static void
a_generator_that_waits_takes_no_phase(void)
{
    mb_run run, waiting;
    open_in_thread(&run, 1);
    open_in_thread(&waiting, 1);
    waiting.suspended = true;
    CHECK(elsewhere(false) == &run);
    run.suspended = true;
    CHECK(elsewhere(true) == NULL);
    mb_run_free(&run);
    mb_run_free(&waiting);
}

/* Opens a background run of `of`, in this thread. */
static void
open_in_background(mb_run *run, const void *of)
{
    *run = (mb_run){0};
    run->background = true;
    mb_run_open(run, of);
}

static void
a_phase_without_a_run_goes_to_the_background(void)
{
    mb_run exit;
    open_in_background(&exit, bench);
    CHECK(elsewhere(false) == &exit); /* of its own thread */
    exit.thread = 1;
    CHECK(elsewhere(false) == &exit); /* of another */
    mb_run_close(&exit);
    CHECK(elsewhere(false) == NULL);
    mb_run_free(&exit);
}

static void
a_run_of_another_thread_goes_before_the_background(void)
{
    mb_run exit, run;
    open_in_thread(&run, 1);
    open_in_background(&exit, bench);
    CHECK(elsewhere(false) == &run); /* though the other one is newer */
    run.suspended = true;
    CHECK(elsewhere(false) == &exit);
    mb_run_free(&run);
    CHECK(elsewhere(false) == &exit);
    mb_run_free(&exit);
}

static void
the_background_takes_what_would_be_lost(void)
{
    mb_run exit, one, two, own;
    open_in_background(&exit, bench);
    open_in_thread(&one, 1);
    open_in_thread(&two, 2);
    CHECK(elsewhere(false) == &exit);
    mb_run_free(&two);
    open_in_thread(&own, mb_thread_id());
    CHECK(elsewhere(false) == &exit);
    mb_run_free(&own);
    mb_run_free(&one);
    mb_run_free(&exit);
}

static void
the_background_of_another_bench_takes_nothing(void)
{
    mb_run exit, one, two;
    open_in_background(&exit, other_bench);
    CHECK(elsewhere(false) == NULL);
    open_in_thread(&one, 1);
    open_in_thread(&two, 2);
    CHECK(elsewhere(true) == NULL);
    mb_run_free(&two);
    mb_run_free(&one);
    mb_run_free(&exit);
}

static void
the_newest_background_run_takes_the_phase(void)
{
    mb_run first, second;
    open_in_background(&first, bench);
    open_in_background(&second, bench);
    CHECK(elsewhere(false) == &second);
    mb_run_free(&second);
    CHECK(elsewhere(false) == &first);
    mb_run_free(&first);
}

/* --- in a journal ----------------------------------------------------------------- */

static mb_run shown;
static mb_journal *journal;

static void
show(mb_run *run)
{
    mb_mirror_opening record = test_opening(MB_SLOT_INTEGERS);
    journal = mb_journal_memory();
    mb_run_open(run, &shown);
    CHECK(mb_run_mirror(run, journal, &record));
}

static void
close_shown(void)
{
    mb_run_free(&shown);
    mb_journal_release(journal);
}

/* The record as it is at the end of the last stretch, from `after` on; on the heap. */
static char *
shown_record(void)
{
    const mb_slot_ending ending = {.now_ns = shown.stopped_ns};
    return test_record(mb_journal_image(journal), shown.mirror->slot, &ending);
}

/* ,"durations":[...] of two or three numbers. */
static void
check_durations(const char *record, const int64_t *expected, int count)
{
    char list[128] = ",\"durations\":[";
    for (int i = 0; i < count; i++) {
        sprintf(list + strlen(list), "%s%lld", i ? "," : "", (long long)expected[i]);
    }
    strcat(list, "]");
    CHECK(strstr(record, list) != NULL);
}

static void
the_journal_shows_each_stretch_of_each_iteration(void)
{
    shown = (mb_run){0};
    show(&shown);
    mb_samples_reserve(&shown.durations, 2);
    mb_run_start(&shown);
    mb_run_suspend(&shown);
    mb_run_start(&shown);
    mb_run_suspend(&shown);
    mb_run_stop(&shown);
    mb_run_start(&shown);
    mb_run_suspend(&shown);
    char *record = shown_record();
    check_durations(record, (int64_t[]){shown.durations.data[0], shown.elapsed_ns}, 2);
    free(record);
    mb_run_stop(&shown);
    record = shown_record();
    check_durations(record, shown.durations.data, 2);
    free(record);
    close_shown();
}

static void
it_shows_what_came_before_it(void)
{
    mb_mirror_opening opening = test_opening(MB_SLOT_INTEGERS);
    journal = mb_journal_memory();
    shown = (mb_run){0};
    mb_run_open(&shown, &shown);
    mb_samples_reserve(&shown.durations, 1);
    mb_run_start(&shown);
    mb_run_suspend(&shown);
    mb_run_stop(&shown);
    mb_phase *outer = test_enter(&shown.phases, "outer", 5, 0);
    mb_phase *inner = test_enter(&shown.phases, "inner", 5, 0);
    mb_phases_leave(&shown.phases, inner, 7);
    mb_phases_leave(&shown.phases, outer, 9);
    mb_run_start(&shown);
    CHECK(mb_run_mirror(&shown, journal, &opening));
    mb_run_suspend(&shown);
    char *record = shown_record();
    check_durations(record, (int64_t[]){shown.durations.data[0], shown.elapsed_ns}, 2);
    CHECK(strstr(record, "\"timings\":[{\"name\":\"inner\",\"duration\":7},"
                         "{\"name\":\"outer\",\"duration\":9}]") != NULL);
    free(record);
    close_shown();
}

static void
a_duration_from_elsewhere_is_shown(void)
{
    shown = (mb_run){0};
    show(&shown);
    mb_samples_reserve(&shown.durations, 1);
    shown.elapsed_ns = 12345;
    mb_run_stop(&shown);
    char *record = shown_record();
    check_durations(record, (int64_t[]){12345}, 1);
    free(record);
    close_shown();
}

static void
the_record_has_the_id_of_its_run(void)
{
    shown = (mb_run){0};
    show(&shown);
    char id[MB_RECORD_ID_SIZE + 1] = "";
    memcpy(id, mb_run_record_id(&shown), MB_RECORD_ID_SIZE);
    char *record = shown_record();
    CHECK(strstr(record, id) != NULL);
    free(record);
    close_shown();
}

static void
a_record_is_claimed_once(void)
{
    shown = (mb_run){0};
    CHECK(mb_run_claim(&shown));
    CHECK(!mb_run_claim(&shown));
    mb_run_free(&shown);
    shown = (mb_run){0};
    show(&shown);
    mb_mirror *mirror = shown.mirror;
    CHECK(mb_mirror_claim(mirror));
    CHECK(!mb_run_claim(&shown));
    mb_run_forget(&shown);
    CHECK(mb_slot_is_open(mirror->slot)); /* the claimer is still writing it */
    CHECK_INT(mirror->slot->state, MB_SLOT_CLAIMED);
    mb_mirror_done(mirror);
    close_shown();
}

static void
a_child_shows_nothing_and_has_ids_of_its_own(void)
{
    int status;
    char id[MB_RECORD_ID_SIZE];
    mb_fork_watch();
    mb_identity_start();
    shown = (mb_run){0};
    show(&shown);
    mb_samples_reserve(&shown.durations, 1);
    mb_run_start(&shown);
    memcpy(id, mb_run_record_id(&shown), sizeof id);
    const pid_t child = fork();
    if (child == 0) {
        CHECK(shown.mirror == NULL && shown.entry == NULL);
        CHECK(memcmp(id, mb_run_record_id(&shown), sizeof id) != 0);
        mb_run_suspend(&shown);
        mb_run_stop(&shown);
        CHECK(mb_run_claim(&shown));
        mb_run_free(&shown);
        _exit(test_failures != 0);
    }
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    CHECK_INT(memcmp(id, mb_run_record_id(&shown), sizeof id), 0);
    close_shown();
}

int
main(void)
{
    RUN(a_run_goes_from_new_to_open_to_closed);
    RUN(a_run_that_was_never_opened_can_be_closed_and_freed);
    RUN(a_closed_run_stays_readable);
    RUN(iterations_that_go_on_have_no_gap);
    RUN(freeing_an_open_run_closes_it);
    RUN(runs_close_in_any_order);
    RUN(without_open_runs_a_phase_goes_nowhere);
    RUN(a_phase_of_a_worker_goes_to_the_newest_run_of_the_one_other_thread);
    RUN(between_two_threads_a_phase_is_lost);
    RUN(with_an_open_run_in_its_own_thread_a_phase_is_lost);
    RUN(runs_of_other_benches_do_not_count);
    RUN(a_generator_that_waits_takes_no_phase);
    RUN(a_phase_without_a_run_goes_to_the_background);
    RUN(a_run_of_another_thread_goes_before_the_background);
    RUN(the_background_takes_what_would_be_lost);
    RUN(the_background_of_another_bench_takes_nothing);
    RUN(the_newest_background_run_takes_the_phase);
    RUN(the_journal_shows_each_stretch_of_each_iteration);
    RUN(it_shows_what_came_before_it);
    RUN(a_duration_from_elsewhere_is_shown);
    RUN(the_record_has_the_id_of_its_run);
    RUN(a_record_is_claimed_once);
    RUN(a_child_shows_nothing_and_has_ids_of_its_own);
    return test_report();
}
