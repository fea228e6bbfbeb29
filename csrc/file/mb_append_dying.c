#include "file/mb_append_dying.h"

#include "base/mb_crash.h"
#include "base/mb_iov.h"
#include "base/mb_raw.h"

#include <string.h>

#define MOST_TRIES 1000 /* interruptions, and rounds among other writers */
#define MOST_LOOKS 64   /* at the last byte, while others write */
#define PIECE 4096      /* PIPE_BUF of Linux: a pipe that is ready takes that much */

static mb_iov
make_line(bool begin_new, const struct iovec *parts, int count)
{
    mb_iov line = {0};
    mb_iov_add(&line, "\n", begin_new);
    for (int i = 0; i < count && i < MB_APPEND_DYING_PARTS; i++) {
        mb_iov_add(&line, parts[i].iov_base, parts[i].iov_len);
    }
    return line;
}

/* Writes `most` bytes after the first `done` once. Returns how many were taken, or
 * minus an errno. */
static long
write_rest(int fd, const mb_iov *line, size_t done, size_t most)
{
    struct iovec rest[MB_IOV_PARTS];
    mb_iov_rest(line, done, most, rest);
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        const long written = mb_raw_writev(fd, rest, line->count);
        if (written != -EINTR) {
            return written ? written : -EIO;
        }
    }
    return -EINTR;
}

/* --- regular files ---------------------------------------------------------------- */

/* Returns whether the file ends without a newline; true if it cannot be read. A blank
 * before the line does no harm, but a line glued to another does. */
static bool
ends_without_newline(const char *path, int64_t end)
{
    char last = 0;
    const int fd = mb_raw_open(path, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) {
        mb_raw_pread(fd, &last, 1, end - 1);
        mb_raw_close(fd);
    }
    return last != '\n' && last != MB_BLANK;
}

/* Waits for a write that is going on, as in mb_append.c; `*end` is then the end of the
 * file. */
static bool
ends_within_line(int fd, const char *path, int64_t *end)
{
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        const int64_t before = *end;
        if (before == 0 || !ends_without_newline(path, before)) {
            return false;
        }
        mb_raw_write(fd, "", 0);
        *end = mb_raw_end(fd);
        if (*end == before) {
            break;
        }
    }
    return true;
}

/* Looks whether the bytes from..to of the line are in their place in the file at
 * `path`. */
static mb_iov_place
look_for(const char *path, const mb_iov *line, int64_t begin, size_t from, size_t to)
{
    mb_iov_place found = MB_IN_PLACE;
    const int fd = mb_raw_open(path, O_RDONLY | O_NONBLOCK);
    while (from < to && found == MB_IN_PLACE) {
        char there[1024];
        const size_t most = to - from < sizeof there ? to - from : sizeof there;
        const long got = mb_raw_pread(fd, there, most, begin + (int64_t)from);
        if (got <= 0) {
            found = MB_UNKNOWN;
        } else if (!mb_iov_match(line, from, there, (size_t)got)) {
            found = MB_APART;
        } else {
            from += (size_t)got;
        }
    }
    if (fd >= 0) {
        mb_raw_close(fd);
    }
    return found;
}

/* Overwrites the beginning of a line with white space, except for the newline before
 * it. Truncating it could cut off what another writer appends at that moment. With
 * O_APPEND, Linux writes at the end only. */
static void
take_back(const char *path, const mb_iov *line, int64_t begin, size_t done)
{
    char blank[1024];
    const size_t kept = line->parts[0].iov_len;
    if (done <= kept || look_for(path, line, begin, 0, done) != MB_IN_PLACE) {
        return;
    }
    memset(blank, MB_BLANK, sizeof blank);
    const int fd = mb_raw_open(path, O_WRONLY | O_NONBLOCK);
    while (fd >= 0 && done > kept) {
        const size_t most = done - kept;
        const size_t size = most < sizeof blank ? most : sizeof blank;
        done -= size;
        if (mb_raw_pwrite(fd, blank, size, begin + (int64_t)done) < 0) {
            break;
        }
    }
    if (fd >= 0) {
        mb_raw_close(fd);
    }
}

/* Writes, and goes on after a short write while no other writer has appended. Returns
 * how much of the line is in the file; -1 after an error: then what was written is
 * white space. */
static int64_t
write_while_last(int fd, const char *path, const mb_iov *line, int64_t begin)
{
    size_t piece, done = 0;
    do {
        piece = done;
        const long written = write_rest(fd, line, piece, line->size);
        if (written < 0) {
            take_back(path, line, begin, done);
            return -1;
        }
        done += (size_t)written;
        MB_CRASH_POINT("written");
    } while (done < line->size && done > line->parts[0].iov_len &&
             mb_raw_end(fd) == begin + (int64_t)done);
    if (piece > 0 && look_for(path, line, begin, piece, done) == MB_APART) {
        done = piece; /* another writer has come before the last piece */
    }
    return (int64_t)done;
}

/* Two writers that see the same unfinished line begin a new one each: the second finds
 * a newline before its own, and overwrites its own with a blank. */
static void
leave_no_empty_line(int fd, const char *path, const mb_iov *line)
{
    const char blank = MB_BLANK;
    const int64_t begin = mb_raw_position(fd) - (int64_t)line->size;
    if (begin <= 0 || ends_without_newline(path, begin) ||
        look_for(path, line, begin, 0, line->size) != MB_IN_PLACE) {
        return;
    }
    const int other = mb_raw_open(path, O_WRONLY | O_NONBLOCK);
    if (other >= 0) {
        mb_raw_pwrite(other, &blank, 1, begin);
        mb_raw_close(other);
    }
}

static bool
append(int fd, const char *path, const struct iovec *parts, int count)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        int64_t begin = mb_raw_end(fd);
        if (begin < 0) {
            return mb_append_dying_to_fd(fd, parts, count);
        }
        const bool begin_new = ends_within_line(fd, path, &begin);
        const mb_iov line = make_line(begin_new, parts, count);
        const int64_t done = write_while_last(fd, path, &line, begin);
        if (begin_new && done == (int64_t)line.size) {
            leave_no_empty_line(fd, path, &line);
        }
        if (done < 0 || done == (int64_t)line.size) {
            return done > 0;
        } /* else another writer has written into it: once more, whole */
    }
    return false;
}

bool
mb_append_dying_to_path(const char *path, const struct iovec *parts, int count)
{
    /* O_NONBLOCK: a FIFO without a reader is an error, not a reason to wait */
    const int fd = mb_raw_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    const bool written = append(fd, path, parts, count);
    mb_raw_close(fd);
    return written;
}

/* --- everything else -------------------------------------------------------------- */

bool
mb_append_dying_to_fd(int fd, const struct iovec *parts, int count)
{
    const mb_iov line = make_line(false, parts, count);
    size_t done = 0;
    while (done < line.size && mb_raw_writable(fd)) {
        const long written = write_rest(fd, &line, done, PIECE);
        if (written < 0) {
            return false;
        }
        done += (size_t)written;
    }
    return done == line.size;
}
