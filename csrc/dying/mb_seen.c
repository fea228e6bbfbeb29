#include "dying/mb_seen.h"

#include "base/mb_clock.h"
#include "journal/mb_journal.h"

static int first;
static int direct;
static int64_t came_ns; /* 0 while a handler is about to store it */

void
mb_seen_note(int number)
{
    int none = 0;
    /* Release: a reader that sees the signal also sees what happened before. Acquire:
     * one that is noted again after mb_seen_forget() stores its time after that one's
     * zero. */
    if (__atomic_compare_exchange_n(&first, &none, number, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
        __atomic_store_n(&came_ns, mb_clock_ns(), __ATOMIC_RELEASE);
        mb_seen_stamp();
    }
}

int
mb_seen_signal(void)
{
    return __atomic_load_n(&first, __ATOMIC_ACQUIRE);
}

void
mb_seen_stamp(void)
{
    const int number = mb_seen_signal();
    const int64_t then_ns = __atomic_load_n(&came_ns, __ATOMIC_ACQUIRE);
    if (number && then_ns) {
        mb_journals_stamp(number, mb_clock_wall_ns() - (mb_clock_ns() - then_ns),
                          then_ns);
    }
}

/* Relaxed: a number by itself. Python reads it in the thread of the handler, or after
 * what CPython does in order to wake up that thread. */
void
mb_seen_directly(int number)
{
    __atomic_store_n(&direct, number, __ATOMIC_RELAXED);
}

bool
mb_seen_came_directly(int number)
{
    return __atomic_load_n(&direct, __ATOMIC_RELAXED) == number;
}

void
mb_seen_forget(void)
{
    __atomic_store_n(&direct, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&came_ns, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&first, 0, __ATOMIC_RELEASE);
}
