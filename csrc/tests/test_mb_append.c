/* What one writer leaves in a file, as a table: what happens, and the file at the end.
 *
 * Needs a linker with --wrap, so that a row can decide what writev, pwrite and
 * clock_gettime do, and be the other writer that appends in between. A write(2) of nothing
 * is that of mb_append.c, which waits for others. */
#include "base/mb_clock.h"
#include "file/mb_files.h"
#include "mb_test_append.h"

#include <poll.h>
#include <sys/resource.h>

/* A row and a step leave fields out. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define LENGTH(array) (int)(sizeof(array) / sizeof *(array))

/* --- system calls that misbehave ------------------------------------------------- */

typedef struct {
    size_t most;        /* bytes that this write takes; 0: all */
    int failure;        /* errno of this write */
    const char *before; /* what another writer appends before it */
    const char *after;
} write_step;

static const write_step *script; /* the next steps, while script_size > 0 */
static int script_size;
static bool script_repeats; /* the last step for ever */
static int writes;          /* since the script began */
static int overwrite_failure;
static int64_t clock_ahead_ns;
static const char *unfinished; /* what others append while they are waited for */
static int waits, fsyncs, file_system_syncs;
static ino_t synced; /* the last one */

int __real_fsync(int);
ssize_t __real_write(int, const void *, size_t);
ssize_t __real_writev(int, const struct iovec *, int);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
int __real_clock_gettime(clockid_t, struct timespec *);

static ssize_t
write_at_most(int fd, const struct iovec *parts, int count, size_t most)
{
    struct iovec some[8];
    for (int i = 0; i < count; i++) {
        some[i] = parts[i];
        if (some[i].iov_len > most) {
            some[i].iov_len = most;
        }
        most -= some[i].iov_len;
    }
    return __real_writev(fd, some, count);
}

static const write_step *
next_step(void)
{
    writes++;
    if (script_size > 1 || !script_repeats) {
        script_size--;
        return script++;
    }
    return script;
}

ssize_t
__wrap_writev(int fd, const struct iovec *parts, int count)
{
    if (script_size == 0) {
        writes++;
        return __real_writev(fd, parts, count);
    }
    const write_step *step = next_step();
    ssize_t written = -1;
    if (step->before) {
        write_with(FILE_NAME, step->before, O_APPEND);
    }
    if (!step->failure) {
        written = write_at_most(fd, parts, count, step->most ? step->most : SIZE_MAX);
    }
    if (step->after) {
        write_with(FILE_NAME, step->after, O_APPEND);
    }
    errno = step->failure;
    return written;
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t size, off_t at)
{
    errno = overwrite_failure;
    return overwrite_failure ? -1 : __real_pwrite(fd, data, size, at);
}

/* Others append the next line of what they have not finished, or the rest of it. */
ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
    waits += size == 0;
    if (size == 0 && unfinished && *unfinished) {
        char piece[32] = "";
        const size_t length = strcspn(unfinished, "|");
        memcpy(piece, unfinished, length);
        unfinished += length + (unfinished[length] != '\0');
        write_with(FILE_NAME, piece, O_APPEND);
    }
    return __real_write(fd, data, size);
}

int
__wrap_fsync(int fd)
{
    struct stat file;
    synced = fstat(fd, &file) == 0 ? file.st_ino : 0;
    fsyncs++;
    return __real_fsync(fd);
}

int
__wrap_mb_sync_file_system(int fd)
{
    (void)fd; /* with a disk that others write to, it takes long */
    file_system_syncs++;
    return 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = __real_clock_gettime(clock, now);
    const int64_t ns = now->tv_nsec + clock_ahead_ns;
    now->tv_sec += ns / 1000000000;
    now->tv_nsec = ns % 1000000000;
    return result;
}

/* --- what can happen: the steps of a row ----------------------------------------- */

static mb_append *append;    /* of the row that runs */
static const char *path;     /* what it appends to */
static int reader;           /* of a pipe or FIFO; -1: none */
static int given;            /* the descriptor of the caller, who closes it; -1: none */
static int number_of_append; /* the descriptor that the append will open */

/* A step that uses its text, or none, and returns an errno, a number to compare, or 0. */
#define STEP(name, expression)                                                         \
    static int name(const char *text)                                                  \
    {                                                                                  \
        (void)text;                                                                    \
        return (expression);                                                           \
    }

