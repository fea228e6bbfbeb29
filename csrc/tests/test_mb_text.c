#include "base/mb_text.h"

#include "mb_test.h"

/* What `write` makes of an empty text. The text is always called `text`. */
#define CHECK_WRITES(write, expected)                                                  \
    do {                                                                               \
        char buffer[512];                                                              \
        mb_text text;                                                                  \
        mb_text_fixed(&text, buffer, sizeof buffer);                                   \
        write;                                                                         \
        CHECK(!text.failed);                                                           \
        CHECK_BYTES(text.data, text.size, expected);                                   \
    } while (0)

#define CHECK_STRING(literal, expected)                                                \
    CHECK_WRITES(mb_text_string(&text, literal, sizeof(literal) - 1), expected)
#define CHECK_ASCII(literal, expected)                                                 \
    CHECK_WRITES(mb_text_ascii(&text, literal, sizeof(literal) - 1), expected)

/* The same numbers at each run: of all magnitudes, of both signs. */
static int64_t
next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    const uint64_t high = *state >> 32;
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)(high << 32 | *state >> 32) >> (high % 64);
}

/* --- numbers --------------------------------------------------------------------- */

static void
integers_are_decimal(void)
{
    CHECK_WRITES(mb_text_int(&text, 0), "0");
    CHECK_WRITES(mb_text_int(&text, 7), "7");
    CHECK_WRITES(mb_text_int(&text, -7), "-7");
    CHECK_WRITES(mb_text_int(&text, 10), "10");
    CHECK_WRITES(mb_text_int(&text, 99), "99");
    CHECK_WRITES(mb_text_int(&text, 100), "100");
    CHECK_WRITES(mb_text_int(&text, INT64_MAX), "9223372036854775807");
    CHECK_WRITES(mb_text_int(&text, INT64_MIN), "-9223372036854775808");
}

static void
integers_agree_with_the_c_library(void)
{
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        char expected[32];
        const int64_t value = next_number(&state);
        snprintf(expected, sizeof expected, "%lld", (long long)value);
        CHECK_WRITES(mb_text_int(&text, value), expected);
    }
}

static void
seconds_are_exact_and_end_without_zeros(void)
{
    CHECK_WRITES(mb_text_seconds(&text, 0), "0.0");
    CHECK_WRITES(mb_text_seconds(&text, 1), "0.000000001");
    CHECK_WRITES(mb_text_seconds(&text, -1), "-0.000000001");
    CHECK_WRITES(mb_text_seconds(&text, 10), "0.00000001");
    CHECK_WRITES(mb_text_seconds(&text, 100000000), "0.1");
    CHECK_WRITES(mb_text_seconds(&text, 999999999), "0.999999999");
    CHECK_WRITES(mb_text_seconds(&text, 1000000000), "1.0");
    CHECK_WRITES(mb_text_seconds(&text, 1500000000), "1.5");
    CHECK_WRITES(mb_text_seconds(&text, -60000000000), "-60.0");
    CHECK_WRITES(mb_text_seconds(&text, INT64_MAX), "9223372036.854775807");
    CHECK_WRITES(mb_text_seconds(&text, INT64_MIN), "-9223372036.854775808");
}

static void
seconds_keep_every_digit(void)
{
    uint64_t state = 2;
    for (int i = 0; i < 20000; i++) {
        char expected[40];
        const int64_t ns = next_number(&state) | 1; /* so that no zero is cut off */
        const uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
        snprintf(expected, sizeof expected, "%s%llu.%09llu", ns < 0 ? "-" : "",
                 (unsigned long long)(size / 1000000000),
                 (unsigned long long)(size % 1000000000));
        CHECK_WRITES(mb_text_seconds(&text, ns), expected);
    }
}

static void
seconds_read_as_a_double_are_the_quotient(void)
{
    uint64_t state = 3;
    for (int i = 0; i < 20000; i++) {
        char buffer[32] = {0};
        mb_text text;
        const int64_t ns = next_number(&state) >> 11; /* a double holds it exactly */
        mb_text_fixed(&text, buffer, sizeof buffer - 1);
        mb_text_seconds(&text, ns);
        CHECK(strtod(buffer, NULL) == (double)ns / 1e9);
    }
}

