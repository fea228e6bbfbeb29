/* Keeps one slot of a journal the same as a run: its text, its iterations and phases.
 *
 *     mb_mirror *mirror = mb_mirror_open(journal, &record);    idle -> open
 *     mb_entry *entry = mb_mirror_enter(mirror, 0, 0);         the log
 *     mb_mirror_entry_run(entry, mb_clock_ns(), 0);
 *     mb_mirror_leave(mirror, entry, elapsed_ns);
 *     if (mb_mirror_claim(mirror)) ...                         open -> claimed
 *     mb_mirror_close(mirror)                                  -> idle
 *
 * The claim makes a record unique: of all threads that could write it, one gets it. The
 * record stays open in the journal until mb_mirror_close. If the process claims it and
 * dies before the record is in its file, recovery writes it, since it knows the id. The
 * slot shows the claim: recovery searches the file for claimed records only.
 *
 * The entry of a dropped phase (mb_phases.h) is used again once its total includes it,
 * so that a process that is killed in between counts each phase once.
 *
 * A mirror keeps what its slot has: the next record of the same bench finds head and
 * tail there already, and the room for a log.
 *
 * Thread: under the GIL; mb_mirror_claim and mb_mirror_done: any, signal-safe.
 */
#ifndef MB_MIRROR_H
#define MB_MIRROR_H

#include "journal/mb_journal.h"

typedef enum { MB_MIRROR_IDLE, MB_MIRROR_OPEN, MB_MIRROR_CLAIMED } mb_mirror_state;

typedef struct mb_block mb_block; /* of the journal, kept for the next record */

typedef struct {
    mb_block *first, *now; /* Owned list; the one in use */
    uint32_t used;         /* of it: bytes, or entries */
} mb_mirror_blocks;

/* Where a name is, and what room it has. */
typedef struct {
    uint32_t offset;
    uint32_t size;
} mb_mirror_name_place;

#define MB_MIRROR_SPARES 16

struct mb_mirror {
    mb_mirror *next;      /* in journal->mirrors */
    mb_mirror *next_idle; /* in journal->idle */
    mb_journal *journal;
    mb_slot *slot; /* in the mapping */
    uint32_t state;
    uint64_t serial;    /* of the present head and tail; 0: there are none */
    mb_block *texts[2]; /* Owned: the one in use, the other for a refresh */
    mb_mirror_blocks log, names;
    uint32_t entries;
    uint64_t sequence, left, dropped; /* of phases */
    mb_slot_total *last_total;
    uint32_t totals;
    uint32_t shared_total, shared_turn; /* of names without a total of their own */
    /* Those of dropped phases, to be used again. */
    mb_entry *spare_entries[MB_MIRROR_SPARES];
    mb_mirror_name_place spare_names[MB_MIRROR_SPARES];
    uint32_t spare_entry_count, spare_name_count;
    bool counts; /* entries of iterations are used again: a histogram has them */
    bool cut;
};

/* A record at the moment it is opened. With MB_SLOT_SECRET its log stays empty. */
typedef struct {
    const char *record_id; /* MB_RECORD_ID_SIZE bytes */
    uint64_t serial;       /* equal ones have equal head and tail; 0: compare nothing */
    const char *head, *call, *tail; /* see mb_slot_text */
    size_t head_size, call_size, tail_size;
    uint32_t flags; /* MB_SLOT_... */
    uint32_t kept;  /* see mb_slot; 0: all phases are listed */
    int32_t offset_s;
    int64_t start_wall_ns;
    int64_t start_ns; /* 0: not started yet */
} mb_mirror_opening;

/* Opens a record in the journal. NULL if there is no room: nothing has changed then. */
mb_mirror *mb_mirror_open(mb_journal *journal, const mb_mirror_opening *record);

/* Gives an open record other text: head, call and tail of `record`, nothing else of it.
 * A concurrent reader sees the old text or the new one. False: the record keeps the old
 * text. */
