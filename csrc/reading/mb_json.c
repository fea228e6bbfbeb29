#include "reading/mb_json.h"

#include <string.h>

#include "base/mb_special.h"

#define DEEPEST 64
#define MOST_DIGITS 18
#define MOST_EXPONENT 2 /* digits */

/* --- strings ---------------------------------------------------------------------- */

static inline bool
is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x80 && byte != '"' &&
           byte != '\\';
}

static inline const char *
first_special(const char *text, const char *end)
{
    ptrdiff_t step = MB_SPECIAL_STEP;
    while (step == MB_SPECIAL_STEP && end - text >= step) {
        step = mb_special_first(text);
        text += step;
    }
    while (is_plain(*text)) {
        text++;
    }
    return text;
}

static bool
is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* Moves behind `\u` and four digits; `high` says whether it is the first half of a pair
 * of surrogates, `low` whether it is the second. NULL if it is none. */
static const char *
skip_code(const char *text, bool *high, bool *low)
{
    if (text[0] != '\\' || text[1] != 'u') {
        return NULL;
    }
    for (int i = 2; i < 6; i++) {
        if (!is_hex(text[i])) {
            return NULL;
        }
    }
    const bool surrogate = (text[2] | 0x20) == 'd' && text[3] >= '8';
    const char digit = (char)(text[3] | 0x20); /* digits stay what they are */
    *high = surrogate && (digit <= '9' || digit == 'a' || digit == 'b');
    *low = surrogate && !*high;
    return text + 6;
}

/* Moves behind an escape; NULL for one that is wrong, or half a pair. */
static const char *
skip_escape(const char *text)
{
    bool high, low;
    if (text[1] != 'u') {
        return text[1] && strchr("\"\\/bfnrt", text[1]) ? text + 2 : NULL;
    }
    text = skip_code(text, &high, &low);
    if (!text || low) {
        return NULL;
    }
    if (high) {
        text = skip_code(text, &high, &low);
        return text && low ? text : NULL;
    }
    return text;
}

const char *
mb_json_skip_string(const char *text, const char *end, bool *escaped)
{
    *escaped = false;
    for (text++;;) {
        text = first_special(text, end);
        if (*text != '\\') {
            return *text == '"' ? text + 1 : NULL;
        }
        *escaped = true;
        text = skip_escape(text);
        if (!text) {
            return NULL;
        }
    }
}

/* --- numbers and words ------------------------------------------------------------ */

static const char *
skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9') {
        text++;
    }
    return text;
}

static const char *
skip_exponent(const char *text)
{
    text += 1 + (text[1] == '+' || text[1] == '-');
    const char *end = skip_digits(text);
    return end > text && end - text <= MOST_EXPONENT ? end : NULL;
}

static const char *
skip_fraction(const char *text)
{
    const char *end = text;
    if (*text == '.') {
        end = skip_digits(text + 1);
        if (end == text + 1) {
            return NULL;
        }
    }
    return *end == 'e' || *end == 'E' ? skip_exponent(end) : end;
}

static const char *
skip_number(const char *text, mb_json_kind *kind)
{
    const bool negative = *text == '-';
    const char *first = text + negative;
    const char *end = *first == '0' ? first + 1 : skip_digits(first);
    if (end == first || end - first > MOST_DIGITS) {
        return NULL;
    }
    const char *behind = skip_fraction(end);
    *kind = behind != end ? MB_JSON_REAL
            : negative    ? MB_JSON_NEGATIVE
                          : MB_JSON_NATURAL;
    return behind;
}

static const char *
skip_word(const char *text, const char *word, size_t size)
{
    return strncmp(text, word, size) == 0 ? text + size : NULL;
}

/* --- containers ------------------------------------------------------------------- */

static const char *skip_value(const char *text, const char *end, int depth,
                              mb_json_kind *kind);

static const char *
skip_member(const char *text, const char *end, int depth)
{
    bool escaped;
    mb_json_kind kind;
    text = *text == '"' ? mb_json_skip_string(text, end, &escaped) : NULL;
    if (!text) {
        return NULL;
    }
    text = mb_json_skip_blanks(text);
    return *text == ':' ? skip_value(mb_json_skip_blanks(text + 1), end, depth, &kind)
                        : NULL;
}

static const char *
skip_item(const char *text, const char *end, int depth, char close)
{
    mb_json_kind kind;
    return close == '}' ? skip_member(text, end, depth)
                        : skip_value(text, end, depth, &kind);
}

/* Moves behind the container whose bracket is at the text. */
static const char *
skip_container(const char *text, const char *end, int depth, char close)
{
    text = mb_json_skip_blanks(text + 1);
    if (*text == close) {
        return text + 1;
    }
    while (depth < DEEPEST) {
        text = skip_item(text, end, depth + 1, close);
        text = text ? mb_json_skip_blanks(text) : "";
        if (*text == close) {
            return text + 1;
        }
        if (*text != ',') {
            break;
        }
        text = mb_json_skip_blanks(text + 1);
    }
    return NULL;
}

static const char *
skip_object(const char *text, const char *end, int depth, mb_json_kind *kind)
{
    *kind = *mb_json_skip_blanks(text + 1) == '}' ? MB_JSON_EMPTY : MB_JSON_OBJECT;
    return skip_container(text, end, depth, '}');
}

static const char *
skip_value(const char *text, const char *end, int depth, mb_json_kind *kind)
{
    bool escaped;
    switch (*text) {
    case '"':
        *kind = MB_JSON_STRING;
        return mb_json_skip_string(text, end, &escaped);
    case '{':
        return skip_object(text, end, depth, kind);
    case '[':
        *kind = MB_JSON_LIST;
        return skip_container(text, end, depth, ']');
    case 't':
        *kind = MB_JSON_BOOLEAN;
        return skip_word(text, "true", 4);
    case 'f':
        *kind = MB_JSON_BOOLEAN;
        return skip_word(text, "false", 5);
    case 'n':
        *kind = MB_JSON_NULL;
        return skip_word(text, "null", 4);
    default:
        return skip_number(text, kind);
    }
}

const char *
mb_json_skip(const char *text, const char *end, mb_json_kind *kind)
{
    return skip_value(text, end, 0, kind);
}
