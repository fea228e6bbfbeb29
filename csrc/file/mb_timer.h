/* A thread that writes what has waited long enough: see mb_batch.h.
 *
 * Records must not wait for ever in a program that makes no more of them, and no event
 * of the program would show that the time is over: so it takes a thread. It exists only
 * while records are made: it is started by the first of a batch, and ends once none has
 * waited for a second. All signals are blocked in it, it never takes the GIL, and it is
 * stopped before a fork (Python 3.12 and later warn about forks with threads).
 *
 * Thread: any.
 */
#ifndef MB_TIMER_H
#define MB_TIMER_H

#include "base/mb_platform.h"

/* Writes what has waited too long at `now_ns`, or with INT64_MIN nothing. Returns the
 * time after which to look again; and in `*waiting` whether records wait. */
typedef int64_t mb_timer_look(int64_t now_ns, bool *waiting);

/* Starts the thread, unless it runs. Returns false if there can be none. */
bool mb_timer_start(mb_timer_look *look_at);

/* Returns whether it runs. A caller that holds a lock which `look` takes, and adds a
 * record before it unlocks it, knows that the thread will see the record. */
bool mb_timer_runs(void);

/* Stops the thread, and waits for its end. */
void mb_timer_stop(void);

/* Stops it, and lets none be started until mb_timer_go_on, in parent and child. */
void mb_timer_hold(void);
void mb_timer_go_on(void);

#endif
