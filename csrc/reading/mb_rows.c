#include "reading/mb_rows.h"

#include "reading/mb_moment.h"

#include <string.h>

#define USUAL "\"perf_counter\"" /* its durations are in seconds */
#define BIT(kind) (UINT32_C(1) << (kind))
#define NUMBERS (BIT(MB_JSON_NATURAL) | BIT(MB_JSON_NEGATIVE) | BIT(MB_JSON_REAL))
#define IS_ONE_OF(kind, bits) ((BIT(kind) & (bits)) != 0)

/* What a row has beside the fields of its record. */
typedef struct {
    mb_field_slice phase;
    mb_field_slice duration;
    mb_field_slice iteration; /* as text; NULL for none */
    int64_t index;            /* of the iteration, without a text; -1 for none */
} row;

void
mb_rows_init(mb_rows *rows, mb_rows_shape shape)
{
    memset(rows, 0, sizeof *rows);
    rows->shape = shape;
    rows->leaves = MB_ROWS_NEEDED;
    mb_fields_init(&rows->fields);
    mb_text_heap(&rows->text);
}

void
mb_rows_free(mb_rows *rows)
{
    mb_fields_free(&rows->fields);
    mb_text_free(&rows->text);
}

int
mb_rows_add_column(mb_rows *rows, mb_rows_kind kind, const char *key, int leaf)
{
    if (rows->count == MB_ROWS_MOST) {
        return -1;
    }
    mb_rows_column *column = &rows->columns[rows->count];
    column->kind = kind;
    column->size = strlen(key);
    memcpy(column->key, key, column->size);
    column->leaf = leaf < 0 ? rows->leaves++ : leaf;
    return rows->count++;
}

/* --- one row ---------------------------------------------------------------------- */

static void
put_key(mb_text *text, const mb_rows_column *column)
{
    MB_TEXT_LITERAL(text, ",\"");
    mb_text_raw(text, column->key, column->size);
    MB_TEXT_LITERAL(text, "\":");
}

static void
put_slice(mb_rows *rows, mb_rows_column *column, const mb_field_slice *slice)
{
    if (!slice->text || slice->kind == MB_JSON_NULL) {
        return;
    }
    column->kinds |= BIT(slice->kind);
    if (rows->take) {
        column->cell = *slice;
        return;
    }
    put_key(&rows->text, column);
    mb_text_raw(&rows->text, slice->text, slice->size);
}

static void
put_int(mb_rows *rows, mb_rows_column *column, int64_t value)
{
    column->kinds |= BIT(MB_JSON_NATURAL);
    if (rows->take) {
        column->cell = (mb_field_slice){"", 0, MB_JSON_NATURAL};
        column->made = value;
        return;
    }
    put_key(&rows->text, column);
    mb_text_int(&rows->text, value);
}

static void
put_false(mb_rows *rows, mb_rows_column *column)
{
    static const mb_field_slice FALSE = {"false", 5, MB_JSON_BOOLEAN};
    put_slice(rows, column, &FALSE);
}

/* Returns whether the value is one that a column can have as it is. */
static bool
put_field(mb_rows *rows, mb_rows_column *column, const mb_field_slice *slice)
{
    static const mb_field_slice EMPTY = {"\"{}\"", 4, MB_JSON_STRING};
    if (slice->text && slice->kind == MB_JSON_LIST) {
        return false;
    }
    const bool is_empty = slice->text && slice->kind == MB_JSON_EMPTY;
    put_slice(rows, column, is_empty ? &EMPTY : slice);
    return true;
}

static bool
put_time(mb_rows *rows, mb_rows_column *column, const mb_field_slice *slice)
{
    int64_t microseconds;
    if (!slice->text || slice->kind == MB_JSON_NULL) {
        return true;
    }
    if (!mb_moment_read(slice->text, slice->size, &microseconds)) {
        return false;
    }
    put_int(rows, column, microseconds);
    return true;
}

static void
put_iteration(mb_rows *rows, mb_rows_column *column, const row *one)
{
    if (one->iteration.text) {
        put_slice(rows, column, &one->iteration);
    } else if (one->index >= 0) {
        put_int(rows, column, one->index);
    }
}

