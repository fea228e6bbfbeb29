/* A histogram (mb_histogram.h) as bytes of a journal, and how a reader walks its buckets.
 *
 * The moments are in two versions: while one changes, the other holds the state before. A
 * version names the bucket that changed with it, and what that counts since then, so a
 * process may be killed between the two:
 *
 *     version written    then, for a phase, mb_slot.left    then the bucket
 *
 * The reader trusts the version, and takes all other buckets from their octaves. Of a process
 * that goes on meanwhile it reads no more than the version counts.
 *
 * Signal-safe: all. Thread: any, while the owner writes.
 */
#ifndef MB_SLOT_HISTOGRAM_H
#define MB_SLOT_HISTOGRAM_H

#include "run/mb_histogram.h"

typedef struct {
    uint64_t nth; /* how many had been left by then; MB_HISTOGRAM_CHANGES */
    mb_moments moments;
    uint64_t in_bucket; /* what `bucket` counts */
    uint32_t bucket;
    uint32_t spare;
} mb_slot_histogram_version;

#define MB_HISTOGRAM_CHANGES UINT64_MAX

typedef struct {
    uint32_t octaves[MB_HISTOGRAM_OCTAVES]; /* offsets of their counts; 0: all are 0 */
    uint32_t spare;
    mb_slot_histogram_version versions[2];
} mb_slot_histogram;

typedef struct {
    const uint64_t *octaves[MB_HISTOGRAM_OCTAVES]; /* Borrowed from the image; NULL */
    mb_slot_histogram_version version;
    uint64_t ahead; /* durations in the buckets that were not read yet */
    uint32_t next;
} mb_slot_histogram_view;

/* Reads the newest version that is not newer than `most`. False: there is none, or it is empty. `size` are the
 * bytes of the image at `base`. */
bool mb_slot_histogram_read(const char *base, size_t size, uint32_t offset,
                            uint64_t most, mb_slot_histogram_view *view);

/* Reads the next bucket that is not empty. False at the end. */
bool mb_slot_histogram_next(mb_slot_histogram_view *view, uint32_t *bucket,
                            uint64_t *count);

/* Returns how many buckets there are to read, at most. */
size_t mb_slot_histogram_most(const mb_slot_histogram_view *view);

#endif
