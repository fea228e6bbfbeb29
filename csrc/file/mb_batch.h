/* Collects records in memory, and appends many of them with one write(2).
 *
 *     mb_batch_add(batch, line, size) || mb_batch_record(batch, line, size) == 0
 *
 * The records that wait lie in a block of memory. It may be part of a journal, and then
 * outlives the process: recovery appends what a dead process has left there. A batch is
 * written
 *
 *   - with the record that fills it: MB_BATCH_SIZE bytes, or the number of records that
 *     the limits name;
 *   - when its first record has waited for the time that the limits name (mb_timer.h);
 *   - before a fork, at exit(3), when the batch is freed, and by mb_batch_flush().
 *
 * If the write fails, complete lines that are in the file stay there, and the others
 * wait for the next attempt. The record that filled the batch is not among them: its
 * caller gets the errno, as without a batch. Until a write succeeds, each further record
 * makes an attempt of its own, and none is added. So what was accepted is never more
 * than one batch.
 *
 * A forked child has no records of its parent. Its batch takes none, until it gets a
 * block by mb_batch_renew().
 *
 * Thread: any number at once, with or without the GIL. mb_batch_add never waits; the
 * others may wait for the file. The lock of a batch is held while it is written: what
 * waits for it does so without the GIL, in mb_batch_record.
 */
#ifndef MB_BATCH_H
#define MB_BATCH_H

#include "file/mb_append.h"

#define MB_BATCH_SIZE 65536 /* bytes of records that wait, at most */

/* In memory, or in a journal: numbers in the byte order of the machine. */
typedef struct {
    uint64_t range;    /* of the bytes that wait: see mb_batch_from, mb_batch_to */
    uint32_t writing;  /* 1: some of them may be in the file already */
    uint32_t capacity; /* bytes */
    char bytes[];      /* lines, each with its newline */
} mb_batch_block;

/* One number, so that a reader never sees half of a change. */
static inline uint64_t
mb_batch_range(uint32_t from, uint32_t to)
{
    return (uint64_t)from << 32 | to;
}

static inline uint32_t
mb_batch_from(uint64_t range)
{
    return (uint32_t)(range >> 32);
}

static inline uint32_t
mb_batch_to(uint64_t range)
{
    return (uint32_t)range;
}

typedef struct {
    uint32_t records; /* that fill a batch */
    int64_t age_ns;   /* for which a record waits, at most */
    bool sync;        /* each write is followed by fsync(2) */
} mb_batch_limits;

typedef struct mb_batch {
    struct mb_batch *next; /* a batch is used again, and never freed */
    uint32_t lock;         /* 0, 1 held, 2 held and waited for */
    bool used;             /* by an owner */
    bool failed;           /* the last write has */
    mb_append *append;     /* Borrowed */
    char *path;            /* Owned: of the file */
    mb_batch_block *block; /* NULL: this process has none */
    bool own_block;        /* Owned; else of a journal */
    uint32_t *open;        /* of the journal: counts the records in it; or NULL */
    pid_t process;
    mb_batch_limits limits;
    uint32_t count;   /* records that wait */
    int64_t since_ns; /* when the first of them came */
} mb_batch;

/* Returns a batch in front of a file, which is borrowed; NULL without memory. */
mb_batch *mb_batch_new(mb_append *append, const mb_batch_limits *limits);

/* Returns whether the batch is that of the parent of a fork. */
bool mb_batch_is_stale(const mb_batch *batch);

/* Gives an empty batch another block, and forgets a fork. `block` is borrowed, with the
 * counter of its journal; NULL: memory of the batch. Returns 0 or ENOMEM. */
int mb_batch_renew(mb_batch *batch, mb_batch_block *block, uint32_t *open);

void mb_batch_set_sync(mb_batch *batch, bool sync);

/* Adds a record, if that needs neither the file nor another thread. Returns false if it
 * does, and for NULL: then call mb_batch_record. */
bool mb_batch_add(mb_batch *batch, const char *line, size_t size);

/* Adds a record, and writes the batch if the record fills it. A record that is larger
 * than a batch is written by itself. Returns 0, or the errno of what has failed: then
 * the record is not in the batch. ESTALE: the batch is that of the parent. */
int mb_batch_record(mb_batch *batch, const char *line, size_t size);

/* Writes the records that wait. Returns 0, or the errno of what has failed. */
int mb_batch_flush(mb_batch *batch);

/* Returns the number of bytes that wait, and copies the first `room` of them. */
size_t mb_batch_copy(mb_batch *batch, char *buffer, size_t room);

/* Discards the records that wait. */
void mb_batch_discard(mb_batch *batch);

/* Writes the records that wait, and ends the use of the batch. Those that the file does
 * not take stay in the journal, or go to standard error. NULL is allowed. */
void mb_batch_free(mb_batch *batch);

/* --- all batches of the process ----------------------------------------------------- */

/* Writes all records that wait. */
void mb_batches_flush(void);

/* Writes the batches whose first record has waited for half of its time at `now_ns`.
 * Returns the time after which to look again: half of the shortest; and in `*waiting`
 * whether records wait (NULL: nowhere). INT64_MIN: nothing is written. */
int64_t mb_batches_flush_due(int64_t now_ns, bool *waiting);

/* From here on each record is written at once; first those that wait. For the end of the
 * process, when no thread and no further record would write later ones. */
void mb_batches_end(void);

/* --- in a dying process: signal-safe ------------------------------------------------ */

/* Writes all records that wait, each by mb_append_dying.h: to the file, or else to
 * standard error. A batch that another thread is writing gets some time to be done. What
 * could not be written stays in the journal. */
void mb_batches_write_dying(void);

/* Does the same with one batch. The caller holds its lock. */
void mb_batch_write_dying(mb_batch *batch);

/* --- for mb_batch_dying.c ----------------------------------------------------------- */

mb_batch *mb_batches(void); /* the list */
bool mb_batch_try_lock(mb_batch *batch);
void mb_batch_unlock(mb_batch *batch);
/* Removes the first `size` bytes that wait. */
void mb_batch_drop(mb_batch *batch, size_t size);

#endif
