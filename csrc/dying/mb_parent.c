#include "dying/mb_parent.h"

#include "base/mb_clock.h"
#include "journal/mb_journal.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

static pid_t watched;  /* 0: no process */
static pid_t watching; /* the process that watches */
static bool ends_job;
static struct sigaction before;

/* --- the handler ------------------------------------------------------------------ */

static void
hand_on(int number, siginfo_t *info, void *context)
{
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    }
}

/* Returns whether the parent is dead. The signal also comes when only its thread that
 * made this process has ended. */
static bool
is_orphan(void)
{
    return watched && mb_raw_parent() != watched && mb_raw_process() == watching;
}

void
mb_parent_on_signal(int number, siginfo_t *info, void *context)
{
    const int kept = errno; /* the program is between any two instructions */
    const bool orphan = is_orphan();
    if (orphan) {
        mb_journals_stamp_parent(ends_job, mb_clock_ns());
    }
    /* A living parent sends it on purpose, and looks the same to the kernel. */
    if (!orphan || info->si_code != SI_USER || info->si_pid != watched) {
        hand_on(number, info, context);
    }
    errno = kept;
}

/* --- watching --------------------------------------------------------------------- */

#ifdef __linux__

static bool stays; /* behind a later handler, which may call this one */

static bool
is_in_force(void)
{
    struct sigaction now;
    return sigaction(MB_PARENT_SIGNAL, NULL, &now) == 0 &&
           (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == mb_parent_on_signal;
}

static bool
is_default(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
}

static bool
take_signal(void)
{
    struct sigaction action = {.sa_sigaction = mb_parent_on_signal};
    if (sigaction(MB_PARENT_SIGNAL, NULL, &before) < 0) {
        return false;
    }
    /* as in the earlier action: system calls are interrupted as without microbench */
    action.sa_mask = before.sa_mask;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    action.sa_flags |=
        is_default(&before) ? SA_RESTART : before.sa_flags & (SA_RESTART | SA_NODEFER);
    return sigaction(MB_PARENT_SIGNAL, &action, NULL) == 0;
}

/* Returns whether the program waits for the signal, by sigwait(3) or signalfd(2). It
 * would see the one from the kernel, too. */
static bool
is_blocked(void)
{
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    return sigismember(&blocked, MB_PARENT_SIGNAL) == 1;
}

static void
give_signal_back(void)
{
    if (is_in_force()) {
        sigaction(MB_PARENT_SIGNAL, &before, NULL);
    } else {
        stays = true;
    }
}

static int
setting(void)
{
    int number = 0;
    return prctl(PR_GET_PDEATHSIG, &number) == 0 ? number : -1;
}

static void
forget_in_child(void)
{
    if (watched) {
        watched = 0; /* the kernel has dropped the setting */
        give_signal_back();
    }
}

static void
watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_in_child);
}

bool
mb_parent_watch(pid_t parent, bool is_job)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (watched || stays || is_blocked() || setting() != 0 || !take_signal()) {
        return watched != 0;
    }
    ends_job = is_job;
    watching = getpid();
    watched = parent;
    if (prctl(PR_SET_PDEATHSIG, MB_PARENT_SIGNAL) < 0 || getppid() != parent) {
        mb_parent_leave(); /* it has died before that */
    }
    return watched != 0;
}

void
mb_parent_leave(void)
{
    if (!watched) {
        return;
    }
    if (setting() == MB_PARENT_SIGNAL) {
        prctl(PR_SET_PDEATHSIG, 0);
    }
    give_signal_back();
    watched = 0;
}

#else

bool
mb_parent_watch(pid_t parent, bool is_job)
{
    (void)parent, (void)is_job;
    return false;
}

void
mb_parent_leave(void)
{
}

#endif
