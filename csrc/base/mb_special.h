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

/* Returns a bit for each of MB_SPECIAL_STEP bytes that is a control character, a quote, a
 * backslash or not ASCII. The sum of a byte has its high bit set if it was below the
 * subtrahend; a carry only disturbs bytes above such a one, so the lowest bit is exact. */
static inline uint64_t
mb_special_bits(const char *bytes)
{
    const uint64_t each = UINT64_MAX / 255;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    const uint64_t quotes = word ^ (each * '"');
    const uint64_t escapes = word ^ (each * '\\');
    const uint64_t hits =
        word | (word - each * 0x20) | (quotes - each) | (escapes - each);
    return hits & (each * 0x80);
}

/* Returns whether there is such a byte. */
static inline bool
mb_special_in(const char *bytes)
{
    return mb_special_bits(bytes) != 0;
}

/* Returns the place of the first such byte; MB_SPECIAL_STEP if there is none. */
static inline ptrdiff_t
mb_special_first(const char *bytes)
{
    const uint64_t bits = mb_special_bits(bytes);
    if (!bits) {
        return MB_SPECIAL_STEP;
    }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_ctzll(bits) / 8;
#else
    return 0; /* the bytes have to be looked at one by one */
#endif
}

#endif
