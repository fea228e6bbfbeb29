/* Reads and writes one sample behind the array, on purpose: tests/test_csrc.py shows
 * with it that the sanitized builds would see such a mistake in csrc/. */
#include "run/mb_samples.h"

int
main(void)
{
    mb_samples samples = {0};
    if (mb_samples_reserve(&samples, 1) < 0) {
        return 0;
    }
    samples.size = samples.capacity;
    samples.data[samples.size]++;
    mb_samples_free(&samples);
    return 0;
}
