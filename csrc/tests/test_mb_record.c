#include "run/mb_record.h"

#include "mb_test.h"
#include "mb_test_phases.h"

#define TIMES                                                                          \
    ",\"start_time\":\"1970-01-01T01:00:01.000000+01:00\""                             \
    ",\"finish_time\":\"1970-01-01T01:00:02.500000+01:00\""

static void
start(mb_run *run)
{
    *run = (mb_run){0};
    run->start_wall_ns = 1000000000;
    run->finish_wall_ns = 2500000000;
}

static mb_phase *
enter(mb_run *run, const char *name, int64_t start_ns, uint32_t iteration)
{
    mb_phase *phase = test_enter(&run->phases, name, strlen(name), iteration);
    if (phase) {
        phase->start_ns = start_ns;
    }
    return phase;
}

/* Two finished phases, of which one lies in the other, and one that is open. */
static void
add_phases(mb_run *run)
{
    mb_phase *outer = enter(run, "outer", 1000, 0);
    mb_phase *inner = enter(run, "caf\xc3\xa9 \"x\"", 1100, 1);
    mb_phases_leave(&run->phases, inner, 1200);
    mb_phases_leave(&run->phases, outer, 1500);
    enter(run, "open", 2000, 1);
}

static mb_mirror_opening
opening(uint32_t flags)
{
    return (mb_mirror_opening){
        .head = "{\"mb\":{\"record_id\":\"",
        .head_size = strlen("{\"mb\":{\"record_id\":\""),
        .call = "\"name\":\"x\"",
        .call_size = strlen("\"name\":\"x\""),
        .tail = ",\"a\":1",
        .tail_size = strlen(",\"a\":1"),
        .flags = flags,
        .offset_s = 3600,
    };
}

/* `expected`: what comes between the name and the end of the call block. */
static void
check_record(mb_run *run, uint32_t flags, int64_t now_ns, const char *expected)
{
    char buffer[1024], whole[1024];
    mb_text text;
    const mb_mirror_opening record = opening(flags);
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_record_write(&text, run, &record, now_ns);
    CHECK(!text.failed);
    snprintf(whole, sizeof whole,
             "{\"mb\":{\"record_id\":\"%.*s\"},\"call\":{\"name\":\"x\"%s},\"a\":1}",
             MB_RECORD_ID_SIZE, mb_run_record_id(run), expected);
    CHECK_BYTES(text.data, text.size, whole);
}

static void
a_run_without_durations_has_an_empty_list(void)
{
    mb_run run;
    start(&run);
    check_record(&run, 0, 0, ",\"durations\":[]" TIMES);
    mb_run_free(&run);
}

static void
durations_are_seconds_or_nanoseconds(void)
{
    mb_run run;
    start(&run);
    mb_samples_push(&run.durations, 1500000000);
    mb_samples_push(&run.durations, 7);
    check_record(&run, 0, 0, ",\"durations\":[1.5,0.000000007]" TIMES);
    check_record(&run, MB_SLOT_INTEGERS, 0, ",\"durations\":[1500000000,7]" TIMES);
    mb_run_free(&run);
}

static void
phases_are_in_the_order_of_leaving_and_open_ones_apart(void)
{
    mb_run run;
    start(&run);
    add_phases(&run);
    check_record(&run, MB_SLOT_INTEGERS, 2250,
                 ",\"durations\":[]" TIMES ",\"timings\":["
                 "{\"name\":\"caf\\u00e9 \\\"x\\\"\",\"duration\":100},"
                 "{\"name\":\"outer\",\"duration\":500}]"
                 ",\"open_timings\":[{\"name\":\"open\",\"duration\":250}]");
    mb_run_free(&run);
}

static void
an_iterated_run_says_where_its_phases_belong(void)
{
    mb_run run;
    start(&run);
    add_phases(&run);
    check_record(&run, MB_SLOT_INTEGERS | MB_SLOT_ITERATED, 2250,
                 ",\"durations\":[]" TIMES ",\"timings\":["
                 "{\"name\":\"caf\\u00e9 \\\"x\\\"\",\"duration\":100},"
                 "{\"name\":\"outer\",\"duration\":500}]"
                 ",\"timings_iteration\":[1,0]"
                 ",\"open_timings\":[{\"name\":\"open\",\"duration\":250}]");
    mb_run_free(&run);
}

static void
several_open_phases_are_in_the_order_of_entering(void)
{
    mb_run run;
    start(&run);
    enter(&run, "a", 1, 0);
    mb_phases_leave(&run.phases, enter(&run, "left", 0, 0), 1);
    enter(&run, "b", 3, 0);
    check_record(&run, MB_SLOT_INTEGERS, 10,
                 ",\"durations\":[]" TIMES
                 ",\"timings\":[{\"name\":\"left\",\"duration\":1}]"
                 ",\"open_timings\":[{\"name\":\"a\",\"duration\":9},"
                 "{\"name\":\"b\",\"duration\":7}]");
    mb_run_free(&run);
}

static void
a_record_of_another_clock_has_empty_durations(void)
{
    mb_run run;
    start(&run);
    add_phases(&run);
    mb_samples_push(&run.durations, 7);
    check_record(&run, MB_SLOT_UNTIMED, 2250, ",\"durations\":[]" TIMES);
    mb_run_free(&run);
}

static void
a_secret_record_has_only_its_text(void)
{
    mb_run run;
    start(&run);
    add_phases(&run);
    check_record(&run, MB_SLOT_SECRET, 2250, "");
    mb_run_free(&run);
}

static void
a_text_that_is_too_small_fails(void)
{
    char buffer[40];
    mb_run run;
    mb_text text;
    const mb_mirror_opening record = opening(0);
    start(&run);
    add_phases(&run);
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_record_write(&text, &run, &record, 0);
    CHECK(text.failed);
    mb_run_free(&run);
}

static void
write_through_a_failure(void)
{
    mb_run run;
    mb_text text;
    const mb_mirror_opening record = opening(0);
    start(&run);
    mb_samples_push(&run.durations, 1);
    mb_phase *phase = enter(&run, "p", 0, 0);
    if (phase) {
        mb_phases_leave(&run.phases, phase, 1);
    }
    for (int i = 0; i < 40; i++) { /* more than are listed: the others are summed */
        phase = enter(&run, "q", 0, 0);
        if (phase) {
            mb_phases_leave(&run.phases, phase, 1);
        }
    }
    enter(&run, "open", 0, 0);
    mb_text_heap(&text);
    for (int round = 0; round < 2; round++) {
        const bool failed_before = test_allocation_failed();
        mb_record_write(&text, &run, &record, 0);
        CHECK(text.failed == (test_allocation_failed() && !failed_before));
        mb_text_free(&text);
    }
    mb_run_free(&run);
}

static void
without_memory_the_text_fails(void)
{
    mb_phases_kept = 4;
    test_each_failing_allocation(write_through_a_failure);
    mb_phases_kept = MB_PHASES_KEPT;
}

int
main(void)
{
    RUN(a_run_without_durations_has_an_empty_list);
    RUN(durations_are_seconds_or_nanoseconds);
    RUN(phases_are_in_the_order_of_leaving_and_open_ones_apart);
    RUN(an_iterated_run_says_where_its_phases_belong);
    RUN(several_open_phases_are_in_the_order_of_entering);
    RUN(a_record_of_another_clock_has_empty_durations);
    RUN(a_secret_record_has_only_its_text);
    RUN(a_text_that_is_too_small_fails);
    RUN(without_memory_the_text_fails);
    return test_report();
}
