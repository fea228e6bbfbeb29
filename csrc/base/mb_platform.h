/* Everything that csrc/ needs of POSIX, behind one header.
 *
 * The other files of csrc/ include no system header but this one's: a port to another
 * platform is a second version of this file, of mb_platform.c and of mb_filesystem.c.
 */
#ifndef MB_PLATFORM_H
#define MB_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__unix__) && !defined(__APPLE__)
#error "no POSIX system: see csrc/base/mb_platform.h for what a port has to give"
#endif

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/perf_event.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#endif
#ifdef __APPLE__
#include <signal.h>
#include <sys/random.h> /* getentropy(2) */
#define SIGRTMIN NSIG   /* it has no real-time signals */
#define SIGRTMAX NSIG

/* It has none. The journal, which asks for it, needs a lock that is missing as well:
 * mb_lock_description(). */
static inline int
posix_fallocate(int fd, off_t from, off_t size)
{
    (void)fd, (void)from, (void)size;
    return ENOTSUP;
}
#endif

/* statx(2), for musl before 1.2.5, which does not have it. */
#if defined(__linux__) && !defined(STATX_INO)
#include <linux/stat.h>

static inline int
statx(int folder, const char *path, int flags, unsigned fields, struct statx *out)
{
    return (int)syscall(SYS_statx, folder, path, flags, fields, out);
}
#endif

/* --- memory ----------------------------------------------------------------------
 * All of csrc/ allocates here, so that the C tests can make the n-th call fail. */

#ifdef MB_TEST_ALLOC
void *mb_realloc(void *memory, size_t size);
#else
#define mb_realloc realloc
#endif
#define mb_alloc(size) mb_realloc(NULL, (size))
#define mb_free free

/* A fence between atomic accesses. ThreadSanitizer does not know them, and needs none:
 * the caller reads again what may have changed meanwhile. */
#ifdef __SANITIZE_THREAD__
#define mb_fence(order) ((void)(order))
#else
#define mb_fence(order) __atomic_thread_fence(order)
#endif

/* --- threads and processes ------------------------------------------------------- */

/* Returns a number that no two living threads of this process share. Signal-safe. */
static inline uintptr_t
mb_thread_id(void)
{
    return (uintptr_t)pthread_self();
}

/* Returns whether this is the thread that the process began with, or that was left by a
 * fork. */
bool mb_in_first_thread(void);

/* Returns whether the process has had no thread but this one since it began, or was forked.
 * False where the C library does not know. Signal-safe. */
bool mb_has_one_thread(void);

/* Returns how many fork() lie between the process that loaded microbench and this one.
 * What a child must not inherit (a lock that another thread held, a random seed)
 * remembers the generation it was made in. Thread: any. Signal-safe. */
unsigned mb_fork_generation(void);

/* Starts the count. Idempotent. Returns 0, or an errno. */
int mb_fork_watch(void);

/* Returns when this process was started, in clock ticks since the boot: with its id, it
 * is this process and no later one. 0 where the system does not show it. */
uint64_t mb_process_start(void);

/* An id of this boot of the machine, 0 included; empty where the system has none. */
#define MB_BOOT_ID_SIZE 37
void mb_boot_id(char *out);

/* --- the disk --------------------------------------------------------------------- */

/* Writes all cached data of the descriptor's file system to the disk; without
 * syncfs(2), that of all file systems. Returns 0; or -1, and sets errno. */
int mb_sync_file_system(int fd);

/* --- files that are mapped -------------------------------------------------------- */

/* Locks the whole file for this open file description, as long as a descriptor or a
 * mapping refers to it. Returns 0, or an errno: ENOTSUP, or EAGAIN if another
 * description has the lock. */
int mb_lock_description(int fd);
void mb_unlock_description(int fd);
/* Returns whether the conflicting lock on the file belongs to an open file description,
 * not to a process (fcntl(2), F_SETLK). */
bool mb_description_is_locked(int fd);

/* --- clocks ---------------------------------------------------------------------- */

static inline int64_t
mb_clock_read(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A counter that programs can read, and that runs at one rate on all processors. */
#ifdef __x86_64__
#define MB_HAS_TICKS 1

/* Reads the time-stamp counter, once everything before it has been executed: as the
 * kernel does where it keeps time by it, rdtsc_ordered(). */
static inline uint64_t
mb_ticks_read(void)
{
    __builtin_ia32_lfence();
    return __builtin_ia32_rdtsc();
}
#else
#define MB_HAS_TICKS 0
#endif

/* Returns whether the kernel itself keeps time by this counter. */
bool mb_ticks_keep_time(void);

#endif
