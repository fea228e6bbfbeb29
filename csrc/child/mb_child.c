#include "child/mb_child.h"

#include "base/mb_clock.h"

int
mb_child_end(pid_t pid, bool block, int64_t *ended_ns)
{
    siginfo_t found;
    found.si_pid = 0; /* stays so where nothing has ended: waitid(2) */
    const int options = WEXITED | WNOWAIT | (block ? 0 : WNOHANG);
    if (waitid(P_PID, (id_t)pid, &found, options) != 0) {
        return errno;
    }
    const int64_t now = mb_clock_ns();
    if (found.si_pid == 0) {
        return EAGAIN;
    }
    *ended_ns = now;
    return 0;
}

bool
mb_child_adopts(void)
{
    int subreaper = 0;
#ifdef __linux__
    if (prctl(PR_GET_CHILD_SUBREAPER, &subreaper) != 0) {
        subreaper = 0;
    }
#endif
    return getpid() == 1 || subreaper != 0;
}
