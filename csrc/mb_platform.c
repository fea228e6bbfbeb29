#include "mb_platform.h"

static unsigned generation;
static int watch_failure;

static void
count_fork(void)
{
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELAXED);
}

static void
start_count(void)
{
    watch_failure = pthread_atfork(NULL, NULL, count_fork);
}

unsigned
mb_fork_generation(void)
{
    return __atomic_load_n(&generation, __ATOMIC_RELAXED);
}

int
mb_fork_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failure = pthread_once(&once, start_count);
    return failure ? failure : watch_failure;
}
