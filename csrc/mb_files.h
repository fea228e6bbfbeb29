/* The files of records that this process holds open: not more than MB_FILES of them.
 *
 * A program may have a thousand benches, and a limit of 1024 descriptors. So a file that is
 * opened beyond that has the one closed whose last use is longest ago: the next record opens
 * it again. A quarter of the descriptors that a process may have is the limit where that is
 * less.
 *
 *     open --mb_files_add--> listed --mb_files_remove, or set_aside() says yes--> not listed
 *
 * Thread: any number; a lock of its own, which a fork does not leave locked. set_aside() is
 * called under that lock: it must not wait for another one.
 */
#ifndef MB_FILES_H
#define MB_FILES_H

#include "mb_platform.h"

#define MB_FILES 100

typedef struct mb_file {
    struct mb_file *older, *newer; /* among those that are listed */
    bool listed;
    const int64_t *used_ns; /* when it was last used, as far as it is known */
    /* Closes the file, unless it is in use; then false. */
    bool (*set_aside)(struct mb_file *file);
} mb_file;

/* The file is open now. Borrowed, until it is removed. Closes others, if there are many. */
void mb_files_add(mb_file *file);

/* Idempotent. */
void mb_files_remove(mb_file *file);

/* Closes the file whose last use is longest ago: false if there is none, or all are in
 * use. For a call that has failed with EMFILE. */
bool mb_files_close_one(void);

/* How many are listed. */
unsigned mb_files_count(void);

#endif
