#include <pthread.h>

#include "journal/mb_mirror_histogram.h"
#include "journal/mb_slot_histogram.h"
#include "mb_test_journal.h"

typedef struct {
    mb_mirror *mirror;
    mb_histogram histogram;
} shown;

static shown
opened(void)
{
    const mb_mirror_opening record = test_opening(MB_SLOT_UNLISTED | MB_SLOT_INTEGERS);
    mb_journal *journal = mb_journal_memory();
    return (shown){.mirror = mb_mirror_open(journal, &record)};
}

static void
copy(shown *it)
{
    mb_mirror_histogram(it->mirror, &it->histogram, &it->mirror->slot->histogram,
                        it->histogram.moments.count);
}

static void
close_it(shown *it)
{
    mb_journal *journal = it->mirror->journal;
    mb_mirror_close(it->mirror, false);
    mb_journal_release(journal);
    mb_histogram_free(&it->histogram);
}

/* Adds a duration up to a step: 0 memory, 1 its version, 2 its bucket. */
static void
add_up_to(shown *it, int64_t ns, int step)
{
    const uint32_t bucket = mb_histogram_bucket(ns);
    mb_histogram_add(&it->histogram, ns);
    if (step >= 1) {
        CHECK(mb_mirror_histogram_note(it->mirror, &it->histogram, bucket,
                                       it->histogram.moments.count));
    }
    if (step >= 2) {
        mb_mirror_histogram_count(it->mirror, &it->histogram, bucket);
    }
}

static bool
read_up_to(const shown *it, uint64_t most, mb_slot_histogram_view *view)
{
    const mb_image image = mb_journal_image(it->mirror->journal);
    return mb_slot_histogram_read(image.base, image.size, it->mirror->slot->histogram,
                                  most, view);
}

/* What a reader sees, as count: bucket*durations ... */
static void
check(const shown *it, uint64_t most, const char *expected)
{
    char text[200] = "nothing";
    mb_slot_histogram_view view;
    uint32_t bucket;
    uint64_t count;
    if (read_up_to(it, most, &view)) {
        int size = snprintf(text, sizeof text, "%d:", (int)view.version.moments.count);
        while (mb_slot_histogram_next(&view, &bucket, &count)) {
            size += snprintf(text + size, sizeof text - (size_t)size, " %u*%d", bucket,
                             (int)count);
        }
    }
    CHECK_BYTES(text, strlen(text), expected);
}

static void
what_was_added_before_is_copied(void)
{
    shown it = opened();
    add_up_to(&it, 5, 0);
    add_up_to(&it, 700, 0);
    add_up_to(&it, 5, 0);
    copy(&it);
    check(&it, UINT64_MAX, "3: 5*2 700*1");
    close_it(&it);
}

static void
an_empty_one_is_none(void)
{
    shown it = opened();
    check(&it, UINT64_MAX, "nothing");
    copy(&it);
    check(&it, UINT64_MAX, "nothing");
    close_it(&it);
}

static void
a_kill_between_two_steps_loses_nothing(void)
{
    shown it = opened();
    copy(&it);
    add_up_to(&it, 5, 2);
    check(&it, UINT64_MAX, "1: 5*1");
    add_up_to(&it, 5, 1);
    check(&it, UINT64_MAX, "2: 5*2");
    mb_mirror_histogram_count(it.mirror, &it.histogram, 5);
    check(&it, UINT64_MAX, "2: 5*2");
    add_up_to(&it, 5000, 1);
    check(&it, UINT64_MAX, "3: 5*2 2161*1");
    close_it(&it);
}

static void
a_version_that_does_not_count_yet_is_left_out(void)
{
    shown it = opened();
    copy(&it);
    add_up_to(&it, 5, 2);
    add_up_to(&it, 6, 1);
    check(&it, 1, "1: 5*1");
    check(&it, 0, "nothing");
    close_it(&it);
}

