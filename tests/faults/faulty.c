/* LD_PRELOAD: system calls of the extension fail, or take less than they were given.
 *
 * The program under test says which: faulty_plan("writev", 2, 1, EIO, 0) makes its
 * second writev from now on fail; faulty_clear() ends all plans. Only calls out of
 * `_core` are meant and counted: those of the interpreter pass. Interrupted calls
 * (EINTR) and short writes, which nothing outside a kernel can bring about at will, are
 * made the same way.
 *
 * Thread: one at a time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PLANS 8
#define CALLS 32
#define EVERY (-1)

typedef struct {
    const char *call;
    int first; /* number of the call that fails, from 1 */
    int times; /* how many do, or EVERY */
    int error; /* 0: it takes `most` bytes */
    size_t most;
    void (*meanwhile)(void); /* right before the call */
} plan;

static plan plans[PLANS];
static int plan_count;
static struct {
    const char *call;
    int made;
} counts[CALLS];
static bool watching;

/* --- for the program under test --------------------------------------------------- */

/* Counts from now on, and forgets what was planned. */
void
faulty_watch(void)
{
    plan_count = 0;
    memset(counts, 0, sizeof counts);
    watching = true;
}

void
faulty_plan(const char *call, int first, int times, int error, size_t most,
            void (*meanwhile)(void))
{
    if (plan_count < PLANS) {
        plans[plan_count++] =
            (plan){strdup(call), first, times, error, most, meanwhile};
    }
}

void
faulty_clear(void)
{
    watching = false;
}

/* How often the extension made the n-th kind of call; NULL behind the last kind. */
const char *
faulty_count(int n, int *made)
{
    *made = n < CALLS ? counts[n].made : 0;
    return n < CALLS ? counts[n].call : NULL;
}

/* Native code that gets a signal and never returns; called with the GIL held. */
void
faulty_signal_and_hang(int number)
{
    kill(getpid(), number);
    for (;;) {
        pause();
    }
}

/* --- which call this is ----------------------------------------------------------- */

static bool
is_from_the_extension(const void *caller)
{
    Dl_info from;
    return dladdr(caller, &from) && from.dli_fname && strstr(from.dli_fname, "/_core.");
}

static int
number_of(const char *call)
{
    int i = 0;
    while (i < CALLS - 1 && counts[i].call && strcmp(counts[i].call, call) != 0) {
        i++;
    }
    counts[i].call = call;
    return ++counts[i].made;
}

/* The plan for this call; NULL if it is to be as ever. */
static const plan *
look_up(const char *call, const void *caller)
{
    const plan *found = NULL;
    if (!watching || !is_from_the_extension(caller)) {
        return NULL;
    }
    const int number = number_of(call);
    for (int i = 0; i < plan_count && !found; i++) {
        const plan *p = &plans[i];
        const bool due =
            number >= p->first && (p->times == EVERY || number < p->first + p->times);
        found = due && strcmp(p->call, call) == 0 ? p : NULL;
    }
    if (found && found->meanwhile) {
        watching = false; /* its calls are those of another writer */
        found->meanwhile();
        watching = true;
    }
    return found;
}

/* --- the calls -------------------------------------------------------------------- */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A function that says -1 and errno. */
#define WRAP(call, result, name, parameters, arguments)                                \
    result name parameters                                                             \
    {                                                                                  \
        const plan *p = look_up(call, __builtin_return_address(0));                    \
        if (p && p->error) {                                                           \
            errno = p->error;                                                          \
            return (result) - 1;                                                       \
        }                                                                              \
        return REAL(name) arguments;                                                   \
    }

WRAP("stat", int, stat, (const char *path, struct stat *file), (path, file))
WRAP("stat", int, lstat, (const char *path, struct stat *file), (path, file))
WRAP("fstat", int, fstat, (int fd, struct stat *file), (fd, file))
WRAP("statx", int, statx,
     (int fd, const char *path, int flags, unsigned mask, struct statx *file),
     (fd, path, flags, mask, file))
