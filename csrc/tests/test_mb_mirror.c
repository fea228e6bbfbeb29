#include <pthread.h>

#include "mb_test_journal.h"

#define START "1970-01-01T00:00:01.000000+00:00"
#define TIMES(finish) ",\"start_time\":\"" START "\",\"finish_time\":\"" finish "\""
#define AT_4000 TIMES("1970-01-01T00:00:01.000003+00:00") /* on the monotonic clock */
#define END "}" TEST_TAIL "}\n"

static const mb_slot_ending END_AT_4000 = {.now_ns = 4000};

static mb_entry *
enter(mb_mirror *mirror, const char *name, uint32_t iteration, int64_t now_ns)
{
    const uint32_t where = name ? mb_mirror_name(mirror, name, strlen(name)) : 0;
    mb_entry *entry = mb_mirror_enter(mirror, where, iteration);
    mb_mirror_entry_run(entry, now_ns, 0);
    return entry;
}

static void
check(const mb_mirror *mirror, const char *expected)
{
    test_check_record(mb_journal_image(mirror->journal), mirror->slot, &END_AT_4000,
                      expected);
}

static mb_mirror *
opened(uint32_t flags)
{
    const mb_mirror_opening record = test_opening(flags);
    mb_journal *journal = mb_journal_memory();
    return mb_mirror_open(journal, &record);
}

static void
close_it(mb_mirror *mirror)
{
    mb_journal *journal = mirror->journal;
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
}

static void
a_record_without_entries_has_times_and_no_durations(void)
{
    mb_mirror *mirror = opened(0);
    check(mirror, TEST_BEGINNING ",\"durations\":[]" AT_4000 END);
    close_it(mirror);
}

static void
what_runs_has_taken_the_time_up_to_now(void)
{
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    mb_mirror_leave(mirror, enter(mirror, NULL, 0, 1000), 500);
    enter(mirror, NULL, 1, 3500);
    check(mirror, TEST_BEGINNING ",\"durations\":[500,500]" AT_4000 END);
    close_it(mirror);
}

static void
what_is_suspended_has_taken_the_time_before(void)
{
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    mb_entry *entry = enter(mirror, NULL, 0, 1000);
    mb_mirror_entry_suspend(entry, 700);
    check(mirror, TEST_BEGINNING ",\"durations\":[700]" AT_4000 END);
    mb_mirror_entry_run(entry, 3900, 700);
    check(mirror, TEST_BEGINNING ",\"durations\":[800]" AT_4000 END);
    close_it(mirror);
}

static void
phases_are_in_the_order_of_leaving_and_open_ones_apart(void)
{
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS | MB_SLOT_ITERATED);
    enter(mirror, NULL, 0, 1000);
    mb_entry *outer = enter(mirror, "outer", 0, 1000);
    mb_entry *inner = enter(mirror, "caf\xc3\xa9", 1, 1100);
    enter(mirror, "open", 1, 3750);
    mb_mirror_leave(mirror, inner, 100);
    mb_mirror_leave(mirror, outer, 500);
    check(mirror, TEST_BEGINNING ",\"durations\":[3000]" AT_4000 ",\"timings\":["
                                 "{\"name\":\"caf\\u00e9\",\"duration\":100},"
                                 "{\"name\":\"outer\",\"duration\":500}]"
                                 ",\"timings_iteration\":[1,0]"
                                 ",\"open_timings\":["
                                 "{\"name\":\"open\",\"duration\":250}]" END);
    close_it(mirror);
}

static void
an_entry_whose_clock_was_not_read_has_taken_no_time(void)
{
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    mb_mirror_enter(mirror, 0, 0);
    check(mirror, TEST_BEGINNING ",\"durations\":[0]" AT_4000 END);
    close_it(mirror);
}

static void
a_foreign_clock_leaves_durations_and_phases_out(void)
{
    mb_mirror *mirror = opened(MB_SLOT_UNTIMED);
    mb_mirror_leave(mirror, enter(mirror, NULL, 0, 1000), 500);
    enter(mirror, "open", 1, 3750);
    check(mirror, TEST_BEGINNING ",\"durations\":[]" AT_4000 END);
    close_it(mirror);
}

static void
the_end_says_how_it_came(void)
{
    const char more[] = ",\"recovered\":{}";
    mb_mirror *mirror = opened(0);
    const mb_slot_ending ending = {
        .path = "native",
        .signal = 15,
        .now_ns = 4000,
        .more = more,
        .more_size = sizeof more - 1,
    };
    test_check_record(mb_journal_image(mirror->journal), mirror->slot, &ending,
                      TEST_BEGINNING
                      ",\"durations\":[]" AT_4000 "}" TEST_TAIL
                      ",\"exit_signal\":\"SIGTERM\",\"exit_path\":\"native\""
                      ",\"recovered\":{}}\n");
    close_it(mirror);
}

