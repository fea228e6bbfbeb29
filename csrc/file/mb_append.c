#include "file/mb_append.h"

#include "base/mb_clock.h"
#include "base/mb_crash.h"
#include "base/mb_iov.h"
#include "file/mb_files.h"
#include "file/mb_shared_lock.h"

#include <string.h>

#define MOST_INTERRUPTIONS 1000 /* by signals, of one call */
#define MOST_ATTEMPTS 8         /* to write a record among other writers */
#define MOST_LOOKS 64           /* at the last byte, while others write */

enum { UNKNOWN = -1, CLOSED = -1 };

struct mb_append {
    char *path; /* Owned, absolute. NULL: the descriptor is the caller's */
    int fd;
    off_t end; /* of the file, as our last write left it */
    bool torn; /* a stream got only the beginning of a record */
    /* Which file the descriptor is: a program may close all that it has, and open
     * another file under the same number. */
    dev_t device;
    ino_t inode;
    mb_shared_lock shared; /* whether other machines may write to it */
    bool is_late;          /* the last record waited for its lock in vain */
    int64_t looked_ns;     /* when we last looked what is at the path */
    mb_file file;          /* while a regular file is open */
    bool set_aside;        /* others needed the descriptor */
    pthread_mutex_t mutex;
    unsigned mutex_state; /* twice its fork generation, and 1 while it is being made */
};

/* --- the lock -------------------------------------------------------------------- */

/* In a child, the thread that held the mutex does not exist, and what it was about to
 * write down about the file is unknown. */
static void
make_mutex(mb_append *append)
{
    pthread_mutexattr_t checks;
    pthread_mutexattr_init(&checks);
    pthread_mutexattr_settype(&checks, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&append->mutex, &checks);
    pthread_mutexattr_destroy(&checks);
    append->end = UNKNOWN;
}

/* 0; or EDEADLK: this thread has it, and a handler of a signal came in between. */
static int
take_lock(mb_append *append)
{
    const unsigned made = 2 * mb_fork_generation();
    const unsigned in_the_making = made + 1;
    unsigned state;
    while ((state = __atomic_load_n(&append->mutex_state, __ATOMIC_ACQUIRE)) != made) {
        if (state == in_the_making) {
            sched_yield();
        } else if (__atomic_compare_exchange_n(&append->mutex_state, &state,
                                               in_the_making, false, __ATOMIC_ACQUIRE,
                                               __ATOMIC_RELAXED)) {
            make_mutex(append);
            __atomic_store_n(&append->mutex_state, made, __ATOMIC_RELEASE);
        }
    }
    return pthread_mutex_lock(&append->mutex);
}

static void
give_lock(mb_append *append)
{
    pthread_mutex_unlock(&append->mutex);
}

/* --- making one ------------------------------------------------------------------ */

static char *
working_directory(size_t room_after)
{
    char *path = NULL;
    for (size_t size = 256;; size *= 2) {
        char *larger = mb_realloc(path, size + room_after);
        if (!larger) {
            break;
        }
        path = larger;
        if (getcwd(path, size)) {
            return path;
        }
        if (errno != ERANGE) {
            break;
        }
    }
    mb_free(path);
    return NULL;
}

static char *
absolute(const char *path)
{
    const size_t size = strlen(path) + 1;
    if (path[0] == '/') {
        char *copy = mb_alloc(size);
        return copy ? memcpy(copy, path, size) : NULL;
    }
    char *whole = working_directory(1 + size);
    if (whole) {
        const size_t above = strlen(whole);
        whole[above] = '/';
        memcpy(whole + above + 1, path, size);
    }
    return whole;
}

static bool set_aside(mb_file *file);

static mb_append *
new_append(char *path, int fd)
{
    mb_append *append = mb_alloc(sizeof *append);
    if (append) {
        *append = (mb_append){.path = path, .fd = fd};
        append->mutex_state = 2 * mb_fork_generation();
        append->file = (mb_file){.used_ns = &append->looked_ns, .set_aside = set_aside};
        make_mutex(append);
    }
    return append;
}

mb_append *
mb_append_new(const char *path)
{
    char *whole = absolute(path);
    mb_append *append = whole ? new_append(whole, CLOSED) : NULL;
    if (!append) {
        mb_free(whole);
    }
    return append;
}

