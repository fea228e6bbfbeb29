#include "base/mb_number.h"

#include "mb_test.h"

#include <inttypes.h>

static bool
is_read_as(const char *text, mb_number_kind kind, size_t size)
{
    const mb_number number = mb_number_scan(text);
    return number.kind == kind && (size_t)(number.end - text) == size;
}

static void
integers_end_where_their_digits_do(void)
{
    CHECK(is_read_as("0", MB_NUMBER_INTEGER, 1));
    CHECK(is_read_as("-7,", MB_NUMBER_INTEGER, 2));
    CHECK(is_read_as("42]", MB_NUMBER_INTEGER, 2));
    CHECK(is_read_as("01", MB_NUMBER_INTEGER, 1)); /* the rest is for the caller */
    CHECK(is_read_as("999999999999999999}", MB_NUMBER_INTEGER, 18));
    CHECK(is_read_as("1000000000000000000 ", MB_NUMBER_LONG_INTEGER, 19));
    CHECK(is_read_as("99999999999999999999999999999999", MB_NUMBER_LONG_INTEGER, 32));
    CHECK_INT(mb_number_scan("-999999999999999999").integer, -999999999999999999);
    CHECK_INT(mb_number_scan("-0").integer, 0);
}

static void
other_words_are_no_numbers(void)
{
    static const char *const WORDS[] = {
        "",    "-",   "+1",  ".5",       "1.",        "1.e5", "1e", "1e+",
        "-.5", "--1", "NaN", "Infinity", "-Infinity", "e5",   " 1", "x",
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        CHECK_INT(mb_number_scan(WORDS[i]).kind, MB_NUMBER_NONE);
    }
}

static void
reals_are_those_of_the_c_library_or_delimited(void)
{
    static const char *const TEXTS[] = {
        "0.0",
        "-0.0",
        "1.5",
        "3.71e-07",
        "1E5",
        "1e+5",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "9007199254740992.0",
        "9007199254740993.0",
        "0.000000371",
        "123456789012345.6",
        "2.2093001462053508e-05",
        "1e400",
        "1e-400",
        "5e-324",
        "0.1e99999999999999999999",
        "0e99999999999999999999",
        "1e-99999999999999999999",
        "100000000000000000000.5",
        "0.00000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        const mb_number number = mb_number_scan(TEXTS[i]);
        CHECK_INT(number.end - TEXTS[i], strlen(TEXTS[i]));
        CHECK(number.kind == MB_NUMBER_REAL || number.kind == MB_NUMBER_LONG_REAL);
        if (number.kind == MB_NUMBER_REAL) {
            const double expected = strtod(TEXTS[i], NULL);
            CHECK(memcmp(&number.real, &expected, sizeof expected) == 0);
        }
    }
    CHECK(is_read_as("3.71e-07", MB_NUMBER_REAL, 8));
    CHECK(is_read_as("2.2093001462053508e-05", MB_NUMBER_LONG_REAL, 22));
    CHECK(is_read_as("1e23", MB_NUMBER_LONG_REAL, 4));
}

/* A fraction with so many zeros before its last digit, and an exponent. */
static bool
is_read_exactly(int zeros, int exponent)
{
    static char text[30000];
    const int begin = snprintf(text, sizeof text, "-0.");
    memset(text + begin, '0', (size_t)zeros);
    char *rest = text + begin + zeros;
    snprintf(rest, sizeof text / 2, "7e%d", exponent);
    const mb_number number = mb_number_scan(text);
    return number.kind == MB_NUMBER_LONG_REAL || number.real == strtod(text, NULL);
}

static void
long_fractions_and_exponents_are_not_cut(void)
{
    for (int zeros = 9990; zeros < 10010; zeros++) {
        for (int exponent = 9980; exponent < 10020; exponent++) {
            CHECK(is_read_exactly(zeros, exponent));
        }
    }
    CHECK(is_read_exactly(12000, 12001));
    CHECK(is_read_exactly(12000, 9999));
}

static void
many_reals_are_rounded_as_by_the_c_library(void)
{
    uint64_t state = 1;
    unsigned exact = 0;
    for (int i = 0; i < 200000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        char text[64];
        const uint64_t digits = state >> (11 + state % 40);
        const int exponent = (int)(state >> 40 & 63) - 32;
        snprintf(text, sizeof text, "%" PRIu64 ".%dE%d", digits, (int)(state >> 20 & 7),
                 exponent);
        const mb_number number = mb_number_scan(text);
        const double expected = strtod(text, NULL);
        if (number.kind == MB_NUMBER_REAL) {
            exact++;
            CHECK(memcmp(&number.real, &expected, sizeof expected) == 0);
        }
    }
    CHECK(exact > 10000);
}

int
main(void)
{
    RUN(integers_end_where_their_digits_do);
    RUN(other_words_are_no_numbers);
    RUN(reals_are_those_of_the_c_library_or_delimited);
    RUN(long_fractions_and_exponents_are_not_cut);
    RUN(many_reals_are_rounded_as_by_the_c_library);
    return test_report();
}