/* Many more than a chunk holds; left in the opposite order, so that each is another. */
static void
a_log_of_many_chunks_keeps_its_orders(void)
{
    enum { MANY = 5000 };
    static mb_entry *entries[MANY];
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        entries[i] = enter(mirror, name, 0, 1000);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        mb_mirror_leave(mirror, entries[i], i);
    }
    char *record =
        test_record(mb_journal_image(mirror->journal), mirror->slot, &END_AT_4000);
    const char *at = strstr(record, "\"timings\"");
    for (int i = MANY - 1; at && i >= 0; i--) {
        char item[64];
        snprintf(item, sizeof item, "{\"name\":\"p%d\",\"duration\":%d}", i, i);
        at = strstr(at, item);
    }
    CHECK(at != NULL);
    free(record);
    close_it(mirror);
}

static void
the_next_record_finds_an_empty_log(void)
{
    mb_journal *journal = mb_journal_memory();
    for (int round = 0; round < 3; round++) {
        mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
        for (int i = 0; i < 100; i++) {
            mb_mirror_leave(mirror, enter(mirror, "p", 0, 1000), 1);
        }
        const uint32_t used = journal->used;
        close_it(mirror);
        CHECK(!mb_slot_is_open(mirror->slot));
        mirror = opened(MB_SLOT_INTEGERS);
        mb_mirror_leave(mirror, enter(mirror, "q", 0, 1000), 2);
        check(mirror,
              TEST_BEGINNING ",\"durations\":[]" AT_4000
                             ",\"timings\":[{\"name\":\"q\",\"duration\":2}]" END);
        CHECK_INT(journal->used, used);
        close_it(mirror);
    }
    mb_journal_release(journal);
}

static void
text_is_another_where_the_serial_is(void)
{
    mb_journal *journal = mb_journal_memory();
    mb_mirror_opening record = test_opening(0);
    for (int round = 0; round < 3; round++) {
        record.serial = (uint64_t)round + 1;
        record.tail = round % 2 ? ",\"long\":\"0123456789\"" : ",\"b\":2";
        record.tail_size = strlen(record.tail);
        mb_mirror *mirror = mb_mirror_open(journal, &record);
        char expected[512];
        snprintf(expected, sizeof expected,
                 TEST_BEGINNING ",\"durations\":[]" AT_4000 "}%s}\n", record.tail);
        check(mirror, expected);
        mb_mirror_close(mirror, false);
    }
    mb_journal_release(journal);
}

static void
an_open_record_gets_other_text(void)
{
    mb_mirror *mirror = opened(0);
    mb_mirror_opening record = test_opening(0);
    record.tail = ",\"refreshed\":true";
    record.tail_size = strlen(record.tail);
    for (int round = 0; round < 3; round++) {
        CHECK(mb_mirror_refresh(mirror, &record));
        check(mirror,
              TEST_BEGINNING ",\"durations\":[]" AT_4000 "},\"refreshed\":true}\n");
    }
    CHECK(mb_mirror_claim(mirror));
    CHECK(!mb_mirror_refresh(mirror, &record));
    mb_journal *journal = mirror->journal;
    mb_mirror_close(mirror, true);
    mb_journal_release(journal);
}

/* --- the claim -------------------------------------------------------------------- */

static void *
claim(void *mirror)
{
    return mb_mirror_claim(mirror) ? mirror : NULL;
}

static void
one_of_two_gets_the_record(void)
{
    for (int round = 0; round < 200; round++) {
        pthread_t other;
        mb_mirror *mirror = opened(0);
        pthread_create(&other, NULL, claim, mirror);
        const bool mine = mb_mirror_claim(mirror);
        void *theirs;
        pthread_join(other, &theirs);
        CHECK(mine != (theirs != NULL));
        mb_journal *journal = mirror->journal;
        mb_mirror_close(mirror, true);
        mb_journal_release(journal);
    }
}

static void
what_another_has_claimed_is_not_used_again(void)
{
    mb_mirror *mirror = opened(0);
    CHECK(mb_mirror_claim(mirror));
    mb_mirror_close(mirror, false);
    CHECK(mb_slot_is_open(mirror->slot));
    mb_mirror *next = opened(0);
    CHECK(next != mirror);
    close_it(next);
    mb_mirror_done(mirror);
    CHECK(!mb_slot_is_open(mirror->slot));
    mb_journal_release(mirror->journal);
}

/* --- read while it is written (for ThreadSanitizer) ------------------------------- */

static bool stop;

static void *
read_on(void *mirror)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        const mb_mirror *mine = mirror;
        char buffer[4096];
        mb_slot_line line;
        mb_slot_record(mb_journal_image(mine->journal), mine->slot, &END_AT_4000,
                       buffer, sizeof buffer, &line);
    }
    return NULL;
}

