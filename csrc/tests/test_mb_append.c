/* Needs a linker with --wrap, so that a test can decide what writev, pwrite and
 * clock_gettime do, and be the other writer that appends in between. A write(2) of nothing
 * is that of mb_append.c, which waits for others. */
#include "file/mb_append.h"

#include "base/mb_clock.h"
#include "file/mb_files.h"
#include "mb_test.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* --- system calls that misbehave ------------------------------------------------- */

typedef struct {
    size_t most;          /* bytes that this write takes; 0: all */
    int failure;          /* errno of this write */
    void (*before)(void); /* what another process does meanwhile */
    void (*after)(void);
} write_step;

static const write_step *script; /* the next steps, while script_size > 0 */
static size_t script_size;
static bool script_repeats; /* the last step for ever */
static int writes;          /* since the script began */
static int overwrite_failure;
static int64_t clock_ahead_ns;
static void (*const *meanwhile)(
    void);        /* what others finish while they are waited for */
static int waits; /* since meanwhile was set */

static ino_t synced;            /* the last one */
static int synced_file_systems; /* so many times */

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

ssize_t
__wrap_writev(int fd, const struct iovec *parts, int count)
{
    if (script_size == 0) {
        return __real_writev(fd, parts, count);
    }
    const write_step step = *script;
    if (script_size > 1 || !script_repeats) {
        script++;
        script_size--;
    }
    writes++;
    if (step.before) {
        step.before();
    }
    ssize_t written = -1;
    if (!step.failure) {
        written = write_at_most(fd, parts, count, step.most ? step.most : SIZE_MAX);
    }
    if (step.after) {
        step.after();
    }
    errno = step.failure;
    return written;
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (overwrite_failure) {
        errno = overwrite_failure;
        return -1;
    }
    return __real_pwrite(fd, data, size, at);
}

ssize_t
__wrap_write(int fd, const void *data, size_t size)
{
    if (size == 0 && meanwhile) {
        waits++;
        if (*meanwhile) {
            (*meanwhile++)();
        }
    }
    return __real_write(fd, data, size);
}

int
__wrap_fsync(int fd)
{
    struct stat file;
    synced = fstat(fd, &file) == 0 ? file.st_ino : 0;
    return __real_fsync(fd);
}

int
__wrap_mb_sync_file_system(int fd)
{
    (void)fd; /* with a disk that others write to, it takes long */
    synced_file_systems++;
    return 0;
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = __real_clock_gettime(clock, now);
    const int64_t ns =
        now->tv_nsec + __atomic_load_n(&clock_ahead_ns, __ATOMIC_RELAXED);
    now->tv_sec += ns / 1000000000;
    now->tv_nsec = ns % 1000000000;
    return result;
}

#define PLAY(...)                                                                      \
    static const write_step steps[] = {__VA_ARGS__};                                   \
    play(steps, sizeof steps / sizeof *steps, false)
#define PLAY_AND_REPEAT_LAST(...)                                                      \
    static const write_step steps[] = {__VA_ARGS__};                                   \
    play(steps, sizeof steps / sizeof *steps, true)

static void
play(const write_step *steps, size_t size, bool repeats)
{
    script = steps;
    script_size = size;
    script_repeats = repeats;
    writes = 0;
}

static void
end_play(void)
{
    script_size = 0;
}

static void
let_the_append_look_at_its_path(void)
{
    __atomic_add_fetch(&clock_ahead_ns, MB_APPEND_LOOK_NS, __ATOMIC_RELAXED);
}

/* --- files ----------------------------------------------------------------------- */

static char directory[4096]; /* where all tests run */
static const char FILE_NAME[] = "records.jsonl";

static void
write_with(const char *name, const char *bytes, int flags)
{
    const int fd = open(name, O_WRONLY | O_CREAT | flags, 0666);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
}

static void
put(const char *bytes)
{
    write_with(FILE_NAME, bytes, O_TRUNC);
}

static void
add(const char *bytes)
{
    write_with(FILE_NAME, bytes, O_APPEND);
}

static void
other_adds_a_line(void)
{
    add("OTHER\n");
}

static void
other_heals_and_adds_a_line(void)
{
    add("\nOTHER\n");
}

static void
other_adds_half_a_line(void)
{
    add("OTH");
}

/* Owned by the caller: all of it, with a 0. */
static char *
contents_of(const char *name, size_t *size)
{
    struct stat file;
    const int fd = open(name, O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &file) == 0);
    char *bytes = malloc((size_t)file.st_size + 1);
    const ssize_t got = read(fd, bytes, (size_t)file.st_size);
    CHECK_INT(got, file.st_size);
    close(fd);
    bytes[file.st_size] = '\0';
    *size = (size_t)file.st_size;
    return bytes;
}

#define CHECK_FILE(name, expected)                                                     \
    do {                                                                               \
        size_t size_found;                                                             \
        char *found = contents_of(name, &size_found);                                  \
        CHECK_BYTES(found, size_found, expected);                                      \
        free(found);                                                                   \
    } while (0)

