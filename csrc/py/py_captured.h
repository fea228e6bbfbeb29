/* What native captures (py_captures.h) have seen of one run: pieces of its record.
 *
 *     py_captured_begin(captured)                   empty again
 *     py_captured_start(captured)                   before the clock of an iteration
 *     py_captured_stop(captured)                    after it
 *     py_captured_pieces(captured, &more)           for mb_record_write_with()
 *
 * Thread: under the GIL. No Python runs.
 */
#ifndef PY_CAPTURED_H
#define PY_CAPTURED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <sys/resource.h>

#include "base/mb_text.h"
#include "run/mb_record.h"

typedef struct py_captured {
    mb_text call;  /* members of `call` before the measurements, a comma before each */
    mb_text value; /* the one after them, likewise */
    mb_text usage; /* that of the record, less its last bracket; or empty */
    bool is_call;  /* the run is of a function, not of a block */
    bool may_hold_secrets;
    bool is_measuring; /* `before` is a reading */
    struct rusage before;
} py_captured;

/* All zero; NULL with MemoryError. */
py_captured *py_captured_new(void);

/* Takes NULL too. */
void py_captured_free(py_captured *self);

/* Forgets an earlier run. `measures`: the record lists the usage of each iteration. */
void py_captured_begin(py_captured *self, bool measures);

/* Whether it does. Takes NULL too. */
static inline bool
py_captured_measures(const py_captured *self)
{
    return self && self->usage.size;
}

/* Reads the counters of this process; does nothing unless they are listed. */
void py_captured_start(py_captured *self);

/* Reads them again, and adds the differences. */
void py_captured_stop(py_captured *self);

/* Sets the pieces, valid until the next change. False: one of them lacks memory. */
bool py_captured_pieces(py_captured *self, mb_record_more *more);

/* Notes whether what was appended to a piece since it had `from` bytes may hold a secret
 * (mb_suspicious.h). */
void py_captured_search(py_captured *self, const mb_text *piece, size_t from);

/* Frees buffers that are larger than those of most records. */
void py_captured_trim(py_captured *self);

#endif
