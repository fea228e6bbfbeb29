/* Recorder: writes the record of a call without running any Python but the timed function.
 *
 * It holds what is known before the call: the text before and after the measurements, and
 * the sinks. core/recorder.py makes one where nothing in Python has to see the record.
 *
 *     run = py_recorder_begin(recorder, bench, &call, NULL)    open, active in this context
 *     ...                                                      the iterations
 *     py_recorder_finish(recorder, run, NULL, error, value)
 *
 * What it cannot write by itself (an exception that is not plain, phases of a foreign
 * counter, a sink that fails, one that has changed meanwhile) it leaves to Python:
 * run.adopt(bench, plan, name, tried, interruption) fills in what Run.complete() needs, and
 * that goes on with the sinks that have not tried yet.
 *
 * A recorder is current until something changes that it was made from. Python counts such
 * changes by py_recorder_note_change(); those of classes show in their version tags.
 *
 * Thread: under the GIL, which is released while a file is written. Any number of threads
 * share one recorder. What they share on the way of a record, and by which rule:
 *
 *     recorder, spare runs, finder, count of changes   the GIL
 *     a run, its samples and its buffer                one thread, from begin to finish
 *     the number in the id of a record                 atomic (mb_identity.h)
 *     the line that continues the clock                two versions (mb_ticks.h)
 *     slots of the journal                             the GIL; readers look at states,
 *                                                      which are atomic (mb_slot.h)
 *     an open file: what is known of its end           a mutex of its own, held over
 *                                                      statx and write (mb_append.h)
 *     a batch                                          a lock of its own (mb_batch.h)
 */
#ifndef PY_RECORDER_H
#define PY_RECORDER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "file/mb_batch.h"
#include "py/py_captures.h"
#include "py/py_run.h"

#define PY_RECORDER_SPARES 6
#define PY_RECORDER_STAYING 2 /* of them, at most: see py_run_stay() */

typedef enum {
    PY_RECORDER_NULL,  /* discards */
    PY_RECORDER_FILE,  /* mb_append */
    PY_RECORDER_MEMORY /* an io.StringIO */
} py_recorder_kind;

typedef struct {
    py_recorder_kind kind;
    PyObject *target;   /* Owned: the Appender, its Batch, or the io.StringIO */
    mb_append *file;    /* Borrowed from the Appender */
    mb_batch *batch;    /* in front of it, Borrowed from the Batch; or NULL */
    bool syncs;         /* without one: the disk has each record before the next step */
    PyTypeObject *type; /* Borrowed: the class of the sink, which the plan keeps */
    unsigned type_version; /* its tag */
} py_recorder_sink;

typedef struct {
    PyObject_HEAD
    PyTypeObject *run_class; /* Owned: core.run.Run */
    PyObject *plan;          /* Owned */
    PyObject *name;    /* Owned: call.name, the very object that the function has */
    PyObject *head;    /* Owned: bytes before the id of the record */
    PyObject *call;    /* Owned: bytes of `call` before the durations */
    PyObject *tail;    /* Owned: bytes after the call block */
    PyObject *counter; /* Owned: the duration counter, which is read in C */
    mb_mirror_opening text; /* made of these three */
    PyObject *rest;         /* Owned: bytes after those of the captures */
    py_captures *captures;  /* Owned: or NULL */
    PyObject *sources;      /* Owned: Sources of the captures and texts; or NULL */
    PyObject *template;     /* Owned: JournalTemplate that mirrors the runs; or NULL */
    bool integers;
    bool histogram; /* iterations and phases are counted, not listed */
    bool labelled;  /* call.name need not be that of the function */
    bool observes;  /* runs are observed (py_run_observe()), and ... */
    bool observes_usage;
    PyObject *place;    /* Owned: bytes, where the function is; or NULL */
    PyObject *qualname; /* Owned: of the function, as it was then; or NULL */
    PyObject *module;   /* Owned: likewise, of its globals or its own; or NULL */
    PyObject *code;     /* Owned: likewise; or NULL */
    Py_ssize_t
        thread_at; /* place in the tail for the name of the thread; or negative */
    bool outcomes; /* exceptions become text in C */
    Py_ssize_t iterations;
    unsigned generation;    /* of forks, in which it was made */
    unsigned bench_version; /* tag of the class of the bench, as the plan saw it */
    unsigned long long changes;
    unsigned long long records; /* that were written without Python */
    py_recorder_sink *sinks;    /* Owned */
    Py_ssize_t sink_count;
    py_run *spare[PY_RECORDER_SPARES]; /* Owned: closed runs, to be used again */
    unsigned spares;
} py_recorder;

int py_recorder_ready(PyObject *module);

/* Counts a change of something that recorders may have been made from. */
extern unsigned long long py_recorder_changes;
static inline void
py_recorder_note_change(void)
{
    py_recorder_changes++;
}

/* Whether a call of `func` on this bench may use it. */
bool py_recorder_is_current(const py_recorder *self, PyObject *bench, PyObject *func);

/* Adds a sink, in the order in which they get the record. Its class is read from `sink`; the
 * rest of `how` says how to write to it. 0, or -1 with an exception. */
int py_recorder_add(PyObject *self, PyObject *sink, const py_recorder_sink *how);

/* A run that is open and active, with the captures before the code, and mirrored into the
 * journal if there is a template. `call` is NULL for a block, `name` for a function. New
 * reference; NULL with an exception, or without one if Python has to begin it. */
py_run *py_recorder_begin(py_recorder *self, PyObject *bench,
                          const py_captures_call *call, PyObject *name);

/* Writes the record and closes the run; takes the reference. `name` is that of a block, or
 * NULL; `error` is what the code has raised, or NULL. Returns as py_run_finish(). */
int py_recorder_finish(py_recorder *self, py_run *run, PyObject *name, PyObject *error,
                       PyObject *value);

#endif
