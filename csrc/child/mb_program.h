/* Starts a program and ends it at a time limit, unnoticed by the rest of this process.
 *
 * The program is the child of a supervisor, a process of its own that shares our memory
 * and descriptors (clone(2), CLONE_VM without CLONE_THREAD). The supervisor's end sends
 * no SIGCHLD, and waitpid(-1) does not find it (wait(2), __WCLONE). So code that
 * ignores or handles SIGCHLD, or waits for all children, neither takes the status nor
 * notices anything.
 *
 *     we ── clone ──> supervisor ── clone ──> program, in a session of its own
 *      │   <── a byte in a pipe ── waits, kills ──┘
 *      └── reads what it prints, waits no longer than the limit
 *
 * The program leads a session: it has no terminal, and the rest of its process group is
 * killed when it ends. Processes that have left the group live on; nothing waits for
 * them. Of the signals to our own process group, only SIGKILL and SIGSTOP affect the
 * supervisor. If the caller's thread ends, the kernel kills both (prctl(2),
 * PR_SET_PDEATHSIG). Killed and orphaned processes are collected for 10 ms, then init
 * gets them.
 *
 * A program that SIGKILL does not end (state D: ps(1)) is left to init at the limit.
 * Before execve(2) it uses our memory: then the supervisor sleeps until it is killed.
 *
 * The supervisor makes only raw system calls (mb_raw.h), because it shares our errno,
 * and one clone() of the C library, which sets errno only if it fails. Other code of
 * this process may close our descriptors: files that reuse their numbers are neither
 * read, written nor closed. Start fails with ENOSYS without raw calls or statx(2), if
 * clone() changes data of the thread (glibc before 2.25, Bionic), with sanitizers, in
 * Valgrind and in QEMU.
 *
 * Thread: an mb_program belongs to the thread that started it.
 */
#ifndef MB_PROGRAM_H
#define MB_PROGRAM_H

#include "base/mb_platform.h"

typedef struct mb_program mb_program;

/* What to run. All is borrowed until mb_program_end. */
typedef struct {
    char *const *paths; /* tried in turn, as by execvp(3); ends with NULL */
    char *const *words; /* argv */
    char *const *env;
    const char *directory; /* NULL: that of this process */
    int64_t limit_ns;
} mb_program_call;

/* The end of the program. */
typedef struct {
    int error; /* errno of the start; 0: started; ECHILD: the supervisor was killed */
    bool in_directory; /* that error is about the directory */
    bool overdue;      /* it was killed, or should have been: no status */
    int status;        /* as waitpid(2) gives it */
} mb_program_result;

/* Owned by the caller, until mb_program_end. NULL and errno: ENOSYS as above, EMFILE,
 * EAGAIN (no further process), ENOMEM. */
mb_program *mb_program_start(const mb_program_call *call);

/* Events for the caller. */
enum {
    MB_PROGRAM_PRINTED = 1, /* mb_program_read, from both streams */
    MB_PROGRAM_ENDED = 2,   /* then it prints no more: read, and mb_program_end */
};

/* Waits until there is something to do, or a signal comes (0). */
unsigned mb_program_wait(mb_program *program);

/* Reads the output of the program from stream 1 or 2; 0: nothing for now. Does not
 * wait. */
size_t mb_program_read(mb_program *program, int stream, char *data, size_t size);

/* Ends the program, if it still runs, and frees everything. */
mb_program_result mb_program_end(mb_program *program);

#endif
