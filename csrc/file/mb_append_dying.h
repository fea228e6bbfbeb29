/* Appends one last line, from a signal handler or its watchdog.
 *
 * What mb_append does for a process that lives, without locks, memory or errno, and
 * without ever waiting: the line is kept apart from one that was left unfinished, and is
 * there as a whole or, but for white space, not at all. What is no
 * regular file (pipe, terminal, FIFO) is written to only while it takes something.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_APPEND_DYING_H
#define MB_APPEND_DYING_H

#include "base/mb_platform.h"

#define MB_APPEND_DYING_PARTS 5 /* that a line is given in, at most */

/* To the file at `path`, made (0666 less umask) if need be. The parts end with a newline.
 * False if the line is not there. */
bool mb_append_dying_to_path(const char *path, const struct iovec *parts, int count);

/* To an open descriptor, at its own position. */
bool mb_append_dying_to_fd(int fd, const struct iovec *parts, int count);

#endif