static mb_append *
new_append(void)
{
    unlink(FILE_NAME);
    mb_append *append = mb_append_new(FILE_NAME);
    CHECK(append != NULL);
    return append;
}

static int
record(mb_append *append, const char *line)
{
    return mb_append_record(append, line, strlen(line), NULL);
}

/* --- one writer ------------------------------------------------------------------ */

static void
records_are_lines_in_the_order_of_writing(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "{\"n\":1}"), 0);
    CHECK_INT(record(append, ""), 0);
    CHECK_INT(record(append, "{\"n\":2}"), 0);
    CHECK_FILE(FILE_NAME, "{\"n\":1}\n\n{\"n\":2}\n");
    mb_append_free(append);
}

static void
nothing_is_opened_before_the_first_record(void)
{
    mb_append *append = new_append();
    CHECK(access(FILE_NAME, F_OK) < 0);
    mb_append_close(append);
    mb_append_free(append);
    CHECK(access(FILE_NAME, F_OK) < 0);
}

static void
each_record_is_one_write(void)
{
    mb_append *append = new_append();
    put("torn");
    PLAY_AND_REPEAT_LAST({0});
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(record(append, "{}"), 0);
        CHECK_INT(writes, i);
    }
    end_play();
    CHECK_FILE(FILE_NAME, "torn\n{}\n{}\n{}\n");
    mb_append_free(append);
}

static void
a_new_file_has_the_mode_that_umask_leaves(void)
{
    struct stat file;
    const mode_t before = umask(027);
    mb_append *append = new_append();
    CHECK_INT(record(append, "{}"), 0);
    umask(before);
    CHECK_INT(stat(FILE_NAME, &file), 0);
    CHECK_INT(file.st_mode & 0777, 0640);
    mb_append_free(append);
}

static void
a_later_chdir_moves_nothing(void)
{
    mb_append *append = new_append();
    CHECK_INT(chdir("/"), 0);
    CHECK_INT(record(append, "{}"), 0);
    CHECK_INT(chdir(directory), 0);
    CHECK_FILE(FILE_NAME, "{}\n");
    mb_append_free(append);
}

static void
a_closed_file_is_opened_again(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    mb_append_close(append);
    mb_append_close(append);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n2\n");
    mb_append_free(append);
}

static void
a_long_record_arrives_whole(void)
{
    mb_append *append = new_append();
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

/* --- lines of others ------------------------------------------------------------- */

static void
a_torn_last_line_is_kept_apart_from_the_next_record(void)
{
    mb_append *append = new_append();
    put("{\"torn\":");
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(record(append, "2"), 0);
    add("{\"torn\":");
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE(FILE_NAME, "{\"torn\":\n1\n2\n{\"torn\":\n3\n");
    mb_append_free(append);
}

static void
a_whole_last_line_is_followed_without_a_gap(void)
{
    mb_append *append = new_append();
    put("old\n");
    CHECK_INT(record(append, "1"), 0);
    other_adds_a_line();
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "old\n1\nOTHER\n2\n");
    mb_append_free(append);
}

static void
a_file_that_somebody_emptied_goes_on_at_its_beginning(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    put("");
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "2\n");
    mb_append_free(append);
}

static void
other_ends_its_line(void)
{
    add("ER\n");
}

static void
other_ends_its_line_and_begins_the_next(void)
{
    add("ER\nOTH");
}

static void
wait_for(void (*const *others)(void))
{
    meanwhile = others;
    waits = 0;
}

/* Appends the first record after an unfinished line. The next one finds the file unchanged and
 * does not read it. */
static void
check_waits(const char *begun, void (*const *others)(void), int count,
            const char *expected)
{
    mb_append *append = new_append();
    put(begun);
    wait_for(others);
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(waits, count);
    CHECK_FILE(FILE_NAME, expected);
    CHECK_INT(record(append, "2"), 0);
    CHECK_INT(waits, count);
    meanwhile = NULL;
    mb_append_free(append);
}

/* A write of another process shows page by page: it is no torn line. */
static void
a_line_that_is_being_written_is_waited_for(void)
{
    static void (*const ends[])(void) = {other_ends_its_line, NULL};
    check_waits("OTH", ends, 1, "OTHER\n1\n");
}

static void
so_is_the_one_after_it(void)
{
    static void (*const ends[])(void) = {other_ends_its_line_and_begins_the_next,
                                         other_ends_its_line, NULL};
    check_waits("OTH", ends, 2, "OTHER\nOTHER\n1\n");
}

static void
a_line_that_its_writer_has_left_is_waited_for_once(void)
{
    static void (*const no_writers[])(void) = {NULL};
    check_waits("torn", no_writers, 1, "torn\n1\n");
}

/* Two see the same torn line, and each keeps its record apart from it. */
static void
no_empty_line_is_left_where_two_begin_a_new_one(void)
{
    mb_append *append = new_append();
    put("torn");
    PLAY({.before = other_heals_and_adds_a_line}, {0});
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "torn\nOTHER\n\t1\n2\n");
    mb_append_free(append);
}