/* --- times ----------------------------------------------------------------------- */

static void
times_look_as_those_of_python(void)
{
    const int64_t noon = 1772368200; /* 2026-03-01T12:30:00Z */
    const int64_t ns = noon * 1000000000;
    CHECK_WRITES(mb_text_iso8601(&text, ns, 0), "2026-03-01T12:30:00.000000+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, ns + 999, 0),
                 "2026-03-01T12:30:00.000000+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, ns + 1000, 0),
                 "2026-03-01T12:30:00.000001+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, ns + 123456789, 3600),
                 "2026-03-01T13:30:00.123456+01:00");
    CHECK_WRITES(mb_text_iso8601(&text, ns, -12600),
                 "2026-03-01T09:00:00.000000-03:30");
    CHECK_WRITES(mb_text_iso8601(&text, ns, 86399),
                 "2026-03-02T12:29:59.000000+23:59:59");
    CHECK_WRITES(mb_text_iso8601(&text, ns, -1), "2026-03-01T12:29:59.000000-00:00:01");
}

static void
times_before_1970_are_rounded_down_too(void)
{
    CHECK_WRITES(mb_text_iso8601(&text, 0, 0), "1970-01-01T00:00:00.000000+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, -1, 0), "1969-12-31T23:59:59.999999+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, -1000000000, 0),
                 "1969-12-31T23:59:59.000000+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, INT64_MIN, 0),
                 "1677-09-21T00:12:43.145224+00:00");
    CHECK_WRITES(mb_text_iso8601(&text, INT64_MAX, 0),
                 "2262-04-11T23:47:16.854775+00:00");
}

static void
a_second_time_is_written_as_the_first(void)
{
    static const int64_t later[] = {0,         1,          999, 1000,  123456789,
                                    999999999, 1000000000, -1,  -1000, 86400000000000};
    static const int32_t offsets[] = {0, 3600, -12600, 86399, -1, 90};
    const int64_t noon = 1772368200000000000, old = -5000000000;
    for (size_t i = 0;
         i < (sizeof later / sizeof *later) * (sizeof offsets / sizeof *offsets) * 2;
         i++) {
        const int64_t first = i % 2 ? old : noon;
        const int64_t second = first + later[i / 2 % (sizeof later / sizeof *later)];
        const int32_t offset_s = offsets[i / 2 / (sizeof later / sizeof *later)];
        char expected[64], room[128];
        mb_text text;
        mb_text_fixed(&text, expected, sizeof expected);
        mb_text_iso8601(&text, second, offset_s);
        const size_t size = text.size;
        mb_text_fixed(&text, room, sizeof room);
        MB_TEXT_LITERAL(&text, "at ");
        mb_text_iso8601(&text, first, offset_s);
        const size_t end = text.size;
        mb_text_iso8601_again(&text, 3, first, second, offset_s);
        CHECK(text.size == end + size);
        CHECK(memcmp(room + end, expected, size) == 0);
    }
}

static void
every_day_agrees_with_the_c_library(void)
{
    for (time_t day = -106000; day <= 106000; day++) {
        const time_t second = day * 86400 + (day * 7919) % 86400;
        char expected[64];
        struct tm parts;
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000+00:00",
                 gmtime_r(&second, &parts));
        CHECK_WRITES(mb_text_iso8601(&text, (int64_t)second * 1000000000, 0), expected);
    }
}

static void
an_offset_of_a_day_fails(void)
{
    char buffer[64];
    for (int sign = -1; sign <= 1; sign += 2) {
        mb_text text;
        mb_text_fixed(&text, buffer, sizeof buffer);
        mb_text_iso8601(&text, 0, sign * 86400);
        CHECK(text.failed);
        CHECK_INT(text.size, 0);
    }
}

