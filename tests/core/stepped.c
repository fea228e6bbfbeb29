/* LD_PRELOAD: the wall clock is an hour slow as soon as the file STEPPED is there. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long
seconds_off(void)
{
    return access(getenv("STEPPED"), F_OK) == 0 ? -3600 : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    const long result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec += seconds_off();
    }
    return (int)result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    const long result = syscall(SYS_gettimeofday, now, zone);
    now->tv_sec += seconds_off();
    return (int)result;
}
