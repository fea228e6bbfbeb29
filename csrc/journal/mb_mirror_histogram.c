#include "journal/mb_mirror_histogram.h"

#include "journal/mb_slot_histogram.h"

#include <string.h>

#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define PUBLISH(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

#define OCTAVE_SIZE (MB_HISTOGRAM_OCTAVE * sizeof(uint64_t))

static mb_slot_histogram *
place_of(const mb_mirror *mirror, const mb_histogram *histogram)
{
    return (mb_slot_histogram *)(mirror->journal->base + histogram->mirrored);
}

/* --- octaves ----------------------------------------------------------------------- */

/* Copies an octave. A reader ignores what it has before the histogram has an offset, and the
 * last bucket of a version. False: there is no room. */
static bool
copy_octave(mb_mirror *mirror, mb_histogram *histogram, uint32_t octave, bool empty)
{
    const uint32_t offset = mb_mirror_space(mirror, OCTAVE_SIZE);
    if (!offset) {
        return false;
    }
    if (empty) {
        memset(mirror->journal->base + offset, 0, OCTAVE_SIZE);
    } else {
        memcpy(mirror->journal->base + offset, histogram->octaves[octave], OCTAVE_SIZE);
    }
    histogram->mirrored_octaves[octave] = offset;
    PUBLISH(place_of(mirror, histogram)->octaves[octave], offset);
    return true;
}

static bool
copy_octaves(mb_mirror *mirror, mb_histogram *histogram)
{
    bool copied = true;
    memset(histogram->mirrored_octaves, 0, sizeof histogram->mirrored_octaves);
    for (uint32_t i = 0; copied && i < MB_HISTOGRAM_OCTAVES; i++) {
        copied = !histogram->octaves[i] || copy_octave(mirror, histogram, i, false);
    }
    return copied;
}

/* --- versions ---------------------------------------------------------------------- */

static void
write_version(mb_slot_histogram_version *version, const mb_histogram *histogram,
              uint32_t bucket, uint64_t nth)
{
    const mb_moments *now = &histogram->moments;
    STORE(version->nth, MB_HISTOGRAM_CHANGES);
    mb_fence(__ATOMIC_RELEASE); /* before what follows */
    STORE(version->moments.count, now->count);
    STORE(version->moments.sum_ns, now->sum_ns);
    STORE(version->moments.min_ns, now->min_ns);
    STORE(version->moments.max_ns, now->max_ns);
    STORE(version->moments.squares_low, now->squares_low);
    STORE(version->moments.squares_high, now->squares_high);
    STORE(version->bucket, bucket);
    STORE(version->in_bucket, mb_histogram_count(histogram, bucket));
    PUBLISH(version->nth, nth);
}

void
mb_mirror_histogram(mb_mirror *mirror, mb_histogram *histogram, uint32_t *where,
                    uint64_t nth)
{
    histogram->mirrored = mb_mirror_space(mirror, sizeof(mb_slot_histogram));
    if (!histogram->mirrored) {
        return;
    }
    mb_slot_histogram *there = place_of(mirror, histogram);
    memset(there, 0, sizeof *there);
    there->versions[1].nth = MB_HISTOGRAM_CHANGES;
    if (copy_octaves(mirror, histogram)) {
        histogram->mirrored_turn = 0;
        write_version(&there->versions[0], histogram, 0, nth);
        PUBLISH(*where, histogram->mirrored);
    } else {
        histogram->mirrored = 0;
    }
}

bool
mb_mirror_histogram_note(mb_mirror *mirror, mb_histogram *histogram, uint32_t bucket,
                         uint64_t nth)
{
    const uint32_t octave = bucket / MB_HISTOGRAM_OCTAVE;
    if (mirror->cut || !histogram->mirrored ||
        (!histogram->mirrored_octaves[octave] &&
         !copy_octave(mirror, histogram, octave, true))) {
        return false;
    }
    mb_slot_histogram *there = place_of(mirror, histogram);
    histogram->mirrored_turn = !histogram->mirrored_turn;
    write_version(&there->versions[histogram->mirrored_turn], histogram, bucket, nth);
    return true;
}

void
mb_mirror_histogram_count(mb_mirror *mirror, const mb_histogram *histogram,
                          uint32_t bucket)
{
    const uint32_t offset = histogram->mirrored_octaves[bucket / MB_HISTOGRAM_OCTAVE];
    uint64_t *octave = (uint64_t *)(mirror->journal->base + offset);
    PUBLISH(octave[bucket % MB_HISTOGRAM_OCTAVE],
            mb_histogram_count(histogram, bucket));
}
