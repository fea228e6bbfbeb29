#include "mb_watchdog.h"

#include "mb_clock.h"
#include "mb_lastwords.h"

enum { BEGUN = 1, FIRED = 2, DONE = 4 }; /* bits of the stage */

/* Written by handlers in any thread, by Python, and by the watchdog. */
static uint32_t stage;
static int first; /* signal; 0: none has come */
static int64_t came_ns;
static mb_death death;    /* stored before the watchdog starts */
static uint32_t watching; /* not 0 while there is one: its thread id, or 1 */
static uint32_t starting; /* handlers that are about to start one */
static int64_t grace_ns, patience_ns;

void
mb_watchdog_set(int64_t grace, int64_t patience)
{
    __atomic_store_n(&grace_ns, grace, __ATOMIC_RELAXED);
    __atomic_store_n(&patience_ns, patience, __ATOMIC_RELAXED);
}

int
mb_watchdog_seen(void)
{
    return __atomic_load_n(&first, __ATOMIC_ACQUIRE);
}

int64_t
mb_watchdog_seen_ns(void)
{
    return mb_watchdog_seen() ? __atomic_load_n(&came_ns, __ATOMIC_RELAXED) : 0;
}

/* --- what it does ------------------------------------------------------------------ */

void
mb_die(int number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    mb_raw_default(number);
    mb_raw_mask(SIG_UNBLOCK, &one, NULL);
    mb_raw_raise(number);
}

static int64_t
deadline_in(uint32_t now)
{
    const int64_t grace = __atomic_load_n(&grace_ns, __ATOMIC_RELAXED);
    const int64_t patience = __atomic_load_n(&patience_ns, __ATOMIC_RELAXED);
    if (now & BEGUN) {
        return came_ns + patience;
    }
    return death.python ? came_ns + grace : came_ns;
}

/* Until the time is over: true, and Python can no longer begin. False if it has ended. */
static bool
time_is_over(void)
{
    for (;;) {
        uint32_t now = __atomic_load_n(&stage, __ATOMIC_ACQUIRE);
        if (now & DONE) {
            return false;
        }
        const int64_t left_ns = deadline_in(now) - mb_clock_ns();
        if (left_ns > 0) {
            mb_raw_wait(&stage, now, left_ns);
        } else if (__atomic_compare_exchange_n(&stage, &now, now | FIRED, false,
                                               __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return true;
        }
    }
}

static void
end_the_process(void)
{
    mb_last_words(death.number, came_ns, death.deadly);
    if (death.deadly) {
        mb_die(death.number);
    }
}

static void
watch(void)
{
    if (time_is_over()) {
        end_the_process();
    }
}

/* --- how it comes to life ---------------------------------------------------------- */

bool
mb_watchdog_watches(void)
{
    return __atomic_load_n(&watching, __ATOMIC_ACQUIRE) != 0;
}

#if MB_WATCH_CLONE

char *mb_watchdog_stack;

/* Found when this is loaded: no search for a symbol in a handler. */
static int (*const make_thread)(int (*)(void *), void *, int, void *, ...) = clone;

static int
watch_and_exit(void *unused)
{
    (void)unused;
    watch();
    return 0; /* ends this thread; the kernel clears `watching` and wakes who waits */
}

static bool
start_to_watch(void)
{
    const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                      CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    sigset_t all, before;
    if (!mb_watchdog_stack) {
        return false;
    }
    sigfillset(&all);
    mb_raw_mask(SIG_SETMASK, &all, &before); /* it begins with the mask of its maker */
    const int made = make_thread(watch_and_exit, mb_watchdog_stack, flags, NULL,
                                 &watching, NULL, &watching);
    mb_raw_mask(SIG_SETMASK, &before, NULL);
    return made > 0;
}

#else

int mb_watchdog_calls = -1;

void
mb_watchdog_run(void)
{
    watch();
    __atomic_store_n(&watching, 0, __ATOMIC_RELEASE);
    mb_raw_wake(&watching);
}

static bool
start_to_watch(void)
{
    const int calls = __atomic_load_n(&mb_watchdog_calls, __ATOMIC_RELAXED);
    __atomic_store_n(&watching, 1, __ATOMIC_RELEASE);
    const bool called = calls >= 0 && write(calls, "w", 1) == 1;
    if (!called) {
        __atomic_store_n(&watching, 0, __ATOMIC_RELEASE);
    }
    return called;
}

#endif

static void
await_zero(const uint32_t *word)
{
    uint32_t value;
    while ((value = __atomic_load_n(word, __ATOMIC_ACQUIRE))) {
        mb_raw_wait(word, value, 1000000000);
    }
}

/* --- what it is told --------------------------------------------------------------- */

static void
note(mb_death came)
{
    int none = 0;
    if (!__atomic_compare_exchange_n(&first, &none, came.number, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return;
    }
    death = came;
    __atomic_store_n(&came_ns, mb_clock_ns(), __ATOMIC_RELAXED);
    mb_watchdog_stamp();
    if (!start_to_watch()) {
        end_the_process();
    }
}

void
mb_watchdog_signal(mb_death came)
{
    __atomic_add_fetch(&starting, 1, __ATOMIC_ACQ_REL);
    note(came);
    __atomic_sub_fetch(&starting, 1, __ATOMIC_ACQ_REL);
    mb_raw_wake(&starting);
}

void
mb_watchdog_stamp(void)
{
    const int number = mb_watchdog_seen();
    const int64_t then_ns = mb_watchdog_seen_ns();
    if (number && then_ns) {
        mb_journals_stamp(number, mb_wall_ns() - (mb_clock_ns() - then_ns), then_ns);
    }
}

bool
mb_exit_begin(void)
{
    const bool in_time = !(__atomic_fetch_or(&stage, BEGUN, __ATOMIC_ACQ_REL) & FIRED);
    mb_raw_wake(&stage); /* it has to wait for longer */
    return in_time;
}

static void
become_idle(void)
{
    __atomic_store_n(&stage, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&came_ns, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&first, 0, __ATOMIC_RELEASE);
}

void
mb_watchdog_forget(void)
{
    __atomic_store_n(&watching, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&starting, 0, __ATOMIC_RELAXED);
    become_idle();
}

int
mb_exit_end(void)
{
    __atomic_fetch_or(&stage, DONE, __ATOMIC_ACQ_REL);
    mb_raw_wake(&stage);
    await_zero(&starting);
    await_zero(&watching);
    const int came = mb_watchdog_seen() && death.deadly ? death.number : 0;
    become_idle();
    return came;
}
