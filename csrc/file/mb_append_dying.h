/* Appends a line from a signal handler or the watchdog, for the emergency write.
 *
 * Does what mb_append does for a process that lives, without locks, memory or errno,
 * and without ever waiting. A line that was left unfinished is kept apart. The new line
 * is in the file as a whole or, except for white space, not at all. Anything that is
 * not a regular file (pipe, terminal, FIFO) is written to only while it takes
 * something.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_APPEND_DYING_H
#define MB_APPEND_DYING_H

#include "base/mb_platform.h"

#define MB_APPEND_DYING_PARTS 5 /* that a line is given in, at most */

/* Appends to the file at `path`, and creates it (0666 less umask) if need be. The parts
 * end with a newline. Returns whether the line is in the file. */
bool mb_append_dying_to_path(const char *path, const struct iovec *parts, int count);

/* Writes to an open descriptor, at its own position. */
bool mb_append_dying_to_fd(int fd, const struct iovec *parts, int count);

#endif
