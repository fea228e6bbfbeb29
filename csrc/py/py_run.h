/* The native half of core.run.Run: what has to be fast or readable without Python.
 *
 * It keeps the clock, the durations and the phases of one run, makes the run the active
 * one of its context, and enters it in the registry of open runs.
 */
#ifndef PY_RUN_H
#define PY_RUN_H

#include <Python.h>

#include "base/mb_clock.h"
#include "base/mb_text.h"
#include "py/py_captured.h"
#include "py/py_kept.h"
#include "py/py_state.h"
#include "run/mb_run.h"

typedef struct py_run {
    PyObject_HEAD
    mb_run native;
    PyObject *bench;    /* Owned: kept until the run is closed */
    PyObject *counter;  /* Owned: the duration counter of the bench */
    PyObject *observer; /* Owned: called with each phase that is made, for the object
                           that stands for it; or NULL */
    bool foreign;       /* the counter is not read in C, but called */
    bool special;       /* it is foreign, or there is an observer */
    bool integers;      /* durations are integer nanoseconds */
    bool triggers;      /* the owner has hooks around each iteration */
    Py_ssize_t iterations;
    Py_ssize_t
        loops; /* calls in each iteration, which more() of the run extends; or 0 */
    PyObject *began;     /* Owned: foreign reading at the start of the stretch */
    PyObject *elapsed;   /* Owned: foreign sum of this iteration's earlier stretches */
    PyObject *durations; /* Owned: list, where durations are Python numbers; or NULL */
    /* Owned: list by order: name and duration of phases measured by a foreign counter,
     * None where the native one holds; or NULL. */
    PyObject *values;
    uint32_t first_value; /* its order */
    py_kept kept;
    PyObject *previous; /* Owned: run that was active in this context before; it
                                    never leads back to this one */
    PyObject *inner;    /* Owned: while suspended, what was opened inside it */
    mb_text call;       /* fields of `call` of a block that C records; else empty */
    mb_text line;       /* buffer of its record, where C writes that (py_recorder.h) */
    py_captured *captured; /* Owned: of native captures; NULL: there were none */
    PyObject *recorder;    /* Owned: that has begun it; or NULL */
    PyObject *label; /* Owned: call.name, where a recorder has begun it; or NULL */
    PyObject *notes; /* Owned: dict of fields by annotate(); or NULL */
    PyObject
        *place; /* Owned: bytes, where the function is (core/callables.py); or NULL */
    PyObject *thread; /* Owned: bytes, py_thread_name_member(); or NULL */
    py_state *state;  /* Borrowed: the type keeps it; NULL before open() */
} py_run;

int py_run_ready(PyObject *module);

/* Returns the flags of its slot in a journal: MB_SLOT_... */
uint32_t py_run_slot_flags(const py_run *run);

/* Notes the thread, where it is not the main one. */
void py_run_note_thread(py_run *run, const py_state *state);

/* Appends the place of its function, if that is known. */
static inline void
py_run_put_place(mb_text *text, const py_run *run)
{
    if (run->place) {
        mb_text_raw(text, PyBytes_AS_STRING(run->place),
                    (size_t)PyBytes_GET_SIZE(run->place));
    }
}

/* Has the record say what the machine does meanwhile: see py_captured_observe(). 0, or -1
 * with MemoryError. */
int py_run_observe(py_run *run, bool usage);

/* Enters a new run in the registry and, unless it is in the background, makes it the
 * active one of this context. 0, or -1 with an exception: the run is still a new one. */
int py_run_open(py_run *run, py_state *state, PyObject *bench, PyObject *counter,
                bool foreign, bool integers);

/* Leaves registry, context and journal. What was measured stays. 0, or -1 with an
 * exception. */
int py_run_close(py_run *run);

/* Does the same, but leaves it in the context, where a closed run stands for none: setting
 * the variable back would make three objects. Returns false, and does nothing, unless it
 * is an outermost run, active here, and only the caller and this context refer to it. */
bool py_run_stay(py_run *run);

/* Makes a closed run, to which nothing but the caller refers, a new one: it keeps the
 * memory of its durations and of its line. */
void py_run_reset(py_run *run);

/* Returns a reading of a foreign counter, new reference; NULL with an exception. */
PyObject *py_run_reading(PyObject *counter);

/* Starts the clock of an iteration; it is read last. 0, or -1 with an exception. */
int py_run_start(py_run *run);

/* Does the same after what native captures measure was started, and the time of the start
 * was noted, unless that is known. */
int py_run_start_captured(py_run *run);

/* Starts the clock of the next iteration at the reading that has ended this one, if only
 * the storing of a duration lies in between: then that costs less than a reading, and
 * can fail for nothing. Returns whether it has. */
static inline bool
py_run_go_on(py_run *run)
{
    mb_run *native = &run->native;
    const bool only_stored = !run->triggers && !run->foreign && !run->durations &&
                             !native->mirror && mb_run_has_room(native);
    if (only_stored) {
        mb_run_go_on(native);
    }
    return only_stored;
}

/* Ends what native captures measure of an iteration that was stopped just now. */
static inline void
py_run_stop_captured(py_run *run)
{
    const mb_run *native = &run->native;
    const int64_t elapsed_ns =
        run->foreign ? INT64_MAX : native->stopped_ns - native->started_ns;
    if (run->captured) {
        py_captured_stop(run->captured, elapsed_ns);
    }
}

/* Reads the clock, then stores the duration. If a foreign counter fails, the duration
 * is None, and sys.unraisablehook gets the exception, not the code that is timed. */
void py_run_stop(py_run *run);

/* Reads the clock, if it goes on, then calls complete(exception, value), which writes the record and closes the run, until
 * it has come to its end (py_call_until_done.h, which says what is returned); if it
 * never does, abandon(). */
int py_run_finish(py_run *run, PyObject *exception, PyObject *value);

/* Takes what a begin() in Python has returned, and returns it if it is a run; NULL with an
 * exception, also for NULL. */
py_run *py_run_begun(const py_state *state, PyObject *begun);

/* Returns the run that a value of the context variable stands for; the muted marker as
 * it is; NULL for none. A run may be left in another context than it was entered in: so
 * a closed one can be found as the active one, and stands for the one before it.
 * Borrowed. */
static inline PyObject *
py_run_open_one(py_state *state, PyObject *value)
{
    while (value && value != Py_None && value != state->muted) {
        const py_run *run = (py_run *)value;
        if (run->native.state == MB_RUN_OPEN) {
            break;
        }
        value = run->previous;
    }
    return value == Py_None ? NULL : value;
}

/* Stores the name of a phase as UTF-8 with the phases and returns it. Borrowed; NULL
 * without memory, and no exception. */
mb_phase_name *py_run_name(py_run *run, PyObject *str);

/* Keeps `value`, the duration of a phase of this name that was measured by a foreign
 * counter and was left last. 0, or -1 with an exception, which may come from a signal
 * handler. */
#define PY_RUN_VALUES                                                                  \
    1024 /* that may be there beyond those of phases that are listed */
int py_run_keep_value(py_run *run, mb_phase *phase, PyObject *name, PyObject *value);

#endif
