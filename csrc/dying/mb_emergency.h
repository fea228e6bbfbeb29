/* The emergency write: native code writes the open records from memory when the process
 * dies and Python cannot.
 *
 * Each record is written from its slot (mb_slot.h), by the thread that claims it.
 * Records of record_on_exit are armed (mb_setup.h): they carry their targets. All other
 * open records go to the output of their journal, and only if the process is about to
 * end. Last come the records that wait in batches (mb_batch.h).
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

/* The armed records, the oldest first. */
extern mb_emergency *mb_emergency_installed;

/* Writes all unclaimed armed records as they were at `now_ns`; of two that have the
 * same owner, only the older. If the process is `dying`, writes all other open records
 * as well. */
void mb_emergency_write(int signal, int64_t now_ns, bool dying);

#endif
