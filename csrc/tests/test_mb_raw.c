#include "base/mb_raw.h"
#include "mb_test.h"

#if MB_RAW

static uint32_t ids[2]; /* of the thread, and whether it may end */

static void *
wait_to_end(void *unused)
{
    (void)unused;
    __atomic_store_n(&ids[0], (uint32_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
    while (!__atomic_load_n(&ids[1], __ATOMIC_ACQUIRE)) {
        mb_raw_wait(&ids[1], 0, 1000000);
    }
    return NULL;
}

static void
a_thread_is_there_until_it_has_ended(void)
{
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, wait_to_end, NULL), 0);
    while (!__atomic_load_n(&ids[0], __ATOMIC_ACQUIRE)) {
        mb_raw_wait(&ids[0], 0, 1000000);
    }
    CHECK(mb_raw_thread_is_there(ids[0]));
    __atomic_store_n(&ids[1], 1, __ATOMIC_RELEASE);
    CHECK_INT(pthread_join(thread, NULL), 0);
    while (mb_raw_thread_is_there(ids[0])) { /* joined, and not released yet */
        mb_raw_wait(&ids[1], 1, 1000000);
    }
}

static void
a_thread_of_another_process_is_not(void)
{
    CHECK(mb_raw_thread_is_there((uint32_t)getpid()));
    CHECK(!mb_raw_thread_is_there((uint32_t)getppid()));
}

#endif

int
main(void)
{
#if MB_RAW
    RUN(a_thread_is_there_until_it_has_ended);
    RUN(a_thread_of_another_process_is_not);
#endif
    return test_report();
}