WRAP("pread", ssize_t, pread, (int fd, void *to, size_t size, off_t at),
     (fd, to, size, at))
WRAP("pread", ssize_t, pread64, (int fd, void *to, size_t size, off64_t at),
     (fd, to, size, at))
WRAP("pwrite", ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at),
     (fd, from, size, at))
WRAP("pwrite", ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at),
     (fd, from, size, at))
WRAP("fsync", int, fsync, (int fd), (fd))
WRAP("unlink", int, unlink, (const char *path), (path))
WRAP("statfs", int, statfs, (const char *path, struct statfs *system), (path, system))
WRAP("getentropy", int, getentropy, (void *to, size_t size), (to, size))
WRAP("mprotect", int, mprotect, (void *at, size_t size, int access), (at, size, access))
WRAP("mmap", void *, mmap, (void *at, size_t n, int access, int flags, int fd, off_t o),
     (at, n, access, flags, fd, o))
WRAP("mmap", void *, mmap64,
     (void *at, size_t n, int access, int flags, int fd, off64_t o),
     (at, n, access, flags, fd, o))

/* They return the errno. */
#define WRAP_ALLOCATE(name, offset)                                                    \
    int name(int fd, offset from, offset size)                                         \
    {                                                                                  \
        const plan *p = look_up("fallocate", __builtin_return_address(0));             \
        return p && p->error ? p->error : REAL(name)(fd, from, size);                  \
    }

WRAP_ALLOCATE(posix_fallocate, off_t)
WRAP_ALLOCATE(posix_fallocate64, off64_t)

/* Closed it is all the same (close(2)). */
int
close(int fd)
{
    const plan *p = look_up("close", __builtin_return_address(0));
    const int result = REAL(close)(fd);
    errno = p && p->error ? p->error : errno;
    return p && p->error ? -1 : result;
}

#define WRAP_OPEN(name)                                                                \
    int name(const char *path, int flags, ...)                                         \
    {                                                                                  \
        va_list rest;                                                                  \
        va_start(rest, flags);                                                         \
        const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                \
        va_end(rest);                                                                  \
        const plan *p = look_up("open", __builtin_return_address(0));                  \
        if (p && p->error) {                                                           \
            errno = p->error;                                                          \
            return -1;                                                                 \
        }                                                                              \
        return REAL(name)(path, flags, mode);                                          \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_FCNTL(name)                                                               \
    int name(int fd, int command, ...)                                                 \
    {                                                                                  \
        va_list rest;                                                                  \
        va_start(rest, command);                                                       \
        void *argument = va_arg(rest, void *);                                         \
        va_end(rest);                                                                  \
        const plan *p = look_up("fcntl", __builtin_return_address(0));                 \
        if (p && p->error) {                                                           \
            errno = p->error;                                                          \
            return -1;                                                                 \
        }                                                                              \
        return REAL(name)(fd, command, argument);                                      \
    }

WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

static ssize_t
write_some(int fd, const struct iovec *parts, int count, size_t most)
{
    struct iovec some[8];
    for (int i = 0; i < count; i++) {
        some[i] = parts[i];
        some[i].iov_len = parts[i].iov_len < most ? parts[i].iov_len : most;
        most -= some[i].iov_len;
    }
    return REAL(writev)(fd, some, count);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    const plan *p = look_up("writev", __builtin_return_address(0));
    if (p && p->error) {
        errno = p->error;
        return -1;
    }
    return p && p->most ? write_some(fd, parts, count, p->most)
                        : REAL(writev)(fd, parts, count);
}

ssize_t
write(int fd, const void *from, size_t size)
{
    const plan *p = look_up("write", __builtin_return_address(0));
    if (p && p->error) {
        errno = p->error;
        return -1;
    }
    return REAL(write)(fd, from, p && p->most && p->most < size ? p->most : size);
}
