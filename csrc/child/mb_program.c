#include "child/mb_program.h"

#include "child/mb_raw_process.h"
#include "dying/mb_watchdog.h"

#include <string.h>

/* Whether clone(2) of the C library keeps no notes about the thread: Bionic's does. */
#if defined(__GLIBC__)
#define CLONE_IS_PLAIN (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 25)
#elif defined(__BIONIC__)
#define CLONE_IS_PLAIN 0
#else
#define CLONE_IS_PLAIN 1
#endif

#if MB_RAW && !MB_SANITIZED && CLONE_IS_PLAIN

enum { END, OUT, ERR, PIPES }; /* the pipes; OUT and ERR are the numbers of streams */

#define STACK 16384
/* How long a program that was killed has to go, so that no zombie stays; and by how
 * much the supervisor may be late before it is killed itself. */
#define PASSING_NS 10000000
#define LATE_NS 30000000
/* How often to look whether the supervisor is still there. */
#define LOOK_MS 100

struct mb_program {
    mb_program_call call;
    mb_program_result result; /* written by the other two, until `ended` */
    bool ended;               /* atomic */
    bool dismissed;           /* atomic: the owner wants an end */
    pid_t owner, supervisor, child;
    pid_t parent; /* the supervisor, as its own PID namespace numbers it */
    int64_t deadline_ns;
    int pipes[PIPES][2];      /* -1: closed */
    uint64_t files[PIPES][2]; /* what they are: other code may close the numbers */
    char supervisor_stack[STACK] __attribute__((aligned(16)));
    char child_stack[STACK] __attribute__((aligned(16)));
};

/* Returns whether a number still means a pipe of this program. */
static bool
is_pipe_of(const mb_program *program, int i, int fd)
{
    uint64_t file[2];
    return fd >= 0 && mb_raw_identify(fd, file) && file[0] == program->files[i][0] &&
           file[1] == program->files[i][1];
}

/* In another PID namespace than its parent, a process has the parent 0. */
static bool
is_child_of(pid_t expected)
{
    const pid_t parent = mb_raw_parent();
    return parent == expected || parent == 0;
}

/* --- in the child: until it is another program ------------------------------------ */

/* Standard input is empty: a pipe without a writer, which needs no /dev. All else is
 * closed first, because there may be no free descriptor. Returns an errno. */
static int
set_streams(const mb_program *program)
{
    const int out = program->pipes[OUT][1], err = program->pipes[ERR][1];
    int empty[2];
    if (!is_pipe_of(program, OUT, out) || !is_pipe_of(program, ERR, err)) {
        return EBADF;
    }
    mb_raw_duplicate(out, STDOUT_FILENO);
    mb_raw_duplicate(err, STDERR_FILENO);
    mb_raw_close(STDIN_FILENO);
    mb_raw_close_from(STDERR_FILENO + 1);
    const int error = -mb_raw_pipe(empty);
    if (!error) {
        mb_raw_duplicate(empty[0], STDIN_FILENO);
        mb_raw_close(empty[1]);
    }
    return error;
}

/* Tries each path. Returns an errno: of the failures, the first that is not about a
 * missing program. */
static int
execute(const mb_program_call *call)
{
    int found = 0, error = ENOENT;
    for (char *const *path = call->paths; *path; path++) {
        error = mb_raw_execute(*path, call->words, call->env);
        if (error != ENOENT && error != ENOTDIR && !found) {
            found = error;
        }
    }
    return found ? found : error;
}

static int
become_program(void *started)
{
    mb_program *program = started;
    mb_program_result *result = &program->result;
    mb_raw_die_with_parent();
    if (!is_child_of(program->parent)) {
        return EXIT_FAILURE; /* it has gone already */
    }
    mb_raw_new_session();
    mb_raw_unblock_all();
    if (program->call.directory) {
        result->error = mb_raw_change_directory(program->call.directory);
        result->in_directory = result->error != 0;
    }
    if (!result->error) {
        result->error = set_streams(program);
    }
    if (!result->error) {
        result->error = execute(&program->call);
    }
    return EXIT_FAILURE;
}

/* --- in the supervisor ------------------------------------------------------------ */

/* Collects the child if it has ended. Kills the rest of its group first: while the
 * child is a zombie, no other group can have its number. */
static bool
collect(mb_program *program)
{
    if (!mb_raw_has_ended(program->child)) {
        return false;
    }
    mb_raw_kill(-program->child, SIGKILL);
    mb_raw_collect(program->child, &program->result.status);
    return true;
}

