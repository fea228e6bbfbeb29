/* Ends the process in time, when a signal has come and Python does not react.
 *
 * One word holds what the watchdog does, and is changed by compare-and-swap:
 *
 *     idle --signal--> watching --its thread has ended--> idle
 *     idle --mb_watchdog_leave--> leaving --mb_watchdog_left--> idle
 *
 * So its stack is freed only while nothing runs on it, and nothing begins to run on a
 * stack that is being freed: a signal that comes then takes effect at once, without a
 * watchdog. While it watches, a second word holds the state of the exit:
 *
 *     watching --grace is over-------------------> fired: write, die
 *        |
 *        +--mb_watchdog_exit_begin--> begun --patience is over--> fired
 *        |                     |
 *        +---------------------+--mb_watchdog_exit_end--> done
 *
 * The signal creates the thread, by clone(2) on a prepared stack, with all signals
 * blocked; it makes raw system calls only. So there is no thread before, and no fork
 * warns about one. On other systems, and under sanitizers, mb_setup makes the thread;
 * it waits for a call, and is stopped around a fork.
 *
 * All times count from the signal.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_WATCHDOG_H
#define MB_WATCHDOG_H

#include "base/mb_raw.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MB_SANITIZED                                                                   \
    1 /* stores its state in thread-local storage, which a clone shares */
#else
#define MB_SANITIZED 0
#endif

#if MB_RAW && defined(__GLIBC__) && !MB_SANITIZED && !defined(MB_WATCH_THREAD)
#define MB_WATCH_CLONE 1
#else
#define MB_WATCH_CLONE 0
#endif

/* The signal that has come, and what will react to it. */
typedef struct {
    int number;
    bool python; /* microbench's handler in Python will react, unless it cannot */
    bool deadly; /* the program has no handler for it: the process ends in any case */
} mb_watchdog_cause;

/* Sets how long Python may take: until it begins, and in all. */
void mb_watchdog_set(int64_t grace_ns, int64_t patience_ns);

/* Notes the signal (mb_seen.h), and starts to watch; while one signal ends the process,
 * others change nothing. Without a watchdog it writes at once, and may not return. */
void mb_watchdog_signal(mb_watchdog_cause death);

/* Returns the signal that is about to end the process; 0: none is. */
int mb_watchdog_death(void);

/* Returns when that signal came, on the monotonic clock; 0: none has. */
int64_t mb_watchdog_death_ns(void);

/* Notes that Python begins to write the records. Returns false if it is too late: the
 * native ones are being written. */
bool mb_watchdog_exit_begin(void);

/* Goes back to idle: Python has written all it will, or gives up. Waits for a watchdog
 * that has fired, which may be the end of the process. Returns the signal that came, if
 * it is deadly and has had no effect yet; else 0. Not for handlers. */
int mb_watchdog_exit_end(void);

/* Restores the default action and sends the signal to the calling thread. Returns only
 * where that does not end a process: in the first one of a container. */
void mb_watchdog_die(int number);

/* --- for mb_setup ----------------------------------------------------------------- */

#if MB_WATCH_CLONE
extern char *mb_watchdog_stack; /* its upper end; NULL: not ready */
#else
extern int mb_watchdog_calls; /* a pipe: 'w' means watch; negative: not ready */
#endif

/* Runs in the watchdog's thread: watches, then goes back to idle. */
void mb_watchdog_run(void);

/* Goes from watching to idle, without a thread, for the moment of a fork: CPython warns
 * about threads when it forks, and loses what a signal handler raises in the warning.
 * Returns false if it does not watch, or acts already. Not for handlers. */
bool mb_watchdog_pause(void);
void mb_watchdog_resume(void);

/* Stops, when no record waits any more, a watchdog that would end nothing; one
 * that will end the process goes on. */
void mb_watchdog_call_off(void);

/* Goes from idle to leaving: now the stack, or the thread, can be freed. Returns false
 * if it watches or pauses. */
bool mb_watchdog_leave(void);

/* Goes from leaving to idle: after the stack was freed, or with the watchdog in place
 * again. */
void mb_watchdog_left(void);
void mb_watchdog_back(void);

/* Forgets the signal of the parent, in a forked child. */
void mb_watchdog_forget(void);

#endif
