/* Keeps a histogram in the journal the same as one in memory (mb_slot_histogram.h).
 *
 *     mb_mirror_histogram(mirror, histogram, &slot->histogram, nth);      once
 *     mb_histogram_add(histogram, ns);
 *     if (mb_mirror_histogram_note(mirror, histogram, bucket, nth)) {
 *         ...                                             what makes the nth count
 *         mb_mirror_histogram_count(mirror, histogram, bucket);
 *     }
 *
 * Thread: under the GIL.
 */
#ifndef MB_MIRROR_HISTOGRAM_H
#define MB_MIRROR_HISTOGRAM_H

#include "journal/mb_mirror.h"
#include "run/mb_histogram.h"

/* Copies the histogram, and stores its offset where a reader looks for it. Its durations are
 * the first `nth`. Without room the log is cut. */
void mb_mirror_histogram(mb_mirror *mirror, mb_histogram *histogram, uint32_t *where,
                         uint64_t nth);

/* Notes the duration that was added to the bucket last as the nth. False: it is not in the
 * journal, because there is no room. */
bool mb_mirror_histogram_note(mb_mirror *mirror, mb_histogram *histogram,
                              uint32_t bucket, uint64_t nth);

/* Counts the duration that was noted last in its bucket. */
void mb_mirror_histogram_count(mb_mirror *mirror, const mb_histogram *histogram,
                               uint32_t bucket);

#endif