mb_append *
mb_append_fd(int fd)
{
    return new_append(NULL, fd);
}

const char *
mb_append_path(const mb_append *append)
{
    return append->path;
}

/* --- opening and closing --------------------------------------------------------- */

/* Reads the needed fields of a file: of the one at `path`, or of `fd` if `path` is
 * empty. On Linux, asking for the times too makes the next write store a new one: with
 * statx(2), which can leave them out, a record takes two thirds of the time. */
static int
look_at(int fd, const char *path, struct stat *file)
{
#ifdef STATX_NLINK
    const unsigned needed = STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE;
    struct statx found;
    if (statx(fd, path, AT_EMPTY_PATH, needed, &found) == 0) {
        *file = (struct stat){
            .st_dev = makedev(found.stx_dev_major, found.stx_dev_minor),
            .st_ino = found.stx_ino,
            .st_mode = found.stx_mode,
            .st_nlink = found.stx_nlink,
            .st_size = (off_t)found.stx_size,
        };
        return 0;
    }
#endif
    return *path ? stat(path, file) : fstat(fd, file);
}

static int
look_at_open(int fd, struct stat *file)
{
    return look_at(fd, "", file);
}

static bool
is_same_file(const mb_append *append, const struct stat *file)
{
    return append->device == file->st_dev && append->inode == file->st_ino;
}

/* Closes the descriptor, unless its number means another file by now, which belongs to
 * the program. If fstat fails (ESTALE: the server has deleted the file), it is closed
 * as well. */
static void
close_fd(mb_append *append)
{
    struct stat now;
    const int fd = append->fd;
    if (append->path && fd != CLOSED) {
        append->fd = CLOSED;
        const bool seen = look_at_open(fd, &now) == 0;
        if (seen ? is_same_file(append, &now) : errno != EBADF) {
            close(fd);
        }
    }
}

static void
close_own(mb_append *append)
{
    mb_files_remove(&append->file);
    close_fd(append);
}

/* Closes the file, unless a record is being appended to it. */
static bool
set_aside(mb_file *file)
{
    mb_append *append = (mb_append *)((char *)file - offsetof(mb_append, file));
    if (append->mutex_state != 2 * mb_fork_generation() ||
        pthread_mutex_trylock(&append->mutex) != 0) {
        return false;
    }
    close_fd(append);
    append->set_aside = true;
    pthread_mutex_unlock(&append->mutex);
    return true;
}

/* Notes the time of use. Other threads read it to find the file that was least recently
 * used. */
static void
used_at(mb_append *append, int64_t now_ns)
{
    __atomic_store_n(&append->looked_ns, now_ns, __ATOMIC_RELAXED);
}

static void
remember(mb_append *append, const struct stat *file)
{
    append->device = file->st_dev;
    append->inode = file->st_ino;
    append->end = UNKNOWN;
    append->torn = false;
}

/* Moves the descriptor above 0 to 2, which are free if a program was started without
 * standard streams. Code that prints to 2 means standard error, not the file of
 * records. */
static int
above_the_standard_streams(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    const int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int failure = errno;
    close(fd);
    errno = failure;
    return above;
}

/* Closes another file of records. Returns whether a descriptor is free again. */
static bool
close_another(void)
{
    const int failure = errno;
    const bool closed = mb_files_close_one();
    errno = failure;
    return closed;
}

static int
open_path(const char *path, int flags)
{
    int fd = -1;
    for (int tries = 0; tries < MOST_INTERRUPTIONS; tries++) {
        fd = open(path, flags | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
        const bool full = fd < 0 && (errno == EMFILE || errno == ENFILE);
        if (full ? !close_another() : fd >= 0 || errno != EINTR) {
            break;
        }
    }
    return above_the_standard_streams(fd);
}

/* Opens without waiting, so that a FIFO without a reader is an error; later writes
 * wait. */
static int
open_stream(const char *path)
{
    const int fd = open_path(path, O_WRONLY | O_NONBLOCK);
    if (fd >= 0) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    }
    return fd;
}

