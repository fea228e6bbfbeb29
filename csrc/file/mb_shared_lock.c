#include "file/mb_shared_lock.h"

#include "base/mb_clock.h"
#include "file/mb_filesystem.h"

#define FIRST_PAUSE_NS 500000
#define LONGEST_PAUSE_NS 20000000

mb_shared_lock
mb_shared_lock_kind(int fd)
{
    return mb_filesystem_is_shared(fd) ? MB_SHARED : MB_NOT_SHARED;
}

static bool
is_held(int failure)
{
    return failure == EAGAIN || failure == EACCES || failure == EINTR;
}

mb_shared_lock
mb_shared_lock_begin(int fd, int64_t most_ns)
{
    const int64_t end_ns = mb_clock_ns() + most_ns;
    int64_t pause_ns = FIRST_PAUSE_NS;
    for (;;) {
        const int failure = mb_lock_description(fd);
        if (!failure) {
            return MB_SHARED_LOCKED;
        }
        if (!is_held(failure)) {
            return MB_NOT_SHARED;
        }
        if (mb_clock_ns() >= end_ns) {
            return MB_SHARED;
        }
        const struct timespec pause = {.tv_nsec = (long)pause_ns};
        nanosleep(&pause, NULL);
        pause_ns = pause_ns < LONGEST_PAUSE_NS / 2 ? 2 * pause_ns : LONGEST_PAUSE_NS;
    }
}

void
mb_shared_lock_end(int fd)
{
    mb_unlock_description(fd);
}
