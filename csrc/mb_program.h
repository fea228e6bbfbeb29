/* Starts a program and ends it in time, unseen by the process that it is started in.
 *
 * The program is the child of a supervisor, a process of its own that shares our memory and
 * descriptors (clone(2), CLONE_VM without CLONE_THREAD). The supervisor's end sends no
 * SIGCHLD, and waitpid(-1) does not find it (wait(2), __WCLONE). So a process that ignores
 * SIGCHLD, handles it, or waits for all its children neither takes the status away nor
 * notices anything.
 *
 *     we ── clone ──> supervisor ── clone ──> program, in a session of its own
 *      │   <── a byte in a pipe ── waits, kills ──┘
 *      └── reads what it prints, waits no longer than the limit
 *
 * The program leads a session: it has no terminal to ask at, and what it leaves in its
 * process group is killed with it. What has left the group lives on, and is not waited for.
 * If the caller's thread ends, the kernel kills both (prctl(2), PR_SET_PDEATHSIG).
 * What it leaves and what is killed is collected for 10 ms, then it goes to init.
 *
 * A program that no signal ends (state D: ps(1)) is left to init when the limit is over.
 * Until it is executed it borrows our memory: the supervisor then sleeps until it is killed.
 *
 * The supervisor makes raw system calls only (mb_raw.h), for it shares our errno. All fails
 * with ENOSYS where there are none, where clone() of the C library changes notes of the
 * thread (glibc before 2.25, Bionic), with sanitizers, in Valgrind and in QEMU.
 *
 * Thread: an mb_program belongs to the thread that started it.
 */
#ifndef MB_PROGRAM_H
#define MB_PROGRAM_H

#include "mb_platform.h"

typedef struct mb_program mb_program;

/* What to run. All is borrowed until mb_program_end. */
typedef struct {
    char *const *paths; /* tried in turn, as by execvp(3); ends with NULL */
    char *const *words; /* argv */
    char *const *env;
    const char *directory; /* NULL: that of this process */
    int64_t limit_ns;
} mb_program_call;

/* How it ended. */
typedef struct {
    int error;         /* errno with which it could not be started; 0: it was */
    bool in_directory; /* that error is about the directory */
    bool overdue;      /* it was killed, or should have been: there is no status */
    int status;        /* as waitpid(2) gives it */
} mb_program_result;

/* Owned by the caller, until mb_program_end. NULL and errno: ENOSYS as above, EMFILE, EAGAIN
 * (no further process), ENOMEM. */
mb_program *mb_program_start(const mb_program_call *call);

/* What there is to do. */
enum {
    MB_PROGRAM_PRINTED = 1, /* mb_program_read, from both streams */
    MB_PROGRAM_ENDED = 2,   /* then it prints no more: read, and mb_program_end */
};

/* Waits until there is something to do, or a signal comes (0). */
unsigned mb_program_wait(mb_program *program);

/* What it has printed on a stream, 1 or 2; 0: nothing for now. Does not wait. */
size_t mb_program_read(mb_program *program, int stream, char *data, size_t size);

/* Ends it, if it still runs, and frees all. */
mb_program_result mb_program_end(mb_program *program);

#endif