static int
use(mb_append *other)
{
    mb_append_free(append);
    append = other;
    return append == NULL;
}

static int
give(int fd)
{
    given = fd;
    return use(mb_append_fd(fd));
}

static int
give_pipe(void)
{
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    reader = ends[0];
    return give(ends[1]);
}

STEP(at, use(mb_append_new(path = text)))
STEP(to_pipe, give_pipe())
STEP(to_descriptor, give(open(text, O_WRONLY)))
STEP(to_descriptor_at_the_end, give(open(text, O_WRONLY | O_APPEND | O_CREAT, 0666)))
STEP(to_closed_descriptor, give(-1))

/* What the program does with its append, and with files. */
STEP(record, append_line(append, text))
STEP(sync_append, mb_append_sync(append))
STEP(close_append, (mb_append_close(append), 0))
STEP(put, write_with(FILE_NAME, text, O_TRUNC))
STEP(add, write_with(FILE_NAME, text, O_APPEND))
STEP(rotate, rename(FILE_NAME, text))
STEP(make_directory, mkdir(text, 0777))
STEP(make_fifo, mkfifo(text, 0666))
STEP(open_reader, (reader = open(text, O_RDONLY | O_NONBLOCK)) < 0)
STEP(close_reader, close(reader))

/* As in a file that may only grow. */
STEP(refuse_overwriting, (overwrite_failure = EPERM, 0))
/* What others append while they are waited for: a piece each time, between bars. */
STEP(others_finish, (unfinished = text, waits = 0))
/* The append will look which file is at its path. */
STEP(wait_for_look, (clock_ahead_ns += MB_APPEND_LOOK_NS, 0))
/* As code that needs a descriptor, and finds none free. */
STEP(take_its_descriptor, !mb_files_close_one())
STEP(close_its_number, close(number_of_append))

/* As a daemon does that closes all it has. */
static int
open_under_its_number(const char *name)
{
    const int other = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);
    given = dup2(other, number_of_append);
    close(other);
    return given != number_of_append;
}

static int
limit_files_to(const char *size)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size ? (rlim_t)atoi(size) : limit.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &limit);
}

static int asked;

static bool
give_up_at_last(void)
{
    CHECK_INT(record("x"), EDEADLK); /* a handler that records */
    errno = 0;
    return ++asked == 3;
}

static int
record_until_asked_three_times(const char *line)
{
    asked = 0;
    const int failure = mb_append_record(append, line, strlen(line), give_up_at_last);
    CHECK_INT(asked, 3);
    return failure;
}

/* What can be asked then. */
STEP(holds, check_file(path, text))
STEP(old_holds, check_file("old", text))
STEP(other_holds, check_file("other", text))
STEP(absent, access(text, F_OK) == 0)
STEP(waited, waits)
STEP(synced_file_systems, file_system_syncs)

static int
received(const char *bytes)
{
    char got[16];
    CHECK_BYTES(got, read(reader, got, sizeof got), bytes);
    return 0;
}

static int
synced_file(const char *name)
{
    struct stat file;
    CHECK_INT(stat(name, &file), 0);
    CHECK(fsyncs == 0 || synced == file.st_ino);
    return fsyncs;
}

/* --- the table -------------------------------------------------------------------- */

typedef struct {
    int (*act)(const char *text);
    const char *text;
    int result;
    const write_step *writes; /* all that it does */
    int count;
    int most; /* the write is repeated, fewer times than that */
} step;

#define WRITES(...)                                                                    \
    (const write_step[]){__VA_ARGS__}, LENGTH(((const write_step[]){__VA_ARGS__}))
#define STEPS(...) {__VA_ARGS__}
#define FEWER_THAN(many, ...) WRITES(__VA_ARGS__), many
#define EIGHT_TIMES(text) text text text text text text text text

typedef struct {
    const char *name;
    step steps[12];
    const char *file; /* at the end; NULL: it is not a file */
} row;

