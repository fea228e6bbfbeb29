/* A mark that the kernel sets in a mapped file when the process ends, however it ends.
 *
 * Nothing of ours runs in a process that is killed, calls _exit(2), or executes another
 * program. But the kernel then looks through the robust mutexes that a thread holds
 * (set_robust_list(2)), and writes FUTEX_OWNER_DIED into each. Ours lies in the journal,
 * on a page of its own that is mapped and was never touched since: so the write is a page
 * fault, and a page fault that makes a shared page dirty sets the time of the last
 * modification of the file. That time is the end of the process, to a tick of the kernel
 * (1 to 10 ms).
 *
 *     mb_endmark *mark = mb_endmark_arm(page, fd);
 *     ...
 *     if (mb_endmark_release(mark)) munmap(base, size);
 *
 * It costs six system calls for each journal, and nothing afterwards: no thread, no timer,
 * no signal. Where the file system does not work like that (tmpfs maps a page that is read
 * writable at once), arming finds out: it sets the time to 0 and looks whether a write
 * changes it.
 *
 * The list of a thread is shared with the robust mutexes of the program. On either side of
 * ours in the list lies one more, in ordinary memory, so that the C library never writes to
 * our page when the program takes and gives its own.
 *
 * Thread: the main one arms, others get NULL. Not signal-safe.
 */
#ifndef MB_ENDMARK_H
#define MB_ENDMARK_H

#include "mb_platform.h"

typedef struct mb_endmark mb_endmark;

/* The size of the page; 0: this system has no mark. */
uint32_t mb_endmark_size(void);

/* Arms the mark on a page of zeros, which is mapped shared and lies in the open file `fd`.
 * NULL where there can be none: the page is free for something else then. */
mb_endmark *mb_endmark_arm(char *page, int fd);

/* Takes the mark back. False: another thread has armed it, and only that one could: the page
 * has to stay mapped for as long as the process lives. NULL is allowed.
 *
 * A forked child has no part in it: there the page can be unmapped. */
bool mb_endmark_release(mb_endmark *mark);

/* In a child that fork(2) of the C library has made, which has emptied the list of the
 * thread: frees what the child has of a mark of its parent. NULL is allowed. */
void mb_endmark_forget(mb_endmark *mark);

/* Whether the kernel has set the mark, in a copy of the page. Signal-safe. */
bool mb_endmark_is_set(const char *page);

#endif
