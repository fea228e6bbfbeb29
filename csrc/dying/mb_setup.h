/* Prepares a process for the emergency write, and frees all that it needs afterwards.
 *
 * The code that runs in the dying process begins in mb_signals and mb_watchdog, and goes
 * on in mb_emergency; tests/native/test_handlers.py lists all its files. The code here
 * needs memory, threads and the loader.
 *
 * A forked child inherits nothing of it: signals do there what they did before, and the
 * armed records stay those of the parent.
 *
 * Thread: under the GIL. Not signal-safe.
 */
#ifndef MB_SETUP_H
#define MB_SETUP_H

#include "dying/mb_emergency.h"
#include "dying/mb_signals.h"

/* Makes what has to exist before the first signal is taken: a stack for the watchdog
 * (or a thread), and the handlers of fork. Idempotent. Returns 0, or an errno. */
int mb_setup_prepare(void);
/* Frees all of that, when no record waits any more. A watchdog that watches keeps what
 * it needs until the next call; it goes on if the signal ends the process in any case.
 * Not while signals are handled. May wait for the watchdog. Thread: also without the
 * GIL. */
void mb_setup_release(void);

/* Called around a fork by the interpreter. Every fork blocks the handled signals, in
 * this thread, for the length of the system call. Here they are blocked until
 * mb_setup_fork_end: in the child until its state is restored, in the parent until no
 * code of the interpreter swallows what their handlers raise. The thread of the
 * watchdog is stopped meanwhile. */
void mb_setup_fork_begin(void);
void mb_setup_fork_end(void);

/* Arms the record of this mirror: an emergency write sends it to the targets, and to
 * standard error if none of them takes it. It is skipped while an older record of the
 * same owner, which it replaces, is being written. Owned by the caller. NULL without
 * memory. */
mb_emergency *mb_setup_install(mb_mirror *mirror, const mb_emergency_target *targets,
                               unsigned count, uintptr_t owner);
/* Disarms the record. The mirror stays the caller's. NULL is allowed. */
void mb_setup_remove(mb_emergency *last);

/* Installs mb_signals_handle in front of the present handler, unless it is in force
 * already. With `behind` it stays behind a later handler, which may call it. Returns 0
 * or an errno. */
int mb_setup_signal_take(int number, mb_signal_use use, bool behind);
/* Restores the earlier action. Returns false if a later handler is in front and may
 * call mb_signals_handle: then both stay, and mb_signals_handle only passes the signal
 * on. */
bool mb_setup_signal_give_back(int number);

/* Sets the default action. */
void mb_setup_signal_default(int number);

/* Returns whether the signal calls mb_signals_handle. */
bool mb_setup_signal_in_force(int number);
/* Returns whether the signal calls the handler that mb_signals_handle was installed in
 * front of: the program has saved it through `signal.signal` and restored it since. */
bool mb_setup_signal_is_before(int number);
/* Returns whether the signal has the default action. */
bool mb_setup_signal_is_default(int number);
/* Returns whether the handler of the signal is part of the same library or program as
 * `address`. */
bool mb_setup_signal_is_handled_in(int number, const void *address);

/* Installs an alternate stack for this thread, if it has none that is large enough.
 * Returns 0 or an errno. The same thread gives it back, unless another stack has
 * replaced it. The stack is never freed but used again: a program may have saved its
 * address and restore it later. */
int mb_setup_signal_stack_take(void);
void mb_setup_signal_stack_give_back(void);

#endif
