/* Keeps the counters of gcov in a file that all processes of a program map: so forked
 * processes count, and those that are killed lose nothing. In builds with
 * MICROBENCH_COVERAGE=1, linked with counters.ld, and in no other.
 *
 * gcov itself writes its counters when a process exits, which a killed one does not, and a
 * write that a signal interrupts damages them. Here they are written once, at the end: by a
 * process that finds MICROBENCH_COVERAGE_WRITE in its environment, and then does no more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern char counters_begin[], counters_end[];

void __real___gcov_dump(void);

/* Called by libgcov at fork(), exec() and exit; --wrap replaces them. */
void __wrap___gcov_dump(void);
void __wrap___gcov_reset(void);
void __wrap___gcov_exit(void);

void
__wrap___gcov_dump(void)
{
}

void
__wrap___gcov_reset(void)
{
}

void
__wrap___gcov_exit(void)
{
}

static void
give_up(const char *step)
{
    perror(step);
    abort();
}

__attribute__((constructor)) static void
share_counters(void)
{
    const size_t size = (size_t)(counters_end - counters_begin);
    const int access = PROT_READ | PROT_WRITE, kind = MAP_SHARED | MAP_FIXED;
    const int fd = open(COUNTERS, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0) {
        give_up(COUNTERS);
    }
    if (mmap(counters_begin, size, access, kind, fd, 0) == MAP_FAILED) {
        give_up("mmap");
    }
    close(fd);
    if (getenv("MICROBENCH_COVERAGE_WRITE")) {
        __real___gcov_dump();
        _exit(0);
    }
}
