/* Limits the files of records that this process holds open to MB_FILES.
 *
 * A program may have a thousand benches, and a limit of 1024 descriptors. So opening
 * one more file closes the least recently used one, and its next record opens it again.
 * If a quarter of the descriptors that a process may have is less, that is the limit.
 *
 *     open --mb_files_add--> listed --mb_files_remove--> not listed
 *                                 --set_aside() is true--> not listed
 *
 * Thread: any number; a lock of its own, which a fork does not leave locked.
 * set_aside() is called under that lock: it must not wait for another one.
 */
#ifndef MB_FILES_H
#define MB_FILES_H

#include "base/mb_platform.h"

#define MB_FILES 100

typedef struct mb_file {
    struct mb_file *older, *newer; /* among those that are listed */
    bool listed;
    const int64_t *used_ns; /* when it was last used, as far as it is known */
    /* Closes the file, unless it is in use; then false. */
    bool (*set_aside)(struct mb_file *file);
} mb_file;

/* Lists a file that was opened. Borrowed, until it is removed. Closes others beyond the
 * limit. */
void mb_files_add(mb_file *file);

/* Removes a file from the list. Idempotent. */
void mb_files_remove(mb_file *file);

/* Closes the least recently used file; false if there is none, or all are in use. For a
 * call that has failed with EMFILE. */
bool mb_files_close_one(void);

/* Returns how many are listed. */
unsigned mb_files_count(void);

#endif
