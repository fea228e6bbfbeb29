#include "mb_line.h"

#include "mb_crash.h"
#include "mb_raw.h"

#define MOST_TRIES 1000 /* interruptions, and rounds among other writers */
#define PIECE 4096      /* PIPE_BUF of Linux: a pipe that is ready takes that much */
#define BLANK '\t'      /* as in mb_append.c: stands in no record */

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
    return last != '\n' && last != BLANK;
}

static char
byte_of(const whole_line *line, size_t index)
{
    int part = 0;
    while (index >= line->parts[part].iov_len) {
        index -= line->parts[part++].iov_len;
    }
    return ((const char *)line->parts[part].iov_base)[index];
}

/* Whether the file has the bytes from..to of the line where they belong. */
static bool
is_in_place(int fd, const whole_line *line, int64_t begin, size_t from, size_t to)
{
    char there[1024];
    while (from < to) {
        const size_t left = to - from < sizeof there ? to - from : sizeof there;
        const long got = mb_raw_pread(fd, there, left, begin + (int64_t)from);
        if (got <= 0) {
            return false;
        }
        for (long i = 0; i < got; i++, from++) {
            if (there[i] != byte_of(line, from)) {
                return false;
            }
        }
    }
    return true;
}

/* Makes white space of the beginning of a line. Cutting it off could cut off what another
 * writer appends at that moment. */
static void
take_back(int fd, const whole_line *line, int64_t begin, size_t done)
{
    char blank[1024];
    if (!is_in_place(fd, line, begin, 0, done)) {
        return;
    }
    for (size_t i = 0; i < sizeof blank; i++) {
        blank[i] = BLANK;
    }
    while (done > 0) {
        const size_t size = done < sizeof blank ? done : sizeof blank;
        done -= size;
        if (mb_raw_pwrite(fd, blank, size, begin + (int64_t)done) < 0) {
            return;
        }
    }
}

/* Opens the file once more, without O_APPEND, with which Linux writes at its end only. */
static void
take_back_at(const char *path, const whole_line *line, int64_t begin, size_t done)
{
    const int fd = done > 0 ? mb_raw_open(path, O_RDWR | O_NONBLOCK) : -1;
    if (fd >= 0) {
        take_back(fd, line, begin, done);
        mb_raw_close(fd);
    }
}

static bool
is_in_place_at(const char *path, const whole_line *line, int64_t begin, size_t from)
{
    const int fd = mb_raw_open(path, O_RDONLY | O_NONBLOCK);
    const bool whole = fd >= 0 && is_in_place(fd, line, begin, from, line->size);
    mb_raw_close(fd);
    return whole;
}

/* Writes, and goes on while nobody else has written after it. How much of the line is in
 * the file; -1 after an error: then what was written is white space. */
static int64_t
write_while_last(int fd, const char *path, const whole_line *line, int64_t begin)
{
    size_t piece, done = 0;
    do {
        piece = done;
        const long written = write_rest(fd, line, piece, line->size);
        if (written < 0) {
            take_back_at(path, line, begin, done);
            return -1;
        }
        done += (size_t)written;
        MB_CRASH_POINT("written");
    } while (done < line->size && done > line->parts[0].iov_len &&
             mb_raw_end(fd) == begin + (int64_t)done);
    if (done == line->size && piece > 0 && !is_in_place_at(path, line, begin, piece)) {
        done = piece; /* somebody has come before the last piece */
    }
    return (int64_t)done;
}

static bool
append(int fd, const char *path, const struct iovec *parts, int count)
{
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        whole_line line;
        const int64_t begin = mb_raw_end(fd);
        if (begin < 0) {
            return mb_line_to_fd(fd, parts, count);
        }
        make_line(&line, ends_within_line(path, begin), parts, count);
        const int64_t done = write_while_last(fd, path, &line, begin);
        if (done < 0 || done == (int64_t)line.size) {
            return done > 0;
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