static const row ROWS[] = {
    {"records are lines in the order of writing",
     STEPS({record, "{\"n\":1}"}, {record, ""}, {record, "{\"n\":2}"}),
     "{\"n\":1}\n\n{\"n\":2}\n"},
    {"nothing is opened before the first record",
     STEPS({absent, FILE_NAME}, {close_append}, {absent, FILE_NAME})},
    {"each record is one write",
     STEPS({put, "torn"}, {record, "{}", 0, WRITES({0})},
           {record, "{}", 0, WRITES({0})}, {record, "{}", 0, WRITES({0})}),
     "torn\n{}\n{}\n{}\n"},
    {"a later chdir moves nothing",
     STEPS({chdir, "/"}, {record, "{}"}, {chdir, directory}), "{}\n"},
    {"a closed file is opened again",
     STEPS({record, "1"}, {close_append}, {close_append}, {record, "2"}), "1\n2\n"},

    /* lines of others */
    {"a torn last line is kept apart from the next record",
     STEPS({put, "torn"}, {record, "1"}, {record, "2"}, {add, "torn"}, {record, "3"}),
     "torn\n1\n2\ntorn\n3\n"},
    {"a whole last line is followed without a gap",
     STEPS({put, "old\n"}, {record, "1"}, {add, "OTHER\n"}, {record, "2"}),
     "old\n1\nOTHER\n2\n"},
    {"a file that another program emptied goes on at its beginning",
     STEPS({record, "1"}, {put, ""}, {record, "2"}), "2\n"},
    /* A write of another process shows page by page. The second record finds the file
     * unchanged, and does not read it. */
    {"a line that is being written is waited for",
     STEPS({put, "OTH"}, {others_finish, "ER\n"}, {record, "1"}, {waited, "", 1},
           {record, "2"}, {waited, "", 1}),
     "OTHER\n1\n2\n"},
    {"so is the one after it",
     STEPS({put, "OTH"}, {others_finish, "ER\nOTH|ER\n"}, {record, "1"},
           {waited, "", 2}, {record, "2"}, {waited, "", 2}),
     "OTHER\nOTHER\n1\n2\n"},
    {"a line that its writer has left is waited for once",
     STEPS({put, "torn"}, {others_finish, ""}, {record, "1"}, {waited, "", 1},
           {record, "2"}, {waited, "", 1}),
     "torn\n1\n2\n"},
    /* Two see the same torn line, and each keeps its record apart from it. */
    {"no empty line is left where two begin a new one",
     STEPS({put, "torn"}, {record, "1", 0, WRITES({.before = "\nOTHER\n"})},
           {record, "2", 0, WRITES({0})}),
     "torn\nOTHER\n\t1\n2\n"},
    /* What the disk refuses becomes white space on a line of its own. */
    {"the newline that keeps it apart is not taken back",
     STEPS({put, "torn"},
           {record, "12345", ENOSPC, WRITES({.most = 4}, {.failure = ENOSPC})},
           {holds, "torn\n\t\t\t"}, {record, "2"}),
     "torn\n\t\t\t2\n"},

    /* short writes and errors */
    {"a short write is continued",
     STEPS({put, "torn"},
           {record, "12345678", 0, WRITES({.most = 1}, {.most = 3}, {.most = 5}, {0})},
           {record, "2"}),
     "torn\n12345678\n2\n"},
    /* Its end shows that no other writer has come. */
    {"a short write to a file that cannot be read is continued",
     STEPS({to_descriptor_at_the_end, FILE_NAME},
           {record, "12345", 0, WRITES({.most = 4}, {.most = 1}, {0})}),
     "12345\n"},
    {"after an error a short write is made white space",
     STEPS({record, "1"},
           {record, "12345", ENOSPC, WRITES({.most = 4}, {.failure = ENOSPC})},
           {holds, "1\n\t\t\t\t"}, {record, "2"}),
     "1\n\t\t\t\t2\n"},
    {"what cannot be taken back is kept apart from the next record",
     STEPS({record, "1"}, {refuse_overwriting},
           {record, "12345", EIO, WRITES({.most = 4}, {.failure = EIO})},
           {holds, "1\n1234"}, {record, "2"}),
     "1\n1234\n2\n"},
    {"half a record that ends where a whole one did is seen",
     STEPS({record, "1234567"}, {put, "1234\n"}, {refuse_overwriting},
           {record, "abcdefg", EIO, WRITES({.most = 3}, {.failure = EIO})},
           {record, "2"}),
     "1234\nabc\n2\n"},
    {"behind the line of another writer a cut record is written again whole",
     STEPS({record, "12345", 0, WRITES({.most = 4, .after = "\nOTHER\n"}, {0})},
           {record, "2"}),
     "1234\nOTHER\n12345\n2\n"},
    {"behind half a line of another writer too",
     STEPS({record, "12345", 0, WRITES({.most = 4, .after = "OTH"}, {0})}),
     "1234OTH\n12345\n"},
    {"a line that came before a short write is noticed",
     STEPS({record, "12345", 0, WRITES({.most = 4, .before = "OTHER\n"}, {0})}),
     "OTHER\n1234\n12345\n"},
    {"an error never takes back a line of another writer",
     STEPS({record, "1"},
           {record, "12345", ENOSPC,
            WRITES({.most = 4}, {.failure = ENOSPC, .before = "\nOTHER\n"})},
           {holds, "1\n\t\t\t\t\nOTHER\n"}, {record, "2"}),
     "1\n\t\t\t\t\nOTHER\n2\n"},
    {"a line of another writer before the last piece is noticed",
     STEPS({record, "12345", 0, WRITES({.most = 4}, {.before = "\nOTHER\n"}, {0})}),
     "1234\nOTHER\n5\n12345\n"},
    {"a line of another writer behind the last piece does no harm",
     STEPS({record, "12345", 0, WRITES({.most = 4}, {.after = "OTHER\n"})}),
     "12345\nOTHER\n"},
    {"a failed write of nothing never cuts the file",
     STEPS({record, "1", EIO, WRITES({.failure = EIO, .before = "OTHER\n"})}),
     "OTHER\n"},
    {"a line of another writer just before a write is noticed after it",
     STEPS({record, "1"},
           {record, "2", 0, WRITES({.before = "OTHER\n", .after = "OTH"})},
           {record, "3"}),
     "1\nOTHER\n2\nOTH\n3\n"},
    {"among restless writers it gives up in the end",
     STEPS({record, "12345", EAGAIN, FEWER_THAN(20, {.most = 2, .after = "\nOTHER\n"})},
           {record, "2"}),
     EIGHT_TIMES("12\nOTHER\n") "2\n"},
    {"an interrupted write is done again",
     STEPS({record, "12345", 0,
            WRITES({.failure = EINTR}, {.failure = EINTR}, {.most = 2},
                   {.failure = EINTR}, {0})}),
     "12345\n"},
    {"endless interruptions end",
     STEPS({record, "12345", EINTR, FEWER_THAN(10000, {.failure = EINTR})}), ""},
    {"at the size limit of the process the file stays whole",
     STEPS({record, "1"}, {limit_files_to, "8"},
           {record, "a record of more than 8 bytes", EFBIG}, {limit_files_to},
           {holds, "1\n\t\t\t\t\t\t"}, {record, "a record of more than 8 bytes"}),
     "1\n\t\t\t\t\t\ta record of more than 8 bytes\n"},

    /* other files at the path */
    {"a deleted file is made again at once",
     STEPS({record, "1"}, {unlink, FILE_NAME}, {record, "2"}), "2\n"},
    {"a rotated file is left for the new one at the next look",
     STEPS({record, "1"}, {rotate, "old"}, {put, "torn"}, {record, "2"},
           {wait_for_look}, {record, "3"}, {old_holds, "1\n2\n"}),
     "torn\n3\n"},
    {"a file that was moved away is made again",
     STEPS({record, "1"}, {rotate, "old"}, {wait_for_look}, {record, "2"},
           {old_holds, "1\n"}),
     "2\n"},
    {"a rotated file takes records while the new one cannot be opened",
     STEPS({record, "1"}, {rotate, "old"}, {make_directory, FILE_NAME}, {wait_for_look},
           {record, "2"}, {old_holds, "1\n2\n"}, {rmdir, FILE_NAME}, {wait_for_look},
           {record, "3"}),
     "3\n"},
    {"a deleted file that cannot be made again is an error",
     STEPS({make_directory, "logs"}, {at, "logs/file"}, {record, "1"},
           {unlink, "logs/file"}, {rmdir, "logs"}, {record, "2", ENOENT},
           {make_directory, "logs"}, {record, "3"}),
     "3\n"},
    {"a directory is an error", STEPS({at, "."}, {record, "1", EISDIR}, {sync_append})},
    {"a missing directory is an error until it is there",
     STEPS({at, "later/file"}, {record, "1", ENOENT}, {make_directory, "later"},
           {record, "2"}),
     "2\n"},
    {"a number that now means another file is left alone",
     STEPS({record, "1"}, {open_under_its_number, "other"}, {record, "2"},
           {other_holds, ""}),
     "1\n2\n"},
    {"a number that now means another file is not closed",
     STEPS({record, "1"}, {open_under_its_number, "other"}), "1\n"},
    {"a closed number is opened again",
     STEPS({record, "1"}, {close_its_number}, {record, "2"}), "1\n2\n"},

    /* streams: not regular files */
    {"a full device is an error",
     STEPS({at, "/dev/full"}, {record, "1", ENOSPC}, {record, "2", ENOSPC})},
    {"a pipe takes records until its reader closes",
     STEPS({to_pipe}, {record, "1"}, {record, "2"}, {received, "1\n2\n"}, {sync_append},
           {close_reader}, {record, "3", EPIPE})},
    {"a short write to a pipe is continued",
     STEPS({to_pipe}, {record, "12345", 0, WRITES({.most = 2}, {.most = 1}, {0})},
           {received, "12345\n"})},
    {"a pipe that takes nothing can be given up",
     STEPS({to_pipe},
           {record_until_asked_three_times, "12345", EINTR,
            WRITES({.most = 1}, {.most = 1}, {.failure = EINTR})},
           {record, "6"}, {received, "12\n6\n"})},
    {"half a record in a pipe is kept apart from the next",
     STEPS({to_pipe},
           {record, "12345", EAGAIN, WRITES({.most = 2}, {.failure = EAGAIN})},
           {record, "2", EAGAIN, WRITES({.failure = EAGAIN})}, {record, "3"},
           {record, "4"}, {received, "12\n3\n4\n"})},
    {"a FIFO without a reader is an error at once",
     STEPS({make_fifo, "fifo"}, {at, "fifo"}, {record, "1", ENXIO},
           {open_reader, "fifo"}, {record, "2"}, {received, "2\n"}, {sync_append},
           {unlink, "fifo"})},
    /* What is written is not cut off: others may follow it. */
    {"the descriptor of a caller keeps its position",
     STEPS({put, "0123456789"}, {to_descriptor, FILE_NAME}, {record, "ab"},
           {record, "cd", EIO, WRITES({.most = 1}, {.failure = EIO})}, {record, "e"}),
     "ab\nc\ne\n789"},
    {"a descriptor that cannot read begins a line behind others",
     STEPS({put, "old\n"}, {to_descriptor_at_the_end, FILE_NAME}, {record, "1"},
           {record, "2"}, {add, "OTH"}, {record, "3"}),
     "old\n\n1\n2\nOTH\n3\n"},
    {"a closed descriptor of the caller is an error",
     STEPS({to_closed_descriptor}, {record, "1", EBADF}, {sync_append})},

    /* syncing */
    {"a file can be synced", STEPS({sync_append}, {record, "1"}, {sync_append}), "1\n"},
    {"a file that others needed the descriptor of can be synced",
     STEPS({record, "1"}, {take_its_descriptor}, {sync_append},
           {synced_file, FILE_NAME, 1}, {synced_file_systems, "", 0}),
     "1\n"},
    /* Its name is unknown; at its path is nothing. */
    {"so can one that was rotated meanwhile",
     STEPS({record, "1"}, {take_its_descriptor}, {rotate, "old"}, {sync_append},
           {synced_file, "old", 0}, {synced_file_systems, "", 1}, {absent, FILE_NAME},
           {old_holds, "1\n"})},
    {"so can one that was replaced meanwhile",
     STEPS({record, "1"}, {take_its_descriptor}, {rotate, "old"}, {put, "OTHER\n"},
           {sync_append}, {synced_file, "old", 0}, {synced_file_systems, "", 1},
           {old_holds, "1\n"}),
     "OTHER\n"},
    {"so can one that a FIFO has replaced",
     STEPS({record, "1"}, {take_its_descriptor}, {rotate, "old"},
           {make_fifo, FILE_NAME}, {sync_append}, {synced_file, "old", 0},
           {synced_file_systems, "", 1}, {unlink, FILE_NAME})},
};

