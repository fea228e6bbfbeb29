/* Remembers the first signal that came: the records of this process name it as their
 * end.
 *
 * It is kept from the moment when a handler in C notes it until the last record is
 * written or cancelled, also where the program goes on for hours (MB_SIGNAL_LEAVES).
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SEEN_H
#define MB_SEEN_H

#include "base/mb_platform.h"

/* Notes the signal, here and in the journals that show none yet. Only the first one
 * counts. */
void mb_seen_note(int number);

/* Returns the signal; 0: none has come. */
int mb_seen_signal(void);

/* Writes the signal that came, if any, into the journals that show none yet. */
void mb_seen_stamp(void);

/* Notes that the kernel itself called mb_signals_handle. A later handler in C may
 * restore it for a moment and send the signal again: when Python reacts, that later
 * handler is no longer visible. Without microbench, the signal would have met the
 * default action. */
void mb_seen_directly(int number);
bool mb_seen_came_directly(int number);

/* Forgets the signal: in a forked child, and when no record waits any more. */
void mb_seen_forget(void);

#endif
