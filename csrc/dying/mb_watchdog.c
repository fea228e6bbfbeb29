#include "dying/mb_watchdog.h"

#include "base/mb_clock.h"
#include "dying/mb_emergency.h"
#include "dying/mb_seen.h"

enum { BEGUN = 1, FIRED = 2, DONE = 4, PAUSED = 8 }; /* bits of the stage */

/* What the watchdog does. While it watches: WATCHING, then the id of its thread, which
 * the kernel sets back to IDLE when the thread has left its stack. */
enum { IDLE, WATCHING };
#define LEAVING UINT32_MAX

#define DEADLY 0x100 /* beside the number of a signal */

/* Written by handlers in any thread, by Python, and by the watchdog. */
static uint32_t state;
static uint32_t stage;
static int dying; /* signal that has come, and how it ends the process; 0: none */
static int64_t came_ns;
static mb_watchdog_cause death; /* stored before the watchdog starts */
static int64_t grace_ns, patience_ns;

void
mb_watchdog_set(int64_t grace, int64_t patience)
{
    __atomic_store_n(&grace_ns, grace, __ATOMIC_RELAXED);
    __atomic_store_n(&patience_ns, patience, __ATOMIC_RELAXED);
}

int
mb_watchdog_death(void)
{
    return __atomic_load_n(&dying, __ATOMIC_ACQUIRE) & ~DEADLY;
}

static bool
is_deadly(void)
{
    return __atomic_load_n(&dying, __ATOMIC_ACQUIRE) & DEADLY;
}

int64_t
mb_watchdog_death_ns(void)
{
    return mb_watchdog_death() ? __atomic_load_n(&came_ns, __ATOMIC_RELAXED) : 0;
}

/* --- what it does ----------------------------------------------------------------- */

void
mb_watchdog_die(int number)
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

/* Waits until the time is over, and returns true; Python can then no longer begin.
 * False if Python has ended, or the watchdog has to stop for a moment. */
