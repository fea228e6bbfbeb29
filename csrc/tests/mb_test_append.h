/* Shared by the tests of appending: the file that they append to, and its other writers. */
#ifndef MB_TEST_APPEND_H
#define MB_TEST_APPEND_H

#include "file/mb_append.h"
#include "mb_test.h"

#include <signal.h>

#define FILE_NAME "records.jsonl"

static char directory[4096]; /* where all tests run */

/* Returns 0. */
static inline int
write_with(const char *name, const char *bytes, int flags)
{
    const int fd = open(name, O_WRONLY | O_CREAT | flags, 0666);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, bytes, strlen(bytes)), strlen(bytes));
    return close(fd);
}

/* Owned by the caller: all of it, with a 0. */
static inline char *
contents_of(const char *name, size_t *size)
{
    struct stat file;
    const int fd = open(name, O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &file) == 0);
    char *bytes = malloc((size_t)file.st_size + 1);
    CHECK_INT(read(fd, bytes, (size_t)file.st_size), file.st_size);
    close(fd);
    bytes[file.st_size] = '\0';
    *size = (size_t)file.st_size;
    return bytes;
}

/* Returns 0. */
static inline int
check_file(const char *name, const char *expected)
{
    size_t size;
    char *found = contents_of(name, &size);
    CHECK_BYTES(found, size, expected);
    free(found);
    return 0;
}

static inline mb_append *
new_append(void)
{
    unlink(FILE_NAME);
    mb_append *append = mb_append_new(FILE_NAME);
    CHECK(append != NULL);
    return append;
}

static inline int
append_line(mb_append *append, const char *line)
{
    return mb_append_record(append, line, strlen(line), NULL);
}

/* Prepares the process, and changes to a new directory. */
static inline void
begin_tests(void)
{
    char name[] = "test_mb_append.XXXXXX";
    signal(SIGPIPE, SIG_IGN); /* as CPython does */
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(mb_fork_watch(), 0);
    CHECK_INT(mb_fork_watch(), 0);
    CHECK(mkdtemp(name) != NULL && chdir(name) == 0);
    CHECK(getcwd(directory, sizeof directory) != NULL);
}

#endif
