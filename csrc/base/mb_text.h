/* Writes numbers, times and JSON strings as text.
 *
 * A writer appends to a text. A text is either fixed (a buffer of the caller, which
 * never grows: signal-safe) or on the heap (grows). What does not fit, or finds no
 * memory, sets `failed` and leaves the text as it was; every later writer then does
 * nothing. So a caller writes everything and looks once.
 *
 *     mb_text text;
 *     mb_text_fixed(&text, buffer, sizeof buffer);
 *     MB_TEXT_LITERAL(&text, "{\"duration\":");
 *     mb_text_seconds(&text, 1500000000);
 *     MB_TEXT_LITERAL(&text, "}");
 *     if (text.failed) ...
 *
 * No locale, no stdio, no errno. Signal-safe: all, on fixed texts.
 */
#ifndef MB_TEXT_H
#define MB_TEXT_H

#include "base/mb_platform.h"

#include <string.h>

typedef struct {
    char *data; /* `size` bytes, not terminated. Owned if on the heap */
    size_t size;
    size_t capacity;
    bool fixed;
    bool failed;
} mb_text;

void mb_text_fixed(mb_text *text, char *buffer, size_t capacity);
void mb_text_heap(mb_text *text);
/* Frees what a heap text owns; a fixed text is left alone. The text is empty then. */
void mb_text_free(mb_text *text);

/* Makes room for `more` bytes on the heap in one step. Leaves a fixed text alone. */
void mb_text_reserve(mb_text *text, size_t more);

/* Appends the bytes unchanged. */
void mb_text_raw_in_new_room(mb_text *text, const char *bytes, size_t size);
static inline void
mb_text_raw(mb_text *text, const char *bytes, size_t size)
{
    if (text->failed || size > text->capacity - text->size || size == 0) {
        mb_text_raw_in_new_room(text, bytes, size);
        return;
    }
    memcpy(text->data + text->size, bytes, size);
    text->size += size;
}
#define MB_TEXT_LITERAL(text, literal)                                                 \
    mb_text_raw((text), (literal), sizeof(literal) - 1)

/* Appends a decimal integer: -9223372036854775808 to 9223372036854775807. */
void mb_text_int(mb_text *text, int64_t value);

/* Appends nanoseconds as decimal seconds, exactly, with at least one digit after the
 * point and no trailing zeros: 0 is 0.0, 1 is 0.000000001, 1500000000 is 1.5, -1 is
 * -0.000000001. Reading the text as a double gives what ns / 10**9 gives in Python. */
void mb_text_seconds(mb_text *text, int64_t ns);

/* Appends a time as datetime.isoformat(timespec='microseconds') of Python does,
 * 2026-03-01T09:30:00.120000+00:00: microseconds rounded down, always six digits
 * (readers such as pandas take the format of a whole column from its first value),
 * offset in minutes where it has no seconds. Nanoseconds in 64 bits reach from 1677 to
 * 2262; |offset_s| < 86400, else `failed`. */
void mb_text_iso8601(mb_text *text, int64_t wall_ns, int32_t offset_s);

/* The same, faster if the time lies in the second of another one, `before_ns`, that was
 * written with this offset at the place `before` of the text. */
void mb_text_iso8601_again(mb_text *text, size_t before, int64_t before_ns,
                           int64_t wall_ns, int32_t offset_s);

/* Appends UTF-8 as a JSON string with its quotes, in pure ASCII: \" \\ \b \f \n \r \t,
 * other control characters, DEL, and all beyond ASCII as \uXXXX (with surrogate pairs),
 * exactly as json.dumps does. Each other byte that is not UTF-8 becomes \ufffd.
 *
 * Encoded surrogates (ED A0 80 to ED BF BF) come from str objects of Python. Two that
 * make a pair become that character. One that stands alone has no place in JSON that
 * strict readers take (RFC 8259, 8.2), and becomes text, as `backslashreplace` of
 * Python has it: U+DC80 to U+DCFF, which stand for bytes (PEP 383), \\x80 to \\xff,
 * others \\ud800 ... */
void mb_text_string(mb_text *text, const char *utf8, size_t size);

/* Appends JSON in UTF-8, with everything beyond ASCII escaped as above: only strings
 * can hold such characters, so nothing else changes. */
void mb_text_ascii(mb_text *text, const char *json, size_t size);

/* Returns whether so many decimal digits (at least one) stand side by side
 * somewhere. */
bool mb_text_has_digits(const char *bytes, size_t size, size_t run);

#endif
