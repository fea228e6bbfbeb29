#include "reading/mb_fields.h"

#include <string.h>

#define DEEPEST 32

typedef struct {
    const char *place; /* NULL once something was not taken */
    const char *end;
    mb_field_slice *slices;
    int count;
    uint64_t record; /* its number */
    uint64_t block;
    bool has_later;
} reading;

void
mb_fields_init(mb_fields *fields)
{
    memset(fields, 0, sizeof *fields);
    fields->blocks = 1; /* no field has a value of it */
}

static void
free_inside(mb_field *field)
{
    while (field->first) {
        mb_field *one = field->first;
        field->first = one->next;
        free_inside(one);
        mb_free(one->name);
        mb_free(one);
    }
}

void
mb_fields_free(mb_fields *fields)
{
    free_inside(&fields->top);
}

/* --- names ------------------------------------------------------------------------ */

static inline bool
has_name(const mb_field *field, const char *name, size_t size)
{
    return field->size == size && memcmp(field->name, name, size) == 0;
}

/* Returns the field that comes next, if records are alike; NULL for none. */
static inline mb_field *
expected(const mb_field *within)
{
    mb_field *next = within->last ? within->last->next : NULL;
    return next ? next : within->first;
}

/* Returns the field of this name; NULL for none. */
static mb_field *
found(mb_field *within, const char *name, size_t size)
{
    mb_field *start = expected(within);
    for (mb_field *one = start; one; one = one->next) {
        if (has_name(one, name, size)) {
            return within->last = one;
        }
    }
    for (mb_field *one = within->first; one != start; one = one->next) {
        if (has_name(one, name, size)) {
            return within->last = one;
        }
    }
    return NULL;
}

static mb_field *
new_field(const char *name, size_t size)
{
    mb_field *field = mb_alloc(sizeof *field);
    char *copy = mb_alloc(size + 1);
    if (!field || !copy) {
        mb_free(field);
        mb_free(copy);
        return NULL;
    }
    memset(field, 0, sizeof *field);
    memcpy(copy, name, size);
    field->name = copy;
    field->size = size;
    field->leaf = field->inside = MB_FIELD_UNKNOWN;
    return field;
}

mb_field *
mb_fields_add(mb_fields *fields, mb_field *within, const char *name, size_t size)
{
    within = within ? within : &fields->top;
    mb_field *field = found(within, name, size);
    if (field) {
        return field;
    }
    mb_field **end = &within->first;
    while (*end) {
        end = &(*end)->next;
    }
    return *end = new_field(name, size);
}

/* --- values ----------------------------------------------------------------------- */

static bool read_members(reading *read, mb_field *within, int depth);

/* Returns whether a value is, byte for byte, the one that the record before had. It is
 * looked at no further then: most fields of a program's records never change. */
static inline bool
is_as_before(const reading *read, const mb_field *field, const char *text)
{
    const size_t size = field->before.size;
    if (field->block != read->block || size >= (size_t)(read->end - text) ||
        memcmp(text, field->before.text, size) != 0) {
        return false;
    }
    return text[size] == ',' || text[size] == '}';
}

/* Returns what is behind the value of a field; NULL if it is not taken. */
static const char *
skip(reading *read, mb_field *field, const char *text, mb_json_kind *kind)
{
    if (is_as_before(read, field, text)) {
        *kind = field->before.kind;
        return text + field->before.size;
    }
    const char *behind = mb_json_skip(text, read->end, kind);
    if (behind) {
        field->before = (mb_field_slice){text, (size_t)(behind - text), *kind};
        field->block = read->block;
    }
    return behind;
}

/* Keeps the value at the place; a second one for the same slice is not taken. */
static bool
keep(reading *read, mb_field *field, int leaf)
{
    mb_json_kind kind;
    const char *text = read->place;
    const char *behind =
        leaf == MB_FIELD_UNKNOWN ? NULL : skip(read, field, text, &kind);
    read->place = behind;
    if (!behind || (leaf == MB_FIELD_NULL && kind != MB_JSON_NULL) ||
        leaf >= read->count) {
        return false;
    }
    read->has_later |= leaf == MB_FIELD_LATER && kind != MB_JSON_NULL;
    if (leaf >= 0) {
        if (read->slices[leaf].text) {
            return false;
        }
        read->slices[leaf] = (mb_field_slice){text, (size_t)(behind - text), kind};
    }
    return true;
}

static bool
is_empty_object(const char *text)
{
    return *mb_json_skip_blanks(text + 1) == '}';
}

static bool
read_value(reading *read, mb_field *field, int depth)
{
    if (*read->place != '{' || is_empty_object(read->place)) {
        return keep(read, field, field->leaf);
    }
    if (field->inside != MB_FIELD_UNKNOWN) {
        return keep(read, field, field->inside);
    }
    return depth < DEEPEST && read_members(read, field, depth + 1);
}

/* Reads a name and the colon behind it, if the name is the one that is expected. */
static mb_field *
read_expected(reading *read, mb_field *within)
{
    const char *text = read->place;
    mb_field *field = expected(within);
    if (!field || field->size + 3 > (size_t)(read->end - text) || *text != '"' ||
        memcmp(text + 1, field->name, field->size) != 0 ||
        text[field->size + 1] != '"' || text[field->size + 2] != ':') {
        return NULL;
    }
    read->place = mb_json_skip_blanks(text + field->size + 3);
    return within->last = field;
}

/* Reads a name and the colon behind it. */
static mb_field *
read_name(reading *read, mb_field *within)
{
    mb_field *field = read_expected(read, within);
    if (field) {
        return field;
    }
    bool escaped;
    const char *text = read->place;
    const char *behind =
        *text == '"' ? mb_json_skip_string(text, read->end, &escaped) : NULL;
    if (!behind) {
        return NULL;
    }
    read->place = mb_json_skip_blanks(behind);
    if (*read->place != ':') {
        return NULL;
    }
    read->place = mb_json_skip_blanks(read->place + 1);
    return found(within, text + 1, (size_t)(behind - text - 2));
}

/* Returns whether the record has a field for the first time: of two, the last counts. */
static bool
is_first(reading *read, mb_field *field)
{
    const bool is_first = field->seen != read->record;
    field->seen = read->record;
    return is_first;
}

static bool
read_members(reading *read, mb_field *within, int depth)
{
    char sign;
    do {
        read->place = mb_json_skip_blanks(read->place + 1);
        mb_field *field = read_name(read, within);
        if (!field || !is_first(read, field) || !read_value(read, field, depth)) {
            return false;
        }
        read->place = mb_json_skip_blanks(read->place);
        sign = *read->place;
    } while (sign == ',');
    read->place++;
    return sign == '}';
}

void
mb_fields_forget(mb_fields *fields)
{
    fields->blocks++;
}

const char *
mb_fields_read(mb_fields *fields, const char *text, const char *end,
               mb_field_slice *slices, int count)
{
    reading read = {.place = text, .end = end, .slices = slices, .count = count};
    read.record = ++fields->records;
    read.block = fields->blocks;
    for (int i = 0; i < count; i++) {
        slices[i].text = NULL;
    }
    if (*text != '{' || is_empty_object(text)) {
        return NULL;
    }
    const bool done = read_members(&read, &fields->top, 0);
    fields->has_later = read.has_later;
    return done ? read.place : NULL;
}