static int
open_by_kind(const char *path)
{
    struct stat there;
    if (look_at(CLOSED, path, &there) == 0 && !S_ISREG(there.st_mode)) {
        return open_stream(path);
    }
    int fd = open_path(path, O_RDWR);
    if (fd < 0 && errno == EACCES) { /* may be one that is written but not read */
        fd = open_path(path, O_WRONLY);
    }
    /* Only now: in /tmp, O_CREAT is refused for an existing file of another user
     * (proc_sys_fs(5), protected_regular). */
    if (fd < 0 && errno == ENOENT) {
        fd = open_path(path, O_RDWR | O_CREAT);
    }
    return fd;
}

/* Opens the file that is at the path now. After a failure everything is as before. */
static int
reopen(mb_append *append, struct stat *file)
{
    struct stat opened;
    const int fd = open_by_kind(append->path);
    if (fd < 0) {
        return errno;
    }
    if (look_at_open(fd, &opened) < 0) {
        const int failure = errno;
        close(fd);
        return failure;
    }
    close_own(append);
    append->fd = fd;
    used_at(append, mb_clock_ns());
    append->set_aside = false;
    remember(append, &opened);
    *file = opened;
    append->shared = MB_NOT_SHARED;
    append->is_late = false;
    if (S_ISREG(opened.st_mode)) {
        append->shared = mb_shared_lock_kind(fd);
        mb_files_add(&append->file);
    }
    return 0;
}

/* --- which file this record goes to ---------------------------------------------- */

static bool
is_elsewhere(mb_append *append)
{
    struct stat there;
    const int64_t now_ns = mb_clock_ns();
    if (now_ns - append->looked_ns < MB_APPEND_LOOK_NS) {
        return false;
    }
    used_at(append, now_ns);
    if (look_at(CLOSED, append->path, &there) < 0) {
        return errno == ENOENT;
    }
    return !is_same_file(append, &there);
}

static int
settle_given(mb_append *append, struct stat *file)
{
    if (look_at_open(append->fd, file) < 0) {
        return errno;
    }
    if (!is_same_file(append, file)) {
        remember(append, file);
    }
    return 0;
}

/* Makes sure that the descriptor is open, and on the file that the path means. A
 * rotated file still takes records if the new one cannot be opened; a deleted one would
 * lose them. */
static int
settle(mb_append *append, struct stat *file)
{
    if (!append->path) {
        return settle_given(append, file);
    }
    if (look_at_open(append->fd, file) < 0 || !is_same_file(append, file)) {
        close_own(append);
    }
    if (append->fd == CLOSED || file->st_nlink == 0) {
        return reopen(append, file);
    }
    if (S_ISREG(file->st_mode) && is_elsewhere(append)) {
        reopen(append, file);
    }
    return 0;
}

/* Returns whether writes go to the end of the file. A caller's descriptor without
 * O_APPEND has a position of its own. */
static bool
is_appended_to(const mb_append *append, const struct stat *file)
{
    return S_ISREG(file->st_mode) &&
           (append->path || (fcntl(append->fd, F_GETFL) & O_APPEND));
}

/* --- writing --------------------------------------------------------------------- */

static mb_iov
make_line(bool begin_new, const char *line, size_t size)
{
    mb_iov whole = {0};
    mb_iov_add(&whole, "\n", begin_new);
    mb_iov_add(&whole, line, size);
    mb_iov_add(&whole, "\n", 1);
    return whole;
}

/* Writes the bytes after the first `done` once. Returns how many were taken; or -1, and
 * sets errno. */
static ssize_t
write_once(int fd, const mb_iov *line, size_t done)
{
    struct iovec rest[MB_IOV_PARTS];
    mb_iov_rest(line, done, line->size, rest);
    const ssize_t written = writev(fd, rest, line->count);
    if (written == 0) {
        errno = EIO;
    }
    return written > 0 ? written : -1;
}

/* Does the same, and goes on after an interruption. */
static ssize_t
write_rest(int fd, const mb_iov *line, size_t done)
{
    ssize_t written;
    int tries = 0;
    do {
        written = write_once(fd, line, done);
    } while (written < 0 && errno == EINTR && ++tries < MOST_INTERRUPTIONS);
    return written;
}

/* Writes until the stream has taken all, or `give_up` says so after a signal. A signal
 * that comes when a part was taken shows as a short write. */
