/* Appends records to a file, so that no other writer's line and no crash can spoil
 * them.
 *
 * The descriptor stays open (O_APPEND|O_CLOEXEC), unless there are many (mb_files.h).
 * Each record is one write. fstat before it shows:
 *
 *   size as the last write left it   no other writer has appended: write
 *   any other size                   read the last byte; if it is no newline, wait for
 *                                    the write that is going on, and look again; if the
 *                                    size stays, a record was cut off: begin with a
 *                                    newline
 *   link count 0                     the file was deleted: open the path again
 *   another inode at the path        the file was rotated: open the path again (checked
 *                                    once in MB_APPEND_LOOK_NS, since it costs a stat)
 *
 * After a short write the rest is written, as long as no other writer has appended.
 * Once one has, the whole record is written again on a new line. Of several lines in
 * one write, those that are complete stay; so this concerns one line, and those after
 * it follow. After an error, what
 * was written becomes white space (tabs), which JSON allows before the next record. It
 * is never cut off: between looking at the end of a file and cutting, another writer
 * could append, and lose its record.
 *
 * On a network file system the file is locked meanwhile (mb_shared_lock.h).
 *
 * "Small appends are atomic" (write(2)) is not true when the writer is killed in the
 * middle. Anything that is not a regular file (pipe, terminal, FIFO) is only written
 * to.
 *
 * Thread: any number at once on one file; a lock of its own, which a fork child makes
 * anew. Needs no GIL. Not signal-safe.
 */
#ifndef MB_APPEND_H
#define MB_APPEND_H

#include "base/mb_platform.h"

#define MB_APPEND_LOOK_NS 100000000

typedef struct mb_append mb_append;

/* Remembers the path (made absolute, so that a later chdir moves nothing); opens
 * nothing. Owned by the caller. NULL and errno when there is no memory or no working
 * directory. */
mb_append *mb_append_new(const char *path);

/* Does the same for a descriptor that the caller keeps open: it is never opened again,
 * nor closed. */
mb_append *mb_append_fd(int fd);

/* Appends `line` and a newline. Opens (and creates, 0666 less umask) the file if need
 * be. Returns 0, or the errno of the call that failed; then the file ends as it did
 * before, or with white space, or with an unfinished line that the next record is kept
 * apart from.
 *
 * A stream may take nothing for as long as its reader likes. After each signal that
 * comes meanwhile `give_up` is asked (NULL: never); once it says yes, the result is
 * EINTR. EDEADLK: it was called by what `give_up` has called. */
int mb_append_record(mb_append *append, const char *line, size_t size,
                     bool (*give_up)(void));

/* Does the same for several lines, with newlines between them, in one write. `written`
 * is how many bytes are in the file, newline included, as complete lines: all if it
 * returns 0. After an error the other lines are not in it. */
int mb_append_lines(mb_append *append, const char *lines, size_t size, size_t *written,
                    bool (*give_up)(void));

/* Returns the absolute path, borrowed; NULL for a descriptor of the caller. */
const char *mb_append_path(const mb_append *append);

/* fsync. Returns 0 or an errno; 0 where nothing is open or the file cannot sync.
 *
 * A file that was closed for others is opened once more, never made. Where it was
 * rotated meanwhile, its new name is unknown: then the whole file system is synced. */
int mb_append_sync(mb_append *append);

/* Closes the descriptor; the next record opens it again. */
void mb_append_close(mb_append *append);
void mb_append_free(mb_append *append);

#endif
