/* Finds the recorder for the calls of one function, or for the blocks of one bench, and
 * remembers it until something changes that it was made from (py_recorder.h).
 *
 * For Python there is an object around one: Finder(find).
 *
 * Thread: under the GIL.
 */
#ifndef PY_FINDER_H
#define PY_FINDER_H

#include "py/py_recorder.h"

/* All zero, but for `find`, is a finder that has not looked yet. */
typedef struct {
    PyObject *find; /* Owned: find(bench, func) returns a Recorder or None; or NULL */
    py_recorder *recorder; /* Owned: what it has returned last; or NULL */
    bool has_looked;
    unsigned long long changes; /* py_recorder_changes at that time */
    unsigned version;           /* and the version tag of the bench's class */
} py_finder;

/* Sets the recorder for a call of `func`, or with None for a block: a new reference, or
 * NULL for none. Returns 0, or -1 with an exception that is no Exception of find(). */
int py_finder_get(py_finder *self, const py_state *state, PyObject *bench,
                  PyObject *func, py_recorder **recorder);

/* The finder in a Finder, borrowed; NULL if the object is none. */
py_finder *py_finder_of(const py_state *state, PyObject *object);

int py_finder_ready(PyObject *module);

int py_finder_traverse(const py_finder *self, visitproc visit, void *arg);
void py_finder_clear(py_finder *self);

#endif
