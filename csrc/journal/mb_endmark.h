/* A mark that the kernel sets in a mapped file when the process ends, however it ends.
 *
 * No code of this library runs when a process is killed, calls _exit(2), or executes
 * another program. But the kernel then walks the robust mutexes that a thread holds
 * (set_robust_list(2)), and writes FUTEX_OWNER_DIED into each. The mark is such a mutex
 * in the journal, on a mapped page that nothing else touches. So the write is a page
 * fault, and a fault that makes a shared page dirty sets the modification time of the
 * file. That time is the end of the process, to a tick of the kernel (1 to 10 ms).
 *
 *     mb_endmark *mark = mb_endmark_arm(page, fd);
 *     ...
 *     if (mb_endmark_release(mark)) munmap(base, size);
 *
 * It costs six system calls for each journal, and nothing afterwards: no thread, no
 * timer, no signal. Some file systems do not work like that (tmpfs maps a page writable
 * on a read). Arming tests it: it sets the time to 0 and checks that a write changes
 * it.
 *
 * The list of a thread also holds the robust mutexes of the program. The mark has a
 * mutex in ordinary memory on either side of it in the list, so that the C library
 * never writes to the mapped page when the program locks and unlocks its own.
 *
 * Thread: the main one arms, others get NULL. Not signal-safe.
 */
#ifndef MB_ENDMARK_H
#define MB_ENDMARK_H

#include "base/mb_platform.h"

typedef struct mb_endmark mb_endmark;

/* Returns the size of the page; 0: this system has no mark. */
uint32_t mb_endmark_size(void);

/* Arms the mark on a page of zeros, which is mapped shared from the open file `fd`.
 * NULL if there can be none: the page is then free for other uses. */
mb_endmark *mb_endmark_arm(char *page, int fd);

/* Removes the mark. False if another thread has armed it, since only that one can
 * remove it: the page has to stay mapped while the process lives. NULL is allowed.
 *
 * A forked child does not hold the mutex, and can unmap the page. */
bool mb_endmark_release(mb_endmark *mark);

/* Frees the copy of the parent's mark in a forked child, where fork(2) of the C library
 * has emptied the list of mutexes. NULL is allowed. */
void mb_endmark_forget(mb_endmark *mark);

/* Returns whether the kernel has set the mark, in a copy of the page. Signal-safe. */
bool mb_endmark_is_set(const char *page);

#endif
