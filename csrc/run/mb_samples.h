/* The durations of one run: a growing array of nanoseconds.
 *
 * 8 bytes a sample, at most 24 while it grows. Thread: one writer.
 */
#ifndef MB_SAMPLES_H
#define MB_SAMPLES_H

#include "base/mb_platform.h"

typedef struct {
    int64_t *data; /* Owned: `size` values in the order of their arrival */
    size_t size;
    size_t capacity;
} mb_samples;

/* All zero is an empty array: static storage and calloc need no call. Freed it is one again. */
void mb_samples_free(mb_samples *samples);

/* Makes room for `more` samples, so that so many pushes cannot fail.
 * Returns 0, or -1 without memory: nothing has changed then. */
int mb_samples_reserve(mb_samples *samples, size_t more);

/* Returns 0, or -1 without memory: nothing has changed then. */
static inline int
mb_samples_push(mb_samples *samples, int64_t value)
{
    if (samples->size == samples->capacity && mb_samples_reserve(samples, 1) < 0) {
        return -1;
    }
    samples->data[samples->size++] = value;
    return 0;
}

#endif
