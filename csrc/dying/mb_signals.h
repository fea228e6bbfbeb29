/* What happens when a signal comes: the handler in front of those that were there.
 *
 *   MB_SIGNAL_ENDS     the watchdog is started; then the handler before runs. The default
 *                      action is not taken at once: the watchdog ends the process
 *   MB_SIGNAL_LEAVES   the signal is noted, and the handler before runs: the program stops
 *                      by itself, and ends as it likes
 *   MB_SIGNAL_CRASHES  the records are written at once; then the action before is put
 *                      back, and meets the same signal: traceback, core dump and wait
 *                      status are what they would have been. Where a later handler has
 *                      called ours (the JVM's does), it stays, and goes on
 *   MB_SIGNAL_RECOVERS the handler before may save the process (runtimes of other
 *                      languages do): the signal is noted in the journals while it runs
 *   MB_SIGNAL_PASSES   was given back, but a later handler that may call it is in front
 *
 * In a child that C code has made (vfork, clone) each of them does what it would do without ours.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SIGNALS_H
#define MB_SIGNALS_H

#include "base/mb_raw.h"

typedef enum {
    MB_SIGNAL_ENDS,
    MB_SIGNAL_CRASHES,
    MB_SIGNAL_RECOVERS,
    MB_SIGNAL_LEAVES,
    MB_SIGNAL_PASSES
} mb_signal_kind;

typedef struct {
    mb_signal_kind kind;
    bool python; /* a Python handler of ours will react */
    bool users;  /* which will call one of the program: the process may live on */
    int relay; /* Python reacts to this signal in its place, of which it knows; or 0 */
} mb_signal_use;

typedef struct {
    bool taken;
    mb_signal_use use;
    struct sigaction ours; /* as it was installed */
    /* What was there before ours. Two, since a handler may read one while the other is
     * being written; `latest` says which one holds. */
    struct sigaction before[2];
    unsigned latest;
} mb_signal;

/* By number; written by mb_setup. */
extern mb_signal mb_signals[NSIG];
extern pid_t mb_signals_process; /* whose they are */

/* Has Python run its handler of a signal, as if that had come: PyErr_SetInterruptEx(), which
 * a signal handler may call. Python then knows of signals whose action it takes for the
 * default one. NULL: none does. */
extern int (*mb_signals_relay)(int number);

/* In a forked child: they are nobody's, and nothing has happened to it. */
void mb_signals_forget(void);

const struct sigaction *mb_signal_before(const mb_signal *signal);

void mb_signals_handle(int number, siginfo_t *info, void *context);

#endif
