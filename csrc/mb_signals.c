#include "mb_signals.h"

#include "mb_clock.h"
#include "mb_lastwords.h"
#include "mb_watchdog.h"

mb_signal mb_signals[NSIG];
pid_t mb_signals_process;

const struct sigaction *
mb_signal_before(const mb_signal *signal)
{
    return &signal->before[__atomic_load_n(&signal->latest, __ATOMIC_ACQUIRE)];
}

/* The handler before, with what the system gave to ours. */
static void
chain(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    const struct sigaction *action = mb_signal_before(signal);
    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(number, info, context);
    } else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        action->sa_handler(number);
    }
}

/* The action before is put back, and meets the signal as soon as we return: a fault is
 * repeated by the instruction that caused it, what somebody has sent is sent again. */
static void
hand_back(const mb_signal *signal, int number, const siginfo_t *info)
{
    sigaction(number, mb_signal_before(signal), NULL);
    if (info->si_code <= 0) {
        mb_raw_raise(number);
    }
}

enum { NOT_YET, WRITING, WRITTEN };

static uint32_t crashed; /* one of them */

/* Other threads may crash meanwhile: they wait, since what they do next ends us all. */
static void
crash(const mb_signal *signal, int number, siginfo_t *info)
{
    uint32_t before = NOT_YET;
    const int64_t now_ns = mb_clock_ns();
    if (__atomic_compare_exchange_n(&crashed, &before, WRITING, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        mb_journals_stamp(number, mb_wall_ns(), now_ns);
        mb_last_words(number, now_ns, true);
        __atomic_store_n(&crashed, WRITTEN, __ATOMIC_RELEASE);
        mb_raw_wake(&crashed);
    }
    while (__atomic_load_n(&crashed, __ATOMIC_ACQUIRE) == WRITING) {
        mb_raw_wait(&crashed, WRITING, 1000000000);
    }
    hand_back(signal, number, info);
}

void
mb_signals_forget(void)
{
    mb_signals_process = 0;
    __atomic_store_n(&crashed, NOT_YET, __ATOMIC_RELAXED);
}

static void
let_recover(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    const bool dying = mb_watchdog_seen();
    if (!dying) {
        mb_journals_stamp(number, mb_wall_ns(), mb_clock_ns());
    }
    chain(signal, number, info, context);
    if (!dying) {
        mb_journals_unstamp();
        mb_watchdog_stamp(); /* another signal may have come meanwhile */
    }
}

static void
end(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    const mb_death death = {
        .number = number,
        .python = signal->use.python,
        .deadly = !signal->use.users,
    };
    mb_watchdog_signal(death);
    chain(signal, number, info, context);
}

static bool
leads_on(const mb_signal *signal)
{
    const struct sigaction *action = mb_signal_before(signal);
    return (action->sa_flags & SA_SIGINFO) || action->sa_handler != SIG_DFL;
}

/* What would happen without us. A Python handler that would only find out that it has
 * nothing to do is left out: code that never returns to Python would never end. */
static void
step_aside(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    if (signal->use.kind == MB_SIGNAL_CRASHES) {
        hand_back(signal, number, info);
    } else if (leads_on(signal) && (signal->use.users || !signal->use.python)) {
        chain(signal, number, info, context);
    } else {
        mb_die(number);
    }
}

void
mb_on_signal(int number, siginfo_t *info, void *context)
{
    const int kept = errno; /* the program is between any two instructions */
    const mb_signal *signal = &mb_signals[number];
    if (signal->use.kind == MB_SIGNAL_PASSES ||
        mb_raw_process() != mb_signals_process) {
        step_aside(signal, number, info, context);
    } else if (signal->use.kind == MB_SIGNAL_CRASHES) {
        crash(signal, number, info);
    } else if (signal->use.kind == MB_SIGNAL_RECOVERS) {
        let_recover(signal, number, info, context);
    } else {
        end(signal, number, info, context);
    }
    errno = kept;
}
