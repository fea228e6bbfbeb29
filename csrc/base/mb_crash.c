#include "base/mb_crash.h"

#ifdef MB_CRASH_POINTS

#include "base/mb_raw.h"

#include <string.h>

static const char *wanted = "";
static size_t size; /* of the name of the place */
static long left;   /* how often it is passed, this time included */

__attribute__((constructor)) static void
read_environment(void)
{
    const char *found = getenv("MICROBENCH_CRASH_AT");
    const char *colon = found ? strchr(found, ':') : NULL;
    if (colon) {
        wanted = found;
        size = (size_t)(colon - found);
        left = atol(colon + 1);
    }
}

void
mb_crash_point(const char *place)
{
    if (strlen(place) == size && memcmp(place, wanted, size) == 0 &&
        __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) == 0) {
        kill(mb_raw_process(), SIGKILL);
    }
}

#else

typedef int mb_crash_points_are_off; /* ISO C wants a declaration */

#endif
