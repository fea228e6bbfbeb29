#include "run/mb_samples.h"

#define FIRST_CAPACITY 8

void
mb_samples_free(mb_samples *samples)
{
    mb_free(samples->data);
    *samples = (mb_samples){0};
}

/* Half as much again: while it is copied, 8 and 12 bytes a sample are in use. */
static size_t
next_capacity(size_t capacity)
{
    return capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity + capacity / 2;
}

int
mb_samples_reserve(mb_samples *samples, size_t more)
{
    if (more <= samples->capacity - samples->size) {
        return 0;
    }
    const size_t most = SIZE_MAX / 2 / sizeof *samples->data;
    if (more > most - samples->size) {
        return -1;
    }
    const size_t needed = samples->size + more;
    size_t capacity = next_capacity(samples->capacity);
    if (capacity < needed) {
        capacity = needed;
    }
    int64_t *data = mb_realloc(samples->data, capacity * sizeof *data);
    if (!data) {
        return -1;
    }
    samples->data = data;
    samples->capacity = capacity;
    return 0;
}
