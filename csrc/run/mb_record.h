/* A record as text, from the native half of its run.
 *
 * Equal, once read as JSON, to what the dict form of the same run gives.
 */
#ifndef MB_RECORD_H
#define MB_RECORD_H

#include "base/mb_text.h"
#include "run/mb_run.h"

/* Members that others have rendered, with a comma before each. */
typedef struct {
    const char *data;
    size_t size;
} mb_record_piece;

typedef struct {
    mb_record_piece before;     /* in `call`: before the measurements */
    mb_record_piece after;      /* and after them */
    mb_record_piece tail, rest; /* behind the tail of the record */
    mb_record_piece inside;     /* in the tail, at this place */
    size_t inside_at;
} mb_record_more;

/* Appends the record as it is at `now_ns`. `record` holds its text, its flags and its
 * time zone; the run has the rest. Sets `text->failed` without memory. */
void mb_record_write(mb_text *text, mb_run *run, const mb_mirror_opening *record,
                     int64_t now_ns);

/* The same, with these members. */
void mb_record_write_with(mb_text *text, mb_run *run, const mb_mirror_opening *record,
                          const mb_record_more *more, int64_t now_ns);

#endif
