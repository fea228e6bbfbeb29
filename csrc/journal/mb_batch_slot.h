/* Puts the records of a batch (mb_batch.h) into a journal, where they outlive the
 * process.
 *
 * A batch has a slot with the flag MB_SLOT_BATCH, whose text is a block of complete
 * lines instead of a mb_slot_text. The slot is open as long as the batch exists; the
 * journal counts it as an open record only while records wait in it.
 *
 * Thread: under the GIL. mb_batch_slot_read, mb_batch_slot_is: any, signal-safe.
 */
#ifndef MB_BATCH_SLOT_H
#define MB_BATCH_SLOT_H

#include "file/mb_batch.h"
#include "journal/mb_journal.h"

/* Returns an empty block in the journal, in a slot of its own; NULL without room. */
mb_batch_block *mb_batch_slot_take(mb_journal *journal);

/* Frees the slot of a block, for another batch. NULL is allowed. */
void mb_batch_slot_release(mb_journal *journal, const mb_batch_block *block);

/* --- reading ------------------------------------------------------------------------ */

bool mb_batch_slot_is(const mb_slot *slot);

/* The records of a batch: lines, each with its newline. */
typedef struct {
    const char *bytes; /* Borrowed from the image */
    size_t size;
    bool writing; /* some of them may be in the file already */
} mb_batch_slot_lines;

/* Reads the slot of a batch. Returns false if it is damaged. */
bool mb_batch_slot_read(mb_image image, const mb_slot *slot,
                        mb_batch_slot_lines *lines);

#endif
