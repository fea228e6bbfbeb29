/* Looks at eight bytes of a JSON string at once.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SPECIAL_H
#define MB_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MB_SPECIAL_STEP (ptrdiff_t)sizeof(uint64_t)

/* Returns whether one of MB_SPECIAL_STEP bytes is a control character, a quote, a
 * backslash or not ASCII. The sum of a byte has its high bit set if it was below the
 * subtrahend; a carry only disturbs bytes above such a one. */
static inline bool
mb_special_in(const char *bytes)
{
    const uint64_t each = UINT64_MAX / 255;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    const uint64_t quotes = word ^ (each * '"');
    const uint64_t escapes = word ^ (each * '\\');
    const uint64_t hits =
        word | (word - each * 0x20) | (quotes - each) | (escapes - each);
    return (hits & (each * 0x80)) != 0;
}

#endif
