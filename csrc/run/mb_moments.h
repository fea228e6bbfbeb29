/* Keeps exact moments of durations: count, sum, sum of squares, minimum and maximum.
 *
 * The sums are integers, so that mean and variance have no rounding error, however many
 * durations there are and however close they lie together. Joining two of them gives the same
 * in any order. A sum beyond 292 years stays there.
 *
 * Signal-safe: all, on fixed texts.
 */
#ifndef MB_MOMENTS_H
#define MB_MOMENTS_H

#include "base/mb_text.h"

/* All zero: of none. */
typedef struct {
    uint64_t count;
    int64_t sum_ns, min_ns, max_ns;
    uint64_t squares_low, squares_high; /* the sum of the squares: 128 bits */
} mb_moments;

/* Adds the square of a number of more than 32 bits. */
void mb_moments_add_large(mb_moments *moments, uint64_t ns);

static inline void
mb_moments_add(mb_moments *moments, int64_t ns)
{
    const uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    if (moments->count == 0 || ns < moments->min_ns) {
        moments->min_ns = ns;
    }
    if (moments->count == 0 || ns > moments->max_ns) {
        moments->max_ns = ns;
    }
    moments->count++;
    if (__builtin_add_overflow(moments->sum_ns, ns, &moments->sum_ns)) {
        moments->sum_ns = ns < 0 ? INT64_MIN : INT64_MAX;
    }
    if (size <= UINT32_MAX) {
        const uint64_t square = size * size;
        moments->squares_low += square;
        moments->squares_high += moments->squares_low < square;
    } else {
        mb_moments_add_large(moments, size);
    }
}

void mb_moments_join(mb_moments *moments, const mb_moments *more);

/* Appends the mean as a decimal number with a point: in nanoseconds, or in seconds with the
 * exponent e-9. */
void mb_moments_write_mean(mb_text *text, const mb_moments *moments, bool integers);

/* Appends the variance of a sample, which divides by the count less one; 0.0 for a single
 * duration. In ns², or in s² with the exponent e-18. */
void mb_moments_write_variance(mb_text *text, const mb_moments *moments, bool integers);

#endif
