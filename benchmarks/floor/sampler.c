/* Samples where a thread is, by a timer of the processor time that it takes.
 *
 *     sampler_start()       about a thousand samples a second, of this thread
 *     sampler_stop()        returns how many there are
 *     sampler_samples()     the addresses
 *
 * System calls count where they return. Linux on x86-64 and aarch64, glibc.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#define MOST 1000000
#define INTERVAL_NS 997000 /* no multiple of a tick of the kernel */

static uintptr_t samples[MOST];
static volatile int count;
static timer_t timer;

static uintptr_t
address_in(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
    return (uintptr_t)context->uc_mcontext.pc;
#endif
}

static void
on_sample(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    if (count < MOST) {
        samples[count] = address_in(context);
        count = count + 1;
    }
}

int
sampler_start(void)
{
    struct sigaction action;
    struct sigevent event;
    const struct itimerspec interval = {{0, INTERVAL_NS}, {0, INTERVAL_NS}};
    memset(&action, 0, sizeof action);
    memset(&event, 0, sizeof event);
    action.sa_sigaction = on_sample;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGPROF;
    count = 0;
    if (sigaction(SIGPROF, &action, NULL) < 0 ||
        timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) < 0) {
        return -1;
    }
    return timer_settime(timer, 0, &interval, NULL);
}

int
sampler_stop(void)
{
    timer_delete(timer);
    signal(SIGPROF, SIG_IGN);
    return count;
}

const uintptr_t *
sampler_samples(void)
{
    return samples;
}