static void
begin_row(void)
{
    overwrite_failure = fsyncs = file_system_syncs = 0;
    unfinished = NULL;
    reader = given = -1;
    number_of_append = dup(STDERR_FILENO);
    close(number_of_append);
    path = FILE_NAME;
    append = new_append();
}

static void
run_step(const step *now)
{
    script = now->writes;
    script_size = now->count;
    script_repeats = now->most > 0;
    writes = 0;
    CHECK_INT(now->act(now->text), now->result);
    if (now->most) {
        CHECK(writes < now->most);
    } else if (now->count) {
        CHECK_INT(writes, now->count);
    }
    script_size = 0;
}

static void
run_row(const row *now)
{
    char name[128];
    begin_row();
    test_name = name;
    for (int i = 0; now->steps[i].act; i++) {
        snprintf(name, sizeof name, "%s, step %d", now->name, i + 1);
        run_step(&now->steps[i]);
    }
    mb_append_free(append);
    if (now->file) {
        check_file(path, now->file);
    }
    if (given >= 0) {
        CHECK_INT(close(given), 0); /* still open */
    }
    close(reader);
}

/* --- tests that are not rows ----------------------------------------------------- */

static void
a_new_file_has_the_mode_that_umask_leaves(void)
{
    struct stat file;
    const mode_t before = umask(027);
    append = new_append();
    CHECK_INT(record("{}"), 0);
    umask(before);
    CHECK_INT(stat(FILE_NAME, &file), 0);
    CHECK_INT(file.st_mode & 0777, 0640);
    mb_append_free(append);
}

