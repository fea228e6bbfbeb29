#include "journal/mb_endmark.h"

#include "mb_test.h"

#include <signal.h>

/* A file of zeros in the directory of the test, and a page of it. */
typedef struct {
    int fd;
    char *page;
} paper;

static paper
new_paper(void)
{
    char name[] = "endmark-XXXXXX";
    paper made = {.fd = mkstemp(name)};
    CHECK(made.fd >= 0);
    unlink(name);
    CHECK_INT(posix_fallocate(made.fd, 0, mb_endmark_size()), 0);
    made.page =
        mmap(NULL, mb_endmark_size(), PROT_READ | PROT_WRITE, MAP_SHARED, made.fd, 0);
    CHECK(made.page != MAP_FAILED);
    return made;
}

static void
drop(paper made)
{
    munmap(made.page, mb_endmark_size());
    close(made.fd);
}

static bool
is_set_in_file(int fd)
{
    char page[64];
    CHECK_INT(pread(fd, page, sizeof page, 0), sizeof page);
    return mb_endmark_is_set(page);
}

static struct timespec
modified(int fd)
{
    struct stat file;
    CHECK_INT(fstat(fd, &file), 0);
    return file.st_mtim;
}

/* Runs it in a child, whose page has the mark; false where there can be none. The file
 * is given an old time before the child ends. */
static bool
ends_with_mark(void (*end)(void), paper made)
{
    const struct timespec old[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    const pid_t child = fork();
    if (child == 0) {
        mb_endmark *mark = mb_endmark_arm(made.page, made.fd);
        if (!mark) {
            _exit(77);
        }
        if (is_set_in_file(made.fd) || futimens(made.fd, old) < 0) {
            _exit(78);
        }
        end();
        _exit(79);
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        return false;
    }
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    CHECK(is_set_in_file(made.fd));
    CHECK(modified(made.fd).tv_sec > 5);
    return true;
}

static void
be_killed(void)
{
    kill(getpid(), SIGKILL);
    pause();
}

static void
exit_at_once(void)
{
    _exit(0);
}

static void
become_another_program(void)
{
    execlp("true", "true", (char *)NULL);
}

static void
hold_a_mutex_of_ones_own(void)
{
    static pthread_mutex_t own;
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&own, &kind);
    for (int i = 0; i < 3; i++) {
        if (pthread_mutex_lock(&own) != 0 || pthread_mutex_unlock(&own) != 0) {
            _exit(78);
        }
    }
    if (pthread_mutex_lock(&own) != 0) {
        _exit(78);
    }
    be_killed();
}

static void
the_kernel_sets_it_however_a_process_ends(void)
{
    void (*const ends[])(void) = {be_killed, exit_at_once, become_another_program,
                                  hold_a_mutex_of_ones_own};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const paper made = new_paper();
        ends_with_mark(ends[i], made);
        drop(made);
    }
}

static void
what_was_taken_back_is_not_set(void)
{
    const paper made = new_paper();
    const pid_t child = fork();
    if (child == 0) {
        mb_endmark *mark = mb_endmark_arm(made.page, made.fd);
        const bool released = mb_endmark_release(mark);
        munmap(made.page, mb_endmark_size());
        _exit(!released);
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(!is_set_in_file(made.fd));
    drop(made);
}

static void
a_child_of_fork_has_no_part_in_it(void)
{
    const paper made = new_paper();
    mb_endmark *mark = mb_endmark_arm(made.page, made.fd);
    const pid_t child = fork();
    if (child == 0) {
        munmap(made.page, mb_endmark_size());
        be_killed();
    }
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(!is_set_in_file(made.fd));
    CHECK(mb_endmark_release(mark));
    drop(made);
}

static void *
release_elsewhere(void *mark)
{
    return mb_endmark_release(mark) ? mark : NULL;
}

static void *
arm_elsewhere(void *made)
{
    const paper *there = made;
    return mb_endmark_arm(there->page, there->fd);
}

static void *
in_another_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;
    CHECK_INT(pthread_create(&thread, NULL, work, argument), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    return result;
}

static void
only_the_main_thread_arms_and_releases(void)
{
    paper made = new_paper();
    CHECK(in_another_thread(arm_elsewhere, &made) == NULL);
    mb_endmark *mark = mb_endmark_arm(made.page, made.fd);
    if (mark) {
        CHECK(in_another_thread(release_elsewhere, mark) == NULL);
    }
    CHECK(mb_endmark_release(mark));
    drop(made);
}

static void
a_file_that_cannot_have_one_is_as_before(void)
{
    char *page = mmap(NULL, mb_endmark_size(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mb_endmark_arm(page, -1) == NULL);
    munmap(page, mb_endmark_size());
}

static void
without_memory_there_is_none(void)
{
    const paper made = new_paper();
    mb_endmark *mark = mb_endmark_arm(made.page, made.fd);
    CHECK(!(mark && test_allocation_failed()));
    CHECK(mb_endmark_release(mark));
    drop(made);
}

int
main(void)
{
    if (mb_endmark_size() == 0) {
        return test_report();
    }
    RUN(the_kernel_sets_it_however_a_process_ends);
    RUN(what_was_taken_back_is_not_set);
    RUN(a_child_of_fork_has_no_part_in_it);
    RUN(only_the_main_thread_arms_and_releases);
    RUN(a_file_that_cannot_have_one_is_as_before);
    test_each_failing_allocation(without_memory_there_is_none);
    return test_report();
}
