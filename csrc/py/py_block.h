/* Block: what `bench.record(name)` returns. Its block becomes one record each time it is
 * entered.
 *
 * Where nothing in Python has to see the record, a Recorder begins the run and writes the
 * record. Otherwise begin() returns a run that is open and started, and py_run_finish()
 * ends it: core/block.py adds that method.
 *
 * The blocks of one bench share a Finder of their recorder, which its Config keeps as
 * `blocks`: a Config does not refer to its bench.
 *
 * A call of a coroutine function is a block too, for which Timed has found the recorder:
 *
 *     with timed.block(args, kwargs) as awaitable:
 *         return await awaitable
 *
 * The function is called last on entering, after the clock is read: as a call from Python,
 * that would take longer.
 *
 * Thread: under the GIL. Ctrl-C cannot come between the begin of a run and its note here.
 */
#ifndef PY_BLOCK_H
#define PY_BLOCK_H

#include "py/py_both.h"
#include "py/py_finder.h"

typedef struct {
    PyObject_HEAD
#if PY_BOTH_NEEDED
    vectorcallfunc vectorcall;
#endif
    PyObject *owner;         /* Owned: the bench */
    PyObject *name;          /* Owned: str; NULL for a call */
    PyObject *func;          /* Owned: what is called; or NULL */
    PyObject *args, *kwargs; /* Owned: with these, a tuple and a dict; or NULL */
    PyObject *fields;        /* Owned: dict of fields for each record; or NULL */
    PyObject *finder; /* Owned: Finder of the blocks of the bench; NULL: look it up */
    py_run *run;      /* Owned: while the block is open; or NULL */
    py_recorder *recorder; /* Owned: that begins it or has begun it; NULL: Python has */
} py_block;

int py_block_ready(PyObject *module);

/* Begins a record; the clock is read last. Returns 0, or -1 with an exception. */
int py_block_enter(py_block *self, const py_state *state);

/* Stops the clock, if the block is open, and writes the record. `error` is what the code
 * has raised, or NULL. Returns 0, or -1 with an exception. */
int py_block_leave(py_block *self, PyObject *error);

/* Returns bench._bench_config.blocks, a new reference; NULL with an exception. It is a
 * Finder once a block of the bench was entered. */
PyObject *py_block_finder(const py_state *state, PyObject *bench);

/* The block of `name`, of which only the str is needed, with the Finder of the bench. New
 * reference; NULL with an exception. */
PyObject *py_block_named(const py_state *state, PyObject *bench, PyObject *name,
                         PyObject *finder);

typedef struct {
    PyObject *func, *args, *kwargs; /* Borrowed: the function, a tuple and a dict */
} py_block_call;

/* The block of one call, which this recorder records. It is entered once. New reference;
 * NULL with an exception. */
PyObject *py_block_of_call(const py_state *state, PyObject *bench, py_block_call call,
                           py_recorder *recorder);

#endif
