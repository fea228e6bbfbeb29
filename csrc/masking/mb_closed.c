#include "masking/mb_closed.h"

#include <string.h>

#define MASK "\"***\""
#define LONGEST_NAME 100

typedef struct {
    const char *at, *end;
    bool damaged;
} cursor;

typedef struct {
    const char *name, *value;
    size_t name_size, size;
} member;

static const char *const identity[] = {"run_id",   "record_id", "version", "schema",
                                       "timezone", "clock",     NULL};
static const char *const outcome[] = {"exit_status", "exit_signal", "exit_path", NULL};
static const char *const measurements[] = {
    "invocation", "name",         "durations",         "start_time", "finish_time",
    "timings",    "open_timings", "timings_iteration", NULL};
static const char *const nothing[] = {NULL};

/* --- reading ---------------------------------------------------------------------- */

static bool
is_one_of(const char *const *names, const member *found)
{
    for (; *names; names++) {
        if (strlen(*names) == found->name_size &&
            memcmp(*names, found->name, found->name_size) == 0) {
            return true;
        }
    }
    return false;
}

static char
next_sign(cursor *place)
{
    while (place->at < place->end && memchr(" \t\r\n", *place->at, 4)) {
        place->at++;
    }
    return place->at < place->end ? *place->at : '\0';
}

static void
skip_string(cursor *place)
{
    for (place->at++; place->at < place->end; place->at++) {
        if (*place->at == '\\') {
            place->at++;
        } else if (*place->at == '"') {
            place->at++;
            return;
        }
    }
    place->at = place->end;
    place->damaged = true;
}

static void
skip_scalar(cursor *place)
{
    const char *begin = place->at;
    while (place->at < place->end && !memchr(" \t\r\n,:[]{}\"", *place->at, 11)) {
        place->at++;
    }
    place->damaged |= place->at == begin;
}

/* Signs inside a value are counted, not checked: it is kept or masked as a whole. */
static void
skip_value(cursor *place)
{
    size_t depth = 0;
    do {
        const char sign = next_sign(place);
        if (sign == '"') {
            skip_string(place);
        } else if (sign == '[' || sign == '{') {
            depth++;
            place->at++;
        } else if (depth && (sign == ']' || sign == '}')) {
            depth--;
            place->at++;
        } else if (depth && (sign == ',' || sign == ':')) {
            place->at++;
        } else {
            skip_scalar(place);
        }
    } while (depth && !place->damaged);
}

static void
take(cursor *place, char sign)
{
    if (next_sign(place) == sign) {
        place->at++;
    } else {
        place->damaged = true;
    }
}

/* Returns a cursor at the first member of an object; after the last, it points behind
 * the object. */
static cursor
members_of(const char *json, size_t size)
{
    cursor place = {.at = json, .end = json + size};
    take(&place, '{');
    return place;
}

static bool
next_member(cursor *place, member *found)
{
    if (next_sign(place) == ',') {
        place->at++;
    }
    if (next_sign(place) != '"') {
        take(place, '}');
        return false;
    }
    found->name = place->at + 1;
    skip_string(place);
    found->name_size = (size_t)(place->at - found->name) - 1;
    take(place, ':');
    next_sign(place);
    found->value = place->at;
    skip_value(place);
    found->size = (size_t)(place->at - found->value);
    return !place->damaged;
}

static bool
is_object(const char *json, size_t size)
{
    member found;
    cursor place = members_of(json, size);
    while (next_member(&place, &found)) {
    }
    return !place.damaged && next_sign(&place) == '\0' && place.at == place.end;
}

static bool
find(const char *json, size_t size, const char *name, member *found)
{
    const char *const names[] = {name, NULL};
    cursor place = members_of(json, size);
    while (next_member(&place, found)) {
        if (is_one_of(names, found) && is_object(found->value, found->size)) {
            return true;
        }
    }
    return false;
}

/* --- writing ---------------------------------------------------------------------- */

static bool
is_plain(const member *found)
{
    for (size_t i = 0; i < found->name_size; i++) {
        const char c = found->name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return found->name_size && found->name_size <= LONGEST_NAME;
}

static void
separate(mb_text *text)
{
    const char last = text->size ? text->data[text->size - 1] : '{';
    if (last != '{' && last != '[') {
        MB_TEXT_LITERAL(text, ",");
    }
}

static void
put_member(mb_text *text, const member *found, bool kept)
{
    separate(text);
    MB_TEXT_LITERAL(text, "\"");
    mb_text_raw(text, found->name, found->name_size);
    MB_TEXT_LITERAL(text, "\":");
    if (kept) {
        mb_text_raw(text, found->value, found->size);
    } else {
        MB_TEXT_LITERAL(text, MASK);
    }
}

static bool
is_named(const member *found, const char *name)
{
    return is_one_of((const char *const[]){name, NULL}, found);
}

/* Writes the names of the masked members of an object as a list of strings. */
static void
put_names(mb_text *text, const char *before, const member *object,
          const char *const *kept)
{
    member found;
    cursor place = members_of(object->value, object->size);
    while (next_member(&place, &found)) {
        if (is_plain(&found) && !is_one_of(kept, &found) && !is_named(&found, "mb") &&
            !is_named(&found, "call")) {
            separate(text);
            MB_TEXT_LITERAL(text, "\"");
            mb_text_raw(text, before, strlen(before));
            mb_text_raw(text, found.name, found.name_size);
            MB_TEXT_LITERAL(text, "\"");
        }
    }
}

static void
put_members(mb_text *text, const member *object, const char *const *kept)
{
    member found;
    cursor place = members_of(object->value, object->size);
    while (next_member(&place, &found)) {
        if (is_plain(&found) && !is_named(&found, "mb") && !is_named(&found, "call")) {
            put_member(text, &found, is_one_of(kept, &found));
        }
    }
}

static void
put_identity(mb_text *text, const member *mb)
{
    member found;
    cursor place = members_of(mb->value, mb->size);
    while (next_member(&place, &found)) {
        if (is_one_of(identity, &found)) {
            put_member(text, &found, true);
        }
    }
}

void
mb_closed(mb_text *text, const char *json, size_t size, bool measured)
{
    member mb, call, all = {.value = json, .size = size};
    if (!is_object(json, size)) {
        MB_TEXT_LITERAL(text, MASK);
        return;
    }
    const char *const *ending = measured ? outcome : nothing;
    const char *const *kept = measured ? measurements : nothing;
    const bool has_call = find(json, size, "call", &call);
    MB_TEXT_LITERAL(text, "{\"mb\":{");
    if (find(json, size, "mb", &mb)) {
        put_identity(text, &mb);
    }
    separate(text);
    MB_TEXT_LITERAL(text, "\"masked\":[");
    if (has_call) {
        put_names(text, "call.", &call, kept);
    }
    put_names(text, "", &all, ending);
    MB_TEXT_LITERAL(text, "]}");
    if (has_call) {
        MB_TEXT_LITERAL(text, ",\"call\":{");
        put_members(text, &call, kept);
        MB_TEXT_LITERAL(text, "}");
    }
    put_members(text, &all, ending);
    MB_TEXT_LITERAL(text, "}");
}
