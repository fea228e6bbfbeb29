/* System calls of a child between clone(2) and execve(2), and of its supervisor. Like
 * those of mb_raw.h, they do not set errno. Only where MB_RAW is 1.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_RAW_PROCESS_H
#define MB_RAW_PROCESS_H

#include "base/mb_raw.h"

#if MB_RAW

#include <sys/prctl.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* since Linux 5.9; the same on all machines */
#endif

/* --- descriptors ------------------------------------------------------------------ */

/* Makes `to` another name for `from` that execve(2) keeps. */
static inline void
mb_raw_duplicate(int from, int to)
{
    if (from == to) {
        mb_raw(SYS_fcntl, to, F_SETFD, 0, 0, 0, 0);
    } else {
        mb_raw(SYS_dup3, from, to, 0, 0, 0, 0);
    }
}

/* Returns 0, or minus the errno. */
static inline int
mb_raw_pipe(int *ends)
{
    return (int)mb_raw(SYS_pipe2, (long)ends, O_CLOEXEC, 0, 0, 0, 0);
}

/* Closes all descriptors from `first` on; on kernels before 5.9, only 4096 of them. */
static inline void
mb_raw_close_from(int first)
{
    if (mb_raw(SYS_close_range, first, UINT32_MAX, 0, 0, 0, 0) < 0) {
        for (int fd = first; fd < first + 4096; fd++) {
            mb_raw_close(fd);
        }
    }
}

/* --- a process about itself ------------------------------------------------------- */

/* Makes the kernel kill this process when the thread that made it ends. */
static inline void
mb_raw_die_with_parent(void)
{
    mb_raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
}

/* Makes this process, not init or the one above, adopt the orphans of its children. */
static inline void
mb_raw_adopt(void)
{
    mb_raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0, 0);
}

static inline void
mb_raw_unblock_all(void)
{
    const uint64_t none = 0;
    mb_raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
}

/* Starts a session and process group, without a terminal. */
static inline void
mb_raw_new_session(void)
{
    mb_raw(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

/* Returns 0, or an errno. */
static inline int
mb_raw_change_directory(const char *path)
{
    return (int)-mb_raw(SYS_chdir, (long)path, 0, 0, 0, 0, 0);
}

/* Executes a program; returns an errno only if that fails. */
static inline int
mb_raw_execute(const char *path, char *const *words, char *const *env)
{
    return (int)-mb_raw(SYS_execve, (long)path, (long)words, (long)env, 0, 0, 0);
}

/* Gives signals with a handler their default action, and those that Python ignores, and
 * SIGCHLD: while that is ignored, wait4(2) finds no status. */
static inline void
mb_raw_reset_handlers(void)
{
    for (int number = 1; number <= 64; number++) {
        unsigned long action[4] = {0}; /* as the kernel has it: the handler is first */
        const bool defaulted =
            number == SIGCHLD || number == SIGPIPE || number == SIGXFSZ;
        mb_raw(SYS_rt_sigaction, number, 0, (long)action, 8, 0, 0);
        if (defaulted || action[0] > 1) { /* 0: SIG_DFL, 1: SIG_IGN */
            mb_raw_default(number);
        }
    }
}

/* --- a process about its child ---------------------------------------------------- */

static inline void
mb_raw_kill(pid_t pid, int number)
{
    mb_raw(SYS_kill, pid, number, 0, 0, 0, 0);
}

/* Returns whether a child has ended, or is none. It stays a zombie. */
static inline bool
mb_raw_has_ended(pid_t pid)
{
    siginfo_t found;
    found.si_pid = 0; /* stays so where nothing has ended: waitid(2) */
    const int options = WEXITED | WNOHANG | WNOWAIT | __WALL;
    const long error = mb_raw(SYS_waitid, P_PID, pid, (long)&found, options, 0, 0);
    return error == -ECHILD || found.si_pid != 0;
}

/* Collects a child that has ended; `pid` -1: any. Returns its pid; 0 if none has ended
 * yet; or minus the errno, ECHILD if there is no such child. */
static inline int
mb_raw_collect(pid_t pid, int *status)
{
    return (int)mb_raw(SYS_wait4, pid, (long)status, WNOHANG, 0, 0, 0);
}

/* Waits for SIGCHLD or SIGTERM, which have to be blocked, for `ns` at most. */
static inline void
mb_raw_await_signal(int64_t ns)
{
    const struct timespec time = {.tv_sec = ns / 1000000000,
                                  .tv_nsec = ns % 1000000000};
    const uint64_t set = 1UL << (SIGCHLD - 1) | 1UL << (SIGTERM - 1);
    mb_raw(SYS_rt_sigtimedwait, (long)&set, 0, (long)&time, 8, 0, 0);
}

#endif

#endif
