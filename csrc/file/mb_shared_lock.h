/* Locks a file of records on a network file system while a record is appended to it.
 *
 * There, O_APPEND is no promise: an NFS client writes at the end of the file that it
 * knows (open(2)). A lock has it ask the server for that end, and unlocking hands over
 * what was written. All writers of microbench lock; readers do not.
 *
 * A lock belongs to the open file description: it ends with the process, and threads
 * share it. A server may know no locks, or a client may be stopped while it holds one:
 * then the record is written without.
 *
 * Thread: any, one at a time for a descriptor. Not signal-safe.
 */
#ifndef MB_SHARED_LOCK_H
#define MB_SHARED_LOCK_H

#include "base/mb_platform.h"

#define MB_SHARED_LOCK_NS 2000000000 /* that a record waits for other writers */
#define MB_SHARED_LATE_NS 10000000   /* the same, after one that waited in vain */

typedef enum { MB_NOT_SHARED, MB_SHARED, MB_SHARED_LOCKED } mb_shared_lock;

/* Returns MB_SHARED if other machines may write to the file behind the descriptor, else
 * MB_NOT_SHARED. */
mb_shared_lock mb_shared_lock_kind(int fd);

/* Locks the file, and waits for it for `most_ns` nanoseconds at most. Returns
 * MB_SHARED_LOCKED; MB_SHARED if it waited in vain; MB_NOT_SHARED if there are no locks,
 * so that it need not be tried again. */
mb_shared_lock mb_shared_lock_begin(int fd, int64_t most_ns);

/* Unlocks the file. */
void mb_shared_lock_end(int fd);

#endif
