/* Views one slot of a journal as it is at a moment: what was measured, in order.
 *
 *     view = mb_view_of(image, slot, now_ns)       the counts; others may write meanwhile
 *     room = mb_view_place(&view, buffer, size)    its lists, at the end of the buffer
 *     mb_view_fill(&view)                          the entries of the log, in order
 *     mb_view_count(&call, &view)                  how many items each list of `call` has
 *     mb_view_sum(&view)                           if there is a summary
 *     mb_call_block_write(..., &mb_view_source, &view)   reads the items
 *
 * An entry that is used again while it is read is noticed, and read again.
 *
 * Signal-safe: all. No allocation, no lock, no errno. Thread: any, while others write.
 */
#ifndef MB_VIEW_H
#define MB_VIEW_H

#include "journal/mb_image.h"
#include "journal/mb_slot_histogram.h"
#include "run/mb_call_block.h"

/* What is looked at. What others add meanwhile is left out. */
typedef struct {
    mb_image image;
    const mb_slot *slot;
    uint64_t dropped; /* read first, then `left`: no entry in between is missing */
    uint64_t left;
    uint32_t entries; /* in the log */
    uint32_t totals;  /* in their list */
    uint32_t flags;
    uint32_t kept; /* how many phases are listed, at most; 0: all */
    int64_t now_ns;
    /* The log in order; offsets of entries, 0 where there is none. */
    uint32_t *iterations; /* by number */
    uint32_t *phases;     /* that were left: by order, from `dropped` on */
    uint32_t *open;       /* phases that were not, by when they were entered */
    uint32_t iteration_count, phase_count, open_count;
    mb_total *sums;                   /* of all phases, by the index of their total */
    mb_slot_histogram_view histogram; /* the one that was read last */
    /* What was read last: a total; and an entry, as it was then, or NULL. */
    const mb_slot_total *total;
    const mb_entry *entry;
    uint64_t order;
} mb_view;

/* Returns a view of a slot, without its lists. */
mb_view mb_view_of(mb_image image, const mb_slot *slot, int64_t now_ns);

/* Returns how many bytes the lists need, and the sums. */
size_t mb_view_size(const mb_view *seen);

/* Places the lists at the end of a buffer. Returns how many bytes are left before them; 0 if
 * it is too small. */
size_t mb_view_place(mb_view *seen, char *buffer, size_t capacity);

/* Fills the lists from the log. */
void mb_view_fill(mb_view *seen);

/* Returns whether the record has a summary: more phases were left than are listed. */
bool mb_view_is_summed(const mb_view *seen);

/* Counts the items of each list in `call`. */
void mb_view_count(mb_call_block *call, const mb_view *seen);

/* Sums up the phases of each name, for the summary. */
void mb_view_sum(const mb_view *seen);

/* Reads the items of a view, which mb_call_block_write gets as well. */
extern const mb_call_block_source mb_view_source;

#endif
