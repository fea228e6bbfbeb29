#include "journal/mb_mark.h"

#include "mb_test.h"

#define PATH "records"

static int
file_of(const char *contents, size_t size)
{
    unlink(PATH);
    const int fd = open(PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK_INT(write(fd, contents, size), size);
    return fd;
}

static bool
same(const mb_mark *one, const mb_mark *two)
{
    return memcmp(one, two, sizeof *one) == 0;
}

static void
a_file_that_grows_matches_its_mark(void)
{
    mb_mark before, after;
    const int fd = file_of("one\n", 4);
    CHECK(mb_mark_of(fd, -1, &before) && before.end == 4 && before.digest);
    CHECK_INT(write(fd, "two\n", 4), 4);
    CHECK(mb_mark_of(fd, 4, &after) && same(&before, &after));
    CHECK(mb_mark_of(fd, -1, &after) && after.end == 8);
    close(fd);
}

/* Each byte that is compared counts: the first, and the last before the end. */
static void
a_file_that_was_written_anew_does_not(void)
{
    static char contents[20000];
    static const size_t compared[] = {
        0, MB_MARK_FIRST - 1, sizeof contents - MB_MARK_LAST, sizeof contents - 1};
    mb_mark before, after;
    const int fd = file_of(contents, sizeof contents);
    CHECK(mb_mark_of(fd, -1, &before));
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        CHECK_INT(pwrite(fd, "x", 1, (off_t)compared[i]), 1);
        CHECK(mb_mark_of(fd, sizeof contents, &after) && !same(&before, &after));
        CHECK_INT(pwrite(fd, "", 1, (off_t)compared[i]), 1);
    }
    CHECK(mb_mark_of(fd, sizeof contents, &after) && same(&before, &after));
    close(fd);
}

static void
a_shorter_file_has_no_such_mark(void)
{
    mb_mark mark;
    const int fd = file_of("one\n", 4);
    CHECK(!mb_mark_of(fd, 5, &mark) && mark.inode == 0);
    CHECK(mb_mark_of(fd, 0, &mark) && mark.inode != 0 && mark.end == 0);
    close(fd);
}

static void
what_is_no_regular_file_has_none(void)
{
    mb_mark mark;
    CHECK_INT(mkfifo("fifo", 0600), 0);
    mb_mark_of_path("fifo", &mark); /* waits for no writer */
    CHECK(mark.inode == 0 && mark.end == 0);
    mb_mark_of_path("missing", &mark);
    CHECK(mark.inode == 0);
    close(file_of("one\n", 4));
    mb_mark_of_path(PATH, &mark);
    CHECK(mark.inode != 0 && mark.end == 4);
}

int
main(void)
{
    RUN(a_file_that_grows_matches_its_mark);
    RUN(a_file_that_was_written_anew_does_not);
    RUN(a_shorter_file_has_no_such_mark);
    RUN(what_is_no_regular_file_has_none);
    return test_report();
}
