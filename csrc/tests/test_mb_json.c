#include "reading/mb_json.h"

#include "mb_test.h"

static size_t
size_of(const char *text, mb_json_kind *kind)
{
    const char *end = mb_json_skip(text, text + strlen(text), kind);
    return end ? (size_t)(end - text) : 0;
}

static void
values_end_where_they_end(void)
{
    static const struct {
        const char *text;
        size_t size;
        mb_json_kind kind;
    } CASES[] = {
        {"null,", 4, MB_JSON_NULL},
        {"true", 4, MB_JSON_BOOLEAN},
        {"false]", 5, MB_JSON_BOOLEAN},
        {"0,", 1, MB_JSON_NATURAL},
        {"123456789012345678", 18, MB_JSON_NATURAL},
        {"-7}", 2, MB_JSON_NEGATIVE},
        {"1.5e-07 ", 7, MB_JSON_REAL},
        {"2E+9", 4, MB_JSON_REAL},
        {"\"a longer text \\\" \\u00e9 \\\\\":", 28, MB_JSON_STRING},
        {"\"\\ud83d\\ude00\"", 14, MB_JSON_STRING},
        {"\"\\uDBFF\\uDC00\"", 14, MB_JSON_STRING},
        {"[]", 2, MB_JSON_LIST},
        {"[ 1 , [ ] , {\"a\" : \"]\" } ] ", 26, MB_JSON_LIST},
        {"{ }", 3, MB_JSON_EMPTY},
        {"{\"a\":{\"b\":[{}]}}\n", 16, MB_JSON_OBJECT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mb_json_kind kind = MB_JSON_NULL;
        CHECK_INT(size_of(CASES[i].text, &kind), CASES[i].size);
        CHECK_INT(kind, CASES[i].kind);
    }
}

static void
what_readers_take_differently_is_left_to_others(void)
{
    static const char *const WORDS[] = {
        "",
        "nul",
        "NaN",
        "-Infinity",
        "-",
        "1.",
        "1e",
        "1e400",
        "1234567890123456789",
        ".5",
        "+1",
        "\"open",
        "\"a\nb\"",
        "\"\xc3\xa9\"",
        "\"\\ud83d\"",
        "\"\\uDE00\"",
        "\"\\ud83d\\ud83d\"",
        "\"\\x\"",
        "\"\\u00g0\"",
        "\"\\",
        "[1",
        "[1 2]",
        "[,]",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[1}",
        "}",
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        mb_json_kind kind;
        CHECK_INT(size_of(WORDS[i], &kind), 0);
    }
}

static void
nesting_has_a_limit(void)
{
    char text[201] = {0};
    mb_json_kind kind;
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    CHECK_INT(size_of(text, &kind), 0);
    CHECK_INT(size_of(text + 50, &kind), 100);
}

int
main(void)
{
    RUN(values_end_where_they_end);
    RUN(what_readers_take_differently_is_left_to_others);
    RUN(nesting_has_a_limit);
    return test_report();
}
