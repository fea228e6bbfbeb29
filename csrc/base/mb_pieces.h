/* A line that lies in several places of memory, on its way into a file.
 *
 * Shared by those who append while a process lives (mb_append.h) and when it dies
 * (mb_line.h): how the system is called is their business.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_PIECES_H
#define MB_PIECES_H

#include "base/mb_platform.h"

#define MB_PIECES 6

#define MB_BLANK '\t' /* stands in no record: there it is written \t */

typedef struct {
    struct iovec parts[MB_PIECES]; /* Borrowed */
    int count;
    size_t size; /* of all together */
} mb_pieces;

/* `data` for writev(2), which only reads it; the type of iov_base is not const. */
static inline struct iovec
mb_pieces_iovec(const void *data, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)data, size};
}

/* Adds one, of MB_PIECES at most. */
void mb_pieces_add(mb_pieces *line, const void *data, size_t size);

/* What comes after the first `done` bytes, `most` at most: `count` parts. */
void mb_pieces_rest(const mb_pieces *line, size_t done, size_t most,
                    struct iovec *rest);

/* Whether the bytes of the line from `from` on are these; not more than are left. */
bool mb_pieces_match(const mb_pieces *line, size_t from, const char *bytes,
                     size_t count);

/* What a look at a file has told. */
typedef enum { MB_APART, MB_IN_PLACE, MB_UNKNOWN } mb_place;

#endif
