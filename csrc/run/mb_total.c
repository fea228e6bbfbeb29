#include "run/mb_total.h"

void
mb_total_join(mb_total *total, const mb_total *more)
{
    if (more->count == 0) {
        return;
    }
    if (total->count == 0 || more->min_ns < total->min_ns) {
        total->min_ns = more->min_ns;
    }
    if (total->count == 0 || more->max_ns > total->max_ns) {
        total->max_ns = more->max_ns;
    }
    total->count += more->count;
    total->sum_ns += more->sum_ns;
}

void
mb_total_add(mb_total *total, int64_t ns)
{
    const mb_total one = {.count = 1, .sum_ns = ns, .min_ns = ns, .max_ns = ns};
    mb_total_join(total, &one);
}