/* What the disk refuses becomes white space on a line of its own. */
static void
the_newline_that_keeps_it_apart_is_not_taken_back(void)
{
    mb_append *append = new_append();
    put("torn");
    PLAY({.most = 4}, {.failure = ENOSPC});
    CHECK_INT(record(append, "12345"), ENOSPC);
    CHECK_FILE(FILE_NAME, "torn\n\t\t\t");
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "torn\n\t\t\t2\n");
    mb_append_free(append);
}

/* --- short writes and errors ----------------------------------------------------- */

static void
a_short_write_is_continued(void)
{
    mb_append *append = new_append();
    put("torn");
    PLAY({.most = 1}, {.most = 3}, {.most = 5}, {0});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_INT(writes, 4);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "torn\n{\"n\":12345}\n2\n");
    mb_append_free(append);
}

/* The file cannot be read then: its end shows that no other writer has come. */
static void
a_short_write_to_a_file_that_cannot_be_read_is_continued(void)
{
    const int fd = open(FILE_NAME, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0666);
    mb_append *append = mb_append_fd(fd);
    PLAY({.most = 4}, {.most = 1}, {0});
    CHECK_INT(record(append, "12345"), 0);
    CHECK_FILE(FILE_NAME, "12345\n");
    mb_append_free(append);
    close(fd);
}

static void
after_an_error_a_short_write_is_made_white_space(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    PLAY({.most = 4}, {.failure = ENOSPC});
    CHECK_INT(record(append, "{\"n\":12345}"), ENOSPC);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t");
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t2\n");
    mb_append_free(append);
}

static void
what_cannot_be_taken_back_is_kept_apart_from_the_next_record(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    PLAY({.most = 4}, {.failure = EIO});
    overwrite_failure = EPERM; /* as in a file that may only grow */
    CHECK_INT(record(append, "{\"n\":12345}"), EIO);
    overwrite_failure = 0;
    CHECK_FILE(FILE_NAME, "1\n{\"n\"");
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n{\"n\"\n2\n");
    mb_append_free(append);
}

static void
half_a_record_that_ends_where_a_whole_one_did_is_seen(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1234567"), 0);
    put("1234\n");
    PLAY({.most = 3}, {.failure = EIO});
    overwrite_failure = EPERM;
    CHECK_INT(record(append, "abcdefg"), EIO);
    overwrite_failure = 0;
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1234\nabc\n2\n");
    mb_append_free(append);
}

static void
behind_somebody_elses_line_a_cut_record_is_written_again_whole(void)
{
    mb_append *append = new_append();
    PLAY({.most = 4, .after = other_heals_and_adds_a_line}, {0});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "{\"n\"\nOTHER\n{\"n\":12345}\n2\n");
    mb_append_free(append);
}

static void
behind_half_a_line_of_somebody_else_too(void)
{
    mb_append *append = new_append();
    PLAY({.most = 4, .after = other_adds_half_a_line}, {0});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_FILE(FILE_NAME, "{\"n\"OTH\n{\"n\":12345}\n");
    mb_append_free(append);
}

static void
a_line_that_came_before_a_short_write_is_noticed(void)
{
    mb_append *append = new_append();
    PLAY({.most = 4, .before = other_adds_a_line}, {0});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_FILE(FILE_NAME, "OTHER\n{\"n\"\n{\"n\":12345}\n");
    mb_append_free(append);
}

static void
an_error_never_takes_back_a_line_of_somebody_else(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    PLAY({.most = 4}, {.failure = ENOSPC, .before = other_heals_and_adds_a_line});
    CHECK_INT(record(append, "{\"n\":12345}"), ENOSPC);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t\nOTHER\n");
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t\nOTHER\n2\n");
    mb_append_free(append);
}

static void
a_line_of_somebody_else_before_the_last_piece_is_noticed(void)
{
    mb_append *append = new_append();
    PLAY({.most = 4}, {.before = other_heals_and_adds_a_line}, {0});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_FILE(FILE_NAME, "{\"n\"\nOTHER\n:12345}\n{\"n\":12345}\n");
    mb_append_free(append);
}

static void
a_line_of_somebody_else_behind_the_last_piece_does_no_harm(void)
{
    mb_append *append = new_append();
    PLAY({.most = 4}, {.after = other_adds_a_line});
    CHECK_INT(record(append, "{\"n\":12345}"), 0);
    CHECK_FILE(FILE_NAME, "{\"n\":12345}\nOTHER\n");
    mb_append_free(append);
}

static void
a_failed_write_of_nothing_never_cuts_the_file(void)
{
    mb_append *append = new_append();
    PLAY({.failure = EIO, .before = other_adds_a_line});
    CHECK_INT(record(append, "1"), EIO);
    CHECK_FILE(FILE_NAME, "OTHER\n");
    mb_append_free(append);
}

static void
a_line_of_somebody_else_just_before_a_write_is_noticed_after_it(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    PLAY({.before = other_adds_a_line, .after = other_adds_half_a_line});
    CHECK_INT(record(append, "2"), 0);
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE(FILE_NAME, "1\nOTHER\n2\nOTH\n3\n");
    mb_append_free(append);
}

