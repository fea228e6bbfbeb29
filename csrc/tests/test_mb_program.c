#include "base/mb_clock.h"
#include "child/mb_program.h"

#include "mb_test.h"

#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>

#define SECOND_NS 1000000000LL

static char *environment[] = {"WORD=from the environment", NULL};

/* What a line of shell comes to. */
typedef struct {
    mb_program_result result;
    bool started;
    char printed[3][256]; /* by stream, cut off */
    size_t sizes[3];      /* all of it */
} outcome;

static void
read_all(mb_program *program, outcome *found)
{
    char data[4096];
    for (int stream = 1; stream <= 2; stream++) {
        size_t got;
        while ((got = mb_program_read(program, stream, data, sizeof(data))) > 0) {
            for (size_t i = 0; i < got && found->sizes[stream] + i < 255; i++) {
                found->printed[stream][found->sizes[stream] + i] = data[i];
            }
            found->sizes[stream] += got;
        }
    }
}

static outcome
outcome_of(const mb_program_call *call)
{
    outcome found = {0};
    mb_program *program = mb_program_start(call);
    found.started = program != NULL;
    if (program) {
        while (!(mb_program_wait(program) & MB_PROGRAM_ENDED)) {
            read_all(program, &found);
        }
        read_all(program, &found);
        found.result = mb_program_end(program);
    }
    return found;
}

static mb_program_call
call_of(char **words)
{
    static char *paths[] = {"/nowhere/sh", "/bin/sh", NULL};
    return (mb_program_call){paths, words, environment, NULL, 60 * SECOND_NS};
}

static outcome
outcome_of_shell(char *line)
{
    char *words[] = {"sh", "-c", line, NULL};
    const mb_program_call call = call_of(words);
    return outcome_of(&call);
}

/* --- the usual -------------------------------------------------------------------- */

static void
status_and_both_streams_come_back(void)
{
    const outcome found = outcome_of_shell("echo out; echo $WORD >&2; exit 7");
    CHECK_INT(WEXITSTATUS(found.result.status), 7);
    CHECK(!found.result.overdue && !found.result.error);
    CHECK_BYTES(found.printed[1], found.sizes[1], "out\n");
    CHECK_BYTES(found.printed[2], found.sizes[2], "from the environment\n");
}

static void
a_signal_that_ended_it_is_in_the_status(void)
{
    const outcome found = outcome_of_shell("kill -USR1 $$");
    CHECK_INT(WTERMSIG(found.result.status), SIGUSR1);
}

static void
standard_input_is_empty_and_there_is_no_terminal(void)
{
    const outcome found = outcome_of_shell("cat; (: </dev/tty) 2>/dev/null || echo no");
    CHECK_BYTES(found.printed[1], found.sizes[1], "no\n");
}

static void
more_than_a_pipe_holds_comes_through(void)
{
    const outcome found = outcome_of_shell(
        "head -c 300000 /dev/zero; head -c 400000 /dev/zero >&2; exit 3");
    CHECK_INT(found.sizes[1], 300000);
    CHECK_INT(found.sizes[2], 400000);
    CHECK_INT(WEXITSTATUS(found.result.status), 3);
}

