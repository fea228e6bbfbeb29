#include "file/mb_append_dying.h"

#include "mb_test_append.h"

#include <sys/resource.h>

#define PATH "line.jsonl"

static bool
append(const char *first, const char *second)
{
    const struct iovec parts[] = {{(char *)first, strlen(first)},
                                  {(char *)second, strlen(second)}};
    return mb_append_dying_to_path(PATH, parts, 2);
}

static void
a_line_makes_the_file_and_is_added_to_it(void)
{
    unlink(PATH);
    CHECK(append("{\"a\":", "1}\n"));
    CHECK(append("{\"b\":", "2}\n"));
    check_file(PATH, "{\"a\":1}\n{\"b\":2}\n");
}

static void
an_unfinished_line_is_kept_apart(void)
{
    write_with(PATH, "{\"torn\":", O_TRUNC);
    CHECK(append("{}", "\n"));
    check_file(PATH, "{\"torn\":\n{}\n");
}

/* With this limit, a write takes as much as fits; the next one fails. */
static void
limit_files_to(rlim_t size)
{
    const struct rlimit limit = {size, RLIM_INFINITY};
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
what_does_not_fit_leaves_white_space(void)
{
    write_with(PATH, "{\"a\":1}\n", O_TRUNC);
    signal(SIGXFSZ, SIG_IGN);
    limit_files_to(12);
    CHECK(!append("{\"b\":", "2}\n"));
    limit_files_to(RLIM_INFINITY);
    check_file(PATH, "{\"a\":1}\n\t\t\t\t");
    CHECK(append("{\"b\":", "2}\n"));
    check_file(PATH, "{\"a\":1}\n\t\t\t\t{\"b\":2}\n");
}

static void
what_does_not_fit_behind_it_stays_apart(void)
{
    write_with(PATH, "{\"torn\":", O_TRUNC);
    limit_files_to(12);
    CHECK(!append("{\"b\":", "2}\n"));
    limit_files_to(RLIM_INFINITY);
    check_file(PATH, "{\"torn\":\n\t\t\t");
}

static void
a_full_disk_is_reported(void)
{
    const struct iovec part = {"{}\n", 3};
    CHECK(!mb_append_dying_to_path("/dev/full", &part, 1));
    CHECK(!mb_append_dying_to_path("/no/such/directory/file", &part, 1));
}

static void
a_fifo_without_a_reader_is_not_waited_for(void)
{
    unlink(PATH);
    CHECK_INT(mkfifo(PATH, 0600), 0);
    CHECK(!append("{}", "\n"));
    const int reader = open(PATH, O_RDONLY | O_NONBLOCK);
    CHECK(append("{}", "\n"));
    char text[8];
    CHECK_BYTES(text, read(reader, text, sizeof text), "{}\n");
    close(reader);
    unlink(PATH);
}

static void
a_full_pipe_is_not_waited_for(void)
{
    int ends[2];
    static char piece[4096];
    const struct iovec part = {piece, sizeof piece};
    CHECK_INT(pipe(ends), 0);
    for (int i = 0; i < 16; i++) {
        CHECK(mb_append_dying_to_fd(ends[1], &part, 1));
    }
    CHECK(!mb_append_dying_to_fd(ends[1], &part, 1));
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL); /* would end us */
    CHECK(!mb_append_dying_to_fd(ends[1], &part, 1));
    close(ends[1]);
}

static void
a_long_line_passes_through_a_pipe_in_pieces(void)
{
    int ends[2];
    static char piece[10000], back[10001];
    const struct iovec part = {memset(piece, 'x', sizeof piece), sizeof piece};
    CHECK_INT(pipe(ends), 0);
    CHECK(mb_append_dying_to_fd(ends[1], &part, 1));
    CHECK_INT(read(ends[0], back, sizeof back), sizeof piece);
    close(ends[0]);
    close(ends[1]);
}

static void
errno_stays_as_it_was(void)
{
    const struct iovec part = {"{}\n", 3};
    errno = 4711;
    CHECK(!mb_append_dying_to_path("/dev/full", &part, 1));
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
    CHECK_INT(errno, 4711);
#endif
}

int
main(void)
{
    RUN(a_line_makes_the_file_and_is_added_to_it);
    RUN(an_unfinished_line_is_kept_apart);
    RUN(what_does_not_fit_leaves_white_space);
    RUN(what_does_not_fit_behind_it_stays_apart);
    RUN(a_full_disk_is_reported);
    RUN(a_fifo_without_a_reader_is_not_waited_for);
    RUN(a_full_pipe_is_not_waited_for);
    RUN(a_long_line_passes_through_a_pipe_in_pieces);
    RUN(errno_stays_as_it_was);
    return test_report();
}
