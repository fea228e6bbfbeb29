/* The phase objects that a run keeps, one for each of the few names in use: a program
 * passes the same few literals again and again.
 *
 * `bench.time(name)` takes the kept object of this str if nothing else refers to it:
 * then it creates and frees no object, and the name is found already. An object is kept
 * from the first time it is entered on. While it is kept, the run owns it, and it only
 * borrows the run; when the run goes first, the object is one of no run.
 *
 * Thread: under the GIL.
 */
#ifndef PY_KEPT_H
#define PY_KEPT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "journal/mb_mirror.h"
#include "py/py_both.h"
#include "run/mb_phases.h"

struct py_run;

/* Not tracked by the garbage collector (10 ns an object): a phase is in a cycle only if
 * the code being timed keeps it, and a run that is closed lets go of everything
 * else. */
typedef struct {
    PyObject_HEAD
#if PY_BOTH_NEEDED
    vectorcallfunc vectorcall;
#endif
    struct py_run *run; /* Owned, but borrowed while the phase is kept; or NULL */
    bool kept;
    bool outside;   /* made outside any record, where it does nothing */
    PyObject *name; /* Owned: a str; outside any record, what was given */
    /* Owned: weak reference to the bench whose time() made it; NULL if that is the bench
     * of its run. */
    PyObject *bench;
    mb_phase_name
        *stored;    /* Borrowed from the run: the name, once it has a total; or NULL */
    mb_phase *slot; /* Borrowed from the run, while the phase is open */
    mb_entry *mirror;  /* Borrowed from the run's mirror, likewise; or NULL */
    PyObject *counter; /* Owned: foreign duration counter, or NULL */
    PyObject *began;   /* Owned: its reading on entry */
    py_state *state;   /* Borrowed: the type keeps it */
} py_phase;

#define PY_KEPT_PHASES 16 /* a power of two */

/* By where the str of its name lies. All zero is empty. */
typedef struct {
    py_phase *phases[PY_KEPT_PHASES]; /* Owned */
    bool any;                         /* whether one may be there */
} py_kept;

/* Returns the kept phase of this str, in use or not; NULL for none. Borrowed. */
static inline py_phase *
py_kept_phase(const py_kept *kept, PyObject *name)
{
    py_phase *phase = kept->phases[((uintptr_t)name / 64) % PY_KEPT_PHASES];
    return phase && phase->name == name ? phase : NULL;
}

/* Keeps a phase that refers to its run, in place of another one. The caller holds a
 * reference to that run. */
void py_kept_add(py_kept *kept, py_phase *phase);

/* Visits, for the garbage collector, names that only a kept phase refers to. */
int py_kept_traverse(const py_kept *kept, visitproc visit, void *arg);

/* Detaches phases that are in use from a run that is freed. */
void py_kept_clear(py_kept *kept);

#endif