static void
no_other_descriptor_is_passed_on(void)
{
    const int fd = open("/", O_RDONLY); /* without O_CLOEXEC */
    const outcome found = outcome_of_shell("echo /proc/self/fd/*");
    CHECK_BYTES(found.printed[1], found.sizes[1],
                "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
    close(fd);
}

static void
closed_standard_streams_of_the_parent_do_not_matter(void)
{
    const int input = dup(0), output = dup(1);
    close(0);
    close(1);
    const outcome found = outcome_of_shell("cat; echo out; echo err >&2");
    dup2(input, 0);
    dup2(output, 1);
    close(input);
    close(output);
    CHECK_BYTES(found.printed[1], found.sizes[1], "out\n");
    CHECK_BYTES(found.printed[2], found.sizes[2], "err\n");
}

/* --- what cannot be started ------------------------------------------------------- */

static void
a_program_that_is_not_there_is_an_error(void)
{
    char *paths[] = {"/nowhere/program", "/dev/null/program", NULL};
    char *words[] = {"program", NULL};
    mb_program_call call = call_of(words);
    call.paths = paths;
    const outcome found = outcome_of(&call);
    CHECK(found.result.error == ENOENT || found.result.error == ENOTDIR);
    CHECK(!found.result.in_directory);
}

static void
a_directory_that_is_not_there_is_another(void)
{
    char *words[] = {"sh", "-c", "pwd", NULL};
    mb_program_call call = call_of(words);
    call.directory = "/nowhere";
    outcome found = outcome_of(&call);
    CHECK_INT(found.result.error, ENOENT);
    CHECK(found.result.in_directory);
    call.directory = "/";
    found = outcome_of(&call);
    CHECK_BYTES(found.printed[1], found.sizes[1], "/\n");
}

static void
without_descriptors_nothing_is_started(void)
{
    struct rlimit before, few;
    char *words[] = {"sh", "-c", ":", NULL};
    const mb_program_call call = call_of(words);
    getrlimit(RLIMIT_NOFILE, &before);
    for (int more = 0; more < 6; more++) {
        const int next = dup(0);
        close(next);
        few = (struct rlimit){(rlim_t)(next + more), before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        CHECK(mb_program_start(&call) == NULL);
        CHECK_INT(errno, EMFILE);
        setrlimit(RLIMIT_NOFILE, &before);
        CHECK_INT(dup(0), next);
        close(next);
    }
}

/* Where the child gets no further descriptor, it does not read our standard input. */
static void
with_few_descriptors_standard_input_is_empty_too(void)
{
    struct rlimit before, few;
    const int input = dup(0), opened = open("/proc/self/stat", O_RDONLY);
    const int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){(rlim_t)next + 6, before.rlim_max};
    dup2(opened, 0);
    setrlimit(RLIMIT_NOFILE, &few);
    const outcome found = outcome_of_shell("exec cat");
    setrlimit(RLIMIT_NOFILE, &before);
    dup2(input, 0);
    close(input);
    close(opened);
    CHECK(found.started);
    CHECK_INT(found.result.status, 0);
    CHECK_BYTES(found.printed[1], found.sizes[1], "");
}

static void
start_without_memory(void)
{
    char *words[] = {"sh", "-c", ":", NULL};
    const mb_program_call call = call_of(words);
    const outcome found = outcome_of(&call);
    CHECK(found.started != test_allocation_failed());
}

static void
without_memory_nothing_is_started(void)
{
    test_each_failing_allocation(start_without_memory);
}

/* --- what does not want to end ---------------------------------------------------- */

static outcome
outcome_at_limit(char *line, int64_t limit_ns)
{
    char *words[] = {"sh", "-c", line, NULL};
    mb_program_call call = call_of(words);
    call.limit_ns = limit_ns;
    return outcome_of(&call);
}

static void
at_the_limit_it_is_killed(void)
{
    const outcome found =
        outcome_at_limit("trap '' TERM; while :; do sleep 60; done", 1);
    CHECK(found.result.overdue);
}

/* Makes this process adopt the orphans of its children, as the first process of a
 * container does; or stops that. */
static void
adopt(unsigned long whether)
{
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, whether, 0, 0, 0);
#endif
}

static void
what_it_leaves_in_its_group_is_killed_too(void)
{
    const outcome found = outcome_of_shell("sleep 600 & echo $!");
    const pid_t left = (pid_t)atoi(found.printed[1]);
    CHECK(!found.result.overdue && left > 0);
    CHECK_INT(kill(left, 0), -1); /* and it leaves no zombie for us to collect */
    CHECK_INT(errno, ESRCH);
    CHECK_INT(waitpid(-1, NULL, __WALL), -1);
}

static void
what_has_left_its_group_is_not_waited_for(void)
{
    const outcome found = outcome_of_shell(
        "trap 'exit 0' USR1; "
        "setsid sh -c \"echo \\$\\$; kill -USR1 $$; exec sleep 600\" & wait");
    const pid_t left = (pid_t)atoi(found.printed[1]);
    int status = 0;
    CHECK(!found.result.overdue);
    CHECK_INT(waitpid(left, NULL, WNOHANG), 0);
    CHECK_INT(kill(left, SIGTERM), 0);
    CHECK_INT(waitpid(left, &status, 0), left);
    CHECK_INT(WTERMSIG(status), SIGTERM);
}

/* As one that waits for a program which is not executed yet, from a file system that
 * hangs. */
static void
a_supervisor_that_does_not_answer_is_not_waited_for(void)
{
    char *words[] = {"sh", "-c", "exec sleep 600", NULL};
    mb_program_call call = call_of(words);
    call.limit_ns = SECOND_NS / 10;
    mb_program *program = mb_program_start(&call);
    pid_t supervisor = 0;
    FILE *children = fopen("/proc/thread-self/children", "r");
    if (children) {
        CHECK_INT(fscanf(children, "%d", &supervisor), 1);
        fclose(children);
    }
    CHECK(supervisor == 0 || kill(supervisor, SIGSTOP) == 0);
    while (!(mb_program_wait(program) & MB_PROGRAM_ENDED)) {
    }
    CHECK(mb_program_end(program).overdue);
    CHECK_INT(waitpid(-1, NULL, __WALL), -1);
}

/* As one that ends all children of its process. */
static void
a_supervisor_that_others_kill_is_noticed(void)
{
    const outcome found = outcome_of_shell("kill -KILL $PPID; exec sleep 600");
    CHECK_INT(found.result.error, ECHILD);
    CHECK(!found.result.overdue);
    CHECK_INT(waitpid(-1, NULL, __WALL), -1);
}

/* The signal may have come to all processes of our group. */
static void
a_supervisor_that_others_want_to_end_goes_on(void)
{
    const outcome found = outcome_of_shell("kill -TERM $PPID; exit 4");
    CHECK(!found.result.overdue);
    CHECK_INT(WEXITSTATUS(found.result.status), 4);
}

