#include "reading/mb_rows.h"

#include "mb_test.h"

static void
learn(mb_rows *rows)
{
    mb_field *call = mb_fields_add(&rows->fields, NULL, "call", 4);
    mb_field *host = mb_fields_add(&rows->fields, NULL, "host", 4);
    mb_field *name = call ? mb_fields_add(&rows->fields, call, "name", 4) : NULL;
    mb_field *durations =
        call ? mb_fields_add(&rows->fields, call, "durations", 9) : NULL;
    mb_field *timings = call ? mb_fields_add(&rows->fields, call, "timings", 7) : NULL;
    if (!host || !name || !durations || !timings) {
        return;
    }
    host->inside = MB_FIELD_LEFT_OUT;
    mb_rows_add_column(rows, MB_ROWS_RECORD, "c0", MB_ROWS_REFUSED);
    name->leaf = rows->columns[mb_rows_add_column(rows, MB_ROWS_FIELD, "c1", -1)].leaf;
    mb_rows_add_column(rows, MB_ROWS_DURATION, "c2", MB_ROWS_REFUSED);
    durations->leaf = MB_ROWS_DURATIONS;
    timings->leaf = MB_ROWS_TIMINGS;
}

/* Returns how much of the text is read. */
static size_t
size_read(mb_rows *rows, const char *text)
{
    return (size_t)(mb_rows_read(rows, text, text + strlen(text)) - text);
}

static const char LINE[] =
    "{\"call\":{\"name\":\"f\",\"durations\":[1.5]},\"host\":{\"x\":[{}]}}\n";

static void
each_iteration_is_a_row(void)
{
    mb_rows rows;
    mb_rows_init(&rows, MB_ROWS_ITERATIONS);
    learn(&rows);
    CHECK_INT(size_read(&rows, LINE), sizeof LINE - 1);
    CHECK_INT(size_read(&rows, "\n{\"call\":{\"durations\":[2,3]}}\n\n"), 31);
    CHECK_BYTES(rows.text.data, rows.text.size,
                "{\"c0\":0,\"c1\":\"f\",\"c2\":1.5}\n"
                "{\"c0\":1,\"c2\":2}\n{\"c0\":1,\"c2\":3}\n");
    CHECK_INT(rows.number, 2);
    mb_rows_free(&rows);
}

static void
a_line_that_was_not_learnt_is_left(void)
{
    static const char *const LINES[] = {
        "{\"call\":{\"new\":1}}\n",
        "{\"call\":{\"name\":[1],\"durations\":[1]}}\n",
        "{\"call\":{\"name\":\"f\",\"name\":\"g\"}}\n",
        "{\"call\":{\"durations\":[null]}}\n",
        "{\"call\":{\"durations\":[1]}} x\n",
        "{\"call\":{\"durations\":[1]",
        "{\"call\":1}\n",
        "{}\n",
        "[]\n",
    };
    mb_rows rows;
    mb_rows_init(&rows, MB_ROWS_ITERATIONS);
    learn(&rows);
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        CHECK_INT(size_read(&rows, LINES[i]), 0);
        CHECK_INT(rows.text.size, 0);
    }
    mb_rows_free(&rows);
}

/* Values that begin like those of the line before, and names like the one expected. */
static void
a_line_that_resembles_the_one_before(void)
{
    static const char LINES[] =
        "{\"call\":{\"name\":12,\"durations\":[1]},\"host\":{\"x\":1}}\n"
        "{\"call\":{\"name\":123,\"durations\":[1]},\"host\":{\"x\":1}}\n"
        "{\"call\":{\"name\":123 ,\"durations\":[1]},\"host\":{\"x\":1}}\n"
        "{\"host\":{\"x\":1},\"call\":{\"durations\":[1],\"name\":12}}\n"
        "{\"call\":{\"name\":12x,\"durations\":[1]},\"host\":{\"x\":1}}\n";
    mb_rows rows;
    mb_rows_init(&rows, MB_ROWS_ITERATIONS);
    learn(&rows);
    size_read(&rows, LINES);
    CHECK_BYTES(rows.text.data, rows.text.size,
                "{\"c0\":0,\"c1\":12,\"c2\":1}\n{\"c0\":1,\"c1\":123,\"c2\":1}\n"
                "{\"c0\":2,\"c1\":123,\"c2\":1}\n{\"c0\":3,\"c1\":12,\"c2\":1}\n");
    mb_rows_free(&rows);
}

/* Counts the rows that it has, and takes no more than three. */
static bool
take_three(void *context, const mb_rows_column *columns, int count)
{
    int64_t *rows = context;
    if (count != 3 || columns[2].cell.kind != MB_JSON_NATURAL || *rows == 3) {
        return false;
    }
    ++*rows;
    return true;
}

static void
drop(void *context, int64_t rows)
{
    *(int64_t *)context -= rows;
}

static void
rows_of_a_line_are_taken_together(void)
{
    static const char LINES[] = "{\"call\":{\"durations\":[1,2]}}\n"
                                "{\"call\":{\"durations\":[3,4]}}\n";
    int64_t taken = 0;
    mb_rows rows;
    mb_rows_init(&rows, MB_ROWS_ITERATIONS);
    learn(&rows);
    rows.take = take_three, rows.drop = drop, rows.context = &taken;
    CHECK_INT(size_read(&rows, LINES), sizeof LINES / 2);
    CHECK_INT(taken, 2);
    CHECK_INT(rows.number, 1);
    CHECK_INT(rows.text.size, 0);
    mb_rows_free(&rows);
}

static void
read_through_a_failure(void)
{
    mb_rows rows;
    mb_rows_init(&rows, MB_ROWS_ITERATIONS);
    learn(&rows);
    const size_t size = size_read(&rows, LINE);
    CHECK(size == 0 || rows.text.failed || rows.number == 1);
    mb_rows_free(&rows);
}

static void
memory_may_run_out_anywhere(void)
{
    test_each_failing_allocation(read_through_a_failure);
}

int
main(void)
{
    RUN(each_iteration_is_a_row);
    RUN(a_line_that_was_not_learnt_is_left);
    RUN(a_line_that_resembles_the_one_before);
    RUN(rows_of_a_line_are_taken_together);
    RUN(memory_may_run_out_anywhere);
    return test_report();
}
