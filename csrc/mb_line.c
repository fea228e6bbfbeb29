#include "mb_line.h"

#include "mb_raw.h"

#define MOST_TRIES 1000 /* interruptions, and rounds among other writers */
#define PIECE 4096      /* PIPE_BUF of Linux: a pipe that is ready takes that much */

typedef struct {
    struct iovec parts[MB_LINE_PARTS + 1]; /* perhaps a newline, then the line */
    int count;
    size_t size;
} whole_line;

static void
add_part(whole_line *line, const void *data, size_t size)
{
    line->parts[line->count++] = (struct iovec){(void *)data, size};
    line->size += size;
}

static void
make_line(whole_line *line, bool begin_new, const struct iovec *parts, int count)
{
    line->count = 0;
    line->size = 0;
    add_part(line, "\n", begin_new);
    for (int i = 0; i < count && i < MB_LINE_PARTS; i++) {
        add_part(line, parts[i].iov_base, parts[i].iov_len);
    }
}

/* One write of `most` bytes after the first `done`. What it took, or minus an errno. */
static long
write_rest(int fd, const whole_line *line, size_t done, size_t most)
{
    struct iovec rest[MB_LINE_PARTS + 1];
    for (int i = 0; i < line->count; i++) {
        const struct iovec *part = &line->parts[i];
        const size_t skip = done < part->iov_len ? done : part->iov_len;
        const size_t left = part->iov_len - skip;
        rest[i].iov_base = (char *)part->iov_base + skip;
        rest[i].iov_len = left < most ? left : most;
        done -= skip;
        most -= rest[i].iov_len;
    }
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        const long written = mb_raw_writev(fd, rest, line->count);
        if (written != -EINTR) {
            return written ? written : -EIO;
        }
    }
    return -EINTR;
}

/* --- regular files ----------------------------------------------------------------- */

/* True also where it cannot be read: an empty line does no harm, a glued one does. */
static bool
ends_within_line(const char *path, int64_t end)
{
    char last = 0;
    if (end == 0) {
        return false;
    }
    const int fd = mb_raw_open(path, O_RDONLY | O_NONBLOCK);
    if (fd >= 0) {
        mb_raw_pread(fd, &last, 1, end - 1);
        mb_raw_close(fd);
    }
    return last != '\n';
}

/* Writes, and goes on while nobody else has written after it. False after an error; then
 * what was written is cut off again. */
static bool
write_while_last(int fd, const whole_line *line, int64_t begin, size_t *done)
{
    *done = 0;
    do {
        const long written = write_rest(fd, line, *done, line->size);
        if (written < 0) {
            if (*done && mb_raw_end(fd) == begin + (int64_t)*done) {
                mb_raw_truncate(fd, begin);
            }
            return false;
        }
        *done += (size_t)written;
    } while (*done < line->size && mb_raw_end(fd) == begin + (int64_t)*done);
    return true;
}

static bool
append(int fd, const char *path, const struct iovec *parts, int count)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        whole_line line;
        size_t done;
        const int64_t begin = mb_raw_end(fd);
        if (begin < 0) {
            return mb_line_to_fd(fd, parts, count);
        }
        make_line(&line, ends_within_line(path, begin), parts, count);
        if (!write_while_last(fd, &line, begin, &done)) {
            return false;
        }
        if (done == line.size) {
            return true;
        } /* else somebody has written into it: once more, whole */
    }
    return false;
}

bool
mb_line_to_path(const char *path, const struct iovec *parts, int count)
{
    /* a FIFO that nobody reads is an error then, not a reason to wait */
    const int fd = mb_raw_open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    const bool written = append(fd, path, parts, count);
    mb_raw_close(fd);
    return written;
}

/* --- everything else --------------------------------------------------------------- */

bool
mb_line_to_fd(int fd, const struct iovec *parts, int count)
{
    whole_line line;
    size_t done = 0;
    make_line(&line, false, parts, count);
    while (done < line.size && mb_raw_writable(fd)) {
        const long written = write_rest(fd, &line, done, PIECE);
        if (written < 0) {
            return false;
        }
        done += (size_t)written;
    }
    return done == line.size;
}
