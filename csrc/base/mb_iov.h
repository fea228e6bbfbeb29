/* A line that lies in several places of memory, on its way into a file.
 *
 * Shared by the code that appends while a process lives (mb_append.h) and the code that
 * appends when it dies (mb_append_dying.h). Each calls the system in its own way.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_IOV_H
#define MB_IOV_H

#include "base/mb_platform.h"

#define MB_IOV_PARTS 6

#define MB_BLANK '\t' /* stands in no record: there it is written \t */

typedef struct {
    struct iovec parts[MB_IOV_PARTS]; /* Borrowed */
    int count;
    size_t size; /* of all together */
} mb_iov;

/* `data` for writev(2), which only reads it; the type of iov_base is not const. */
static inline struct iovec
mb_iov_part(const void *data, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)data, size};
}

/* Adds one part; there may be MB_IOV_PARTS at most. */
void mb_iov_add(mb_iov *line, const void *data, size_t size);

/* Sets `rest` to the bytes after the first `done`, `most` at most: `count` parts. */
void mb_iov_rest(const mb_iov *line, size_t done, size_t most, struct iovec *rest);

/* Compares `count` bytes with those of the line from `from` on; `count` is at most what
 * is left of the line. */
bool mb_iov_match(const mb_iov *line, size_t from, const char *bytes, size_t count);

/* Where the bytes of a line were found in a file: apart, in place, or unknown
 * (unreadable). */
typedef enum { MB_APART, MB_IN_PLACE, MB_UNKNOWN } mb_iov_place;

#endif