static void
a_full_journal_is_cut(void)
{
    shown it = opened();
    copy(&it);
    add_up_to(&it, 5, 2);
    while (mb_mirror_space(it.mirror, 1 << 16)) {
    }
    while (mb_journal_allocate(it.mirror->journal, 64)) {
    }
    mb_histogram_add(&it.histogram, 5000);
    CHECK(!mb_mirror_histogram_note(it.mirror, &it.histogram, mb_histogram_bucket(5000),
                                    2));
    check(&it, UINT64_MAX, "1: 5*1");
    CHECK(it.mirror->slot->flags & MB_SLOT_CUT);
    close_it(&it);
}

static void
damaged_offsets_end_it(void)
{
    shown it = opened();
    mb_slot_histogram_view view;
    copy(&it);
    add_up_to(&it, 5, 2);
    const mb_image image = mb_journal_image(it.mirror->journal);
    mb_slot_histogram *there =
        (mb_slot_histogram *)(it.mirror->journal->base + it.mirror->slot->histogram);
    there->octaves[0] = 13;
    check(&it, UINT64_MAX, "1:");
    there->octaves[0] = (uint32_t)image.size - 8;
    check(&it, UINT64_MAX, "1:");
    CHECK(!mb_slot_histogram_read(image.base, image.size, 3, UINT64_MAX, &view));
    CHECK(!mb_slot_histogram_read(image.base, image.size, UINT32_MAX - 7, UINT64_MAX,
                                  &view));
    close_it(&it);
}

static void
an_iteration_that_runs_stands_beside_the_others(void)
{
    static const mb_slot_ending END = {.now_ns = 4000};
    shown it = opened();
    copy(&it);
    add_up_to(&it, 5, 2);
    mb_entry *entry = mb_mirror_enter(it.mirror, 0, 0);
    mb_mirror_entry_run(entry, 1000, 0); /* it is in the histogram already */
    mb_mirror_counted(it.mirror, entry);
    CHECK(mb_mirror_enter(it.mirror, 0, 1) == entry);
    mb_mirror_entry_run(entry, 3000, 0);
    test_check_record(
        mb_journal_image(it.mirror->journal), it.mirror->slot, &END,
        TEST_BEGINNING
        ",\"durations\":[1000],\"histogram\":{\"count\":1,\"sum\":5,\"min\":5,"
        "\"max\":5,\"mean\":5.0,\"variance\":0.0,\"unit\":\"ns\","
        "\"digits\":3,\"buckets\":[[5,1]]},"
        "\"start_time\":\"1970-01-01T00:00:01.000000+00:00\","
        "\"finish_time\":\"1970-01-01T00:00:01.000003+00:00\"}" TEST_TAIL "}\n");
    close_it(&it);
}

#define ROUNDS 200000

static void *
add_many(void *argument)
{
    shown *it = argument;
    for (int64_t i = 0; i < ROUNDS; i++) {
        add_up_to(it, i % 3000, 2);
    }
    return NULL;
}

/* Returns the durations in the buckets, and that it is a moment of the writer. */
static uint64_t
read_one(const shown *it)
{
    mb_slot_histogram_view view;
    uint32_t bucket;
    uint64_t count, sum = 0;
    if (!read_up_to(it, UINT64_MAX, &view)) {
        return 0;
    }
    while (mb_slot_histogram_next(&view, &bucket, &count)) {
        sum += count;
    }
    CHECK_INT(sum, view.version.moments.count);
    return sum;
}

static void
a_reader_sees_as_many_in_the_buckets_as_are_counted(void)
{
    shown it = opened();
    pthread_t writer;
    uint64_t last = 0;
    copy(&it);
    CHECK_INT(pthread_create(&writer, NULL, add_many, &it), 0);
    while (last < ROUNDS) {
        const uint64_t now = read_one(&it);
        last = now > last ? now : last; /* none if both versions have just changed */
    }
    pthread_join(writer, NULL);
    CHECK_INT(read_one(&it), ROUNDS);
    close_it(&it);
}

int
main(void)
{
    RUN(what_was_added_before_is_copied);
    RUN(an_empty_one_is_none);
    RUN(a_kill_between_two_steps_loses_nothing);
    RUN(a_version_that_does_not_count_yet_is_left_out);
    RUN(a_full_journal_is_cut);
    RUN(damaged_offsets_end_it);
    RUN(an_iteration_that_runs_stands_beside_the_others);
    RUN(a_reader_sees_as_many_in_the_buckets_as_are_counted);
    return test_report();
}
