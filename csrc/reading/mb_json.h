/* Moves over values of JSON, in ASCII, without making anything of them.
 *
 *     mb_json_kind kind;
 *     const char *end = mb_json_skip(text, text + size, &kind);
 *     if (end) ...  the value is what lies before it
 *
 * What is moved over is JSON that any reader takes alike. Anything else gives NULL: text
 * that is not JSON; NaN; bytes beyond ASCII; half a surrogate pair; more than 64 levels;
 * numbers of more than 18 digits, or whose exponents may lead beyond a double. At `end`,
 * where the text ends, there has to be a NUL. A newline does not count as a blank: it
 * ends the line.
 *
 * No locale, no errno. Signal-safe.
 */
#ifndef MB_JSON_H
#define MB_JSON_H

#include "base/mb_platform.h"

typedef enum {
    MB_JSON_NULL,
    MB_JSON_BOOLEAN,
    MB_JSON_NATURAL,  /* 0 and above */
    MB_JSON_NEGATIVE, /* an integer with a sign */
    MB_JSON_REAL,
    MB_JSON_STRING,
    MB_JSON_LIST,
    MB_JSON_EMPTY, /* an object without members */
    MB_JSON_OBJECT,
} mb_json_kind;

const char *mb_json_skip(const char *text, const char *end, mb_json_kind *kind);

/* Moves behind a string; `escaped` says whether it has a backslash. */
const char *mb_json_skip_string(const char *text, const char *end, bool *escaped);

static inline const char *
mb_json_skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == '\r') {
        text++;
    }
    return text;
}

#endif