static bool
put_column(mb_rows *rows, mb_rows_column *column, const row *one)
{
    switch (column->kind) {
    case MB_ROWS_RECORD:
        put_int(rows, column, rows->number);
        return true;
    case MB_ROWS_PHASE:
        put_slice(rows, column, &one->phase);
        return true;
    case MB_ROWS_ITERATION:
        put_iteration(rows, column, one);
        return true;
    case MB_ROWS_DURATION:
        put_slice(rows, column, &one->duration);
        return true;
    case MB_ROWS_ZERO:
    case MB_ROWS_ONE:
        put_int(rows, column, column->kind == MB_ROWS_ONE);
        return true;
    case MB_ROWS_FALSE:
        put_false(rows, column);
        return true;
    case MB_ROWS_TIME:
        return put_time(rows, column, &rows->slices[column->leaf]);
    case MB_ROWS_FIELD:
        break;
    }
    return put_field(rows, column, &rows->slices[column->leaf]);
}

static bool
put_columns(mb_rows *rows, const row *one)
{
    for (int i = 0; i < rows->count; i++) {
        rows->columns[i].cell.text = NULL;
        if (!put_column(rows, &rows->columns[i], one)) {
            return false;
        }
    }
    return true;
}

/* Makes the members of a row in the text an object. */
static void
end_row(mb_text *text, size_t begin)
{
    if (text->size == begin) {
        MB_TEXT_LITERAL(text, "{");
    } else if (!text->failed) {
        text->data[begin] = '{'; /* instead of a comma */
    }
    MB_TEXT_LITERAL(text, "}\n");
}

static bool
put_row(mb_rows *rows, const row *one)
{
    const size_t begin = rows->text.size;
    if (rows->fields.has_later) {
        return false; /* the first row with such a field needs a new column */
    }
    if (!put_columns(rows, one)) {
        return false;
    }
    if (!rows->take) {
        end_row(&rows->text, begin);
        return true;
    }
    const bool done = rows->take(rows->context, rows->columns, rows->count);
    rows->taken += done;
    return done;
}

/* --- items of lists --------------------------------------------------------------- */

typedef struct {
    const char *place; /* at the next item; NULL at the end */
    const char *end;
} items;

/* The slice is a list, or nothing, as an empty list. */
static items
items_of(const mb_field_slice *slice, const char *end)
{
    items list = {NULL, end};
    if (slice->text) {
        const char *first = mb_json_skip_blanks(slice->text + 1);
        list.place = *first == ']' ? NULL : first;
    }
    return list;
}

/* Moves behind an item, which is valid; false at the end. */
static bool
next_item(items *list, mb_field_slice *item)
{
    if (!list->place) {
        return false;
    }
    const char *behind = mb_json_skip(list->place, list->end, &item->kind);
    item->text = list->place;
    item->size = (size_t)(behind - list->place);
    behind = mb_json_skip_blanks(behind);
    list->place = *behind == ',' ? mb_json_skip_blanks(behind + 1) : NULL;
    return true;
}

static int64_t
count_of(const mb_field_slice *slice, const char *end)
{
    items list = items_of(slice, end);
    mb_field_slice item;
    int64_t count = 0;
    while (next_item(&list, &item)) {
        count++;
    }
    return count;
}

/* --- phases ----------------------------------------------------------------------- */

/* Reads a member of a phase. Returns the place behind it; NULL for an unusual one. */
static const char *
read_member(const char *place, const char *end, row *one)
{
    bool escaped;
    const char *behind = mb_json_skip_string(place, end, &escaped);
    const bool is_name = behind - place == 6 && memcmp(place, "\"name\"", 6) == 0;
    const bool is_duration =
        behind - place == 10 && memcmp(place, "\"duration\"", 10) == 0;
    mb_field_slice *slice = is_name ? &one->phase : is_duration ? &one->duration : NULL;
    if (!slice || slice->text) {
        return NULL;
    }
    place = mb_json_skip_blanks(mb_json_skip_blanks(behind) + 1);
    behind = mb_json_skip(place, end, &slice->kind);
    slice->text = place;
    slice->size = (size_t)(behind - place);
    return mb_json_skip_blanks(behind);
}

/* Reads a phase: an object with a name and a duration. */
static bool
read_phase(const mb_field_slice *item, const char *end, row *one)
{
    one->phase.text = one->duration.text = NULL;
    if (item->kind != MB_JSON_OBJECT) {
        return false;
    }
    const char *place = mb_json_skip_blanks(item->text + 1);
    place = read_member(place, end, one);
    if (place && *place == ',') {
        place = read_member(mb_json_skip_blanks(place + 1), end, one);
    }
    return place && *place == '}' && one->phase.text && one->duration.text &&
           one->phase.kind == MB_JSON_STRING && IS_ONE_OF(one->duration.kind, NUMBERS);
}