static void
it_can_be_ended_before(void)
{
    char *words[] = {"sh", "-c", "exec sleep 600", NULL};
    const mb_program_call call = call_of(words);
    const mb_program_result result = mb_program_end(mb_program_start(&call));
    CHECK(result.overdue);
}

/* --- what the process that asks has of it ----------------------------------------- */

static int seen;

static void
note(int number)
{
    seen = number;
}

static void
with_action(void (*action)(int))
{
    struct sigaction before;
    const struct sigaction child = {.sa_handler = action};
    sigaction(SIGCHLD, &child, &before);
    seen = 0;
    const outcome found = outcome_of_shell("(exit 5); exit $?");
    CHECK_INT(WEXITSTATUS(found.result.status), 5);
    CHECK_INT(seen, 0);
    sigaction(SIGCHLD, &before, NULL);
}

static void
no_signal_of_a_child_comes_and_none_is_needed(void)
{
    with_action(note);
    with_action(SIG_IGN);
    with_action(SIG_DFL);
}

static void
who_waits_for_all_children_does_not_find_it(void)
{
    char *words[] = {"sh", "-c", "read line", NULL};
    const mb_program_call call = call_of(words);
    mb_program *program = mb_program_start(&call);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
    while (!(mb_program_wait(program) & MB_PROGRAM_ENDED)) {
    }
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(WEXITSTATUS(mb_program_end(program).status), 1);
}

/* As a process does that becomes a daemon. What has the numbers then is left alone. */
static void
descriptors_that_others_close_are_not_used(void)
{
    char *words[] = {"sh", "-c", "echo out", NULL};
    const mb_program_call call = call_of(words);
    FILE *file = tmpfile();
    const int first = dup(0);
    close(first);
    mb_program *program = mb_program_start(&call);
    for (int fd = first; fd < first + 6; fd++) {
        CHECK_INT(dup2(fileno(file), fd), fd);
    }
    while (!(mb_program_wait(program) & MB_PROGRAM_ENDED)) {
    }
    CHECK_INT(mb_program_read(program, 1, words[0], 0), 0);
    const mb_program_result result = mb_program_end(program);
    CHECK(!result.overdue && (result.error == EBADF || result.error == 0));
    for (int fd = first; fd < first + 6; fd++) {
        CHECK_INT(close(fd), 0);
    }
    CHECK_INT(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

#ifdef CLONE_NEWPID
/* There the parent of the supervisor has the number 0. */
static void
the_first_process_of_a_namespace(void)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) {
            _exit(7); /* not allowed here */
        }
        const outcome found = outcome_of_shell("exit 7");
        _exit(WEXITSTATUS(found.result.status));
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(WEXITSTATUS(status), 7);
}
#endif

static void
no_descriptor_and_no_process_stays(void)
{
    const int before = dup(0);
    for (int i = 0; i < 20; i++) {
        outcome_of_shell("exit 0");
        outcome_at_limit("sleep 600", 1);
    }
    const int after = dup(0);
    CHECK_INT(after, before + 1);
    CHECK_INT(waitpid(-1, NULL, __WALL), -1);
    close(before);
    close(after);
}

int
main(void)
{
    char *words[] = {"sh", "-c", ":", NULL};
    const mb_program_call call = call_of(words);
    if (!outcome_of(&call).started) {
        CHECK_INT(errno, ENOSYS);
        return test_report();
    }
    RUN(status_and_both_streams_come_back);
    RUN(a_signal_that_ended_it_is_in_the_status);
    RUN(standard_input_is_empty_and_there_is_no_terminal);
    RUN(more_than_a_pipe_holds_comes_through);
    RUN(no_other_descriptor_is_passed_on);
    RUN(closed_standard_streams_of_the_parent_do_not_matter);
    RUN(a_program_that_is_not_there_is_an_error);
    RUN(a_directory_that_is_not_there_is_another);
    RUN(without_descriptors_nothing_is_started);
    RUN(with_few_descriptors_standard_input_is_empty_too);
    RUN(without_memory_nothing_is_started);
    RUN(at_the_limit_it_is_killed);
    adopt(1);
    RUN(what_it_leaves_in_its_group_is_killed_too);
    RUN(what_has_left_its_group_is_not_waited_for);
    adopt(0);
    RUN(a_supervisor_that_does_not_answer_is_not_waited_for);
    RUN(a_supervisor_that_others_kill_is_noticed);
    RUN(a_supervisor_that_others_want_to_end_goes_on);
    RUN(it_can_be_ended_before);
    RUN(no_signal_of_a_child_comes_and_none_is_needed);
    RUN(who_waits_for_all_children_does_not_find_it);
    RUN(descriptors_that_others_close_are_not_used);
#ifdef CLONE_NEWPID
    RUN(the_first_process_of_a_namespace);
#endif
    RUN(no_descriptor_and_no_process_stays);
    return test_report();
}
