/* What this process has used, between two readings: getrusage(2), RUSAGE_SELF.
 *
 *     struct rusage before, after;
 *     if (mb_usage_read(&before) && ... && mb_usage_read(&after))
 *         mb_usage_put(&text, &before, &after);
 *
 * RUSAGE_THREAD would take half the time, because it does not bring the CPU time up to date:
 * it may be short of the last tick of the kernel, 4 ms.
 *
 * Thread: any.
 */
#ifndef MB_USAGE_H
#define MB_USAGE_H

#include "base/mb_text.h"

/* False if the counters cannot be read. */
bool mb_usage_read(struct rusage *counters);

/* Reads those of this thread, with its switches, but not its time. False where the system does
 * not count them. */
bool mb_usage_of_thread(struct rusage *counters);

/* How often the threads that were counted have given up a CPU, or had to. */
static inline long
mb_usage_switches(const struct rusage *counters)
{
    return counters->ru_nvcsw + counters->ru_nivcsw;
}

/* Returns microseconds of CPU time between two readings, of the user or of the system. */
int64_t mb_usage_time_us(struct timeval before, struct timeval after);

/* Appends the differences as an object: {"utime":0.002,...,"nivcsw":0} */
void mb_usage_put(mb_text *text, const struct rusage *before,
                  const struct rusage *after);

#endif