static bool
put_phases(mb_rows *rows, const char *end)
{
    items phases = items_of(&rows->slices[MB_ROWS_TIMINGS], end);
    items numbers = items_of(&rows->slices[MB_ROWS_NUMBERS], end);
    const bool is_only = count_of(&rows->slices[MB_ROWS_DURATIONS], end) == 1;
    mb_field_slice item;
    row one = {.index = is_only ? 0 : -1};
    while (next_item(&phases, &item)) {
        one.iteration.text = NULL;
        if (next_item(&numbers, &one.iteration) &&
            one.iteration.kind != MB_JSON_NATURAL) {
            return false;
        }
        if (!read_phase(&item, end, &one) || !put_row(rows, &one)) {
            return false;
        }
        rows->has_durations = true;
    }
    return true;
}

/* --- runs and iterations ---------------------------------------------------------- */

static bool
put_iterations(mb_rows *rows, const char *end)
{
    items durations = items_of(&rows->slices[MB_ROWS_DURATIONS], end);
    row one = {.index = 0};
    for (; next_item(&durations, &one.duration); one.index++) {
        if (!IS_ONE_OF(one.duration.kind, NUMBERS) || !put_row(rows, &one)) {
            return false;
        }
        rows->has_durations = true;
    }
    return true;
}

/* A run of one iteration: all its figures are that duration. */
static bool
put_run(mb_rows *rows, const char *end)
{
    items durations = items_of(&rows->slices[MB_ROWS_DURATIONS], end);
    row one = {.index = -1};
    if (!next_item(&durations, &one.duration) || durations.place ||
        !IS_ONE_OF(one.duration.kind, NUMBERS)) {
        return false;
    }
    rows->has_durations = true;
    return put_row(rows, &one);
}

/* --- lines ------------------------------------------------------------------------ */

static bool
is_list_or_none(const mb_field_slice *slice)
{
    return !slice->text || slice->kind == MB_JSON_LIST;
}

/* Returns whether the fields that the shape needs are as they mostly are. */
static bool
is_usual(const mb_field_slice *slices)
{
    const mb_field_slice *counter = &slices[MB_ROWS_COUNTER];
    const bool usual_counter =
        !counter->text || (counter->size == sizeof USUAL - 1 &&
                           memcmp(counter->text, USUAL, counter->size) == 0);
    return usual_counter && !slices[MB_ROWS_REFUSED].text &&
           is_list_or_none(&slices[MB_ROWS_DURATIONS]) &&
           is_list_or_none(&slices[MB_ROWS_TIMINGS]) &&
           is_list_or_none(&slices[MB_ROWS_NUMBERS]);
}

static bool
put_record(mb_rows *rows, const char *end)
{
    if (!is_usual(rows->slices)) {
        return false;
    }
    switch (rows->shape) {
    case MB_ROWS_PHASES:
        return put_phases(rows, end);
    case MB_ROWS_ITERATIONS:
        return put_iterations(rows, end);
    case MB_ROWS_RUNS:
        return put_run(rows, end);
    case MB_ROWS_RECORDS:
        break;
    }
    const row one = {.index = -1};
    return put_row(rows, &one);
}

/* Returns what is behind the line; NULL if it is not read. */
static const char *
read_line(mb_rows *rows, const char *text, const char *end)
{
    const size_t begin = rows->text.size;
    rows->taken = 0;
    const char *behind =
        mb_fields_read(&rows->fields, text, end, rows->slices, rows->leaves);
    behind = behind ? mb_json_skip_blanks(behind) : NULL;
    if (behind && (*behind == '\n' || behind == end) && put_record(rows, end)) {
        rows->number++;
        return behind;
    }
    rows->text.size = begin;
    if (rows->taken) {
        rows->drop(rows->context, rows->taken);
    }
    return NULL;
}

static const char *
skip_empty_lines(const char *text)
{
    text = mb_json_skip_blanks(text);
    while (*text == '\n') {
        text = mb_json_skip_blanks(text + 1);
    }
    return text;
}

const char *
mb_rows_read(mb_rows *rows, const char *text, const char *end)
{
    mb_fields_forget(&rows->fields);
    for (;;) {
        text = skip_empty_lines(text);
        const char *behind = text < end ? read_line(rows, text, end) : NULL;
        if (!behind || rows->text.failed) {
            return text;
        }
        text = behind;
    }
}
