#include "run/mb_histogram.h"

#include "mb_test.h"

/* Where a bucket begins, by the formula in the header. */
static int64_t
begin_of(uint32_t bucket)
{
    const uint32_t above = bucket / MB_HISTOGRAM_OCTAVE;
    const uint32_t octave = above ? above - 1 : 0;
    return (int64_t)(bucket - octave * MB_HISTOGRAM_OCTAVE) << octave;
}

static void
each_bucket_begins_where_the_one_before_it_ends(void)
{
    for (uint32_t bucket = 1; bucket < MB_HISTOGRAM_BUCKETS; bucket++) {
        const int64_t begin = begin_of(bucket);
        CHECK_INT(mb_histogram_bucket(begin), bucket);
        CHECK_INT(mb_histogram_bucket(begin - 1), bucket - 1);
    }
    CHECK_INT(mb_histogram_bucket(INT64_MAX), MB_HISTOGRAM_BUCKETS - 1);
}

static void
a_bucket_is_at_most_a_512th_as_wide_as_it_begins(void)
{
    for (uint32_t bucket = 1024; bucket + 1 < MB_HISTOGRAM_BUCKETS; bucket++) {
        CHECK(begin_of(bucket + 1) - begin_of(bucket) <= begin_of(bucket) / 512);
    }
    for (int64_t ns = 0; ns < 1024; ns++) {
        CHECK_INT(mb_histogram_bucket(ns), ns);
    }
}

static void
negative_numbers_are_in_the_first_bucket(void)
{
    CHECK_INT(mb_histogram_bucket(-1), 0);
    CHECK_INT(mb_histogram_bucket(INT64_MIN), 0);
}

static void
buckets_that_are_not_empty_come_in_order(void)
{
    mb_histogram histogram = {0};
    CHECK_INT(mb_histogram_next(&histogram, 0), MB_HISTOGRAM_BUCKETS);
    const int64_t values[] = {7, 3, 1 << 20, 7, INT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        mb_histogram_add(&histogram, values[i]);
    }
    uint32_t bucket = mb_histogram_next(&histogram, 0);
    CHECK_INT(bucket, 3);
    bucket = mb_histogram_next(&histogram, bucket + 1);
    CHECK_INT(bucket, 7);
    CHECK_INT(mb_histogram_count(&histogram, bucket), 2);
    bucket = mb_histogram_next(&histogram, bucket + 1);
    CHECK_INT(bucket, mb_histogram_bucket(1 << 20));
    bucket = mb_histogram_next(&histogram, bucket + 1);
    CHECK_INT(bucket, MB_HISTOGRAM_BUCKETS - 1);
    CHECK_INT(mb_histogram_next(&histogram, bucket + 1), MB_HISTOGRAM_BUCKETS);
    CHECK_INT(histogram.moments.count, 5);
    mb_histogram_free(&histogram);
    CHECK_INT(histogram.moments.count, 0);
}

static mb_histogram
histogram_of(int64_t first, int64_t step, int count)
{
    mb_histogram histogram = {0};
    for (int i = 0; i < count; i++) {
        mb_histogram_add(&histogram, first + i * step);
    }
    return histogram;
}

static void
check_equal(const mb_histogram *a, const mb_histogram *b)
{
    CHECK(memcmp(&a->moments, &b->moments, sizeof a->moments) == 0);
    for (uint32_t bucket = 0; bucket < MB_HISTOGRAM_BUCKETS; bucket++) {
        CHECK_INT(mb_histogram_count(a, bucket), mb_histogram_count(b, bucket));
    }
}

/* (a + b) + c, a + (b + c), c + (b + a): moments of more than 64 bits as well. */
static void
merging_is_the_same_in_any_order(void)
{
    mb_histogram a = histogram_of(5, 7, 1000), b = histogram_of(1 << 30, 1 << 20, 1000),
                 c = histogram_of(1ll << 45, -(1ll << 30), 1000);
    mb_histogram sums[3];
    memset(sums, 0, sizeof sums);
    mb_histogram *orders[3][3] = {{&a, &b, &c}, {&b, &c, &a}, {&c, &b, &a}};
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            mb_histogram_merge(&sums[i], orders[i][j]);
        }
    }
    CHECK_INT(sums[0].moments.count, 3000);
    CHECK_INT(sums[0].moments.min_ns, 5);
    CHECK_INT(sums[0].moments.max_ns, 1ll << 45);
    check_equal(&sums[0], &sums[1]);
    check_equal(&sums[0], &sums[2]);
    mb_histogram_merge(&sums[0], &(mb_histogram){0});
    check_equal(&sums[0], &sums[1]);
    for (int i = 0; i < 3; i++) {
        mb_histogram_free(&sums[i]);
        mb_histogram_free(orders[0][i]);
    }
}

static void
merging_is_as_if_all_were_added(void)
{
    mb_histogram a = histogram_of(3, 1001, 500),
                 b = histogram_of(3 + 500 * 1001, 1001, 500);
    mb_histogram all = histogram_of(3, 1001, 1000);
    mb_histogram_merge(&a, &b);
    check_equal(&a, &all);
    mb_histogram_free(&a);
    mb_histogram_free(&b);
    mb_histogram_free(&all);
}

static void
add_through_a_failure(void)
{
    mb_histogram histogram = {0};
    mb_histogram_add(&histogram, 5);
    mb_histogram_add(&histogram, 5000000);
    CHECK_INT(histogram.moments.count, 2);
    CHECK_INT(histogram.moments.sum_ns, 5000005);
    const uint64_t counted =
        mb_histogram_count(&histogram, 5) +
        mb_histogram_count(&histogram, mb_histogram_bucket(5000000));
    CHECK_INT(counted, test_allocation_failed() ? 1 : 2);
    mb_histogram_free(&histogram);
}

static void
without_memory_the_moments_are_still_exact(void)
{
    test_each_failing_allocation(add_through_a_failure);
}

int
main(void)
{
    RUN(each_bucket_begins_where_the_one_before_it_ends);
    RUN(a_bucket_is_at_most_a_512th_as_wide_as_it_begins);
    RUN(negative_numbers_are_in_the_first_bucket);
    RUN(buckets_that_are_not_empty_come_in_order);
    RUN(merging_is_the_same_in_any_order);
    RUN(merging_is_as_if_all_were_added);
    RUN(add_through_a_failure);
    RUN(without_memory_the_moments_are_still_exact);
    return test_report();
}
