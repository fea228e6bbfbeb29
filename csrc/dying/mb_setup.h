/* Gets a process ready to write last words, and lets go of all of it again.
 *
 * What runs in the dying process is in mb_signals, mb_watchdog, mb_emergency, mb_slot and
 * mb_append_dying; here is what needs memory, threads and the loader.
 *
 * A forked child has no part in it: the signals do there what they did before, the armed
 * records are those of the parent.
 *
 * Thread: under the GIL. Not signal-safe.
 */
#ifndef MB_SETUP_H
#define MB_SETUP_H

#include "dying/mb_emergency.h"
#include "dying/mb_signals.h"

/* Whatever has to be there before the first signal is taken: a stack for the watchdog (or
 * a thread), and the handlers of fork. Idempotent. Returns 0, or an errno. */
int mb_setup_prepare(void);
/* Frees all of that, when no record waits any more. What a watching watchdog needs stays
 * until the next call; it goes on if the signal ends the process in any case. Not while
 * signals are handled. May wait for the watchdog. Thread: also without the GIL. */
void mb_setup_release(void);

/* Around a fork by the interpreter. Every fork blocks the handled signals, in this thread,
 * for the length of the system call. Here they are blocked until mb_setup_fork_end: in the
 * child until its state is restored, in the parent until no code of the interpreter
 * swallows what their handlers raise. The thread of the watchdog is stopped meanwhile. */
void mb_setup_fork_begin(void);
void mb_setup_fork_end(void);

/* From now on the record of this mirror is written to the targets; where none takes it,
 * to standard error; and not if an older one of its owner, which it replaces, is being
 * written. Owned by the caller. NULL without memory. */
mb_emergency *mb_setup_install(mb_mirror *mirror, const mb_emergency_target *targets,
                               unsigned count, uintptr_t owner);
/* No longer, from now on. The mirror stays the caller's. NULL is allowed. */
void mb_setup_remove(mb_emergency *last);

/* Puts ours in front of what is installed, unless it is in force already, or `behind`:
 * it stays behind a later handler, which may call it. 0 or an errno. */
int mb_setup_signal_take(int number, mb_signal_use use, bool behind);
/* Puts back what was there. False: a later handler is in front of ours and may call it;
 * both stay, and ours does no more than hand the signal on. */
bool mb_setup_signal_give_back(int number);

/* Sets the default action. */
void mb_setup_signal_default(int number);

/* Whether the signal leads to ours. */
bool mb_setup_signal_in_force(int number);
/* Whether the signal calls the handler that ours was put in front of: the program has
 * restored it without ours, after saving it through `signal.signal`. */
bool mb_setup_signal_is_before(int number);
/* Whether it has the default action. */
bool mb_setup_signal_is_default(int number);
/* Whether its handler is part of the same library or program as `address`. */
bool mb_setup_signal_is_handled_in(int number, const void *address);

/* An alternate stack for this thread, if it has none that is large enough. 0 or an errno.
 * The same thread gives it back, unless another stack has replaced it. It is never freed,
 * but used again: a program may have saved its address, and restore it later. */
int mb_setup_signal_stack_take(void);
void mb_setup_signal_stack_give_back(void);

#endif
