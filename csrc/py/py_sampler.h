/* Sampler: which calls of a function are recorded, and the counts of those that are not.
 *
 *     Sampler(every, share, histogram, integers, note)
 *
 * With `every`, the first call of each `every` calls is recorded; else a random `share` of
 * them. All others are timed by two readings of the clock, and counted. When the first one is
 * counted since the counts were taken, note() is called, so that Python knows of them.
 * A forked child begins anew: what its parent has counted is the parent's.
 *
 * Phases in a call that is not recorded are dropped, unless another run has been opened in
 * it: they belong to no record around the call.
 *
 * Thread: under the GIL.
 */
#ifndef PY_SAMPLER_H
#define PY_SAMPLER_H

#include <Python.h>

#include <stdbool.h>

#include "py/py_state.h"
#include "run/mb_histogram.h"

typedef struct {
    PyObject_HEAD
    py_state *state; /* Borrowed: the type keeps it */
    uint64_t every;  /* 0: a share of the calls */
    uint64_t ahead;  /* calls before the next one that is recorded */
    double share;
    uint64_t random; /* state of the generator */
    unsigned generation;
    bool counted; /* with buckets, not moments only */
    bool integers;
    uint64_t exceptions; /* calls that have raised */
    mb_histogram calls;
    PyObject *note; /* Owned */
} py_sampler;

/* A call that is not recorded, while it lasts. */
typedef struct py_sampler_call {
    struct py_sampler_call *outer; /* in this thread */
    PyObject *active;     /* Owned: what the context variable held before it; or NULL */
    const PyObject *open; /* Borrowed from that: the open run it stood for; or NULL */
    bool muted; /* and now holds the muted marker, since there are greenlets */
} py_sampler_call;

int py_sampler_ready(PyObject *module);

/* Decides about the next call: true if it is only counted. */
bool py_sampler_skips(py_sampler *sampler);

/* Begins a call that is only counted. 0, or -1 with an exception. */
int py_sampler_enter(const py_sampler *sampler, py_sampler_call *skipped);

/* Ends it. An exception that is set stays set. */
void py_sampler_leave(py_sampler *sampler, py_sampler_call *skipped, int64_t ns,
                      bool raised);

extern unsigned py_sampler_running; /* calls that are only counted, in all threads */

bool py_sampler_mutes_here(const PyObject *open);

/* Returns whether phases are dropped where this is the open run of the context, or NULL. */
static inline bool
py_sampler_mutes(const PyObject *open)
{
    return py_sampler_running && py_sampler_mutes_here(open);
}

#endif
