#include "mb_platform.h"

#include <string.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#ifdef __linux__
#include <sys/syscall.h>

bool
mb_in_first_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

#else

bool
mb_in_first_thread(void)
{
    return pthread_main_np() != 0;
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

/* --- who this process is ----------------------------------------------------------- */

/* The beginning of a file of the kernel's, with a 0; empty where there is none. */
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

/* Field 22 of /proc/PID/stat (proc(5)). The second is the name of the program in brackets,
 * which can hold anything: it ends at the last bracket. */
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

/* --- files that are mapped --------------------------------------------------------- */

#ifdef __linux__

/* statfs(2), <linux/magic.h>. Not among them: whatever has a server (NFS, SMB, Lustre,
 * GPFS, BeeGFS, Ceph, 9p, FUSE ...), and what copies on writing (btrfs, ZFS, bcachefs). */
bool
mb_maps_safely(const char *directory)
{
    static const uint32_t LOCAL[] = {
        0xef53,     /* ext2, ext3, ext4 */
        0x58465342, /* XFS */
        0x01021994, /* tmpfs */
        0x858458f6, /* ramfs */
        0x794c7630, /* overlayfs, of containers */
        0xf2f52010, /* F2FS */
        0x3153464a, /* JFS */
    };
    struct statfs system;
    if (statfs(directory, &system) < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof LOCAL / sizeof *LOCAL; i++) {
        if ((uint32_t)system.f_type == LOCAL[i]) {
            return true;
        }
    }
    return false;
}

#else

bool
mb_maps_safely(const char *directory)
{
    (void)directory;
    return false;
}

#endif

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

bool
mb_description_is_locked(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK &&
           whole.l_pid == -1;
}
