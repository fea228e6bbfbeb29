/* Counters of the processor and the kernel for one thread: perf_event_open(2).
 *
 *     mb_counters counters;
 *     mb_counters_reading before, after;
 *     mb_counters_open(&counters, events, count, false);
 *     mb_counters_read(&counters, &before); ... mb_counters_read(&counters, &after);
 *     if (mb_counters_count(&before, &after, i, &number) != MB_COUNTED_NOT) ...
 *     mb_counters_close(&counters);
 *
 * Those of this thread are one group, which the kernel counts as a whole or not at all, and
 * which one read(2) gives. Code of the kernel is left out. Where other groups need the same
 * counters, the kernel takes turns: then a count is an estimate for the whole time.
 *
 * Those of children count what this thread starts with execve(2), and what that starts, from
 * that execve(2) on; not this thread. Linux joins no such group: each is read on its own.
 *
 * Descriptors close at execve(2). A forked child has copies that still count for the thread of
 * its parent: there mb_counters_read() fails with ECHILD. Some programs close all descriptors
 * that they find, and others get these numbers then: so each is asked for its id before it is
 * read or closed.
 *
 * Thread: open in the one to count for; read and close in any, under a lock.
 */
#ifndef MB_COUNTERS_H
#define MB_COUNTERS_H

#include "base/mb_platform.h"

#define MB_COUNTERS_MOST 16

typedef struct {
    uint32_t type;   /* perf_event_attr.type */
    uint64_t config; /* perf_event_attr.config */
} mb_counters_event;

typedef struct {
    uint32_t count;              /* events that were asked for */
    uint32_t opened;             /* those that are there */
    int fd[MB_COUNTERS_MOST];    /* Owned; -1: not there */
    int error[MB_COUNTERS_MOST]; /* why it is not there: errno; 0 if it is */
    uint64_t id[MB_COUNTERS_MOST];
    unsigned generation; /* of forks, in which they were opened */
    bool of_children;
} mb_counters;

typedef struct {
    uint64_t value[MB_COUNTERS_MOST];
    uint64_t enabled_ns[MB_COUNTERS_MOST]; /* that the thread ran */
    uint64_t running_ns[MB_COUNTERS_MOST]; /* of these, that were counted */
} mb_counters_reading;

typedef enum {
    MB_COUNTED_NOT,    /* the thread ran, and nothing of that was counted */
    MB_COUNTED,        /* all of it was */
    MB_COUNTED_SCALED, /* a part was: the number is an estimate for all of it */
} mb_counters_kind;

/* Opens up to MB_COUNTERS_MOST events, and returns how many are there; `error` has the reason
 * for each other one. There is something to close if the result is not 0. */
uint32_t mb_counters_open(mb_counters *counters, const mb_counters_event *events,
                          uint32_t count, bool of_children);

/* Reads all that are there; 0, or errno: ECHILD in a forked child, EBADF if a descriptor is
 * no longer that counter. */
int mb_counters_read(const mb_counters *counters, mb_counters_reading *reading);

/* Puts what event `i` counted between two readings into `number`, a wrap of 64 bits included;
 * 0 for MB_COUNTED_NOT. */
mb_counters_kind mb_counters_count(const mb_counters_reading *before,
                                   const mb_counters_reading *after, uint32_t i,
                                   uint64_t *number);

/* Closes those that are still there; then all are closed. */
void mb_counters_close(mb_counters *counters);

/* What the system gives; tests put something else there. Each is as its system call, and
 * returns -1 with errno. */
typedef struct {
    int (*open)(const mb_counters_event *event, int group, bool of_children);
    int (*id)(int fd, uint64_t *id);
    int (*enable)(int fd); /* all of the group */
    ssize_t (*read)(int fd, void *data, size_t size);
    int (*close)(int fd);
} mb_counters_system;
extern mb_counters_system mb_counters_from;

#endif
