/* Ends the process in time, when a signal has come and Python does not react.
 *
 *     idle --signal--> watching --grace is over-------------------> fired: write, die
 *                         |
 *                         +--mb_exit_begin--> begun --patience is over--> fired
 *                         |                     |
 *                         +---------------------+--mb_exit_end--> idle
 *
 * It exists from the signal on only: made by clone(2) on a stack that lies ready, all
 * signals blocked in it, raw system calls only. So there is no thread before, and no fork
 * warns of one. Where that is not to be had (other systems, sanitizers), it is a thread
 * that waits for a call, and is stopped around fork.
 *
 * All times count from the signal.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_WATCHDOG_H
#define MB_WATCHDOG_H

#include "mb_raw.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MB_SANITIZED                                                                   \
    1 /* keeps its books in thread-local storage, which a clone shares */
#else
#define MB_SANITIZED 0
#endif

#if MB_RAW && defined(__GLIBC__) && !MB_SANITIZED && !defined(MB_WATCH_THREAD)
#define MB_WATCH_CLONE 1
#else
#define MB_WATCH_CLONE 0
#endif

/* What the signal that has come means. */
typedef struct {
    int number;
    bool python; /* a Python handler of ours will react, unless it cannot */
    bool deadly; /* nobody else wants to handle it: the process ends in any case */
} mb_death;

/* How long Python may take: until it begins, and in all. */
void mb_watchdog_set(int64_t grace_ns, int64_t patience_ns);

/* Notes the first signal, and starts to watch; others change nothing. Without a watchdog
 * all is done at once, and the call may not return. */
void mb_watchdog_signal(mb_death death);

/* Notes the signal that has come, if one has, in the journals that show none. */
void mb_watchdog_stamp(void);

/* The signal that came first; 0: none has. */
int mb_watchdog_seen(void);

/* When it came, on the monotonic clock; 0: none has. */
int64_t mb_watchdog_seen_ns(void);

/* Python has begun to write the records. False: too late, the native ones are being
 * written. */
bool mb_exit_begin(void);

/* Python has written all it will, or gives up: back to idle. Waits for a watchdog that has
 * fired, which may be the end of the process. Returns the signal that came, if it is deadly
 * and nobody has acted on it; else 0. Not for handlers. */
int mb_exit_end(void);

/* Puts the default action back and sends the signal to the calling thread. Returns where
 * that does not end a process: in the first one of a container. */
void mb_die(int number);

/* --- for mb_arm -------------------------------------------------------------------- */

#if MB_WATCH_CLONE
extern char *mb_watchdog_stack; /* its upper end; NULL: not ready */
#else
extern int mb_watchdog_calls; /* a pipe: 'w' means watch; negative: not ready */
#endif

/* Watches, then is idle: what a thread does when it is called. */
void mb_watchdog_run(void);

/* Whether there is a watchdog now. */
bool mb_watchdog_watches(void);

/* In a forked child: nothing has happened to it. */
void mb_watchdog_forget(void);

#endif
