#include "run/mb_load.h"

#include "mb_test.h"

static void
hundredths_have_two_digits(void)
{
    static const struct {
        int64_t value;
        const char *text;
    } all[] = {
        {0, "0.00"}, {5, "0.05"}, {42, "0.42"}, {100, "1.00"}, {12345, "123.45"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char buffer[40];
        mb_text text;
        mb_text_fixed(&text, buffer, sizeof buffer);
        mb_load_put(&text, all[i].value);
        CHECK_BYTES(text.data, text.size, all[i].text);
    }
}

static void
the_load_is_known(void)
{
    const int64_t load = mb_load_average();
    CHECK(load >= 0);
    CHECK_INT(mb_load_average(), load); /* within a second */
}

static int64_t
delay_now(struct rusage *usage)
{
    CHECK(mb_usage_read(usage));
    return mb_load_delay_ns(usage);
}

/* A made-up reading says how often the thread has left a CPU. */
static void
the_file_is_read_after_a_switch(void)
{
    struct rusage usage;
    const int64_t first = delay_now(&usage);
    if (first == MB_LOAD_UNKNOWN) {
        return; /* a kernel that does not count it */
    }
    CHECK_INT(mb_load_delay_ns(&usage), first);
    usage.ru_nvcsw++;
    CHECK(mb_load_delay_ns(&usage) >= first);
}

/* A thread counts for itself, and so does a child. */
static void *
has_a_delay_of_its_own(void *first)
{
    struct rusage usage;
    const int64_t own = delay_now(&usage);
    CHECK((own == MB_LOAD_UNKNOWN) == (*(int64_t *)first == MB_LOAD_UNKNOWN));
    return NULL;
}

static void *
note_number(void *number)
{
    *(uint64_t *)number = mb_load_thread();
    return NULL;
}

/* The second thread mostly gets the stack of the first one, and with it its pthread_self(). */
static void
no_two_threads_share_a_number(void)
{
    uint64_t numbers[2];
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, note_number, &numbers[i]), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
    }
    CHECK(numbers[0] != numbers[1] && numbers[0] != mb_load_thread());
    CHECK(mb_load_thread() == mb_load_thread());
}

static void
others_count_for_themselves(void)
{
    struct rusage usage;
    int64_t first = delay_now(&usage);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, has_a_delay_of_its_own, &first), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(!mb_has_one_thread());
    CHECK(delay_now(&usage) >= first);
}

int
main(void)
{
    RUN(hundredths_have_two_digits);
    RUN(the_load_is_known);
    RUN(the_file_is_read_after_a_switch);
    RUN(others_count_for_themselves);
    RUN(no_two_threads_share_a_number);
    return test_report();
}