static void
among_restless_writers_it_gives_up_in_the_end(void)
{
    mb_append *append = new_append();
    PLAY_AND_REPEAT_LAST({.most = 2, .after = other_heals_and_adds_a_line});
    CHECK_INT(record(append, "12345"), EAGAIN);
    CHECK(writes < 20);
    end_play();
    CHECK_INT(record(append, "2"), 0);
    mb_append_free(append);
}

static void
an_interrupted_write_is_done_again(void)
{
    mb_append *append = new_append();
    PLAY({.failure = EINTR}, {.failure = EINTR}, {.most = 2}, {.failure = EINTR}, {0});
    CHECK_INT(record(append, "12345"), 0);
    CHECK_INT(writes, 5);
    CHECK_FILE(FILE_NAME, "12345\n");
    mb_append_free(append);
}

static void
endless_interruptions_end(void)
{
    mb_append *append = new_append();
    PLAY_AND_REPEAT_LAST({.failure = EINTR});
    CHECK_INT(record(append, "12345"), EINTR);
    CHECK(writes < 10000);
    end_play();
    mb_append_free(append);
}

static void
at_the_size_limit_of_the_process_the_file_stays_whole(void)
{
    struct rlimit before, limit;
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){.rlim_cur = 8, .rlim_max = before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const int failure = record(append, "a record of more than 8 bytes");
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK_INT(failure, EFBIG);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t\t\t");
    CHECK_INT(record(append, "a record of more than 8 bytes"), 0);
    CHECK_FILE(FILE_NAME, "1\n\t\t\t\t\t\ta record of more than 8 bytes\n");
    mb_append_free(append);
}

/* --- other files at the path ----------------------------------------------------- */

static void
a_deleted_file_is_made_again_at_once(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    unlink(FILE_NAME);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "2\n");
    mb_append_free(append);
}

static void
a_rotated_file_is_left_for_the_new_one(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(rename(FILE_NAME, "old"), 0);
    put("torn");
    CHECK_INT(record(append, "2"), 0); /* has just looked at the path */
    let_the_append_look_at_its_path();
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE("old", "1\n2\n");
    CHECK_FILE(FILE_NAME, "torn\n3\n");
    mb_append_free(append);
}

static void
a_file_that_was_moved_away_is_made_again(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(rename(FILE_NAME, "old"), 0);
    let_the_append_look_at_its_path();
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE("old", "1\n");
    CHECK_FILE(FILE_NAME, "2\n");
    mb_append_free(append);
}

static void
a_rotated_file_takes_records_while_the_new_one_cannot_be_opened(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(rename(FILE_NAME, "old"), 0);
    CHECK_INT(mkdir(FILE_NAME, 0777), 0);
    let_the_append_look_at_its_path();
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE("old", "1\n2\n");
    rmdir(FILE_NAME);
    let_the_append_look_at_its_path();
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE(FILE_NAME, "3\n");
    mb_append_free(append);
}

static void
a_deleted_file_that_cannot_be_made_again_is_an_error(void)
{
    CHECK_INT(mkdir("logs", 0777), 0);
    mb_append *append = mb_append_new("logs/records.jsonl");
    CHECK_INT(record(append, "1"), 0);
    unlink("logs/records.jsonl");
    rmdir("logs");
    CHECK_INT(record(append, "2"), ENOENT);
    CHECK_INT(mkdir("logs", 0777), 0);
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE("logs/records.jsonl", "3\n");
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
        mb_append *append = mb_append_new(name);
        unlink(FILE_NAME);
        CHECK_INT(record(append, "1"), 0);
        CHECK_INT(record(append, "2"), 0);
        char got[8];
        CHECK_BYTES(got, pread(fd, got, sizeof got, 0), "1\n2\n");
        mb_append_free(append);
    }
    close(fd);
}

static void
a_directory_is_an_error(void)
{
    mb_append *append = mb_append_new(directory);
    CHECK_INT(record(append, "1"), EISDIR);
    CHECK_INT(mb_append_sync(append), 0);
    mb_append_free(append);
}

static void
a_missing_directory_is_an_error_until_it_is_there(void)
{
    rmdir("later");
    mb_append *append = mb_append_new("later/records.jsonl");
    CHECK_INT(record(append, "1"), ENOENT);
    CHECK_INT(mkdir("later", 0777), 0);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE("later/records.jsonl", "2\n");
    mb_append_free(append);
}

static void
a_number_that_now_means_another_file_is_left_alone(void)
{
    mb_append *append = new_append();
    const int next = dup(STDERR_FILENO); /* the number that the append will get */
    close(next);
    CHECK_INT(record(append, "1"), 0);
    const int other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0666);
    CHECK_INT(dup2(other, next), next); /* as a daemon does that closes all it has */
    close(other);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n2\n");
    CHECK_FILE("other", "");
    mb_append_free(append);
    CHECK_INT(close(next), 0); /* still open */
}

