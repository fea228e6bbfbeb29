#include "mb_program.h"

#include "mb_clock.h"
#include "mb_raw_process.h"
#include "mb_watchdog.h"

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
/* How long a program that was killed has to go, so that no zombie stays; and by how much
 * the supervisor may be late before it is killed itself. */
#define PASSING_NS 10000000
#define LATE_NS 30000000

struct mb_program {
    mb_program_call call;
    mb_program_result result; /* written by the other two, until `ended` */
    bool ended;               /* atomic */
    pid_t owner, supervisor, child;
    int64_t deadline_ns;
    int pipes[PIPES][2]; /* -1: closed */
    char supervisor_stack[STACK] __attribute__((aligned(16)));
    char child_stack[STACK] __attribute__((aligned(16)));
};

/* --- in the child: until it is another program ------------------------------------ */

/* Standard input is empty: a pipe without a writer, which needs no /dev. */
static void
set_streams(const mb_program *program)
{
    int empty[2];
    mb_raw_duplicate(program->pipes[OUT][1], STDOUT_FILENO);
    mb_raw_duplicate(program->pipes[ERR][1], STDERR_FILENO);
    if (mb_raw_pipe(empty) == 0) {
        mb_raw_duplicate(empty[0], STDIN_FILENO);
        mb_raw_close(empty[1]);
    }
    mb_raw_close_from(STDERR_FILENO + 1);
}

/* Returns an errno: where a program is not found, the first that is another one. */
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
    sigset_t none;
    sigemptyset(&none);
    mb_raw_die_with_parent();
    if (mb_raw_parent() != program->supervisor) {
        return EXIT_FAILURE; /* it has gone already */
    }
    mb_raw_new_session();
    mb_raw_mask(SIG_SETMASK, &none, NULL);
    if (program->call.directory) {
        result->error = mb_raw_change_directory(program->call.directory);
        result->in_directory = result->error != 0;
    }
    if (!result->error) {
        set_streams(program);
        result->error = execute(&program->call);
    }
    return EXIT_FAILURE;
}

/* --- in the supervisor ------------------------------------------------------------- */

/* What is left of its group goes first: as long as the child is a zombie, no other group
 * has its number. */
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

static void
await_child(mb_program *program)
{
    int64_t until_ns = program->deadline_ns;
    while (!collect(program)) {
        const int64_t left_ns = until_ns - mb_clock_ns();
        const bool stopped = left_ns <= 0 || mb_raw_await_signal(left_ns) == SIGTERM;
        if (stopped && program->result.overdue) {
            return; /* nothing kills it */
        }
        if (stopped) {
            program->result.overdue = true;
            mb_raw_kill(-program->child, SIGKILL);
            mb_raw_kill(program->child, SIGKILL);
            until_ns = mb_clock_ns() + PASSING_NS;
        }
    }
}

/* What was killed with it, so that no zombie goes to init or to our process. A daemon stays
 * alive, and goes there when the time is over. */
static void
collect_others(void)
{
    const int64_t until_ns = mb_clock_ns() + PASSING_NS;
    int64_t left_ns = PASSING_NS;
    int found = 0, unused;
    while (found >= 0 && left_ns > 0) {
        found = mb_raw_collect(-1, &unused);
        left_ns = until_ns - mb_clock_ns();
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
    if (mb_raw_parent() != program->owner) {
        return EXIT_FAILURE;
    }
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
    __atomic_store_n(&program->ended, true, __ATOMIC_RELEASE);
    mb_raw_write(program->pipes[END][1], "", 1);
    return EXIT_SUCCESS;
}

/* --- in the process that wants to know ---------------------------------------------- */

static void
close_end(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void
close_pipes(mb_program *program)
{
    for (int i = 0; i < PIPES; i++) {
        close_end(&program->pipes[i][0]);
        close_end(&program->pipes[i][1]);
    }
}

/* Beyond those of the standard streams, which may be closed in this process. */
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
open_pipes(mb_program *program)
{
    for (int i = 0; i < PIPES; i++) {
        int *ends = program->pipes[i];
        if (pipe2(ends, O_CLOEXEC) < 0) {
            ends[0] = ends[1] = -1;
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
    program->ended = false;
    program->owner = getpid();
    program->deadline_ns = mb_clock_ns() + call->limit_ns;
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
    struct pollfd asked[PIPES];
    const int64_t left_ns = program->deadline_ns + LATE_NS - mb_clock_ns();
    const int64_t ms = left_ns <= 0 ? 0 : (left_ns + 999999) / 1000000;
    for (int i = 0; i < PIPES; i++) {
        asked[i] = (struct pollfd){.fd = program->pipes[i][0], .events = POLLIN};
    }
    const int ready = poll(asked, PIPES, ms < INT32_MAX ? (int)ms : INT32_MAX);
    unsigned found = left_ns <= 0 ? MB_PROGRAM_ENDED : 0;
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
    const ssize_t got = *fd < 0 ? 0 : read(*fd, data, size);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(fd); /* else poll(2) finds its end again and again */
    }
    return got > 0 ? (size_t)got : 0;
}

/* Sees the supervisor out. False: a child that is not executed yet may still use our
 * memory, and nothing has come of it. */
static bool
dismiss(mb_program *program)
{
    struct pollfd end = {.fd = program->pipes[END][0], .events = POLLIN};
    bool ended = __atomic_load_n(&program->ended, __ATOMIC_ACQUIRE);
    if (!ended && mb_clock_ns() < program->deadline_ns + LATE_NS) {
        kill(program->supervisor, SIGTERM);
        const int64_t until_ns = mb_clock_ns() + LATE_NS;
        while (poll(&end, 1, LATE_NS / 1000000) < 0 && mb_clock_ns() < until_ns) {
        }
        ended = __atomic_load_n(&program->ended, __ATOMIC_ACQUIRE);
    }
    if (!ended) {
        kill(program->supervisor, SIGKILL);
    }
    while (waitpid(program->supervisor, NULL, __WALL) < 0 && errno == EINTR) {
    }
    return __atomic_load_n(&program->ended, __ATOMIC_ACQUIRE);
}

mb_program_result
mb_program_end(mb_program *program)
{
    mb_program_result result = {.overdue = true};
    const bool ours = program->owner == getpid(); /* no copy that a fork has made */
    if (ours && !dismiss(program)) {
        close_pipes(program);
        return result; /* its memory is left to the child */
    }
    if (ours) {
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
