#include "reading/mb_moment.h"

#include "mb_test.h"

static int64_t
moment_of(const char *text)
{
    int64_t microseconds = 0;
    return mb_moment_read(text, strlen(text), &microseconds) ? microseconds : -1;
}

static void
moments_are_microseconds_since_1970(void)
{
    CHECK_INT(moment_of("\"1970-01-01T00:00:00.000000+00:00\""), 0);
    CHECK_INT(moment_of("\"2026-03-01T09:30:00.120000+00:00\""), 1772357400120000);
    CHECK_INT(moment_of("\"2024-02-29T23:59:59.999999-05:30\""), 1709270999999999);
    CHECK_INT(moment_of("\"2000-12-31T00:00:00.000001+14:00\""), 978170400000001);
}

static void
other_forms_are_not_read(void)
{
    static const char *const TEXTS[] = {
        "\"2026-03-01T09:30:00+00:00\"",        "\"2026-03-01T09:30:00.120000Z\"",
        "\"2026-03-01 09:30:00.120000+00:00\"", "\"2026-02-29T09:30:00.120000+00:00\"",
        "\"1900-02-29T09:30:00.120000+00:00\"", "\"2026-13-01T09:30:00.120000+00:00\"",
        "\"2026-03-01T24:30:00.120000+00:00\"", "\"0001-03-01T00:30:00.120000+00:00\"",
        "\"2026-03-00T00:30:00.120000+00:00\"", "\"2026-03-01T00:30:60.120000+00:00\"",
        "\"2026-03-01T00:30:00.120000+24:00\"", "\"2026-03-01T09:30:00.12000x+00:00\"",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        CHECK_INT(moment_of(TEXTS[i]), -1);
    }
}

int
main(void)
{
    RUN(moments_are_microseconds_since_1970);
    RUN(other_forms_are_not_read);
    return test_report();
}
