#include "file/mb_timer.h"

#include "base/mb_clock.h"

#include <signal.h>

#define IDLE_NS 1000000000 /* without a record, until the thread ends */
#define STACK_SIZE (256 << 10)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake, ended;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static mb_timer_look *look_at_all;
static pthread_t thread;
static bool is_thread; /* to be joined */
static bool runs;      /* atomic; changed under the mutex */
static bool stops;

static void
make_wake(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
#ifndef __APPLE__
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
#endif
    pthread_cond_init(&wake, &monotonic);
    pthread_cond_init(&ended, NULL);
    pthread_condattr_destroy(&monotonic);
}

/* Waits for `ns`, or until the thread is to stop. The caller holds the mutex. */
static void
wait_for(int64_t ns)
{
#ifdef __APPLE__
    const struct timespec time = {.tv_sec = ns / 1000000000,
                                  .tv_nsec = ns % 1000000000};
    pthread_cond_timedwait_relative_np(&wake, &mutex, &time);
#else
    const int64_t end_ns = mb_clock_read(CLOCK_MONOTONIC) + ns;
    const struct timespec end = {.tv_sec = end_ns / 1000000000,
                                 .tv_nsec = end_ns % 1000000000};
    pthread_cond_timedwait(&wake, &mutex, &end);
#endif
}

static void
set_runs(bool value)
{
    __atomic_store_n(&runs, value, __ATOMIC_SEQ_CST);
}

/* Returns whether no record waits: then the thread counts as ended. A caller that adds
 * one later finds that none runs: the locks that are taken in between are the order. The caller holds the mutex, which starting a thread takes. */
static bool
is_over(void)
{
    bool waiting;
    set_runs(false);
    look_at_all(INT64_MIN, &waiting);
    set_runs(waiting);
    return !waiting;
}

/* Writes what is due. Returns for how long no record has waited; and when to look again
 * in `*step_ns`. */
static int64_t
look(int64_t *since_ns, int64_t *step_ns)
{
    bool waiting;
    const int64_t now_ns = mb_clock_ns();
    *step_ns = look_at_all(now_ns, &waiting);
    *since_ns = waiting ? now_ns : *since_ns;
    return now_ns - *since_ns;
}

static void *
watch(void *unused)
{
    int64_t step_ns, since_ns = mb_clock_ns();
    int64_t idle_ns = look(&since_ns, &step_ns);
    pthread_mutex_lock(&mutex);
    while (!stops && !(idle_ns > IDLE_NS && idle_ns > step_ns && is_over())) {
        wait_for(step_ns);
        pthread_mutex_unlock(&mutex);
        idle_ns = look(&since_ns, &step_ns);
        pthread_mutex_lock(&mutex);
    }
    set_runs(false);
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&mutex);
    return unused;
}

static bool
make_thread(void)
{
    sigset_t all, before;
    pthread_attr_t settings;
    if (pthread_attr_init(&settings) != 0) {
        return false;
    }
    pthread_attr_setstacksize(&settings, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* it begins with that of its maker */
    const bool made = pthread_create(&thread, &settings, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&settings);
    return made;
}

/* Waits for the end of a thread that needs the mutex no more. The caller holds it. */
static void
join(void)
{
    if (is_thread) {
        pthread_join(thread, NULL);
        is_thread = false;
    }
}

bool
mb_timer_runs(void)
{
    return __atomic_load_n(&runs, __ATOMIC_SEQ_CST);
}

bool
mb_timer_start(mb_timer_look *look_at)
{
    if (mb_timer_runs()) {
        return true;
    }
    pthread_once(&once, make_wake);
    pthread_mutex_lock(&mutex);
    if (!mb_timer_runs()) {
        join();
        look_at_all = look_at;
        set_runs(true);
        is_thread = make_thread();
        set_runs(is_thread);
    }
    const bool started = is_thread;
    pthread_mutex_unlock(&mutex);
    return started;
}

void
mb_timer_hold(void)
{
    pthread_once(&once, make_wake);
    pthread_mutex_lock(&mutex);
    stops = true;
    pthread_cond_broadcast(&wake);
    while (mb_timer_runs()) {
        pthread_cond_wait(&ended, &mutex);
    }
    join();
    stops = false;
}

void
mb_timer_go_on(void)
{
    pthread_mutex_unlock(&mutex);
}

void
mb_timer_stop(void)
{
    mb_timer_hold();
    mb_timer_go_on();
}