static int
write_to_stream(mb_append *append, const char *bytes, size_t size,
                bool (*give_up)(void))
{
    const mb_iov line = make_line(append->torn, bytes, size);
    for (size_t done = 0; done < line.size;) {
        const ssize_t written = write_once(append->fd, &line, done);
        if (written > 0) {
            done += (size_t)written;
            append->torn = done < line.size;
        } else if (errno != EINTR) {
            return errno;
        }
        if (done < line.size && give_up && give_up()) {
            return EINTR; /* whatever it has left in errno */
        }
    }
    return 0;
}

static bool
ends_at(int fd, off_t end)
{
    struct stat file;
    return look_at_open(fd, &file) == 0 && file.st_size == end;
}

/* Looks whether the bytes from..to of the line are in their place in the file. */
static mb_iov_place
look_for(int fd, const mb_iov *line, off_t begin, size_t from, size_t to)
{
    while (from < to) {
        char there[1024];
        const size_t most = to - from < sizeof there ? to - from : sizeof there;
        const ssize_t got = pread(fd, there, most, begin + (off_t)from);
        if (got <= 0) {
            return MB_UNKNOWN;
        }
        if (!mb_iov_match(line, from, there, (size_t)got)) {
            return MB_APART;
        }
        from += (size_t)got;
    }
    return MB_IN_PLACE;
}

/* Cuts the text after the line that a short write of `done` bytes has ended in: that
 * one is to be completed in its place, those after it are not. */
static void
end_with_line(mb_iov *text, size_t done)
{
    struct iovec *lines = &text->parts[1];
    const size_t before = text->parts[0].iov_len;
    if (done <= before || done - before >= lines->iov_len) {
        return;
    }
    const char *last = (const char *)lines->iov_base + (done - before - 1);
    const char *end = memchr(last, '\n', lines->iov_len - (done - before - 1));
    if (end) {
        lines->iov_len = (size_t)(end - (const char *)lines->iov_base) + 1;
        text->parts[2].iov_len = 0;
        text->size = before + lines->iov_len;
    }
}

/* Writes, and goes on after a short write, up to the end of that line, while no other
 * writer has appended. Reads the file to see whether another writer came before the
 * last piece: then that piece does not count as done. Nor does a newline alone. Returns
 * 0, or the errno of a failed write. */
static int
write_while_last(int fd, mb_iov *line, off_t begin, size_t *done)
{
    size_t piece;
    *done = 0;
    do {
        piece = *done;
        const ssize_t written = write_rest(fd, line, piece);
        if (written < 0) {
            return errno;
        }
        *done += (size_t)written;
        end_with_line(line, *done);
        MB_CRASH_POINT("written");
    } while (*done < line->size && *done > line->parts[0].iov_len &&
             ends_at(fd, begin + (off_t)*done));
    if (piece > 0 && look_for(fd, line, begin, piece, *done) == MB_APART) {
        *done = piece;
    }
    return 0;
}

/* Opens a descriptor without O_APPEND, with which Linux ignores the offset of pwrite(2)
 * and writes at the end. Returns CLOSED if the file is no longer at its path. */
static int
open_to_overwrite(const mb_append *append)
{
    struct stat file;
    const int fd = append->path ? open(append->path, O_WRONLY | O_CLOEXEC) : CLOSED;
    if (fd != CLOSED && (look_at_open(fd, &file) < 0 || !is_same_file(append, &file))) {
        close(fd);
        return CLOSED;
    }
    return fd;
}

/* Overwrites the bytes kept..done of a line, its beginning, with white space. If that
 * fails, the line stays unfinished, and the next record begins a new one. */
static void
take_back(const mb_append *append, const mb_iov *line, off_t begin, size_t kept,
          size_t done)
{
    char blank[1024];
    if (done <= kept || look_for(append->fd, line, begin, 0, done) != MB_IN_PLACE) {
        return;
    }
    memset(blank, MB_BLANK, sizeof blank);
    const int fd = open_to_overwrite(append);
    while (fd != CLOSED && done > kept) {
        const size_t most = done - kept;
        const size_t size = most < sizeof blank ? most : sizeof blank;
        done -= size;
        if (pwrite(fd, blank, size, begin + (off_t)done) < 0) {
            break;
        }
    }
    if (fd != CLOSED) {
        close(fd);
    }
}

