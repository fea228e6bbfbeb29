/* Keeps count, sum, minimum and maximum of durations.
 *
 * Signal-safe: all.
 */
#ifndef MB_TOTAL_H
#define MB_TOTAL_H

#include "base/mb_platform.h"

/* All zero: of none. */
typedef struct {
    uint64_t count;
    int64_t sum_ns, min_ns, max_ns;
} mb_total;

void mb_total_add(mb_total *total, int64_t ns);
void mb_total_join(mb_total *total, const mb_total *more);

#endif
