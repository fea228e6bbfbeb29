#include "run/mb_histogram.h"

#include <string.h>

void
mb_histogram_free(mb_histogram *histogram)
{
    for (uint32_t i = 0; i < MB_HISTOGRAM_OCTAVES; i++) {
        mb_free(histogram->octaves[i]);
    }
    *histogram = (mb_histogram){0};
}

uint64_t *
mb_histogram_make(mb_histogram *histogram, uint32_t bucket)
{
    const size_t size = MB_HISTOGRAM_OCTAVE * sizeof(uint64_t);
    uint64_t *octave = mb_alloc(size);
    if (octave) {
        memset(octave, 0, size);
        histogram->grew = true;
        histogram->octaves[bucket / MB_HISTOGRAM_OCTAVE] = octave;
    }
    return octave;
}

uint32_t
mb_histogram_next(const mb_histogram *histogram, uint32_t bucket)
{
    while (bucket < MB_HISTOGRAM_BUCKETS) {
        const uint64_t *octave = histogram->octaves[bucket / MB_HISTOGRAM_OCTAVE];
        if (!octave) {
            bucket += MB_HISTOGRAM_OCTAVE - bucket % MB_HISTOGRAM_OCTAVE;
        } else if (octave[bucket % MB_HISTOGRAM_OCTAVE]) {
            break;
        } else {
            bucket++;
        }
    }
    return bucket;
}

void
mb_histogram_merge(mb_histogram *histogram, const mb_histogram *more)
{
    uint32_t bucket = mb_histogram_next(more, 0);
    for (; bucket < MB_HISTOGRAM_BUCKETS;
         bucket = mb_histogram_next(more, bucket + 1)) {
        uint64_t *octave = histogram->octaves[bucket / MB_HISTOGRAM_OCTAVE];
        if (octave || (octave = mb_histogram_make(histogram, bucket))) {
            octave[bucket % MB_HISTOGRAM_OCTAVE] += mb_histogram_count(more, bucket);
        }
    }
    mb_moments_join(&histogram->moments, &more->moments);
}