static void
a_number_that_now_means_another_file_is_not_closed(void)
{
    mb_append *append = new_append();
    const int next = dup(STDERR_FILENO);
    close(next);
    CHECK_INT(record(append, "1"), 0);
    const int other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0666);
    CHECK_INT(dup2(other, next), next);
    close(other);
    mb_append_free(append);
    CHECK_INT(close(next), 0); /* still open */
}

static void
a_closed_number_is_opened_again(void)
{
    mb_append *append = new_append();
    const int next = dup(STDERR_FILENO);
    close(next);
    CHECK_INT(record(append, "1"), 0);
    close(next);
    CHECK_INT(record(append, "2"), 0);
    CHECK_FILE(FILE_NAME, "1\n2\n");
    mb_append_free(append);
}

/* --- streams: not regular files --------------------------------------------------- */

static void
a_full_device_is_an_error(void)
{
    mb_append *append = mb_append_new("/dev/full");
    CHECK_INT(record(append, "1"), ENOSPC);
    CHECK_INT(record(append, "2"), ENOSPC);
    mb_append_free(append);
}

static void
a_pipe_takes_records_until_its_reader_closes(void)
{
    int ends[2];
    char got[8];
    CHECK_INT(pipe(ends), 0);
    mb_append *append = mb_append_fd(ends[1]);
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(record(append, "2"), 0);
    CHECK_BYTES(got, read(ends[0], got, sizeof got), "1\n2\n");
    CHECK_INT(mb_append_sync(append), 0);
    close(ends[0]);
    CHECK_INT(record(append, "3"), EPIPE);
    mb_append_free(append);
    CHECK_INT(close(ends[1]), 0); /* still open */
}

static void
a_short_write_to_a_pipe_is_continued(void)
{
    int ends[2];
    char got[16];
    CHECK_INT(pipe(ends), 0);
    mb_append *append = mb_append_fd(ends[1]);
    PLAY({.most = 2}, {.most = 1}, {0});
    CHECK_INT(record(append, "12345"), 0);
    CHECK_BYTES(got, read(ends[0], got, sizeof got), "12345\n");
    mb_append_free(append);
    close(ends[0]);
    close(ends[1]);
}

static mb_append *interrupted;
static int asked;

static bool
give_up_at_last(void)
{
    CHECK_INT(record(interrupted, "x"), EDEADLK); /* a handler that records */
    errno = 0;
    return ++asked == 3;
}

static void
a_pipe_that_takes_nothing_can_be_given_up(void)
{
    int ends[2];
    char got[16];
    CHECK_INT(pipe(ends), 0);
    mb_append *append = interrupted = mb_append_fd(ends[1]);
    PLAY({.most = 1}, {.most = 1}, {.failure = EINTR}, {0});
    CHECK_INT(mb_append_record(append, "12345", 5, give_up_at_last), EINTR);
    CHECK_INT(asked, 3);
    CHECK_INT(record(append, "6"), 0);
    CHECK_BYTES(got, read(ends[0], got, sizeof got), "12\n6\n");
    mb_append_free(append);
    close(ends[0]);
    close(ends[1]);
}

static void
half_a_record_in_a_pipe_is_kept_apart_from_the_next(void)
{
    int ends[2];
    char got[16];
    CHECK_INT(pipe(ends), 0);
    mb_append *append = mb_append_fd(ends[1]);
    PLAY({.most = 2}, {.failure = EAGAIN}, {.failure = EAGAIN}, {0});
    CHECK_INT(record(append, "12345"), EAGAIN);
    CHECK_INT(record(append, "2"), EAGAIN);
    CHECK_INT(record(append, "3"), 0);
    CHECK_INT(record(append, "4"), 0);
    CHECK_BYTES(got, read(ends[0], got, sizeof got), "12\n3\n4\n");
    mb_append_free(append);
    close(ends[0]);
    close(ends[1]);
}

static void
a_fifo_without_a_reader_is_an_error_at_once(void)
{
    CHECK_INT(mkfifo("fifo", 0666), 0);
    mb_append *append = mb_append_new("fifo");
    CHECK_INT(record(append, "1"), ENXIO);
    const int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    char got[8];
    CHECK_INT(record(append, "2"), 0);
    CHECK_BYTES(got, read(reader, got, sizeof got), "2\n");
    CHECK_INT(mb_append_sync(append), 0);
    close(reader);
    mb_append_free(append);
    unlink("fifo");
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
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    mb_append *append = mb_append_new("fifo");
    CHECK_INT(record(append, ""), 0);
    CHECK_INT(pthread_create(&thread, NULL, read_all, &reader), 0);
    CHECK_INT(mb_append_record(append, line, sizeof line, NULL), 0);
    mb_append_free(append); /* the end for the reader */
    pthread_join(thread, &total);
    CHECK_INT((size_t)total, sizeof line + 2);
    close(reader);
    unlink("fifo");
}

