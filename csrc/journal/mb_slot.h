/* Makes a line of an open record in a journal, as it is when its process dies.
 *
 * Of an image (mb_image.h) it takes the text of the slot, and what a view (mb_view.h) has
 * measured so far.
 *
 * Signal-safe: all. No allocation, no lock, no errno. Thread: any, while others write.
 */
#ifndef MB_SLOT_H
#define MB_SLOT_H

#include "journal/mb_image.h"

/* Returns whether the slot holds an open record, claimed or not. */
bool mb_slot_is_open(const mb_slot *slot);

/* Returns whether the record may be in a file already. */
bool mb_slot_is_claimed(const mb_slot *slot);

/* The end of a record that its process could not finish. */
typedef struct {
    const char *path; /* exit_path: "native" or "recovered"; NULL: none */
    int signal;       /* exit_signal; 0: none */
    int64_t now_ns;   /* monotonic: the end */
    const char *more; /* further fields as JSON, each with a comma before it */
    size_t more_size;
} mb_slot_ending;

#define MB_SLOT_PARTS 4

/* A line: the parts, in order, with its newline. */
typedef struct {
    struct iovec parts[MB_SLOT_PARTS];
    size_t size; /* of all together */
} mb_slot_line;

/* Returns how large a buffer mb_slot_record needs at most; 0 for a slot that makes no
 * record. */
size_t mb_slot_room(mb_image image, const mb_slot *slot, const mb_slot_ending *ending);

/* Writes the record of a slot as it is at `ending->now_ns`. The parts lie in the image
 * and in `buffer`: valid as long as both. Returns false if the slot is damaged, or the
 * buffer too small. Strict JSON if the text of the slot is. */
bool mb_slot_record(mb_image image, const mb_slot *slot, const mb_slot_ending *ending,
                    char *buffer, size_t capacity, mb_slot_line *line);

#endif
