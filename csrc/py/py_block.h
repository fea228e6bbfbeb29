/* Block: what `bench.record(name)` returns. Its block becomes one record each time it is
 * entered.
 *
 * Where nothing in Python has to see the record, a Recorder begins the run and writes the
 * record. Otherwise begin(), of the subclass in core/block.py, returns a run that is open
 * and started, and py_run_finish() ends it.
 *
 * The blocks of one bench share a Finder of their recorder, which its Config keeps as
 * `blocks`: a Config does not refer to its bench.
 *
 * A call of a coroutine function is a block too, for which Timed has found the recorder:
 *
 *     with timed.block() as func:
 *         return await func(*args, **kwargs)
 *
 * Thread: under the GIL. Ctrl-C cannot come between the begin of a run and its note here.
 */
#ifndef PY_BLOCK_H
#define PY_BLOCK_H

#include "py/py_finder.h"

int py_block_ready(PyObject *module);

/* The block of one call of `func`, which this recorder records. It is entered once. New
 * reference; NULL with an exception. */
PyObject *py_block_of_call(const py_state *state, PyObject *bench, PyObject *func,
                           py_recorder *recorder);

#endif
