#include "run/mb_usage.h"

#include "mb_test.h"

static void
check_text(struct rusage before, struct rusage after, const char *expected)
{
    char buffer[200];
    mb_text text;
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_usage_put(&text, &before, &after);
    CHECK_BYTES(text.data, text.size, expected);
}

#define NO_COUNTS                                                                      \
    "\"minflt\":0,\"majflt\":0,\"inblock\":0,\"oublock\":0,\"nvcsw\":0,\"nivcsw\":0}"

static void
times_are_in_microseconds(void)
{
    struct rusage before = {0}, after = {0};
    check_text(before, after, "{\"utime\":0.0,\"stime\":0.0," NO_COUNTS);
    before.ru_utime = (struct timeval){1, 999999};
    after.ru_utime = (struct timeval){3, 1};
    after.ru_stime = (struct timeval){0, 50};
    check_text(before, after, "{\"utime\":1.000002,\"stime\":0.00005," NO_COUNTS);
    CHECK_INT(mb_usage_time_us(before.ru_utime, after.ru_utime), 1000002);
}

static void
counts_are_differences(void)
{
    struct rusage before = {0}, after = {0};
    before.ru_minflt = 2;
    after.ru_minflt = 3;
    after.ru_majflt = 2;
    after.ru_inblock = 3;
    after.ru_oublock = 4;
    after.ru_nvcsw = 5;
    after.ru_nivcsw = 6;
    check_text(before, after,
               "{\"utime\":0.0,\"stime\":0.0,\"minflt\":1,\"majflt\":2,\"inblock\":3,"
               "\"oublock\":4,\"nvcsw\":5,\"nivcsw\":6}");
    CHECK_INT(mb_usage_switches(&after), 11);
}

static void
the_kernel_counts(void)
{
    struct rusage process, thread;
    CHECK(mb_usage_of_thread(&thread));
    CHECK(mb_usage_read(&process));
    CHECK(mb_usage_switches(&process) >= mb_usage_switches(&thread));
}

int
main(void)
{
    RUN(times_are_in_microseconds);
    RUN(counts_are_differences);
    RUN(the_kernel_counts);
    return test_report();
}
