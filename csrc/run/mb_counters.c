#include "run/mb_counters.h"

#include <string.h>

/* --- the system calls --------------------------------------------------------------- */

#ifdef __linux__
static int
open_event(const mb_counters_event *event, int group, bool of_children)
{
    struct perf_event_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.size = sizeof attr;
    attr.type = event->type;
    attr.config = event->config;
    attr.exclude_kernel = attr.exclude_hv = 1; /* more needs a privilege */
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    attr.disabled = of_children || group < 0; /* a leader waits for its group */
    if (of_children) {
        attr.inherit = attr.enable_on_exec = 1;
    } else {
        attr.read_format |= PERF_FORMAT_GROUP;
    }
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
}

static int
event_id(int fd, uint64_t *id)
{
    return ioctl(fd, PERF_EVENT_IOC_ID, id);
}

static int
enable_group(int fd)
{
    return ioctl(fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
}
#else
static int
open_event(const mb_counters_event *event, int group, bool of_children)
{
    (void)event, (void)group, (void)of_children;
    errno = ENOSYS;
    return -1;
}

static int
event_id(int fd, uint64_t *id)
{
    (void)fd, (void)id;
    errno = ENOSYS;
    return -1;
}

static int
enable_group(int fd)
{
    (void)fd;
    errno = ENOSYS;
    return -1;
}
#endif

mb_counters_system mb_counters_from = {open_event, event_id, enable_group, read, close};

/* --- opening and closing ------------------------------------------------------------- */

/* Returns the first one that is there, which leads the group; -1: there is none. */
static int
leader_of(const mb_counters *counters)
{
    for (uint32_t i = 0; i < counters->count; i++) {
        if (counters->fd[i] >= 0) {
            return (int)i;
        }
    }
    return -1;
}

static int
open_one(const mb_counters *counters, const mb_counters_event *event, uint64_t *id)
{
    const int leader = counters->of_children ? -1 : leader_of(counters);
    const int group = leader < 0 ? -1 : counters->fd[leader];
    const int fd = mb_counters_from.open(event, group, counters->of_children);
    if (fd >= 0 && mb_counters_from.id(fd, id) < 0) { /* before Linux 3.12 */
        const int error = errno;
        mb_counters_from.close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void
open_all(mb_counters *counters, const mb_counters_event *events, uint32_t count,
         bool of_children)
{
    memset(counters, 0, sizeof *counters);
    counters->of_children = of_children;
    counters->generation = mb_fork_generation();
    for (uint32_t i = 0; i < count && i < MB_COUNTERS_MOST; i++) {
        const int fd = open_one(counters, &events[i], &counters->id[i]);
        counters->fd[i] = fd;
        counters->error[i] = fd < 0 ? errno : 0;
        counters->count++;
        counters->opened += fd >= 0;
    }
}

/* Another file may have the number by now. */
static bool
is_ours(const mb_counters *counters, uint32_t i)
{
    uint64_t id;
    return counters->fd[i] >= 0 && mb_counters_from.id(counters->fd[i], &id) == 0 &&
           id == counters->id[i];
}

void
mb_counters_close(mb_counters *counters)
{
    for (uint32_t i = 0; i < counters->count; i++) {
        if (is_ours(counters, i)) {
            mb_counters_from.close(counters->fd[i]);
        }
        counters->fd[i] = -1;
    }
    counters->opened = 0;
}

/* Members that join a group which counts already may wait for its next turn, and show 0. */
static void
enable(mb_counters *counters)
{
    if (mb_counters_from.enable(counters->fd[leader_of(counters)]) < 0) {
        const int error = errno;
        mb_counters_close(counters);
        for (uint32_t i = 0; i < counters->count; i++) {
            counters->error[i] = counters->error[i] ? counters->error[i] : error;
        }
    }
}

uint32_t
mb_counters_open(mb_counters *counters, const mb_counters_event *events, uint32_t count,
                 bool of_children)
{
    open_all(counters, events, count, of_children);
    if (counters->opened && !of_children) {
        enable(counters);
    }
    return counters->opened;
}

/* --- reading -------------------------------------------------------------------------- */

static int
read_exactly(int fd, void *data, size_t size)
{
    const ssize_t got = mb_counters_from.read(fd, data, size);
    if (got == (ssize_t)size) {
        return 0;
    }
    return got < 0 ? errno : EIO; /* 0: the group could not be put onto the processor */
}

/* struct read_format: how many, both times, and the values in the order of opening. */
static int
read_group(const mb_counters *counters, mb_counters_reading *reading)
{
    uint64_t data[3 + MB_COUNTERS_MOST];
    const int leader = leader_of(counters);
    const size_t size = (3 + counters->opened) * sizeof *data;
    if (!is_ours(counters, (uint32_t)leader)) {
        return EBADF;
    }
    const int error = read_exactly(counters->fd[leader], data, size);
    const uint64_t *next = data + 3;
    for (uint32_t i = 0; !error && i < counters->count; i++) {
        if (counters->fd[i] >= 0) {
            reading->value[i] = *next++;
            reading->enabled_ns[i] = data[1];
            reading->running_ns[i] = data[2];
        }
    }
    return error;
}

static int
read_each(const mb_counters *counters, mb_counters_reading *reading)
{
    int error = 0;
    for (uint32_t i = 0; !error && i < counters->count; i++) {
        uint64_t data[3] = {0};
        if (counters->fd[i] >= 0) {
            error = is_ours(counters, i)
                        ? read_exactly(counters->fd[i], data, sizeof data)
                        : EBADF;
        }
        reading->value[i] = data[0];
        reading->enabled_ns[i] = data[1];
        reading->running_ns[i] = data[2];
    }
    return error;
}

int
mb_counters_read(const mb_counters *counters, mb_counters_reading *reading)
{
    if (counters->generation != mb_fork_generation()) {
        return ECHILD;
    }
    memset(reading, 0, sizeof *reading);
    if (!counters->opened) {
        return 0;
    }
    return counters->of_children ? read_each(counters, reading)
                                 : read_group(counters, reading);
}

mb_counters_kind
mb_counters_count(const mb_counters_reading *before, const mb_counters_reading *after,
                  uint32_t i, uint64_t *number)
{
    const uint64_t counted = after->value[i] - before->value[i];
    const uint64_t enabled = after->enabled_ns[i] - before->enabled_ns[i];
    const uint64_t running = after->running_ns[i] - before->running_ns[i];
    *number = 0;
    if (running >= enabled) {
        *number = counted;
        return MB_COUNTED;
    }
    if (!running) {
        return MB_COUNTED_NOT;
    }
    const double share = (double)running / (double)enabled;
    *number = (uint64_t)((double)counted / share + 0.5);
    return MB_COUNTED_SCALED;
}