static bool
time_is_over(void)
{
    for (;;) {
        uint32_t now = __atomic_load_n(&stage, __ATOMIC_ACQUIRE);
        if (now & (DONE | PAUSED)) {
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
    mb_emergency_write(mb_seen_signal(), came_ns, death.deadly);
    if (death.deadly) {
        mb_watchdog_die(death.number);
    }
}

static void
watch(void)
{
    if (time_is_over()) {
        end_the_process();
    }
}

/* --- idle, watching, leaving ------------------------------------------------------ */

/* Goes from idle to another state. Returns the earlier state: it changes from IDLE
 * only. Acquire: sees the stores of the last owner. Release: shows those of the caller
 * to the next owner. */
static uint32_t
change_to(uint32_t next)
{
    uint32_t now = IDLE;
    __atomic_compare_exchange_n(&state, &now, next, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_ACQUIRE);
    return now;
}

static void
become_idle(void)
{
    __atomic_store_n(&state, IDLE, __ATOMIC_RELEASE);
    mb_raw_wake(&state);
}

/* A thread that has left its stack counts as one until the kernel has released it, some
 * microseconds later, and CPython counts (num_threads in /proc/self/stat) when it
 * forks. A number may be given to another thread at once: hence a limit, of 50 ms. */
static void
await_release(uint32_t thread)
{
#if MB_WATCH_CLONE
    const uint32_t never = 0;
    for (int i = 0; i < 1000 && mb_raw_thread_is_there(thread); i++) {
        mb_raw_wait(&never, 0, 50000);
    }
#else
    (void)thread; /* it is called again, and stopped before a fork */
#endif
}

static void
await_idle(void)
{
    uint32_t now, last = IDLE;
    while ((now = __atomic_load_n(&state, __ATOMIC_ACQUIRE)) != IDLE) {
        last = now;
        mb_raw_wait(&state, now, 1000000000);
    }
    if (last != IDLE && last != WATCHING) {
        await_release(last);
    }
}

bool
mb_watchdog_leave(void)
{
    const bool pauses = __atomic_load_n(&stage, __ATOMIC_ACQUIRE) & PAUSED;
    return !pauses && change_to(LEAVING) == IDLE;
}

/* --- how it comes to life --------------------------------------------------------- */

#if MB_WATCH_CLONE

char *mb_watchdog_stack;

/* Found when this is loaded, so that no handler searches for a symbol. */
static int (*const make_thread)(int (*)(void *), void *, int, void *, ...) = clone;

static int
watch_and_exit(void *unused)
{
    (void)unused;
    watch();
    return 0; /* ends this thread; the kernel makes it idle and wakes who waits */
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
    const int made = make_thread(watch_and_exit, mb_watchdog_stack, flags, NULL, &state,
                                 NULL, &state);
    mb_raw_mask(SIG_SETMASK, &before, NULL);
    return made > 0;
}

#else

int mb_watchdog_calls = -1;

void
mb_watchdog_run(void)
{
    watch();
    become_idle();
}

static bool
start_to_watch(void)
{
    const int calls = __atomic_load_n(&mb_watchdog_calls, __ATOMIC_RELAXED);
    return calls >= 0 && write(calls, "w", 1) == 1;
}

#endif

/* --- a death from its signal to its end ------------------------------------------- */

/* Returns false if another signal is ending the process already. */
static bool
begin_to_die(mb_watchdog_cause came)
{
    int none = 0;
    const int meant = came.number | (came.deadly ? DEADLY : 0);
    mb_seen_note(came.number);
    if (!__atomic_compare_exchange_n(&dying, &none, meant, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    death = came;
    __atomic_store_n(&came_ns, mb_clock_ns(), __ATOMIC_RELAXED);
    return true;
}

void
mb_watchdog_signal(mb_watchdog_cause came)
{
    const uint32_t before = change_to(WATCHING);
    bool at_once = before == LEAVING && begin_to_die(came);
    if (before == IDLE) {
        const bool dies = begin_to_die(came);
        const bool watched = dies && start_to_watch();
        if (!watched) {
            become_idle();
        }
        at_once = dies && !watched;
    }
    if (at_once) {
        end_the_process();
    }
}

bool
mb_watchdog_pause(void)
{
    uint32_t now = 0;
    if (!mb_watchdog_death()) {
        return false;
    }
    do {
        if (now & (FIRED | DONE)) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&stage, &now, now | PAUSED, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    mb_raw_wake(&stage);
    await_idle();
    return true;
}

void
mb_watchdog_resume(void)
{
    const uint32_t now =
        __atomic_and_fetch(&stage, ~(uint32_t)PAUSED, __ATOMIC_ACQ_REL);
    const bool dies = mb_watchdog_death() && !(now & DONE);
    if (dies && change_to(WATCHING) == IDLE && !start_to_watch()) {
        become_idle();
        end_the_process();
    }
}

bool
mb_watchdog_exit_begin(void)
{
    const bool in_time = !(__atomic_fetch_or(&stage, BEGUN, __ATOMIC_ACQ_REL) & FIRED);
    mb_raw_wake(&stage); /* it has to wait for longer */
    return in_time;
}

static void
forget_death(void)
{
    __atomic_store_n(&stage, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&came_ns, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&dying, 0, __ATOMIC_RELEASE);
}

int
mb_watchdog_exit_end(void)
{
    __atomic_fetch_or(&stage, DONE, __ATOMIC_ACQ_REL);
    mb_raw_wake(&stage);
    await_idle();
    const int came = is_deadly() ? mb_watchdog_death() : 0;
    forget_death();
    return came;
}

void
mb_watchdog_call_off(void)
{
    if (mb_watchdog_death() && !is_deadly()) {
        mb_watchdog_exit_end();
    }
}

void
mb_watchdog_back(void)
{
    become_idle();
}

void
mb_watchdog_left(void)
{
    forget_death();
    become_idle();
}

void
mb_watchdog_forget(void)
{
    __atomic_store_n(&state, IDLE, __ATOMIC_RELAXED);
    forget_death();
}