static bool
is_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void
set(bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void
await_child(mb_program *program)
{
    int64_t until_ns = program->deadline_ns;
    while (!collect(program)) {
        const int64_t left_ns = until_ns - mb_raw_clock_ns();
        if (left_ns > 0) {
            mb_raw_await_signal(left_ns); /* SIGTERM may come to our whole group */
        }
        const bool over = left_ns <= 0;
        if (over && program->result.overdue) {
            return; /* nothing kills it */
        }
        if (!program->result.overdue && (over || is_set(&program->dismissed))) {
            program->result.overdue = true;
            mb_raw_kill(-program->child, SIGKILL);
            mb_raw_kill(program->child, SIGKILL);
            until_ns = mb_raw_clock_ns() + PASSING_NS;
        }
    }
}

/* Collects the processes that were killed with the child, so that no zombie goes to
 * init or to our process. A daemon stays alive; init gets it when the time is over. */
static void
collect_others(void)
{
    const int64_t until_ns = mb_raw_clock_ns() + PASSING_NS;
    int64_t left_ns = PASSING_NS;
    int found = 0, unused;
    while (found >= 0 && left_ns > 0) {
        found = mb_raw_collect(-1, &unused);
        left_ns = until_ns - mb_raw_clock_ns();
        if (found == 0 && left_ns > 0) {
            mb_raw_await_signal(left_ns);
        }
    }
}

static int
supervise(void *started)
{
    mb_program *program = started;
    mb_raw_die_with_parent();
    if (!is_child_of(program->owner)) {
        return EXIT_FAILURE;
    }
    program->parent = mb_raw_process();
    mb_raw_adopt();
    mb_raw_reset_handlers(); /* of this process: they are not shared */
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD;
    const int made = clone(become_program, program->child_stack + STACK, flags, program,
                           &program->child);
    if (made > 0) {
        await_child(program);
        collect_others();
    } else {
        program->result.error = EAGAIN;
    }
    set(&program->ended);
    if (is_pipe_of(program, END, program->pipes[END][1])) {
        mb_raw_write(program->pipes[END][1], "", 1);
    }
    return EXIT_SUCCESS;
}

/* --- in the process that wants to know -------------------------------------------- */

static void
close_end(mb_program *program, int i, int end)
{
    int *fd = &program->pipes[i][end];
    if (is_pipe_of(program, i, *fd)) {
        close(*fd);
    }
    *fd = -1;
}

static void
close_pipes(mb_program *program)
{
    for (int i = 0; i < PIPES; i++) {
        close_end(program, i, 0);
        close_end(program, i, 1);
    }
}

/* Moves the descriptor above the standard streams, which may be closed in this
 * process. */
static bool
move_up(int *fd)
{
    const int low = *fd;
    if (low > STDERR_FILENO) {
        return true;
    }
    *fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(low);
    return *fd >= 0;
}

static bool
open_pipe(int *ends, uint64_t *file)
{
    if (pipe2(ends, O_CLOEXEC) < 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    if (!mb_raw_identify(ends[0], file)) { /* statx(2) is forbidden, or not there */
        close(ends[0]);
        close(ends[1]);
        ends[0] = ends[1] = -1;
        errno = ENOSYS;
        return false;
    }
    return true;
}

static bool
open_pipes(mb_program *program)
{
    for (int i = 0; i < PIPES; i++) {
        int *ends = program->pipes[i];
        if (!open_pipe(ends, program->files[i])) {
            return false;
        }
        if (!move_up(&ends[0]) || !move_up(&ends[1]) ||
            fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
            return false;
        }
    }
    return true;
}

static bool
start_supervisor(mb_program *program)
{
    const int flags = CLONE_VM | CLONE_FILES | CLONE_PARENT_SETTID; /* no SIGCHLD */
    sigset_t all, before;
    sigfillset(&all);
    mb_raw_mask(SIG_SETMASK, &all, &before); /* it begins with the mask of its maker */
    const int made = clone(supervise, program->supervisor_stack + STACK, flags, program,
                           &program->supervisor);
    const int error = errno;
    mb_raw_mask(SIG_SETMASK, &before, NULL);
    errno =
        error == EINVAL ? ENOSYS : error; /* an emulator that lacks such processes */
    return made > 0;
}

static void
discard(mb_program *program)
{
    const int error = errno;
    close_pipes(program);
    mb_free(program);
    errno = error;
}

/* Valgrind ends a process that makes one which is neither a thread nor forked. */
static bool
is_in_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

mb_program *
mb_program_start(const mb_program_call *call)
{
    if (is_in_valgrind()) {
        errno = ENOSYS;
        return NULL;
    }
    mb_program *program = mb_alloc(sizeof(*program));
    if (!program) {
        return NULL;
    }
    program->call = *call;
    program->result = (mb_program_result){0};
    program->ended = program->dismissed = false;
    program->owner = getpid();
    program->deadline_ns = mb_raw_clock_ns() + call->limit_ns;
    for (int i = 0; i < PIPES; i++) {
        program->pipes[i][0] = program->pipes[i][1] = -1;
    }
    if (!open_pipes(program) || !start_supervisor(program)) {
        discard(program);
        return NULL;
    }
    return program;
}

unsigned
mb_program_wait(mb_program *program)
{
    struct pollfd asked[PIPES] = {0};
    const int64_t left_ns = program->deadline_ns + LATE_NS - mb_raw_clock_ns();
    const int64_t ms = left_ns <= 0 ? 0 : (left_ns + 999999) / 1000000;
    for (int i = 0; i < PIPES; i++) {
        const int fd = program->pipes[i][0];
        asked[i].fd =
            is_pipe_of(program, i, fd) ? fd : -1; /* which poll(2) passes over */
        asked[i].events = POLLIN;
    }
    const int ready = poll(asked, PIPES, ms < LOOK_MS ? (int)ms : LOOK_MS);
    const bool over =
        left_ns <= 0 || (ready == 0 && mb_raw_has_ended(program->supervisor));
    unsigned found = over ? MB_PROGRAM_ENDED : 0;
    if (ready > 0) {
        found |= asked[END].revents ? MB_PROGRAM_ENDED : 0;
        found |= asked[OUT].revents || asked[ERR].revents ? MB_PROGRAM_PRINTED : 0;
    }
    return found;
}

size_t
mb_program_read(mb_program *program, int stream, char *data, size_t size)
{
    int *fd = &program->pipes[stream][0];
    const ssize_t got = is_pipe_of(program, stream, *fd) ? read(*fd, data, size) : 0;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(program, stream, 0); /* else poll(2) finds its end again and again */
    }
    return got > 0 ? (size_t)got : 0;
}

/* Waits for the end of the supervisor. Returns false if a child that has not reached
 * execve(2) may still use our memory: then the program did not start. */
static bool
dismiss(mb_program *program)
{
    const int fd =
        is_pipe_of(program, END, program->pipes[END][0]) ? program->pipes[END][0] : -1;
    struct pollfd end = {.fd = fd, .events = POLLIN};
    bool ended = is_set(&program->ended);
    if (!ended && mb_raw_clock_ns() < program->deadline_ns + LATE_NS) {
        set(&program->dismissed);
        kill(program->supervisor, SIGTERM);
        const int64_t until_ns = mb_raw_clock_ns() + LATE_NS;
        while (poll(&end, 1, LATE_NS / 1000000) < 0 && mb_raw_clock_ns() < until_ns) {
        }
        ended = is_set(&program->ended);
    }
    if (!ended) {
        kill(program->supervisor, SIGKILL);
    }
    while (waitpid(program->supervisor, NULL, __WALL) < 0 && errno == EINTR) {
    }
    return is_set(&program->ended);
}

/* Returns whether the supervisor was killed, for example by code that ends all children
 * of a process. */
static bool
has_lost_supervisor(const mb_program *program)
{
    return mb_raw_has_ended(program->supervisor) && !is_set(&program->ended);
}

mb_program_result
mb_program_end(mb_program *program)
{
    mb_program_result result = {.overdue = true};
    const bool is_owner = program->owner == getpid(); /* no copy that a fork has made */
    const bool lost = is_owner && has_lost_supervisor(program);
    if (is_owner && !dismiss(program)) {
        close_pipes(program);
        if (lost) {
            result = (mb_program_result){.error = ECHILD};
        }
        return result; /* its memory is left to the child */
    }
    if (is_owner) {
        result = program->result;
    }
    close_pipes(program);
    mb_free(program);
    return result;
}

#else

mb_program *
mb_program_start(const mb_program_call *call)
{
    (void)call;
    errno = ENOSYS;
    return NULL;
}

unsigned
mb_program_wait(mb_program *program)
{
    (void)program;
    return MB_PROGRAM_ENDED;
}

size_t
mb_program_read(mb_program *program, int stream, char *data, size_t size)
{
    (void)program, (void)stream, (void)data, (void)size;
    return 0;
}

mb_program_result
mb_program_end(mb_program *program)
{
    (void)program;
    return (mb_program_result){.error = ENOSYS};
}

#endif