static void
a_callers_descriptor_keeps_its_position(void)
{
    put("0123456789");
    const int fd = open(FILE_NAME, O_WRONLY);
    mb_append *append = mb_append_fd(fd);
    CHECK_INT(record(append, "ab"), 0);
    PLAY({.most = 1}, {.failure = EIO}); /* and is not cut off: others may follow it */
    CHECK_INT(record(append, "cd"), EIO);
    CHECK_INT(record(append, "e"), 0);
    CHECK_FILE(FILE_NAME, "ab\nc\ne\n789");
    mb_append_free(append);
    CHECK_INT(close(fd), 0);
}

static void
a_descriptor_that_cannot_read_begins_a_line_behind_others(void)
{
    put("old\n");
    const int fd = open(FILE_NAME, O_WRONLY | O_APPEND);
    mb_append *append = mb_append_fd(fd);
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(record(append, "2"), 0);
    other_adds_half_a_line();
    CHECK_INT(record(append, "3"), 0);
    CHECK_FILE(FILE_NAME, "old\n\n1\n2\nOTH\n3\n");
    mb_append_free(append);
    CHECK_INT(close(fd), 0);
}

static void
a_closed_descriptor_of_the_caller_is_an_error(void)
{
    mb_append *append = mb_append_fd(-1);
    CHECK_INT(record(append, "1"), EBADF);
    CHECK_INT(mb_append_sync(append), 0);
    mb_append_free(append);
}

static void
a_file_can_be_synced(void)
{
    mb_append *append = new_append();
    CHECK_INT(mb_append_sync(append), 0);
    CHECK_INT(record(append, "1"), 0);
    CHECK_INT(mb_append_sync(append), 0);
    mb_append_free(append);
}

static ino_t
inode_of(const char *name)
{
    struct stat file;
    CHECK_INT(stat(name, &file), 0);
    return file.st_ino;
}

static void
a_file_that_others_needed_the_descriptor_of_can_be_synced(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    CHECK(mb_files_close_one());
    synced = 0;
    CHECK_INT(mb_append_sync(append), 0);
    CHECK_INT(synced, inode_of(FILE_NAME));
    CHECK_INT(synced_file_systems, 0);
    mb_append_free(append);
}

/* Its name is unknown; at its path is nothing, or another file. */
static void
so_can_one_that_was_rotated_meanwhile(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    CHECK(mb_files_close_one());
    CHECK_INT(rename(FILE_NAME, "old"), 0);
    synced = 0;
    CHECK_INT(mb_append_sync(append), 0);
    CHECK_INT(synced_file_systems, 1);
    CHECK(access(FILE_NAME, F_OK) < 0);
    put("OTHER\n");
    CHECK_INT(mb_append_sync(append), 0);
    CHECK_INT(synced_file_systems, 2);
    unlink(FILE_NAME);
    CHECK_INT(mkfifo(FILE_NAME, 0666), 0);
    CHECK_INT(mb_append_sync(append), 0);
    CHECK_INT(synced_file_systems, 3);
    unlink(FILE_NAME);
    CHECK_INT(synced, 0);
    CHECK_FILE("old", "1\n");
    mb_append_free(append);
}

/* --- many writers ---------------------------------------------------------------- */

#define WRITERS 6
#define RECORDS 500 /* of each writer */

/* "WRITER NUMBER xxx...\n", of very different lengths. */
static void
write_records(mb_append *append, int writer)
{
    static const int LENGTHS[] = {10, 300, 5000};
    for (int number = 0; number < RECORDS; number++) {
        char line[6000];
        int size = sprintf(line, "%d %d ", writer, number);
        memset(line + size, 'x', (size_t)LENGTHS[number % 3]);
        CHECK_INT(
            mb_append_record(append, line, (size_t)(size + LENGTHS[number % 3]), NULL),
            0);
    }
}

/* Each writer's records are there once, whole, and in their order. */
static void
check_records(void)
{
    size_t size;
    int next[WRITERS] = {0};
    char *bytes = contents_of(FILE_NAME, &size), *rest = bytes;
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        int writer, number, begin;
        CHECK_INT(sscanf(line, "%d %d %n", &writer, &number, &begin), 2);
        CHECK_INT(strspn(line + begin, "x"), strlen(line + begin));
        CHECK_INT(number, next[writer]++);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        CHECK_INT(next[writer], RECORDS);
    }
    free(bytes);
}

/* 0 in the child, which counts its own failures and ends with leave_child. */
static pid_t
start_child(void)
{
    const pid_t child = fork();
    if (child == 0) {
        test_failures = 0;
    }
    return child;
}

static void
leave_child(mb_append *append)
{
    mb_append_free(append);
    _exit(test_failures != 0);
}