/* --- strings --------------------------------------------------------------------- */

static void
ascii_is_escaped_as_json_dumps_does(void)
{
    CHECK_STRING("", "\"\"");
    CHECK_STRING("load data", "\"load data\"");
    CHECK_STRING("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
    CHECK_STRING("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    CHECK_STRING("a\0b", "\"a\\u0000b\"");
    CHECK_STRING("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
    CHECK_STRING(" ~", "\" ~\"");
}

static void
characters_beyond_ascii_become_escapes(void)
{
    CHECK_STRING("\xc2\x80", "\"\\u0080\"");
    CHECK_STRING("caf\xc3\xa9!", "\"caf\\u00e9!\"");
    CHECK_STRING("\xdf\xbf\xe0\xa0\x80", "\"\\u07ff\\u0800\"");
    CHECK_STRING("\xef\xbf\xbf", "\"\\uffff\"");
    CHECK_STRING("\xf0\x90\x80\x80", "\"\\ud800\\udc00\"");
    CHECK_STRING("\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\"");
    CHECK_STRING("\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"");
}

static void
surrogates_alone_become_text(void)
{
    CHECK_STRING("\xed\x9f\xbf\xee\x80\x80", "\"\\ud7ff\\ue000\"");
    CHECK_STRING("\xed\xa0\x80", "\"\\\\ud800\"");
    CHECK_STRING("\xed\xaf\xbfz", "\"\\\\udbffz\"");
    CHECK_STRING("\xed\xbf\xbf", "\"\\\\udfff\"");
    CHECK_STRING("\xed\xb1\xbf", "\"\\\\udc7f\"");
    CHECK_STRING("\xed\xb4\x80", "\"\\\\udd00\"");
    CHECK_STRING("\xed\xa0\x80\xed\xa0\x80", "\"\\\\ud800\\\\ud800\"");
    CHECK_STRING("\xed\xb8\x80\xed\xa0\xbd", "\"\\\\ude00\\\\ud83d\"");
}

static void
bytes_of_undecodable_names_become_their_number(void)
{
    CHECK_STRING("\xed\xb2\x80", "\"\\\\x80\"");
    CHECK_STRING("\xed\xb3\xbf", "\"\\\\xff\"");
    CHECK_STRING("caf\xed\xb3\xa9.csv", "\"caf\\\\xe9.csv\"");
}

static void
surrogates_that_make_a_pair_are_its_character(void)
{
    CHECK_STRING("\xed\xa0\xbd\xed\xb8\x80", "\"\\ud83d\\ude00\"");
    CHECK_STRING("\xed\xa0\x80\xed\xb0\x80", "\"\\ud800\\udc00\"");
    CHECK_STRING("\xed\xaf\xbf\xed\xbf\xbf", "\"\\udbff\\udfff\"");
    CHECK_STRING("\xed\xa0\x80\xed\xa0\xbd\xed\xb8\x80", "\"\\\\ud800\\ud83d\\ude00\"");
}

static void
each_byte_that_is_no_utf8_is_replaced(void)
{
    CHECK_STRING("\x80", "\"\\ufffd\"");
    CHECK_STRING("a\xffz", "\"a\\ufffdz\"");
    CHECK_STRING("\xc3", "\"\\ufffd\"");
    CHECK_STRING("\xc3z", "\"\\ufffdz\"");
    CHECK_STRING("\xe2\x82", "\"\\ufffd\\ufffd\"");
    CHECK_STRING("\xe2\x82\xc3\xa9", "\"\\ufffd\\ufffd\\u00e9\"");
    CHECK_STRING("\xf0\x9f\x98", "\"\\ufffd\\ufffd\\ufffd\"");
    CHECK_STRING("\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    CHECK_STRING("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void
longer_forms_than_needed_are_no_utf8(void)
{
    CHECK_STRING("\xc0\x80", "\"\\ufffd\\ufffd\"");
    CHECK_STRING("\xc1\xbf", "\"\\ufffd\\ufffd\"");
    CHECK_STRING("\xe0\x9f\xbf", "\"\\ufffd\\ufffd\\ufffd\"");
    CHECK_STRING("\xf0\x8f\xbf\xbf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

static void
json_changes_only_where_it_is_not_ascii(void)
{
    CHECK_ASCII("", "");
    CHECK_ASCII("{\"a\\n\": [1, 2.5]}\t\x7f", "{\"a\\n\": [1, 2.5]}\t\x7f");
    CHECK_ASCII("{\"caf\xc3\xa9\":\"\xf0\x9f\x98\x80\"}",
                "{\"caf\\u00e9\":\"\\ud83d\\ude00\"}");
    CHECK_ASCII("01234567\xc3\xa9"
                "0123456\xc3\xa9"
                "012345678\xc3\xa9",
                "01234567\\u00e90123456\\u00e9012345678\\u00e9");
    CHECK_ASCII("1234567\xff", "1234567\\ufffd");
}

/* --- texts ----------------------------------------------------------------------- */

/* One of each writer. */
static void
write_everything(mb_text *text)
{
    MB_TEXT_LITERAL(text, "{");
    mb_text_int(text, -12);
    mb_text_seconds(text, 1500000000);
    mb_text_seconds(text, 120000000);
    mb_text_iso8601(text, 123000, -60);
    mb_text_string(text, "plain", 5);
    mb_text_string(text, "\xc3\xa9\n", 3);
    mb_text_ascii(text, "[\xc3\xa9]", 4);
    mb_text_raw(text, NULL, 0);
}

static const char EVERYTHING[] = "{-121.50.121969-12-31T23:59:00.000123-00:01"
                                 "\"plain\"\"\\u00e9\\n\"[\\u00e9]";

static void
a_fixed_text_takes_what_fits_exactly(void)
{
    const size_t whole = sizeof EVERYTHING - 1;
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        mb_text text;
        char *buffer = malloc(capacity ? capacity : 1); /* a sanitizer knows its end */
        mb_text_fixed(&text, buffer, capacity);
        write_everything(&text);
        CHECK(text.failed == (capacity < whole));
        CHECK(text.size <= capacity);
        CHECK(memcmp(buffer, EVERYTHING, text.size) == 0);
        mb_text_free(&text);
        CHECK(text.data == buffer && text.size == 0 && !text.failed);
        free(buffer);
    }
}

static void
what_does_not_fit_leaves_the_text_as_it_was(void)
{
    char buffer[8];
    mb_text text;
    mb_text_fixed(&text, buffer, sizeof buffer);
    MB_TEXT_LITERAL(&text, "abc");
    mb_text_string(&text, "\n\n\n", 3); /* its beginning would fit */
    CHECK(text.failed);
    CHECK_BYTES(text.data, text.size, "abc");
    MB_TEXT_LITERAL(&text, "d"); /* would fit too, but comes too late */
    mb_text_int(&text, 1);
    CHECK_BYTES(text.data, text.size, "abc");
}

static void
a_heap_text_grows(void)
{
    mb_text text;
    mb_text_heap(&text);
    for (int i = 0; i < 10000; i++) {
        write_everything(&text);
    }
    const size_t whole = sizeof EVERYTHING - 1;
    CHECK(!text.failed);
    CHECK_INT(text.size, 10000 * whole);
    for (size_t i = 0; i < 10000; i++) {
        CHECK(memcmp(text.data + i * whole, EVERYTHING, whole) == 0);
    }
    mb_text_free(&text);
    CHECK(text.data == NULL && text.size == 0);
    mb_text_int(&text, 5);
    CHECK_BYTES(text.data, text.size, "5");
    mb_text_free(&text);
}

static void
reserved_room_is_used_before_a_heap_text_grows(void)
{
    mb_text text;
    mb_text_heap(&text);
    MB_TEXT_LITERAL(&text, "ab");
    mb_text_reserve(&text, 1000);
    CHECK(!text.failed);
    const size_t capacity = text.capacity;
    CHECK(capacity >= 1002);
    for (int i = 0; i < 1000; i++) {
        MB_TEXT_LITERAL(&text, "c");
    }
    CHECK_INT(text.capacity, capacity);
    CHECK_INT(text.size, 1002);
    mb_text_free(&text);
}

static void
a_fixed_text_reserves_nothing(void)
{
    char buffer[2];
    mb_text text;
    mb_text_fixed(&text, buffer, sizeof buffer);
    mb_text_reserve(&text, 1000);
    CHECK(!text.failed);
    MB_TEXT_LITERAL(&text, "ab");
    CHECK_BYTES(text.data, text.size, "ab");
}

static void
more_than_all_memory_is_refused(void)
{
    mb_text text;
    mb_text_heap(&text);
    MB_TEXT_LITERAL(&text, "abc");
    mb_text_raw(&text, "", SIZE_MAX - 1);
    CHECK(text.failed);
    CHECK_BYTES(text.data, text.size, "abc");
    mb_text_free(&text);
}

static void
write_through_a_failure(void)
{
    mb_text text;
    mb_text_heap(&text);
    for (int i = 0; i < 100; i++) {
        write_everything(&text);
        if (text.failed) {
            const size_t size = text.size;
            CHECK(test_allocation_failed());
            write_everything(&text);
            CHECK_INT(text.size, size);
            mb_text_free(&text);
            CHECK(!text.failed);
        }
    }
    CHECK(!text.failed);
    CHECK_INT(text.size % (sizeof EVERYTHING - 1), 0);
    mb_text_free(&text);
}

static void
a_text_without_memory_fails_and_can_be_used_again(void)
{
    test_each_failing_allocation(write_through_a_failure);
}

static void
runs_of_digits_are_found(void)
{
    static const char TEXT[] = "a12,345.6789";
    for (size_t run = 1; run <= 4; run++) {
        CHECK(mb_text_has_digits(TEXT, sizeof TEXT - 1, run));
    }
    CHECK(!mb_text_has_digits(TEXT, sizeof TEXT - 1, 5));
    CHECK(
        !mb_text_has_digits(TEXT, sizeof TEXT - 2, 4)); /* the last digit is excluded */
    CHECK(!mb_text_has_digits(TEXT, 3, 4));
    CHECK(!mb_text_has_digits(TEXT, 1, 1));
    CHECK(!mb_text_has_digits(TEXT, 0, 1));
}

int
main(void)
{
    RUN(integers_are_decimal);
    RUN(integers_agree_with_the_c_library);
    RUN(seconds_are_exact_and_end_without_zeros);
    RUN(seconds_keep_every_digit);
    RUN(seconds_read_as_a_double_are_the_quotient);
    RUN(times_look_as_those_of_python);
    RUN(times_before_1970_are_rounded_down_too);
    RUN(a_second_time_is_written_as_the_first);
    RUN(every_day_agrees_with_the_c_library);
    RUN(an_offset_of_a_day_fails);
    RUN(ascii_is_escaped_as_json_dumps_does);
    RUN(characters_beyond_ascii_become_escapes);
    RUN(surrogates_alone_become_text);
    RUN(bytes_of_undecodable_names_become_their_number);
    RUN(surrogates_that_make_a_pair_are_its_character);
    RUN(each_byte_that_is_no_utf8_is_replaced);
    RUN(longer_forms_than_needed_are_no_utf8);
    RUN(json_changes_only_where_it_is_not_ascii);
    RUN(runs_of_digits_are_found);
    RUN(a_fixed_text_takes_what_fits_exactly);
    RUN(what_does_not_fit_leaves_the_text_as_it_was);
    RUN(a_heap_text_grows);
    RUN(reserved_room_is_used_before_a_heap_text_grows);
    RUN(a_fixed_text_reserves_nothing);
    RUN(more_than_all_memory_is_refused);
    RUN(a_text_without_memory_fails_and_can_be_used_again);
    return test_report();
}
