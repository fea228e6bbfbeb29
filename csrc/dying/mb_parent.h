/* Notes the death of the parent in the journals.
 *
 * A batch system may send the signal that ends a job to the shell of the batch script
 * only (slurmstepd with proctrack/cgroup does). The shell dies, and what it has started
 * gets SIGKILL about a millisecond later. prctl(2), PR_SET_PDEATHSIG, has the kernel
 * send a signal in between. The handler does nothing but note the time.
 *
 * The signal is SIGURG, since it must be harmless without the handler: execve(2) keeps
 * the setting and removes the handler. SIGURG is then ignored, and programs that handle
 * it tolerate spurious ones (a socket has urgent data, or had). The other signals that
 * are ignored by default have a meaning for programs that handle them: SIGCHLD that a
 * child has ended, SIGWINCH that a web server shall end, and SIGCONT lets a stopped
 * process go on.
 *
 * An earlier handler stays behind this one, which passes on every SIGURG that does not
 * mean the death of the parent. The parent may send one while it lives. The kernel
 * sends one when the thread of the parent that made this process ends; the two look the
 * same. If the program has made the setting itself, earlier or later, its setting
 * stays.
 *
 * Thread: mb_parent_watch and mb_parent_leave any, one at a time; the setting belongs
 * to the thread that watches and ends with it. Not signal-safe.
 */
#ifndef MB_PARENT_H
#define MB_PARENT_H

#include "base/mb_raw.h"

#define MB_PARENT_SIGNAL SIGURG

/* Watches the parent, which has the number `parent`. Returns whether it is watched now:
 * not if it has died meanwhile, nor if the program has a setting of its own, has a
 * later handler that may call this one, or blocks the signal. `is_job`: the job ends
 * with the parent. */
bool mb_parent_watch(pid_t parent, bool is_job);

/* Restores the earlier handler and setting. */
void mb_parent_leave(void);

/* The handler. Signal-safe. */
void mb_parent_on_signal(int number, siginfo_t *info, void *context);

#endif
