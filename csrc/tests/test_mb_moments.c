#include "run/mb_moments.h"

#include "mb_test.h"

static mb_moments
moments_of(const int64_t *values, size_t count)
{
    mb_moments moments = {0};
    for (size_t i = 0; i < count; i++) {
        mb_moments_add(&moments, values[i]);
    }
    return moments;
}

#define MOMENTS(...)                                                                   \
    moments_of((const int64_t[]){__VA_ARGS__},                                         \
               sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void
check_texts(mb_moments moments, const char *mean, const char *variance)
{
    char buffer[80];
    mb_text text;
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_moments_write_mean(&text, &moments, true);
    CHECK_BYTES(text.data, text.size, mean);
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_moments_write_variance(&text, &moments, true);
    CHECK_BYTES(text.data, text.size, variance);
}

static void
sums_and_extremes_are_exact(void)
{
    const mb_moments moments = MOMENTS(5, -3, 7);
    CHECK_INT(moments.count, 3);
    CHECK_INT(moments.sum_ns, 9);
    CHECK_INT(moments.min_ns, -3);
    CHECK_INT(moments.max_ns, 7);
    CHECK_INT(moments.squares_low, 83);
    CHECK_INT(moments.squares_high, 0);
}

static void
squares_have_128_bits(void)
{
    const mb_moments moments = MOMENTS(INT64_MAX, 1);
    CHECK_INT(moments.squares_high, (INT64_MAX - 1) / 2);
    CHECK_INT(moments.squares_low, 2);
    CHECK_INT(moments.sum_ns, INT64_MAX); /* no more than that */
    CHECK_INT(MOMENTS(INT64_MIN, -1).sum_ns, INT64_MIN);
}

static void
mean_and_variance_have_nine_digits_after_the_point(void)
{
    check_texts(MOMENTS(0), "0.0", "0.0");
    check_texts(MOMENTS(17), "17.0", "0.0");
    check_texts(MOMENTS(5, 6), "5.5", "0.5");
    check_texts(MOMENTS(5, 5, 6), "5.333333333", "0.333333333");
    check_texts(MOMENTS(-5, -6), "-5.5", "0.5");
    check_texts(MOMENTS(1, 2, 3, 4), "2.5", "1.666666666");
}

/* They differ by less than the last digit of a double of their squares. */
static void
a_small_variance_of_large_numbers_is_exact(void)
{
    mb_moments moments = {0};
    for (int64_t i = 0; i < 100000; i++) {
        mb_moments_add(&moments, 10000000000000 + i % 2);
    }
    check_texts(moments, "10000000000000.5", "0.250002500");
}

static void
more_durations_than_fit_into_32_bits(void)
{
    mb_moments moments = {
        .count = 1ull << 33, .sum_ns = 1ll << 34, .squares_low = 1ull << 35};
    check_texts(moments, "2.0", "0.0");
    moments.squares_low = 5ull << 33;
    check_texts(moments, "2.0", "1.000000000"); /* divided by one less */
}

/* The product of the count and the count less one, times ten, exceeds 64 bits. */
static void
two_billion_durations(void)
{
    const mb_moments moments = {
        .count = 2000000000, .sum_ns = 1000000000, .squares_low = 1000000000};
    check_texts(moments, "0.5", "0.250000000");
}

static void
seconds_have_an_exponent(void)
{
    char buffer[80];
    mb_text text;
    const mb_moments moments = MOMENTS(5, 6);
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_moments_write_mean(&text, &moments, false);
    MB_TEXT_LITERAL(&text, " ");
    mb_moments_write_variance(&text, &moments, false);
    CHECK_BYTES(text.data, text.size, "5.5e-9 0.5e-18");
}

int
main(void)
{
    RUN(sums_and_extremes_are_exact);
    RUN(squares_have_128_bits);
    RUN(mean_and_variance_have_nine_digits_after_the_point);
    RUN(a_small_variance_of_large_numbers_is_exact);
    RUN(more_durations_than_fit_into_32_bits);
    RUN(two_billion_durations);
    RUN(seconds_have_an_exponent);
    return test_report();
}
