/* Notices the end of a child process, and the time at which it was seen.
 *
 * Waiting and reading the clock are one call, so that nothing comes in between: no
 * other thread that holds an interpreter lock, no sampler, no reader of a pipe. The
 * child stays a zombie until wait4(2) collects it. Until then the kernel gives its
 * number to no other process, so that a signal to the child cannot hit a stranger.
 */
#ifndef MB_CHILD_H
#define MB_CHILD_H

#include "base/mb_platform.h"

/* Looks whether a child of this process has ended; with `block`, waits until it has.
 * Returns 0 and sets *ended_ns to the monotonic clock right afterwards. Or returns an
 * errno and changes nothing: EAGAIN when the child has not ended (never with `block`),
 * ECHILD when `pid` is no child of this process or was collected, EINTR when a signal
 * came. Thread: any. Signal-safe (waitid is on the list of signal-safety(7)). */
int mb_child_end(pid_t pid, bool block, int64_t *ended_ns);

/* Returns whether orphans become children of this process: it is the first one of its
 * PID namespace, or a subreaper (PR_SET_CHILD_SUBREAPER in prctl(2), which execve(2)
 * keeps). Thread: any. */
bool mb_child_adopts(void);

#endif
