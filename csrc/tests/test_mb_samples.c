#include "run/mb_samples.h"

#include "mb_test.h"

static void
samples_come_back_in_the_order_of_their_arrival(void)
{
    mb_samples samples = {0};
    for (int64_t i = 0; i < 100000; i++) {
        CHECK_INT(mb_samples_push(&samples, i * i - 7), 0);
    }
    CHECK_INT(samples.size, 100000);
    for (int64_t i = 0; i < 100000; i++) {
        CHECK_INT(samples.data[i], i * i - 7);
    }
    mb_samples_free(&samples);
}

static void
while_the_array_grows_it_needs_at_most_24_bytes_a_sample(void)
{
    mb_samples samples = {0};
    for (size_t before = 0; samples.size < 1000000; before = samples.capacity) {
        CHECK_INT(mb_samples_push(&samples, 1), 0);
        if (before > 0 && samples.capacity != before) {
            const size_t old_and_new = (before + samples.capacity) * sizeof(int64_t);
            CHECK(old_and_new <= 24 * samples.size);
        }
    }
    mb_samples_free(&samples);
}

static void
growing_moves_the_samples_rarely(void)
{
    mb_samples samples = {0};
    int moves = 0;
    for (size_t before = 0; samples.size < 1000000; before = samples.capacity) {
        mb_samples_push(&samples, 1);
        moves += samples.capacity != before;
    }
    CHECK(moves < 40);
    mb_samples_free(&samples);
}

static void
room_that_was_reserved_is_enough(void)
{
    mb_samples samples = {0};
    CHECK_INT(mb_samples_push(&samples, -1), 0);
    CHECK_INT(mb_samples_reserve(&samples, 1000), 0);
    test_fail_allocation(1);
    for (int64_t i = 0; i < 1000; i++) {
        CHECK_INT(mb_samples_push(&samples, i), 0);
    }
    CHECK(!test_allocation_failed());
    CHECK_INT(samples.size, 1001);
    CHECK_INT(samples.data[1000], 999);
    test_fail_allocation(0);
    mb_samples_free(&samples);
}

static void
reserving_nothing_needs_no_memory(void)
{
    mb_samples samples = {0};
    CHECK_INT(mb_samples_reserve(&samples, 0), 0);
    CHECK(samples.data == NULL);
    mb_samples_free(&samples);
}

static void
room_beyond_all_memory_is_refused(void)
{
    mb_samples samples = {0};
    CHECK_INT(mb_samples_push(&samples, 5), 0);
    CHECK_INT(mb_samples_reserve(&samples, SIZE_MAX), -1);
    CHECK_INT(mb_samples_reserve(&samples, SIZE_MAX / sizeof(int64_t)), -1);
    CHECK_INT(samples.size, 1);
    CHECK_INT(samples.data[0], 5);
    mb_samples_free(&samples);
}

static void
freed_samples_are_empty_and_can_be_used_again(void)
{
    mb_samples samples = {0};
    CHECK_INT(mb_samples_push(&samples, 1), 0);
    mb_samples_free(&samples);
    CHECK_INT(samples.size, 0);
    mb_samples_free(&samples);
    CHECK_INT(mb_samples_push(&samples, 2), 0);
    CHECK_INT(samples.data[0], 2);
    mb_samples_free(&samples);
}

static void
push_through_a_failure(void)
{
    mb_samples samples = {0};
    for (int64_t i = 0; i < 1000; i++) {
        const mb_samples before = samples;
        if (mb_samples_push(&samples, i) < 0) {
            CHECK(test_allocation_failed());
            CHECK(samples.data == before.data && samples.size == before.size &&
                  samples.capacity == before.capacity);
            CHECK_INT(mb_samples_push(&samples, i), 0);
        }
    }
    for (int64_t i = 0; i < 1000; i++) {
        CHECK_INT(samples.data[i], i);
    }
    mb_samples_free(&samples);
}

static void
a_push_without_memory_changes_nothing(void)
{
    test_each_failing_allocation(push_through_a_failure);
}

int
main(void)
{
    RUN(samples_come_back_in_the_order_of_their_arrival);
    RUN(while_the_array_grows_it_needs_at_most_24_bytes_a_sample);
    RUN(growing_moves_the_samples_rarely);
    RUN(room_that_was_reserved_is_enough);
    RUN(reserving_nothing_needs_no_memory);
    RUN(room_beyond_all_memory_is_refused);
    RUN(freed_samples_are_empty_and_can_be_used_again);
    RUN(a_push_without_memory_changes_nothing);
    return test_report();
}