static void
a_reader_sees_whole_entries_while_others_write(void)
{
    pthread_t reader;
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    __atomic_store_n(&stop, false, __ATOMIC_RELAXED);
    pthread_create(&reader, NULL, read_on, mirror);
    for (int i = 0; i < 2000; i++) {
        mb_entry *entry = enter(mirror, i % 2 ? "p" : NULL, 0, 1000);
        mb_mirror_entry_suspend(entry, 5);
        mb_mirror_entry_run(entry, 2000, 5);
        mb_mirror_leave(mirror, entry, 10);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(reader, NULL);
    close_it(mirror);
}

/* --- no room ---------------------------------------------------------------------- */

static void
a_full_journal_cuts_the_log_and_says_so(void)
{
    mb_mirror *mirror = opened(MB_SLOT_INTEGERS);
    mb_mirror_leave(mirror, enter(mirror, NULL, 0, 1000), 500);
    mirror->journal->reserved = mirror->journal->used;
    uint32_t entered = 1;
    while (mb_mirror_enter(mirror, 0, entered)) {
        entered++;
    }
    CHECK(entered > 1);
    char *record =
        test_record(mb_journal_image(mirror->journal), mirror->slot, &END_AT_4000);
    CHECK(strstr(record, "\"durations\":[500,0,") != NULL);
    CHECK(strstr(record, ",\"journal_full\":true}") != NULL);
    CHECK_INT(mb_mirror_name(mirror, "p", 1), 0);
    free(record);
    mirror->journal->reserved = 16 << 20;
    close_it(mirror);
}

static void
open_through_a_failure(void)
{
    mb_journal *journal = mb_journal_memory();
    if (!journal) {
        return;
    }
    const mb_mirror_opening record = test_opening(0);
    mb_mirror *mirror = mb_mirror_open(journal, &record);
    for (int i = 0; mirror && i < 40; i++) {
        const uint32_t name = mb_mirror_name(mirror, "a name of some length", 21);
        mb_entry *entry = name ? mb_mirror_enter(mirror, name, 0) : NULL;
        if (entry) {
            mb_mirror_leave(mirror, entry, 1);
        }
    }
    if (mirror) {
        char *line = test_record(mb_journal_image(journal), mirror->slot, &END_AT_4000);
        CHECK(line[0] == '{');
        CHECK((strstr(line, "journal_full") != NULL) == mirror->cut);
        free(line);
        mb_mirror_close(mirror, false);
    }
    mb_journal_release(journal);
}

static void
without_memory_less_is_mirrored(void)
{
    test_each_failing_allocation(open_through_a_failure);
}

static void
what_is_dropped_is_in_the_totals_and_its_entry_is_used_again(void)
{
    const mb_total before = {0},
                   after = {.count = 1, .sum_ns = 100, .min_ns = 100, .max_ns = 100};
    uint32_t turn = 0;
    mb_mirror_opening record = test_opening(MB_SLOT_INTEGERS);
    record.kept = 1;
    mb_journal *journal = mb_journal_memory();
    mb_mirror *mirror = mb_mirror_open(journal, &record);
    const uint32_t name = mb_mirror_name(mirror, "p", 1);
    const uint32_t total = mb_mirror_total(mirror, name, &before);
    mb_entry *first = mb_mirror_enter(mirror, name, 0);
    mb_mirror_leave(mirror, first, 100);
    mb_entry *second = mb_mirror_enter(mirror, name, 0);
    mb_mirror_leave(mirror, second, 300);
    const char *both = TEST_BEGINNING
        ",\"durations\":[]" AT_4000 ",\"timings\":[{\"name\":\"p\",\"duration\":300}],"
        "\"timings_summary\":[{\"name\":\"p\",\"count\":2,\"sum\":400,\"min\":100,"
        "\"max\":300}]" END;
    check(mirror, both);
    mb_mirror_drop(mirror, first, total, &turn, &after);
    check(mirror, both);
    CHECK(mb_mirror_enter(mirror, name, 0) == first);
    CHECK_INT(mirror->slot->entries, 2);
    close_it(mirror);
}

static void
a_record_that_is_kept_is_the_line_itself(void)
{
    mb_mirror *mirror = opened(0);
    CHECK(mb_mirror_claim(mirror));
    CHECK(mb_mirror_keep(mirror, "{\"a\":1}", 7));
    check(mirror, "{\"a\":1}\n");
    CHECK_INT(mirror->slot->state, MB_SLOT_CLAIMED);
    CHECK(mb_slot_is_open(mirror->slot));
}

int
main(void)
{
    RUN(a_record_without_entries_has_times_and_no_durations);
    RUN(what_runs_has_taken_the_time_up_to_now);
    RUN(what_is_suspended_has_taken_the_time_before);
    RUN(phases_are_in_the_order_of_leaving_and_open_ones_apart);
    RUN(an_entry_whose_clock_was_not_read_has_taken_no_time);
    RUN(a_foreign_clock_leaves_durations_and_phases_out);
    RUN(the_end_says_how_it_came);
    RUN(a_log_of_many_chunks_keeps_its_orders);
    RUN(the_next_record_finds_an_empty_log);
    RUN(text_is_another_where_the_serial_is);
    RUN(an_open_record_gets_other_text);
    RUN(one_of_two_gets_the_record);
    RUN(what_another_has_claimed_is_not_used_again);
    RUN(a_reader_sees_whole_entries_while_others_write);
    RUN(a_full_journal_cuts_the_log_and_says_so);
    RUN(without_memory_less_is_mirrored);
    RUN(what_is_dropped_is_in_the_totals_and_its_entry_is_used_again);
    RUN(a_record_that_is_kept_is_the_line_itself);
    return test_report();
}
