/* System calls for code that runs in a dying process: no errno, no libc, no TLS.
 *
 * The watchdog (mb_watchdog.h) shares the thread-local storage of the thread that a
 * signal interrupted: a failing call of libc would change that thread's errno. So each
 * function here returns what the kernel returns: a result, or minus the errno. Where
 * the instructions are not known (MB_RAW is 0), the functions call libc, and the
 * watchdog is a thread of its own. A port has to provide this file, like mb_platform.h.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_RAW_H
#define MB_RAW_H

#include "base/mb_platform.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define MB_RAW 1
#include <linux/futex.h>
#include <sys/syscall.h>
#else
#define MB_RAW 0
#endif

#if MB_RAW

#if defined(__x86_64__)

static inline long
mb_raw(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#else

static inline long
mb_raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

#endif

#define MB_CALL(name, libc, a, b, c, d, e, f)                                          \
    mb_raw(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#else

static inline long
mb_raw_result(long result)
{
    return result == -1 ? -errno : result;
}

#define MB_CALL(name, libc, ...) mb_raw_result((long)(libc))

#endif

/* --- files ------------------------------------------------------------------------ */

static inline int
mb_raw_open(const char *path, int flags)
{
    flags |= O_CLOEXEC | O_NOCTTY;
    return (int)MB_CALL(openat, open(path, flags, 0666), AT_FDCWD, path, flags, 0666, 0,
                        0);
}

static inline void
mb_raw_close(int fd)
{
    MB_CALL(close, close(fd), fd, 0, 0, 0, 0, 0);
}

/* Returns the size of a file; negative for a stream, which has none (pipe,
 * terminal). */
static inline int64_t
mb_raw_end(int fd)
{
    return MB_CALL(lseek, lseek(fd, 0, SEEK_END), fd, 0, SEEK_END, 0, 0, 0);
}

/* Returns the position of a descriptor: with O_APPEND, the end of what it has written
 * last. */
static inline int64_t
mb_raw_position(int fd)
{
    return MB_CALL(lseek, lseek(fd, 0, SEEK_CUR), fd, 0, SEEK_CUR, 0, 0, 0);
}

static inline long
mb_raw_pread(int fd, void *data, size_t size, int64_t offset)
{
    return MB_CALL(pread64, pread(fd, data, size, offset), fd, data, size, offset, 0,
                   0);
}

static inline long
mb_raw_writev(int fd, const struct iovec *parts, int count)
{
    return MB_CALL(writev, writev(fd, parts, count), fd, parts, count, 0, 0, 0);
}

static inline long
mb_raw_write(int fd, const void *data, size_t size)
{
    return MB_CALL(write, write(fd, data, size), fd, data, size, 0, 0, 0);
}

static inline long
mb_raw_pwrite(int fd, const void *data, size_t size, int64_t offset)
{
    return MB_CALL(pwrite64, pwrite(fd, data, size, offset), fd, data, size, offset, 0,
                   0);
}

/* Reads device and inode of an open file. */
static inline bool
mb_raw_identify(int fd, uint64_t *file)
{
#if MB_RAW
    struct statx found;
    const unsigned needed = STATX_TYPE | STATX_INO;
    if (mb_raw(SYS_statx, fd, (long)"", AT_EMPTY_PATH, needed, (long)&found, 0) < 0) {
        return false;
    }
    file[0] = (uint64_t)found.stx_dev_major << 32 | found.stx_dev_minor;
    file[1] = found.stx_ino;
#else
    struct stat found;
    if (fstat(fd, &found) < 0) {
        return false;
    }
    file[0] = (uint64_t)found.st_dev;
    file[1] = (uint64_t)found.st_ino;
#endif
    return true;
}

/* Returns whether a write is possible now, without waiting. */
static inline bool
mb_raw_writable(int fd)
{
    struct pollfd asked = {.fd = fd, .events = POLLOUT};
#if MB_RAW
    struct timespec none = {0};
    const long ready = mb_raw(SYS_ppoll, (long)&asked, 1, (long)&none, 0, 0, 0);
#else
    const long ready = poll(&asked, 1, 0);
#endif
    return ready == 1 && asked.revents == POLLOUT;
}

/* --- memory ----------------------------------------------------------------------- */

/* Maps pages of zeros; NULL without memory. */
static inline void *
mb_raw_map(size_t size)
{
    const int access = PROT_READ | PROT_WRITE, kind = MAP_PRIVATE | MAP_ANONYMOUS;
    const long found = MB_CALL(mmap, (intptr_t)mmap(NULL, size, access, kind, -1, 0), 0,
                               size, access, kind, -1, 0);
    return found < 0 && found > -4096 ? NULL : (void *)found;
}

static inline void
mb_raw_unmap(void *memory, size_t size)
{
    MB_CALL(munmap, munmap(memory, size), memory, size, 0, 0, 0, 0);
}

/* --- time ------------------------------------------------------------------------- */

#if MB_RAW
/* Reads CLOCK_MONOTONIC, as mb_clock_ns() reads it with a function that others may
 * replace. */
static inline int64_t
mb_raw_clock_ns(void)
{
    struct timespec now;
    mb_raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
#endif

/* Waits while `*word` is `value`, for `ns` at most; may return early. */
static inline void
mb_raw_wait(const uint32_t *word, uint32_t value, int64_t ns)
{
    struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
#if MB_RAW
    mb_raw(SYS_futex, (long)word, FUTEX_WAIT, value, (long)&time, 0, 0);
#else
    const struct timespec slice = {.tv_nsec = 1000000};
    (void)word, (void)value;
    nanosleep(ns > slice.tv_nsec ? &slice : &time, NULL);
#endif
}

/* Wakes all that wait in mb_raw_wait(). */
static inline void
mb_raw_wake(const uint32_t *word)
{
#if MB_RAW
    mb_raw(SYS_futex, (long)word, FUTEX_WAKE, INT32_MAX, 0, 0, 0);
#else
    (void)word;
#endif
}

/* --- signals ---------------------------------------------------------------------- */

/* The kernel's own set has 64 signals; sigset_t of libc begins with it. */
static inline void
mb_raw_mask(int how, const sigset_t *set, sigset_t *before)
{
    MB_CALL(rt_sigprocmask, pthread_sigmask(how, set, before), how, set, before, 8, 0,
            0);
}

/* Restores the default action. */
static inline void
mb_raw_default(int number)
{
#if MB_RAW
    const unsigned long action[4] = {0}; /* as the kernel has it; SIG_DFL is 0 */
    mb_raw(SYS_rt_sigaction, number, (long)action, 0, 8, 0, 0);
#else
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
#endif
}

/* Sends a signal to the calling thread. */
static inline void
mb_raw_raise(int number)
{
#if MB_RAW
    const long process = mb_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
    const long thread = mb_raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
    mb_raw(SYS_tgkill, process, thread, number, 0, 0, 0);
#else
    pthread_kill(pthread_self(), number);
#endif
}

#if MB_RAW
/* Returns whether a thread of this process still exists; it may end at any moment. */
static inline bool
mb_raw_thread_is_there(uint32_t thread)
{
    const long process = mb_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return mb_raw(SYS_tgkill, process, (long)thread, 0, 0, 0, 0) == 0;
}
#endif

static inline pid_t
mb_raw_process(void)
{
    return (pid_t)MB_CALL(getpid, getpid(), 0, 0, 0, 0, 0, 0);
}

static inline pid_t
mb_raw_parent(void)
{
    return (pid_t)MB_CALL(getppid, getppid(), 0, 0, 0, 0, 0, 0);
}

#endif
