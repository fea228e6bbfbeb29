/* Reads a journal (mb_format.h): its header, slots, texts, names, logs and totals.
 *
 * It is read in the owner when that dies, and from a copy after its death. The functions
 * trust nothing: an offset or a count that cannot be right ends a list or returns NULL; it
 * never causes a wild read. What they return is borrowed from the image.
 *
 * Signal-safe: all. No allocation, no lock, no errno. Thread: any, while others write.
 */
#ifndef MB_IMAGE_H
#define MB_IMAGE_H

#include "journal/mb_format.h"

typedef struct {
    const char *base; /* aligned as memory from malloc is */
    size_t size;
} mb_image;

/* Returns the header, whose strings end within it; NULL if this is no journal, or one
 * of another version. Borrowed from the image. */
const mb_journal_header *mb_image_header(mb_image image);

/* Returns the output path: `*size` bytes, borrowed; NULL where there is none. */
const char *mb_image_output(mb_image image, size_t *size);

/* Returns the slot after `slot`, or with NULL the first one; NULL at the end. Of any
 * state. */
const mb_slot *mb_image_next(mb_image image, const mb_slot *slot);

/* Returns the latest time in the journal, on the monotonic clock: of any record, of a
 * heartbeat, of the signal, or of the death of the parent. The process was alive then,
 * and each open record was open. */
int64_t mb_image_last_ns(mb_image image);

/* Returns whether the kernel has marked the end of the process: then the file was last
 * modified at that moment. */
bool mb_image_end_is_marked(mb_image image);

/* Returns the signal that the process has seen; 0 for none, and for a crash that it has
 * survived: something was measured after it. */
int mb_image_signal(mb_image image);

/* --- the parts of a slot ----------------------------------------------------------- */

/* Returns the block of `size` bytes at an offset; NULL if there cannot be one. */
const void *mb_image_block(mb_image image, uint32_t offset, size_t size);

/* Returns the text of a slot, whose three parts are in the image; NULL if it is damaged. */
const mb_slot_text *mb_image_text(mb_image image, const mb_slot *slot);

/* Returns the name at an offset; NULL if there is none, or one that is damaged. */
const mb_slot_name *mb_image_name(mb_image image, uint32_t offset);

/* Returns whether an entry is a phase, not an iteration. */
bool mb_image_is_phase(const mb_entry *entry);

/* Returns the name of a phase; NULL if it has none, or one that is damaged. */
const mb_slot_name *mb_image_name_of(mb_image image, const mb_entry *entry);

/* Returns the total after `total`, or with NULL the first one; NULL at the end. */
const mb_slot_total *mb_image_next_total(mb_image image, const mb_slot *slot,
                                         const mb_slot_total *total);

/* Returns how many entries the log of a slot has, at most as many as the image can hold. */
uint32_t mb_image_entries(mb_image image, const mb_slot *slot);

/* A walk through a log. */
typedef struct {
    mb_image image;
    const mb_chunk *chunk;
    uint32_t index; /* in the chunk */
    uint32_t ahead; /* entries */
} mb_image_walk;

/* Returns a walk through the first `entries` of a log. */
mb_image_walk mb_image_walk_of(mb_image image, const mb_slot *slot, uint32_t entries);

/* Returns the next entry; NULL at the end. */
const mb_entry *mb_image_walk_on(mb_image_walk *at);

#endif