/* --- the end of the file among other writers -------------------------------------- */

/* Returns whether the file ends without a newline; true if it cannot be read. A blank
 * before the record does no harm, but a record glued to another does. */
static bool
ends_without_newline(int fd, off_t end)
{
    char last;
    return pread(fd, &last, 1, end - 1) != 1 || (last != '\n' && last != MB_BLANK);
}

/* Waits for every write that is going on now. A write changes the size of the file page
 * by page, under a lock that even an empty write takes (ext4, tmpfs, overlayfs; a read
 * takes it on XFS). Nothing in the file changes. */
static void
wait_for_writers(int fd)
{
    const ssize_t none = write(fd, "", 0);
    (void)none;
}

/* Returns whether the file ends within a line whose writer was killed. Waits for a line
 * that is being written, and updates `file`. */
static bool
ends_within_line(const mb_append *append, struct stat *file)
{
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        const off_t end = file->st_size;
        if (end == append->end || end == 0 || !ends_without_newline(append->fd, end)) {
            return false;
        }
        wait_for_writers(append->fd);
        if (look_at_open(append->fd, file) < 0 || file->st_size == end) {
            break;
        }
    }
    return true;
}

/* Returns the offset of the line that this descriptor wrote last; -1 if another process
 * shares the descriptor and has written since. */
static off_t
place_of_last(int fd, const mb_iov *line)
{
    const off_t begin = lseek(fd, 0, SEEK_CUR) - (off_t)line->size;
    const bool there =
        begin >= 0 && look_for(fd, line, begin, 0, line->size) == MB_IN_PLACE;
    return there ? begin : -1;
}

/* Two writers that see the same unfinished line begin a new one each: the second finds
 * a newline before its own, and overwrites its own with a blank. */
static void
leave_no_empty_line(const mb_append *append, const mb_iov *line)
{
    const char blank = MB_BLANK;
    const off_t begin = place_of_last(append->fd, line);
    if (begin <= 0 || ends_without_newline(append->fd, begin)) {
        return;
    }
    const int fd = open_to_overwrite(append);
    if (fd != CLOSED) {
        const ssize_t written = pwrite(fd, &blank, 1, begin);
        (void)written; /* else there is an empty line */
        close(fd);
    }
}

/* Returns how many of the first `done` bytes are complete lines. */
static size_t
size_of_lines(const char *bytes, size_t done)
{
    while (done > 0 && bytes[done - 1] != '\n') {
        done--;
    }
    return done;
}

/* Writes the lines after the first `*written` bytes. Adds those that are in the file.
 * Returns the errno of a failed write, after which the rest of a line is white space;
 * else 0. */
static int
write_lines(mb_append *append, const char *bytes, size_t size, size_t *written,
            struct stat *file)
{
    size_t done;
    const bool begin_new = ends_within_line(append, file);
    const off_t begin = file->st_size;
    mb_iov line = make_line(begin_new, bytes + *written, size - *written);
    const size_t whole = line.size;
    const int failure = write_while_last(append->fd, &line, begin, &done);
    if (done == whole) {
        append->end = begin + (off_t)done;
        *written = size + 1;
        if (begin_new) {
            leave_no_empty_line(append, &line);
        }
        return 0;
    }
    append->end = UNKNOWN;
    const size_t before = done < begin_new ? done : begin_new;
    const size_t kept = size_of_lines(bytes + *written, done - before);
    *written += kept;
    if (failure) {
        take_back(append, &line, begin, begin_new + kept, done);
    }
    return failure;
}

static int
write_to_file(mb_append *append, const char *bytes, size_t size, size_t *written,
              struct stat *file)
{
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        const size_t before = *written;
        const int failure = write_lines(append, bytes, size, written, file);
        if (failure || *written > size) {
            return failure;
        }
        if (look_at_open(append->fd, file) < 0) {
            return errno;
        }
        attempt = *written > before ? 0 : attempt;
    }
    return EAGAIN;
}

/* Writes to a file that other machines may write to, under a lock, after which its end
 * is known. */