static void
a_long_record_arrives_whole(void)
{
    append = new_append();
    const size_t size = 3 << 20;
    char *line = malloc(size);
    memset(line, 'x', size);
    CHECK_INT(mb_append_record(append, line, size, NULL), 0);
    size_t found_size;
    char *found = contents_of(FILE_NAME, &found_size);
    CHECK_INT(found_size, size + 1);
    CHECK(memcmp(found, line, size) == 0 && found[size] == '\n');
    free(found);
    free(line);
    mb_append_free(append);
}

static void
a_deleted_file_that_only_a_descriptor_names_takes_records(void)
{
    char name[64];
    put("");
    const int fd = open(FILE_NAME, O_RDWR);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (access(name, F_OK) == 0) { /* else there is no such name here */
        append = mb_append_new(name);
        unlink(FILE_NAME);
        CHECK_INT(record("1"), 0);
        CHECK_INT(record("2"), 0);
        char got[8];
        CHECK_BYTES(got, pread(fd, got, sizeof got, 0), "1\n2\n");
        mb_append_free(append);
    }
    close(fd);
}

static void *
read_all(void *reader)
{
    static char got[4096];
    size_t total = 0;
    struct pollfd readable = {.fd = *(int *)reader, .events = POLLIN};
    for (ssize_t size; poll(&readable, 1, -1) > 0;) {
        size = read(readable.fd, got, sizeof got);
        if (size <= 0) {
            break;
        }
        total += (size_t)size;
    }
    return (void *)total;
}

static void
a_record_longer_than_a_fifo_waits_for_its_reader(void)
{
    static char line[1 << 20];
    pthread_t thread;
    void *total;
    memset(line, 'x', sizeof line);
    CHECK_INT(mkfifo("fifo", 0666), 0);
    int fd = open("fifo", O_RDONLY | O_NONBLOCK);
    append = mb_append_new("fifo");
    CHECK_INT(record(""), 0);
    CHECK_INT(pthread_create(&thread, NULL, read_all, &fd), 0);
    CHECK_INT(mb_append_record(append, line, sizeof line, NULL), 0);
    mb_append_free(append); /* the end for the reader */
    pthread_join(thread, &total);
    CHECK_INT((size_t)total, sizeof line + 2);
    close(fd);
    unlink("fifo");
}

int
main(void)
{
    begin_tests();
    for (int i = 0; i < LENGTH(ROWS); i++) {
        run_row(&ROWS[i]);
    }
    RUN(a_new_file_has_the_mode_that_umask_leaves);
    RUN(a_long_record_arrives_whole);
    RUN(a_deleted_file_that_only_a_descriptor_names_takes_records);
    RUN(a_record_longer_than_a_fifo_waits_for_its_reader);
    return test_report();
}
