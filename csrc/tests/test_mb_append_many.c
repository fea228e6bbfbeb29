/* Many writers of one file: processes, threads, children of a fork; and little memory.
 *
 * Needs a linker with --wrap, so that a test can hold a thread in its writev. */
#include "mb_test_append.h"

#include <sys/wait.h>

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
static bool waits_inside;       /* the next write */

ssize_t __real_writev(int, const struct iovec *, int);

ssize_t
__wrap_writev(int fd, const struct iovec *parts, int count)
{
    if (waits_inside) {
        char byte = 0;
        waits_inside = false;
        CHECK_INT(write(inside[1], &byte, 1), 1);
        CHECK_INT(read(leave[0], &byte, 1), 1);
    }
    return __real_writev(fd, parts, count);
}

static void *
write_and_wait(void *append)
{
    CHECK_INT(append_line(append, "thread"), 0);
    return NULL;
}

static void
a_child_is_not_stopped_by_a_lock_that_was_held_in_its_parent(void)
{
    pthread_t thread;
    char byte = 0;
    mb_append *append = new_append();
    CHECK(pipe(inside) == 0 && pipe(leave) == 0);
    waits_inside = true;
    CHECK_INT(pthread_create(&thread, NULL, write_and_wait, append), 0);
    CHECK_INT(read(inside[0], &byte, 1), 1); /* the thread holds the lock */
    const pid_t child = start_child();
    if (child == 0) {
        CHECK_INT(append_line(append, "child"), 0);
        leave_child(append);
    }
    check_child(child);
    CHECK_INT(write(leave[1], &byte, 1), 1);
    pthread_join(thread, NULL);
    CHECK_INT(append_line(append, "parent"), 0);
    check_file(FILE_NAME, "child\nthread\nparent\n");
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
    CHECK_INT(append_line(append, "1"), 0);
    const pid_t child = start_child();
    if (child == 0) {
        CHECK_INT(append_line(append, "2"), 0);
        const pid_t grandchild = start_child();
        if (grandchild == 0) {
            CHECK_INT(mb_fork_generation(), 2);
            CHECK_INT(append_line(append, "3"), 0);
            leave_child(append);
        }
        check_child(grandchild);
        leave_child(append);
    }
    check_child(child);
    CHECK_INT(mb_fork_generation(), 0);
    CHECK_INT(append_line(append, "4"), 0);
    check_file(FILE_NAME, "1\n2\n3\n4\n");
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
    CHECK_INT(append_line(append, "1"), 0);
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
    CHECK_INT(append_line(append, "1"), 0);
    mb_append_free(append);
    CHECK_INT(chdir(directory), 0);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(chdir(name), 0);
    }
    check_file("deep", "1\n");
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

int
main(void)
{
    begin_tests();
    RUN(processes_with_one_file_spoil_no_record);
    RUN(threads_with_one_append_spoil_no_record);
    RUN(threads_with_appends_of_their_own_spoil_no_record);
    RUN(a_child_is_not_stopped_by_a_lock_that_was_held_in_its_parent);
    RUN(a_grandchild_appends_too);
    RUN(without_memory_there_is_no_append);
    RUN(a_record_needs_no_memory);
    RUN(a_deep_working_directory_is_remembered_whole);
    RUN(without_a_working_directory_there_is_no_relative_path);
    return test_report();
}