static int
write_to_shared(mb_append *append, const char *bytes, size_t size, size_t *written,
                struct stat *file)
{
    const mb_shared_lock locked = mb_shared_lock_begin(
        append->fd, append->is_late ? MB_SHARED_LATE_NS : MB_SHARED_LOCK_NS);
    append->is_late = locked == MB_SHARED;
    append->shared = locked == MB_NOT_SHARED ? MB_NOT_SHARED : MB_SHARED;
    int failure = look_at_open(append->fd, file) < 0 ? errno : 0;
    if (!failure) {
        failure = write_to_file(append, bytes, size, written, file);
    }
    if (locked == MB_SHARED_LOCKED) {
        mb_shared_lock_end(append->fd);
    }
    return failure;
}

static int
write_by_kind(mb_append *append, const char *bytes, size_t size, size_t *written,
              struct stat *file, bool (*give_up)(void))
{
    if (!is_appended_to(append, file)) {
        return write_to_stream(append, bytes, size, give_up);
    }
    return append->shared ? write_to_shared(append, bytes, size, written, file)
                          : write_to_file(append, bytes, size, written, file);
}

int
mb_append_lines(mb_append *append, const char *lines, size_t size, size_t *written,
                bool (*give_up)(void))
{
    struct stat file;
    *written = 0;
    int failure = take_lock(append);
    if (failure) {
        return failure;
    }
    failure = settle(append, &file);
    if (!failure) {
        failure = write_by_kind(append, lines, size, written, &file, give_up);
        *written = failure ? *written : size + 1;
    }
    give_lock(append);
    return failure;
}

int
mb_append_record(mb_append *append, const char *line, size_t size,
                 bool (*give_up)(void))
{
    size_t written;
    return mb_append_lines(append, line, size, &written, give_up);
}

/* --- syncing and closing --------------------------------------------------------- */

static int
sync_file(int fd)
{
    int failure = EINTR;
    for (int tries = 0; failure == EINTR && tries < MOST_INTERRUPTIONS; tries++) {
        failure = fsync(fd) < 0 ? errno : 0;
    }
    const bool cannot = failure == EINVAL || failure == ENOTSUP || failure == EROFS;
    return cannot ? 0 : failure;
}

/* Opens the file again whose descriptor was closed for others. CLOSED and errno if it
 * is no longer at its path. Does not wait for a FIFO that is there by now. */
static int
open_set_aside(const mb_append *append)
{
    struct stat file;
    const int fd = open_path(append->path, O_WRONLY | O_NONBLOCK);
    if (fd >= 0 && (look_at_open(fd, &file) < 0 || !is_same_file(append, &file))) {
        close(fd);
        errno = ENOENT;
        return CLOSED;
    }
    return fd;
}

/* Syncs the file system of the directory: a renamed file is still on it. */
static int
sync_around(const char *path)
{
    const size_t length = (size_t)(strrchr(path, '/') - path) + 1;
    char *directory = mb_alloc(length + 1);
    if (!directory) {
        return ENOMEM;
    }
    memcpy(directory, path, length);
    directory[length] = '\0';
    const int fd = open_path(directory, O_RDONLY | O_DIRECTORY);
    int failure = fd < 0 ? errno : 0;
    if (fd >= 0) {
        failure = mb_sync_file_system(fd) < 0 ? errno : 0;
        close(fd);
    }
    mb_free(directory);
    return failure;
}

/* Syncs a descriptor of its own, since a disk is slow and other threads append
 * meanwhile. */
int
mb_append_sync(mb_append *append)
{
    int failure = take_lock(append);
    if (failure) {
        return failure;
    }
    const bool aside = append->set_aside;
    const bool open = aside || append->fd != CLOSED;
    const int fd = aside  ? open_set_aside(append)
                   : open ? fcntl(append->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                          : CLOSED;
    failure = open && fd < 0 ? errno : 0;
    give_lock(append);
    if (fd >= 0) {
        failure = sync_file(fd);
        close(fd);
    } else if (aside) {
        failure = sync_around(append->path);
    }
    return failure;
}

void
mb_append_close(mb_append *append)
{
    if (take_lock(append) == 0) {
        close_own(append);
        give_lock(append);
    }
}

void
mb_append_free(mb_append *append)
{
    if (append) {
        mb_append_close(append);
        mb_files_remove(&append->file);
        pthread_mutex_destroy(&append->mutex);
        mb_free(append->path);
        mb_free(append);
    }
}