bool mb_mirror_refresh(mb_mirror *mirror, const mb_mirror_opening *record);

/* Keeps the line of a record that no sink took, until recovery finds it. The mirror is
 * not used again. False if there is no room: nothing has changed then. */
bool mb_mirror_keep(mb_mirror *mirror, const char *line, size_t size);

/* Notes that the clock of the run was started. */
static inline void
mb_mirror_started(mb_mirror *mirror, int64_t now_ns)
{
    __atomic_store_n(&mirror->slot->start_ns, now_ns, __ATOMIC_RELAXED);
}

/* Takes space in the journal, which is not cleared. Returns its offset, aligned to 8; 0 if
 * there is no room, or the log was cut: then it is cut. */
uint32_t mb_mirror_space(mb_mirror *mirror, size_t size);

/* Copies the name into the journal. Returns its offset; 0 if there is no room. */
uint32_t mb_mirror_name(mb_mirror *mirror, const char *utf8, size_t size);

/* Copies a name for one phase only, which is reused once that phase is dropped. */
mb_mirror_name_place mb_mirror_name_once(mb_mirror *mirror, const char *utf8,
                                         size_t size);
void mb_mirror_name_again(mb_mirror *mirror, mb_mirror_name_place place);

/* Makes a total of the dropped phases of a name (its offset; 0: of all names without a
 * total). Returns the offset of the total; 0 if there is no room. */
uint32_t mb_mirror_total(mb_mirror *mirror, uint32_t name, const mb_total *dropped);

/* Drops the phase that was left first: its entry is used again, and its total becomes
 * `now`. The caller keeps `turn` for this total; 0 at first. */
void mb_mirror_drop(mb_mirror *mirror, mb_entry *entry, uint32_t total, uint32_t *turn,
                    const mb_total *now);

/* Makes an entry that does not run yet. NULL if there is no room: then the slot is
 * marked as cut. Borrowed, valid until the mirror is closed. */
mb_entry *mb_mirror_enter(mb_mirror *mirror, uint32_t name, uint32_t iteration);

/* Starts the entry at `now_ns`; `elapsed_ns` is its time up to the last suspension. */
static inline void
mb_mirror_entry_run(mb_entry *entry, int64_t now_ns, int64_t elapsed_ns)
{
    __atomic_store_n(&entry->start_ns, now_ns - elapsed_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->elapsed_ns, MB_ENTRY_RUNNING, __ATOMIC_RELEASE);
}

/* Suspends the entry, which has taken `elapsed_ns` so far. */
static inline void
mb_mirror_entry_suspend(mb_entry *entry, int64_t elapsed_ns)
{
    __atomic_store_n(&entry->elapsed_ns, elapsed_ns, __ATOMIC_RELEASE);
}

/* Ends a phase, which has taken `elapsed_ns` in all: it is the next in the order of
 * leaving. */
void mb_mirror_leave(mb_mirror *mirror, mb_entry *entry, int64_t elapsed_ns);

/* Ends an iteration, which has taken `elapsed_ns` in all. */
static inline void
mb_mirror_leave_iteration(mb_entry *entry, int64_t elapsed_ns)
{
    __atomic_store_n(&entry->elapsed_ns, elapsed_ns, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->order, 1, __ATOMIC_RELEASE);
}

/* Lets the entry of an iteration that a histogram has be used again. */
void mb_mirror_counted(mb_mirror *mirror, mb_entry *entry);

/* Has phases that were left no longer listed. */
void mb_mirror_unlist(mb_mirror *mirror);

/* Claims the record. Returns true once: that caller writes it. */
bool mb_mirror_claim(mb_mirror *mirror);

/* Notes that the record is in its file, so that recovery has nothing to do. The mirror
 * is not used again. */
void mb_mirror_done(mb_mirror *mirror);

/* Frees the slot for another record, unless another thread has claimed the record.
 * `mine`: the caller has claimed it. */
void mb_mirror_close(mb_mirror *mirror, bool mine);

#endif
