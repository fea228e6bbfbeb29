/* What a process writes when it dies and Python cannot: its open records, from memory.
 *
 * Each is written from its slot (mb_slot.h), by whoever claims it. Records of
 * record_on_exit are armed (mb_setup.h): they say where they go. All other open ones are
 * written to the output of their journal, by a process that is about to end and by no
 * other.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_EMERGENCY_H
#define MB_EMERGENCY_H

#include "journal/mb_mirror.h"

/* Where a record goes. */
typedef struct {
    const char *path; /* absolute; NULL: the descriptor */
    int fd;
    uint64_t file[2]; /* what the descriptor was when the record was armed */
} mb_emergency_target;

typedef struct mb_emergency {
    struct mb_emergency *next;
    mb_mirror *mirror; /* Borrowed */
    uintptr_t
        owner;    /* whose record it is; while one replaces another, both are armed */
    bool claimed; /* by native code */
    unsigned count;
    mb_emergency_target targets[]; /* paths are Owned */
} mb_emergency;

/* Those armed, the oldest first. */
extern mb_emergency *mb_emergency_installed;

/* Writes all unclaimed armed records, the older of two of one owner, and, if the process is `dying`, all
 * other open ones, as they were at `now_ns`. */
void mb_emergency_write(int signal, int64_t now_ns, bool dying);

#endif