static void
check_child(pid_t child)
{
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
processes_with_one_file_spoil_no_record(void)
{
    pid_t children[WRITERS];
    mb_append *append = new_append();
    for (int writer = 0; writer < WRITERS; writer++) {
        children[writer] = start_child();
        if (children[writer] == 0) {
            write_records(append, writer);
            leave_child(append);
        }
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        check_child(children[writer]);
    }
    check_records();
    mb_append_free(append);
}

typedef struct {
    mb_append *append;
    int writer;
    bool own; /* an append of its own, for the same file */
} thread_task;

static void *
run_task(void *task_of_thread)
{
    const thread_task *task = task_of_thread;
    mb_append *append = task->own ? mb_append_new(FILE_NAME) : task->append;
    write_records(append, task->writer);
    if (task->own) {
        mb_append_free(append);
    }
    return NULL;
}

static void
run_threads(bool own)
{
    pthread_t threads[WRITERS];
    thread_task tasks[WRITERS];
    mb_append *append = new_append();
    for (int writer = 0; writer < WRITERS; writer++) {
        tasks[writer] = (thread_task){append, writer, own};
        pthread_create(&threads[writer], NULL, run_task, &tasks[writer]);
    }
    for (int writer = 0; writer < WRITERS; writer++) {
        pthread_join(threads[writer], NULL);
    }
    check_records();
    mb_append_free(append);
}

static void
threads_with_one_append_spoil_no_record(void)
{
    run_threads(false);
}

static void
threads_with_appends_of_their_own_spoil_no_record(void)
{
    run_threads(true);
}

/* --- fork ------------------------------------------------------------------------ */

static int inside[2], leave[2]; /* pipes */

static void
say_inside_and_wait(void)
{
    char byte = 0;
    CHECK_INT(write(inside[1], &byte, 1), 1);
    CHECK_INT(read(leave[0], &byte, 1), 1);
}

static void *
write_and_wait(void *append)
{
    CHECK_INT(record(append, "thread"), 0);
    return NULL;
}

static void
a_child_is_not_stopped_by_a_lock_that_was_held_in_its_parent(void)
{
    pthread_t thread;
    char byte = 0;
    mb_append *append = new_append();
    CHECK(pipe(inside) == 0 && pipe(leave) == 0);
    PLAY({.before = say_inside_and_wait});
    CHECK_INT(pthread_create(&thread, NULL, write_and_wait, append), 0);
    CHECK_INT(read(inside[0], &byte, 1), 1); /* the thread holds the lock */
    const pid_t child = start_child();
    if (child == 0) {
        CHECK_INT(record(append, "child"), 0);
        leave_child(append);
    }
    check_child(child);
    CHECK_INT(write(leave[1], &byte, 1), 1);
    pthread_join(thread, NULL);
    CHECK_INT(record(append, "parent"), 0);
    CHECK_FILE(FILE_NAME, "child\nthread\nparent\n");
    mb_append_free(append);
    for (int i = 0; i < 2; i++) {
        close(inside[i]);
        close(leave[i]);
    }
}

static void
a_grandchild_appends_too(void)
{
    mb_append *append = new_append();
    CHECK_INT(record(append, "1"), 0);
    const pid_t child = start_child();
    if (child == 0) {
        CHECK_INT(record(append, "2"), 0);
        const pid_t grandchild = start_child();
        if (grandchild == 0) {
            CHECK_INT(mb_fork_generation(), 2);
            CHECK_INT(record(append, "3"), 0);
            leave_child(append);
        }
        check_child(grandchild);
        leave_child(append);
    }
    check_child(child);
    CHECK_INT(mb_fork_generation(), 0);
    CHECK_INT(record(append, "4"), 0);
    CHECK_FILE(FILE_NAME, "1\n2\n3\n4\n");
    mb_append_free(append);
}

/* --- memory ---------------------------------------------------------------------- */

static void
make_one_of_each(void)
{
    mb_append *appends[] = {mb_append_new(FILE_NAME), mb_append_new("/dev/null"),
                            mb_append_fd(1)};
    for (size_t i = 0; i < sizeof appends / sizeof *appends; i++) {
        CHECK(appends[i] || test_allocation_failed());
        mb_append_free(appends[i]);
    }
}

static void
without_memory_there_is_no_append(void)
{
    test_each_failing_allocation(make_one_of_each);
    test_fail_allocation(1);
    CHECK(mb_append_new(FILE_NAME) == NULL);
    CHECK_INT(errno, ENOMEM);
}

static void
a_record_needs_no_memory(void)
{
    mb_append *append = new_append();
    test_fail_allocation(1);
    CHECK_INT(record(append, "1"), 0);
    CHECK(!test_allocation_failed());
    test_fail_allocation(0);
    mb_append_free(append);
}

static void
a_deep_working_directory_is_remembered_whole(void)
{
    char name[200];
    memset(name, 'd', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 5; i++) {
        CHECK(mkdir(name, 0777) == 0 && chdir(name) == 0);
    }
    test_each_failing_allocation(make_one_of_each);
    mb_append *append = mb_append_new("deep");
    CHECK_INT(chdir("/"), 0);
    CHECK_INT(record(append, "1"), 0);
    mb_append_free(append);
    CHECK_INT(chdir(directory), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(chdir(name), 0);
    }
    CHECK_FILE("deep", "1\n");
    CHECK_INT(chdir(directory), 0);
}

static void
without_a_working_directory_there_is_no_relative_path(void)
{
    CHECK(mkdir("gone", 0777) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
    CHECK(mb_append_new(FILE_NAME) == NULL);
    CHECK_INT(errno, ENOENT);
    CHECK_INT(chdir(directory), 0);
}

/* --------------------------------------------------------------------------------- */

static void
go_to_an_empty_directory(void)
{
    char name[] = "test_mb_append.XXXXXX";
    CHECK(mkdtemp(name) != NULL && chdir(name) == 0);
    CHECK(getcwd(directory, sizeof directory) != NULL);
}

static void
run_all(void)
{
    RUN(records_are_lines_in_the_order_of_writing);
    RUN(nothing_is_opened_before_the_first_record);
    RUN(each_record_is_one_write);
    RUN(a_new_file_has_the_mode_that_umask_leaves);
    RUN(a_later_chdir_moves_nothing);
    RUN(a_closed_file_is_opened_again);
    RUN(a_long_record_arrives_whole);
    RUN(a_torn_last_line_is_kept_apart_from_the_next_record);
    RUN(a_whole_last_line_is_followed_without_a_gap);
    RUN(a_line_that_is_being_written_is_waited_for);
    RUN(so_is_the_one_after_it);
    RUN(a_line_that_its_writer_has_left_is_waited_for_once);
    RUN(no_empty_line_is_left_where_two_begin_a_new_one);
    RUN(the_newline_that_keeps_it_apart_is_not_taken_back);
    RUN(a_file_that_somebody_emptied_goes_on_at_its_beginning);
    RUN(a_short_write_is_continued);
    RUN(a_short_write_to_a_file_that_cannot_be_read_is_continued);
    RUN(after_an_error_a_short_write_is_made_white_space);
    RUN(what_cannot_be_taken_back_is_kept_apart_from_the_next_record);
    RUN(half_a_record_that_ends_where_a_whole_one_did_is_seen);
    RUN(behind_somebody_elses_line_a_cut_record_is_written_again_whole);
    RUN(behind_half_a_line_of_somebody_else_too);
    RUN(a_line_that_came_before_a_short_write_is_noticed);
    RUN(an_error_never_takes_back_a_line_of_somebody_else);
    RUN(a_line_of_somebody_else_before_the_last_piece_is_noticed);
    RUN(a_line_of_somebody_else_behind_the_last_piece_does_no_harm);
    RUN(a_failed_write_of_nothing_never_cuts_the_file);
    RUN(a_line_of_somebody_else_just_before_a_write_is_noticed_after_it);
    RUN(among_restless_writers_it_gives_up_in_the_end);
    RUN(an_interrupted_write_is_done_again);
    RUN(endless_interruptions_end);
    RUN(at_the_size_limit_of_the_process_the_file_stays_whole);
    RUN(a_deleted_file_is_made_again_at_once);
    RUN(a_rotated_file_is_left_for_the_new_one);
    RUN(a_file_that_was_moved_away_is_made_again);
    RUN(a_rotated_file_takes_records_while_the_new_one_cannot_be_opened);
    RUN(a_deleted_file_that_cannot_be_made_again_is_an_error);
    RUN(a_deleted_file_that_only_a_descriptor_names_takes_records);
    RUN(a_directory_is_an_error);
    RUN(a_missing_directory_is_an_error_until_it_is_there);
    RUN(a_number_that_now_means_another_file_is_left_alone);
    RUN(a_number_that_now_means_another_file_is_not_closed);
    RUN(a_closed_number_is_opened_again);
    RUN(a_full_device_is_an_error);
    RUN(a_pipe_takes_records_until_its_reader_closes);
    RUN(a_short_write_to_a_pipe_is_continued);
    RUN(a_pipe_that_takes_nothing_can_be_given_up);
    RUN(half_a_record_in_a_pipe_is_kept_apart_from_the_next);
    RUN(a_fifo_without_a_reader_is_an_error_at_once);
    RUN(a_record_longer_than_a_fifo_waits_for_its_reader);
    RUN(a_callers_descriptor_keeps_its_position);
    RUN(a_descriptor_that_cannot_read_begins_a_line_behind_others);
    RUN(a_closed_descriptor_of_the_caller_is_an_error);
    RUN(a_file_can_be_synced);
    RUN(a_file_that_others_needed_the_descriptor_of_can_be_synced);
    RUN(so_can_one_that_was_rotated_meanwhile);
    RUN(processes_with_one_file_spoil_no_record);
    RUN(threads_with_one_append_spoil_no_record);
    RUN(threads_with_appends_of_their_own_spoil_no_record);
    RUN(a_child_is_not_stopped_by_a_lock_that_was_held_in_its_parent);
    RUN(a_grandchild_appends_too);
    RUN(without_memory_there_is_no_append);
    RUN(a_record_needs_no_memory);
    RUN(a_deep_working_directory_is_remembered_whole);
    RUN(without_a_working_directory_there_is_no_relative_path);
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN); /* as CPython does */
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(mb_fork_watch(), 0);
    CHECK_INT(mb_fork_watch(), 0);
    go_to_an_empty_directory();
    run_all();
    return test_report();
}
