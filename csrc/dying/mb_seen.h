/* The first signal that came: what the records of this process say of its end.
 *
 * It is kept from the moment when a handler in C notes it until the last record is written
 * or cancelled, also where the program goes on for hours (MB_SIGNAL_LEAVES).
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SEEN_H
#define MB_SEEN_H

#include "base/mb_platform.h"

/* Notes the signal, here and in the journals that show none. Only the first one counts. */
void mb_seen_note(int number);

/* The signal; 0: none has come. */
int mb_seen_signal(void);

/* Writes it into the journals that show none, if there is one. */
void mb_seen_stamp(void);

/* Notes that the system itself has given the signal to our handler. A later handler in C
 * that puts ours back for a moment and sends the signal again is no longer to be seen when
 * Python reacts, and without us it would have met the default action. */
void mb_seen_directly(int number);
bool mb_seen_came_directly(int number);

/* None has come: in a forked child, and when no record waits any more. */
void mb_seen_forget(void);

#endif
