#include "dying/mb_signals.h"

#include "base/mb_clock.h"
#include "dying/mb_emergency.h"
#include "dying/mb_seen.h"
#include "dying/mb_watchdog.h"

mb_signal mb_signals[NSIG];
pid_t mb_signals_process;
int (*mb_signals_relay)(int number);

const struct sigaction *
mb_signal_before(const mb_signal *signal)
{
    return &signal->before[__atomic_load_n(&signal->latest, __ATOMIC_ACQUIRE)];
}

/* Calls the earlier handler with the arguments that the kernel gave to this one. */
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

/* --- crashes ---------------------------------------------------------------------- */

/* Returns whether a later handler has called this one, not the kernel. If the kernel
 * has, the action is the default one now, since this handler is installed with
 * SA_RESETHAND. Runtimes that call the earlier handler read that flag and call it once;
 * when the fault is repeated, they act as without microbench. */
static bool
is_called_by_another(int number)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    /* the flags do not help: resetting the action to the default keeps them */
    return now.sa_handler != SIG_DFL && now.sa_sigaction != mb_signals_handle;
}

/* Restores the earlier action, which then gets the signal; or leaves it to the later
 * handler that has called this one. A later handler that calls again and again makes no
 * progress, so it gets the signal once. */
static void
hand_on(const mb_signal *signal, int number, const siginfo_t *info, bool to_later)
{
    if (!to_later) {
        sigaction(number, mb_signal_before(signal), NULL);
    }
    /* the instruction that caused a fault repeats it; a signal that was sent is sent
     * again */
    if (info->si_code <= 0) {
        mb_raw_raise(number);
    }
}

enum { NOT_YET, WRITING, WRITTEN };

static uint32_t crashed; /* one of them */

/* Other threads that crash meanwhile wait, since their next step ends the process.
 * Returns false if the records were written before this crash. */
static bool
write_once(int number)
{
    uint32_t before = NOT_YET;
    const int64_t now_ns = mb_clock_ns();
    if (__atomic_compare_exchange_n(&crashed, &before, WRITING, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        mb_journals_stamp(number, mb_clock_wall_ns(), now_ns);
        mb_emergency_write(number, now_ns, true);
        __atomic_store_n(&crashed, WRITTEN, __ATOMIC_RELEASE);
        mb_raw_wake(&crashed);
    }
    while (__atomic_load_n(&crashed, __ATOMIC_ACQUIRE) == WRITING) {
        mb_raw_wait(&crashed, WRITING, 1000000000);
    }
    return before != WRITTEN;
}

static void
crash(const mb_signal *signal, int number, const siginfo_t *info)
{
    const bool by_another = is_called_by_another(number);
    if (!by_another && __atomic_load_n(&crashed, __ATOMIC_ACQUIRE) != WRITTEN) {
        sigaction(number, &signal->installed,
                  NULL); /* other threads find it while we write */
    }
    const bool first = write_once(number);
    hand_on(signal, number, info, by_another && first);
}

/* Returns whether the signal is handled as a crash, or was until it was given back. */
static bool
is_crash(const mb_signal *signal)
{
    return signal->installed.sa_flags & (int)SA_RESETHAND;
}

void
mb_signals_forget(void)
{
    mb_signals_process = 0;
    __atomic_store_n(&crashed, NOT_YET, __ATOMIC_RELAXED);
}

/* --- what does not crash ---------------------------------------------------------- */

/* A runtime that cannot recover calls abort(), with SIGABRT blocked by the mask of its
 * handler. Up to glibc 2.36 at least, abort() lets the handler of SIGABRT run all the
 * same, as POSIX has it; that of 2.43 ends the process. So let it come, unless the
 * program itself blocks it. */
static void
let_abort_come(const void *context)
{
#ifdef __linux__
    const ucontext_t *interrupted = context;
    sigset_t one;
    if (!mb_signals[SIGABRT].taken ||
        sigismember(&interrupted->uc_sigmask, SIGABRT) == 1) {
        return;
    }
    sigemptyset(&one);
    sigaddset(&one, SIGABRT);
    mb_raw_mask(SIG_UNBLOCK, &one, NULL); /* the end of the handler restores the mask */
#else
    (void)context;
#endif
}

static void
let_recover(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    const bool dying = mb_seen_signal();
    if (!dying) {
        mb_journals_stamp(number, mb_clock_wall_ns(), mb_clock_ns());
    }
    let_abort_come(context);
    chain(signal, number, info, context);
    if (!dying) {
        mb_journals_unstamp();
        mb_seen_stamp(); /* another signal may have come meanwhile */
    }
}

static bool
is_in_force(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_sigaction == mb_signals_handle;
}

static void
end_process(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    if (is_in_force(number)) {
        mb_seen_directly(number);
    }
    const mb_watchdog_cause death = {
        .number = number,
        .python = signal->use.python,
        .deadly = !signal->use.users,
    };
    mb_watchdog_signal(death);
    if (signal->use.relay) {
        mb_signals_relay(signal->use.relay);
    } else {
        chain(signal, number, info, context);
    }
}

static void
leave_to_program(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    mb_seen_note(number);
    chain(signal, number, info, context);
}

static bool
leads_on(const mb_signal *signal)
{
    const struct sigaction *action = mb_signal_before(signal);
    return (action->sa_flags & SA_SIGINFO) || action->sa_handler != SIG_DFL;
}

/* Does what would happen without microbench. A Python handler that would find nothing
 * to do is left out: code that never returns to Python would never end. */
static void
step_aside(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    static uint32_t passed;
    if (is_crash(signal)) {
        const bool again = __atomic_exchange_n(&passed, 1, __ATOMIC_RELAXED);
        hand_on(signal, number, info, !again && is_called_by_another(number));
    } else if (leads_on(signal) && (signal->use.users || !signal->use.python)) {
        chain(signal, number, info, context);
    } else {
        mb_watchdog_die(number);
    }
}

static void
act(const mb_signal *signal, int number, siginfo_t *info, void *context)
{
    switch (signal->use.kind) {
    case MB_SIGNAL_ENDS:
        end_process(signal, number, info, context);
        break;
    case MB_SIGNAL_LEAVES:
        leave_to_program(signal, number, info, context);
        break;
    case MB_SIGNAL_CRASHES:
        crash(signal, number, info);
        break;
    case MB_SIGNAL_RECOVERS:
        let_recover(signal, number, info, context);
        break;
    case MB_SIGNAL_PASSES:
        step_aside(signal, number, info, context);
    }
}

void
mb_signals_handle(int number, siginfo_t *info, void *context)
{
    const int kept = errno; /* the program is between any two instructions */
    const mb_signal *signal = &mb_signals[number];
    if (signal->taken && mb_raw_process() == mb_signals_process) {
        act(signal, number, info, context);
    } else {
        step_aside(signal, number, info, context);
    }
    errno = kept;
}
