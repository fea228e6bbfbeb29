/* A histogram of durations: how they are distributed, in bounded memory.
 *
 * Its buckets are log-linear, as in HdrHistogram (G. Tene, "How NOT to Measure Latency",
 * 2013): each power of two is cut into buckets of equal width. Up to 1023 ns each number has
 * a bucket; above, 512 buckets divide each power of two. So a bucket is at most 1/512 as wide
 * as its numbers are large, and its middle is off by at most 1/1024: three significant
 * digits. DDSketch (Masson, Rim and Lee, PVLDB 12, 2019) has the same bound, and needs a
 * logarithm where this needs a shift.
 *
 *     octave = max(0, bits(ns) - 10)
 *     bucket = octave * 512 + (ns >> octave)
 *
 * The layout is fixed: two histograms always have the same buckets, and adding the counts
 * merges them. All 55 octaves take 220 KiB; memory is taken for one, 4 KiB, when the first of
 * its numbers comes. Count, sum, minimum, maximum, mean and variance are exact
 * (mb_moments.h). Negative numbers are in the first bucket.
 *
 * Thread: one writer. Signal-safe: mb_histogram_next, in the thread that was interrupted.
 */
#ifndef MB_HISTOGRAM_H
#define MB_HISTOGRAM_H

#include "base/mb_platform.h"
#include "run/mb_moments.h"

#define MB_HISTOGRAM_DIGITS 3
#define MB_HISTOGRAM_OCTAVE 512 /* buckets; 9 bits */
#define MB_HISTOGRAM_OCTAVES 55
#define MB_HISTOGRAM_BUCKETS (MB_HISTOGRAM_OCTAVE * MB_HISTOGRAM_OCTAVES)

/* All zero is an empty one. */
typedef struct {
    mb_moments moments;
    uint64_t
        *octaves[MB_HISTOGRAM_OCTAVES]; /* Owned; NULL: all its buckets are empty */
    bool
        grew; /* since its reader has looked: then adding has taken longer than usual */
    /* Where it is in the journal, for the code that put it there; 0. */
    uint32_t mirrored, mirrored_turn;
    uint32_t mirrored_octaves[MB_HISTOGRAM_OCTAVES];
} mb_histogram;

void mb_histogram_free(mb_histogram *histogram);

static inline uint32_t
mb_histogram_bucket(int64_t ns)
{
    if (ns < 2 * MB_HISTOGRAM_OCTAVE) {
        return ns > 0 ? (uint32_t)ns : 0;
    }
    const uint32_t octave = 54 - (uint32_t)__builtin_clzll((unsigned long long)ns);
    return octave * MB_HISTOGRAM_OCTAVE + (uint32_t)(ns >> octave);
}

/* Makes the octave of a bucket. NULL without memory. */
uint64_t *mb_histogram_make(mb_histogram *histogram, uint32_t bucket);

/* Adds a duration. Without memory for its octave it is counted in the moments only. */
static inline void
mb_histogram_add(mb_histogram *histogram, int64_t ns)
{
    const uint32_t bucket = mb_histogram_bucket(ns);
    uint64_t *octave = histogram->octaves[bucket / MB_HISTOGRAM_OCTAVE];
    if (octave || (octave = mb_histogram_make(histogram, bucket))) {
        octave[bucket % MB_HISTOGRAM_OCTAVE]++;
    }
    mb_moments_add(&histogram->moments, ns);
}

static inline uint64_t
mb_histogram_count(const mb_histogram *histogram, uint32_t bucket)
{
    const uint64_t *octave = histogram->octaves[bucket / MB_HISTOGRAM_OCTAVE];
    return octave ? octave[bucket % MB_HISTOGRAM_OCTAVE] : 0;
}

/* Adds all durations of `more`. Without memory for an octave they are in the moments only. */
void mb_histogram_merge(mb_histogram *histogram, const mb_histogram *more);

/* Returns the first bucket from `bucket` on that is not empty; MB_HISTOGRAM_BUCKETS at the
 * end. */
uint32_t mb_histogram_next(const mb_histogram *histogram, uint32_t bucket);

#endif
