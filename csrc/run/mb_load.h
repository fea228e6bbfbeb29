/* How busy the machine is, and how long this thread waited for a CPU.
 *
 * Linux counts the delay of each thread in a file (sched-stats.rst), which takes ten
 * microseconds to read. But a thread has waited only if it has left a CPU: as long as the
 * counters of such switches stay, so does the delay that was read last.
 *
 * No descriptor is kept: each thread has a file of its own, a forked child has others, and
 * some programs close all descriptors that they find.
 */
#ifndef MB_LOAD_H
#define MB_LOAD_H

#include "run/mb_usage.h"

#define MB_LOAD_UNKNOWN (-1)

/* Returns a number of this thread that no other one of this process has had, ended ones
 * included. Thread: any. */
uint64_t mb_load_thread(void);

/* Returns for how many nanoseconds this thread was ready and had no CPU since it began;
 * MB_LOAD_UNKNOWN where the kernel does not count it, or no file can be opened.
 * `usage` was read just before, for the process. Thread: any. */
int64_t mb_load_delay_ns(const struct rusage *usage);

/* Returns a hundred times the load average of the last minute, as the kernel rounds it, or
 * MB_LOAD_UNKNOWN. The kernel renews it every five seconds; here it may be a second older.
 * Thread: under the GIL. */
int64_t mb_load_average(void);

/* Appends a number in hundredths: 42 is 0.42. */
void mb_load_put(mb_text *text, int64_t hundredths);

#endif
