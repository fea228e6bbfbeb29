/* Handles signals: mb_signals_handle is installed in front of the earlier handlers.
 *
 *   MB_SIGNAL_ENDS      starts the watchdog, then calls the earlier handler. The
 *                       default action has to wait: the watchdog ends the process
 *   MB_SIGNAL_LEAVES    notes the signal, then calls the earlier handler: the program
 *                       stops by itself, and ends as it likes
 *   MB_SIGNAL_CRASHES   writes the records at once, then restores the earlier action,
 *                       which gets the same signal: traceback, core dump and wait
 *                       status are what they would have been. If a later handler has
 *                       called this one (the JVM's does), the later handler stays
 *   MB_SIGNAL_RECOVERS  notes the signal in the journals while the earlier handler
 *                       runs, which may save the process (as in other languages)
 *   MB_SIGNAL_PASSES    passes the signal on: it was given back, but a later handler
 *                       in front may still call mb_signals_handle
 *
 * In a child that C code has made (vfork, clone) each signal does what it would do
 * without microbench.
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
    bool python; /* microbench's handler in Python will react */
    bool users;  /* and will call one of the program: the process may live on */
    int relay;   /* Python knows this signal, and reacts to it instead; or 0 */
} mb_signal_use;

typedef struct {
    bool taken;
    mb_signal_use use;
    struct sigaction installed; /* as it was installed */
    /* The earlier action. Two copies, since a handler may read one while the other is
     * being written; `latest` is the index of the valid one. */
    struct sigaction before[2];
    unsigned latest;
} mb_signal;

/* By number; written by mb_setup. */
extern mb_signal mb_signals[NSIG];
extern pid_t mb_signals_process; /* that has installed them */

/* PyErr_SetInterruptEx(), which a signal handler may call: makes Python run its handler
 * of a signal as if the signal had come. So Python reacts to signals for which it
 * believes the default action is installed. NULL: there is none. */
extern int (*mb_signals_relay)(int number);

/* Resets the state in a forked child: no signal is owned, and none has come. */
void mb_signals_forget(void);

const struct sigaction *mb_signal_before(const mb_signal *signal);

void mb_signals_handle(int number, siginfo_t *info, void *context);

#endif
