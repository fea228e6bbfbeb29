#include "base/mb_platform.h"

#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>

bool
mb_in_first_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

int
mb_sync_file_system(int fd)
{
    return syncfs(fd);
}

#else

bool
mb_in_first_thread(void)
{
    return pthread_main_np() != 0;
}

int
mb_sync_file_system(int fd)
{
    (void)fd;
    sync();
    return 0;
}

#endif

#ifdef __GLIBC__
extern char __libc_single_threaded __attribute__((weak)); /* from glibc 2.32 on */

bool
mb_has_one_thread(void)
{
    return &__libc_single_threaded && __libc_single_threaded;
}
#else
bool
mb_has_one_thread(void)
{
    return false;
}
#endif

static unsigned generation;
static int watch_failure;

static void
count_fork(void)
{
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELAXED);
}

static void
start_count(void)
{
    watch_failure = pthread_atfork(NULL, NULL, count_fork);
}

unsigned
mb_fork_generation(void)
{
    return __atomic_load_n(&generation, __ATOMIC_RELAXED);
}

int
mb_fork_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int failure = pthread_once(&once, start_count);
    return failure ? failure : watch_failure;
}

/* --- who this process is ---------------------------------------------------------- */

/* Reads the beginning of a file of the kernel and ends it with a 0; it is empty if
 * there is no file. */
static void
read_beginning(const char *path, char *out, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, out, size - 1);
    out[got < 0 ? 0 : got] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

/* Reads field 22 of /proc/PID/stat (proc(5)). Field 2 is the name of the program in
 * brackets, which can hold any character: so it ends at the last bracket. */
uint64_t
mb_process_start(void)
{
    char stat[1024];
    read_beginning("/proc/self/stat", stat, sizeof stat);
    const char *field = strrchr(stat, ')');
    for (int i = 2; field && i < 22; i++) {
        field = strchr(field + 1, ' ');
    }
    return field ? strtoull(field + 1, NULL, 10) : 0;
}

void
mb_boot_id(char *out)
{
    read_beginning("/proc/sys/kernel/random/boot_id", out, MB_BOOT_ID_SIZE);
}

/* --- files that are mapped -------------------------------------------------------- */

int
mb_lock_description(int fd)
{
#ifdef F_OFD_SETLK
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
#else
    (void)fd;
    return ENOTSUP;
#endif
}

void
mb_unlock_description(int fd)
{
#ifdef F_OFD_SETLK
    struct flock whole = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(fd, F_OFD_SETLK, &whole);
#else
    (void)fd;
#endif
}

bool
mb_description_is_locked(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK &&
           whole.l_pid == -1;
}

/* --- clocks ----------------------------------------------------------------------- */

#if MB_HAS_TICKS && defined(__linux__)

/* Bits of cpuid; AMD64 Architecture Programmer's Manual, volume 3, appendix E. */
#define POWER 0x80000007u
#define INVARIANT (1u << 8) /* EDX: constant_tsc and nonstop_tsc of /proc/cpuinfo */
#define EXTENDED 0x80000021u
#define LFENCE_WAITS (1u << 2) /* EAX, AMD: for all instructions before it */
#define INTEL 0x756e6547u      /* EBX of leaf 0: "Genu"; its lfence always waits */

static bool
ticks_are_invariant(void)
{
    unsigned a, b, c, d, vendor;
    if (!__get_cpuid(POWER, &a, &b, &c, &d) || !(d & INVARIANT)) {
        return false;
    }
    return __get_cpuid(0, &a, &vendor, &c, &d) &&
           (vendor == INTEL ||
            (__get_cpuid(EXTENDED, &a, &b, &c, &d) && a & LFENCE_WAITS));
}

static bool
ticks_are_allowed(void)
{
    int mode = PR_TSC_SIGSEGV;
    return prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_ENABLE;
}

#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"

bool
mb_ticks_keep_time(void)
{
    char source[16];
    read_beginning(CLOCK_SOURCE, source, sizeof source);
    return strcmp(source, "tsc\n") == 0 && ticks_are_allowed() && ticks_are_invariant();
}

#else

bool
mb_ticks_keep_time(void)
{
    return false;
}

#endif
