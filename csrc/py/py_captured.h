/* What native captures (py_captures.h) have seen of one run: pieces of its record.
 *
 *     py_captured_observe(captured, usage)          of a block
 *     py_captured_begin(captured, measures)         empty again
 *     py_captured_start(captured)                   before the clock of an iteration
 *     py_captured_stop(captured, elapsed_ns)        after it
 *     py_captured_pieces(captured, &more)           for mb_record_write_with()
 *
 * Thread: under the GIL. No Python runs.
 */
#ifndef PY_CAPTURED_H
#define PY_CAPTURED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "base/mb_text.h"
#include "run/mb_load.h"
#include "run/mb_record.h"
#include "run/mb_usage.h"

typedef struct py_captured {
    mb_text call;  /* members of `call` before the measurements, a comma before each */
    mb_text value; /* those after them, likewise */
    mb_text usage; /* that of the record, less its last bracket; or empty */
    bool is_call;  /* the run is of a function, not of a block */
    bool may_hold_secrets;
    bool is_measuring; /* `before` is a reading */
    bool has_usage;    /* `before` and `after` are readings of the last iteration */
    bool observes;     /* what the machine does meanwhile, and ... */
    bool observes_usage;
    uint64_t thread;     /* that has read `before`, and ... */
    unsigned generation; /* of forks */
    struct rusage before, after;
    int64_t before_delay_ns;
    int64_t delay_ns; /* between them; or MB_LOAD_UNKNOWN */
    int64_t load;     /* hundredths, at the start; or MB_LOAD_UNKNOWN */
} py_captured;

/* All zero; NULL with MemoryError. */
py_captured *py_captured_new(void);

/* Takes NULL too. */
void py_captured_free(py_captured *self);

/* Has the record of a run say what the machine does meanwhile: the load at the start, for how
 * long the thread waits for a CPU and, with `usage`, the resource usage of the process. Comes
 * before py_captured_begin(). */
void py_captured_observe(py_captured *self, bool usage);

/* Forgets an earlier run, but what was observed. `measures`: the record lists the usage of each iteration. */
void py_captured_begin(py_captured *self, bool measures);

/* Whether it does. Takes NULL too. */
static inline bool
py_captured_measures(const py_captured *self)
{
    return self && self->usage.size;
}

/* Reads the counters of this process; does nothing unless they are listed, or observed. */
void py_captured_start(py_captured *self);

/* Reads them again after so many nanoseconds, and adds the differences. What is observed of a
 * run that was shorter than this is left out: reading it would take as long, and
 * the kernel counts in microseconds. */
#define PY_CAPTURED_SHORT_NS 10000
extern int64_t py_captured_short_ns; /* a test may change it */
void py_captured_stop(py_captured *self, int64_t elapsed_ns);

/* Sets the pieces, valid until the next change. False: one of them lacks memory. */
bool py_captured_pieces(py_captured *self, mb_record_more *more);

/* Notes whether what was appended to a piece since it had `from` bytes may hold a secret
 * (mb_suspicious.h). */
void py_captured_search(py_captured *self, const mb_text *piece, size_t from);

/* Whether the record lists the usage, once the code has run. */
bool py_captured_has_usage(const py_captured *self);

/* Frees buffers that are larger than those of most records; nothing is observed any more. */
void py_captured_reset(py_captured *self);

#endif
