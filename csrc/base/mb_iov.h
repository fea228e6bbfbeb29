/* A line that lies in several places of memory, on its way into a file.
 *
 * Shared by those who append while a process lives (mb_append.h) and when it dies
 * (mb_append_dying.h): how the system is called is their business.
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

/* Adds one, of MB_IOV_PARTS at most. */
void mb_iov_add(mb_iov *line, const void *data, size_t size);

/* What comes after the first `done` bytes, `most` at most: `count` parts. */
void mb_iov_rest(const mb_iov *line, size_t done, size_t most, struct iovec *rest);

/* Whether the bytes of the line from `from` on are these; not more than are left. */
bool mb_iov_match(const mb_iov *line, size_t from, const char *bytes, size_t count);

/* What a look at a file has told. */
typedef enum { MB_APART, MB_IN_PLACE, MB_UNKNOWN } mb_iov_place;

#endif
