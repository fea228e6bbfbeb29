/* The crash journal: memory that shows what records are open, and outlives the process.
 *
 * Beside a file of records lies, while somebody records into it, a mapped file
 * .NAME.PID-RANDOM.journal (O_EXCL, mode of the output, never wider). What is stored there
 * is the kernel's: kill -9 leaves it. It goes away at a clean exit where no record is
 * open; else the next reader finds it. Where there is no file, memory of the same layout
 * serves the native path.
 *
 * Whether the owner lives tells an open file description lock (fcntl(2), F_OFD_SETLK): the
 * mapping keeps the description, and so the lock, though the descriptor is closed. It ends
 * with the process, execve included. Nobody who opens and closes the file can break it,
 * this process included, and no descriptor stays behind.
 *
 * Nothing beyond the end of the file is ever touched, and the file grows by
 * posix_fallocate(3): a hole in a mapped file kills the program once the disk is full.
 *
 * A forked child has none of its parent's journals: they are unmapped in it.
 *
 * Thread: under the GIL; what is marked so, any thread and signal-safe.
 */
#ifndef MB_JOURNAL_H
#define MB_JOURNAL_H

#include "base/mb_platform.h"
#include "journal/mb_slot.h"

typedef struct mb_mirror mb_mirror; /* mb_mirror.h */

typedef struct mb_journal {
    struct mb_journal *next; /* among the journals of this process */
    char *path;              /* Owned: of the journal; NULL: memory only */
    char *output;            /* Owned: absolute path of the file of records; or NULL */
    char *base;              /* of the mapping */
    uint32_t size;           /* that can be used without growing */
    uint32_t used;
    uint32_t reserved; /* address space */
    uint32_t open;     /* slots */
    uint32_t users;    /* benches and runs */
    uint32_t refusals; /* requests for more room that are not passed on to the system */
    int32_t readers;   /* that walk it, see mb_journal_hold; < 0: it is going away */
    unsigned generation; /* of forks */
    mb_mirror *mirrors;  /* Owned: all, the newest first; grows only */
    mb_mirror *idle;     /* those without a record */
    mb_slot *last;       /* slot made last */
    mb_endmark *endmark; /* Owned; or NULL */
    char *endmark_page;  /* of the mapping */
    uint64_t device, inode;
    int64_t marked_wall_ns; /* when the output was looked at last */
} mb_journal;

/* The journal of `output`, an absolute path, in `directory` (NULL: beside it): the one
 * that is there already, or a new one. One more user. NULL with errno set: work without.
 *   ENOTSUP  `local` is set, and the file system is none on which a mapping is safe
 *   EMFILE   this process has MB_JOURNALS already */
#define MB_JOURNALS 64
/* Bytes of the output's name that are in that of the journal, which has 255 in all. */
#define MB_JOURNAL_NAME 200
mb_journal *mb_journal_file(const char *output, const char *directory, bool local);

/* The journal in memory, one for the process. One more user. NULL without memory. */
mb_journal *mb_journal_memory(void);

/* One user less. The last one removes the file and the mapping, unless a record is open
 * in it. */
void mb_journal_release(mb_journal *journal);

/* Whether it is of this process, not of the parent of a fork. Any thread, signal-safe. */
bool mb_journal_is_ours(const mb_journal *journal);

/* --- at the end of the process: any thread, signal-safe --------------------------- */

/* The first journal of this process, or NULL: `next` leads to the others. The structures
 * are never freed; what they hold may be read between hold and let_go only. */
mb_journal *mb_journals(void);
bool mb_journal_hold(mb_journal *journal);
void mb_journal_let_go(mb_journal *journal);

/* While somebody walks the records of a dying process, from walk to leave, none of the
 * memory that leads to them is freed. */
void mb_journals_walk(void);
void mb_journals_leave(void);
bool mb_journals_are_walked(void);

mb_image mb_journal_image(const mb_journal *journal);

/* Notes in every journal that a signal has been seen: the first one stays. */
void mb_journals_stamp(int signal, int64_t wall_ns, int64_t now_ns);
/* Takes it back: the process lives on. */
void mb_journals_unstamp(void);

/* The field in which each iteration notes its end, as a sign of life: in the journal opened
 * last that has an open record, and whose end the kernel cannot mark; else a dummy. Under
 * the GIL. */
extern int64_t *mb_journal_alive;

/* Notes in every journal that the process is alive. */
void mb_journals_beat(int64_t now_ns);
/* Notes in every journal that its parent is dead: the first time stays. */
void mb_journals_stamp_parent(bool is_job, int64_t now_ns);

/* Removes the files of those journals in which no record is open. */
void mb_journals_remove(void);

/* --- for mb_mirror: a record was opened in it, or the last one is closed ----------- */

void mb_journal_needs_signs(mb_journal *journal);
void mb_journal_needs_none(const mb_journal *journal);

/* --- for mb_mirror ---------------------------------------------------------------- */

/* Notes the end of the output, before a record is opened while no other is open: later
 * records lie behind it. At most once in MB_JOURNAL_MARK_NS, since it costs some system
 * calls; `wall_ns` is now. So recovery has little to search, however long the process has
 * run, and to whatever file it writes by now. */
#define MB_JOURNAL_MARK_NS 1000000000
void mb_journal_mark(mb_journal *journal, int64_t wall_ns);

/* The offset of `size` bytes of zeros, aligned to 8; 0 if there is no room. */
uint32_t mb_journal_allocate(mb_journal *journal, size_t size);

/* Removes it if it has neither users nor open records. */
void mb_journal_settle(mb_journal *journal);

/* Frees the mirrors of a journal that has gone. */
void mb_journal_free_mirrors(mb_journal *journal);

#endif
