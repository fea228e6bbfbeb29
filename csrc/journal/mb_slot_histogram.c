#include "journal/mb_slot_histogram.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

/* --- versions ---------------------------------------------------------------------- */

static mb_moments
moments_of(const mb_moments *moments)
{
    return (mb_moments){
        .count = LOAD(moments->count),
        .sum_ns = LOAD(moments->sum_ns),
        .min_ns = LOAD(moments->min_ns),
        .max_ns = LOAD(moments->max_ns),
        .squares_low = LOAD(moments->squares_low),
        .squares_high = LOAD(moments->squares_high),
    };
}

/* Reads a version; false if it is empty, changing, or newer than `most`. */
static bool
read_version(const mb_slot_histogram_version *there, uint64_t most,
             mb_slot_histogram_version *version)
{
    version->nth = LOAD_FIRST(there->nth);
    version->moments = moments_of(&there->moments);
    version->in_bucket = LOAD(there->in_bucket);
    version->bucket = LOAD(there->bucket);
    mb_fence(__ATOMIC_ACQUIRE); /* what was read, before the look again */
    return version->nth == LOAD(there->nth) && version->nth != MB_HISTOGRAM_CHANGES &&
           version->nth <= most && version->moments.count > 0;
}

static bool
read_newest(const mb_slot_histogram *there, uint64_t most,
            mb_slot_histogram_version *version)
{
    mb_slot_histogram_version other;
    const bool first = read_version(&there->versions[0], most, version);
    const bool second = read_version(&there->versions[1], most, &other);
    if (second && (!first || other.moments.count > version->moments.count)) {
        *version = other;
    }
    return first || second;
}

/* --- buckets ----------------------------------------------------------------------- */

static const void *
block(const char *base, size_t image, uint32_t offset, size_t size)
{
    const bool can_be = offset > 0 && offset % sizeof(uint64_t) == 0 &&
                        offset <= image && size <= image - offset;
    return can_be ? base + offset : NULL;
}

bool
mb_slot_histogram_read(const char *base, size_t size, uint32_t offset, uint64_t most,
                       mb_slot_histogram_view *view)
{
    const mb_slot_histogram *there = block(base, size, offset, sizeof *there);
    if (!there || !read_newest(there, most, &view->version)) {
        return false;
    }
    for (uint32_t i = 0; i < MB_HISTOGRAM_OCTAVES; i++) {
        view->octaves[i] = block(base, size, LOAD_FIRST(there->octaves[i]),
                                 MB_HISTOGRAM_OCTAVE * sizeof(uint64_t));
    }
    view->ahead = view->version.moments.count;
    view->next = 0;
    return true;
}

static uint64_t
count_of(const mb_slot_histogram_view *view, uint32_t bucket)
{
    if (bucket == view->version.bucket) {
        return view->version.in_bucket;
    }
    return LOAD(
        view->octaves[bucket / MB_HISTOGRAM_OCTAVE][bucket % MB_HISTOGRAM_OCTAVE]);
}

bool
mb_slot_histogram_next(mb_slot_histogram_view *view, uint32_t *bucket, uint64_t *count)
{
    uint64_t found = 0;
    while (found == 0 && view->next < MB_HISTOGRAM_BUCKETS) {
        if (view->octaves[view->next / MB_HISTOGRAM_OCTAVE]) {
            *bucket = view->next++;
            found = count_of(view, *bucket);
        } else {
            view->next += MB_HISTOGRAM_OCTAVE - view->next % MB_HISTOGRAM_OCTAVE;
        }
    }
    *count = found < view->ahead ? found : view->ahead;
    view->ahead -= *count;
    return *count > 0;
}

#define MORE 32 /* buckets of an octave that may get their first duration meanwhile */

size_t
mb_slot_histogram_most(const mb_slot_histogram_view *view)
{
    size_t most = 0;
    for (uint32_t i = 0; i < MB_HISTOGRAM_OCTAVES; i++) {
        size_t used = MORE;
        for (uint32_t j = 0; view->octaves[i] && j < MB_HISTOGRAM_OCTAVE; j++) {
            used += LOAD(view->octaves[i][j]) != 0;
        }
        most += view->octaves[i] ? used : 0;
    }
    return most;
}
