#include "masking/mb_closed.h"

#include "mb_test.h"

#define CHECK_CLOSED(json, measured, expected)                                         \
    do {                                                                               \
        char buffer[512];                                                              \
        mb_text text;                                                                  \
        mb_text_fixed(&text, buffer, sizeof buffer);                                   \
        mb_closed(&text, json, strlen(json), measured);                                \
        CHECK(!text.failed);                                                           \
        CHECK_BYTES(text.data, text.size, expected);                                   \
    } while (0)

#define RECORD                                                                         \
    "{\"mb\":{\"run_id\":\"r\",\"dsn\":\"s\",\"clock\":{\"a\":1},\"masked\":[\"x\"]}," \
    "\"call\":{\"name\":\"f\",\"args\":[{\"mb\":[1]},\"}\\\"\"],\"durations\":[0.1]}," \
    "\"host\":{\"call\":{}},\"exit_status\":0}"

static void
what_identifies_and_what_was_measured_stays(void)
{
    CHECK_CLOSED(
        RECORD, true,
        "{\"mb\":{\"run_id\":\"r\",\"clock\":{\"a\":1},\"masked\":[\"call.args\","
        "\"host\"]},\"call\":{\"name\":\"f\",\"args\":\"***\",\"durations\":[0.1]}"
        ",\"host\":\"***\",\"exit_status\":0}");
}

static void
measurements_can_be_asked_to_be_masked(void)
{
    CHECK_CLOSED(
        RECORD, false,
        "{\"mb\":{\"run_id\":\"r\",\"clock\":{\"a\":1},\"masked\":[\"call.name\","
        "\"call.args\",\"call.durations\",\"host\",\"exit_status\"]},\"call\":{"
        "\"name\":\"***\",\"args\":\"***\",\"durations\":\"***\"},\"host\":"
        "\"***\",\"exit_status\":\"***\"}");
}

static void
a_name_that_is_not_plain_is_left_out(void)
{
    CHECK_CLOSED("{\"a://b:c@d\": 1, \"x\" : [ 2 ], \"\":3 }", true,
                 "{\"mb\":{\"masked\":[\"x\"]},\"x\":\"***\"}");
}

static void
an_empty_record_is_one(void)
{
    CHECK_CLOSED(" { } ", true, "{\"mb\":{\"masked\":[]}}");
    CHECK_CLOSED("{\"mb\":3,\"call\":[4]}", true, "{\"mb\":{\"masked\":[]}}");
}

static void
anything_else_is_masked_as_a_whole(void)
{
    static const char *const texts[] = {
        "",           "\"s\"",       "[{\"a\":1}]",   "{",          "{\"a\"",
        "{\"a\":",    "{\"a\":1",    "{\"a\":1,",     "{\"a\":\"",  "{\"a\":\"\\",
        "{\"a\":[1}", "{\"a\":1}x",  "{\"a\":1}{}",   "{\"a\" 1}",  "{a:1}",
        "{\"a\":}",   "secret text", "{\"a\":1 \"b}", "{\"a\":1]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_CLOSED(texts[i], true, "\"***\"");
    }
}

static void
a_record_of_any_depth_needs_no_stack(void)
{
    enum { DEPTH = 2000000 };
    mb_text text, closed;
    mb_text_heap(&text);
    mb_text_heap(&closed);
    MB_TEXT_LITERAL(&text, "{\"a\":");
    for (int i = 0; i < DEPTH; i++) {
        MB_TEXT_LITERAL(&text, "[");
    }
    for (int i = 0; i < DEPTH; i++) {
        MB_TEXT_LITERAL(&text, "]");
    }
    MB_TEXT_LITERAL(&text, "}");
    mb_closed(&closed, text.data, text.size, true);
    CHECK_BYTES(closed.data, closed.size,
                "{\"mb\":{\"masked\":[\"a\"]},\"a\":\"***\"}");
    mb_text_free(&text);
    mb_text_free(&closed);
}

int
main(void)
{
    RUN(what_identifies_and_what_was_measured_stays);
    RUN(measurements_can_be_asked_to_be_masked);
    RUN(a_name_that_is_not_plain_is_left_out);
    RUN(an_empty_record_is_one);
    RUN(anything_else_is_masked_as_a_whole);
    RUN(a_record_of_any_depth_needs_no_stack);
    return test_report();
}
