/* The crash journal: memory that shows what records are open, and outlives the process.
 *
 * While a process records into a file, a mapped file .NAME.PID-RANDOM.journal lies
 * beside it (O_EXCL, mode of the output, never wider). The kernel keeps what is stored
 * there, also after kill -9. A clean exit removes the journal if no record is open;
 * else the next reader finds it. Without a file, memory of the same layout serves the
 * native path.
 *
 * An open file description lock (fcntl(2), F_OFD_SETLK) shows whether the owner is
 * alive. The mapping keeps the description, and so the lock, though the descriptor is
 * closed. The lock ends with the process, execve included. No process that opens and
 * closes the file can break it, the owner included, and no descriptor stays behind.
 *
 * Nothing beyond the end of the file is ever touched, and the file grows by
 * posix_fallocate(3): a hole in a mapped file kills the program once the disk is full.
 *
 * A forked child has none of its parent's journals: they are unmapped in it.
 *
 * Thread: under the GIL, except the functions marked as any thread and signal-safe.
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

#define MB_JOURNALS 64 /* that a process may have */
/* Bytes of the output's name that are in that of the journal, which has 255 in all. */
#define MB_JOURNAL_NAME 200

/* Returns the journal of `output`, an absolute path, in `directory` (NULL: beside it):
 * the one that is there already, or a new one. Adds a user. NULL with errno set: work
 * without one.
 *   ENOTSUP  `local` is set, and a mapping is not safe on the file system
 *   EMFILE   this process has MB_JOURNALS already */
mb_journal *mb_journal_file(const char *output, const char *directory, bool local);

/* Returns the journal in memory, one for the process. Adds a user. NULL without
 * memory. */
mb_journal *mb_journal_memory(void);

/* Removes a user. The last one removes the file and the mapping, unless a record is
 * open in the journal. */
void mb_journal_release(mb_journal *journal);

/* Returns whether this process made the journal, not the parent of a fork. Any thread,
 * signal-safe. */
bool mb_journal_is_own(const mb_journal *journal);

/* --- at the end of the process: any thread, signal-safe --------------------------- */

/* Returns the first journal of this process, or NULL: `next` leads to the others. The
 * structures are never freed; what they hold may be read between hold and let_go
 * only. */
mb_journal *mb_journals(void);
bool mb_journal_hold(mb_journal *journal);
void mb_journal_let_go(mb_journal *journal);

/* Between walk and leave, a thread reads the records of a dying process: none of the
 * memory that leads to them is freed meanwhile. */
void mb_journals_walk(void);
void mb_journals_leave(void);
bool mb_journals_are_walked(void);

mb_image mb_journal_image(const mb_journal *journal);

/* Notes in every journal that a signal has been seen: the first one stays. */
void mb_journals_stamp(int signal, int64_t wall_ns, int64_t now_ns);
/* Removes the note: the process lives on. */
void mb_journals_unstamp(void);

/* The field in which each iteration notes its end, as a sign of life: in the journal
 * opened last that has an open record, and whose end the kernel cannot mark; else a
 * dummy. Under the GIL. */
extern int64_t *mb_journal_alive;

/* Notes in every journal that the process is alive. */
void mb_journals_beat(int64_t now_ns);
/* Notes in every journal that its parent is dead: the first time stays. */
void mb_journals_stamp_parent(bool is_job, int64_t now_ns);

/* Removes the files of those journals in which no record is open. */
void mb_journals_remove(void);

/* --- for mb_mirror: a record was opened in it, or the last one is closed ---------- */

void mb_journal_needs_signs(mb_journal *journal);
void mb_journal_needs_none(const mb_journal *journal);

/* --- for mb_mirror and mb_batch_slot ---------------------------------------------------------------- */

/* Notes the end of the output before a record is opened, if no other is open: later
 * records lie behind that end. So recovery has little to search, however long the
 * process has run and whatever file it writes to by now. Does so at most once in
 * MB_JOURNAL_MARK_NS, since it costs some system calls; `wall_ns` is now. */
#define MB_JOURNAL_MARK_NS 1000000000
void mb_journal_mark(mb_journal *journal, int64_t wall_ns);

/* Allocates `size` bytes of zeros, aligned to 8. Returns their offset; 0 if there is no
 * room. */
uint32_t mb_journal_allocate(mb_journal *journal, size_t size);

/* Adds a slot, whose flags and text are set, behind the others. */
void mb_journal_link(mb_journal *journal, mb_slot *slot);

/* Removes the journal if it has neither users nor open records. */
void mb_journal_settle(mb_journal *journal);

/* Frees the mirrors of a journal that has gone. */
void mb_journal_free_mirrors(mb_journal *journal);

#endif
