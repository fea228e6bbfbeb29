#include "py/py_block.h"

#include "py/py_call_until_done.h"
#include "py/py_raised.h"

typedef py_block block;

/* --- entering ---------------------------------------------------------------------- */

PyObject *
py_block_finder(const py_state *state, PyObject *bench)
{
    PyObject *config = PyObject_GetAttr(bench, state->config_name);
    PyObject *found = config ? PyObject_GetAttr(config, state->blocks_name) : NULL;
    Py_XDECREF(config);
    return found;
}

static int
find_recorder(const block *self, const py_state *state, py_recorder **recorder)
{
    PyObject *found =
        self->finder ? Py_NewRef(self->finder) : py_block_finder(state, self->owner);
    if (!found) {
        return -1;
    }
    int result = 0;
    *recorder = NULL;
    py_finder *finder = py_finder_of(state, found);
    if (finder) {
        result = py_finder_get(finder, state, self->owner, Py_None, recorder);
    }
    Py_DECREF(found);
    return result;
}

/* Adds the fields of the block to a run, and to the journal. 0, or -1 with an
 * exception. */
static int
add_fields(block *self, const py_recorder *recorder, py_run *run)
{
    run->notes = PyDict_Copy(self->fields);
    PyObject *done = Py_NewRef(Py_None);
    if (run->notes && recorder->template) {
        Py_SETREF(done,
                  PyObject_CallMethod((PyObject *)self, "mirror_fields", "O", run));
    }
    Py_XDECREF(done);
    return run->notes && done ? 0 : -1;
}

/* Begins a run without Python. NULL with an exception, or without one if Python has to. */
static py_run *
begin_here(block *self, py_recorder *recorder)
{
    py_run *run = py_recorder_begin(recorder, self->owner, NULL, self->name);
    if (!run) {
        return NULL;
    }
    if (run->native.start_wall_ns == 0) { /* the journal has none either */
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    if (self->fields && add_fields(self, recorder, run) < 0) {
        py_run_close(run);
        Py_DECREF(run);
        return NULL;
    }
    if (run->triggers) {
        py_captured_start(run->captured);
    }
    if (py_run_start(run) == 0) {
        return run;
    }
    py_run_close(run);
    Py_DECREF(run);
    return NULL;
}

/* Finishes a run the clock of which could not be started; what has failed is raised. */
static void
finish_unstarted(py_run *run)
{
    const py_raised error = py_raised_take_object();
    const int outcome = py_run_finish(run, error.value, NULL);
    if (outcome == PY_INTERRUPTED) {
        py_raised_within(error);
    } else {
        py_raised_again(error);
    }
}

/* Has Python do all that comes before the clock is read. */
static py_run *
begin_in_python(block *self, const py_state *state)
{
    py_run *run =
        py_run_begun(state, PyObject_CallMethod((PyObject *)self, "begin", NULL));
    if (run && py_run_start_captured(run) < 0) {
        finish_unstarted(run);
        Py_CLEAR(run);
    }
    return run;
}

int
py_block_enter(py_block *self, const py_state *state)
{
    if (self->run) {
        PyErr_Format(PyExc_RuntimeError,
                     "record %R is open: make another one inside it", self->name);
        return -1;
    }
    py_recorder *recorder = self->recorder;
    self->recorder = NULL;
    if (!recorder && find_recorder(self, state, &recorder) < 0) {
        return -1;
    }
    py_run *run = recorder ? begin_here(self, recorder) : NULL;
    if (!run && !PyErr_Occurred()) {
        Py_CLEAR(recorder);
        run = begin_in_python(self, state);
    }
    if (!run) {
        Py_XDECREF((PyObject *)recorder);
        return -1;
    }
    /* another thread, or a hook, may have entered it meanwhile: that run is abandoned */
    Py_XSETREF(self->run, run);
    Py_XSETREF(self->recorder, recorder);
    return 0;
}

/* --- leaving ----------------------------------------------------------------------- */

/* Ends the run of an open block, clock read first. Returns as py_run_finish(). */
static int
finish_run(block *self, PyObject *error)
{
    py_run *run = self->run;
    py_recorder *recorder = self->recorder;
    self->run = NULL;
    self->recorder = NULL;
    if (!recorder) {
        const int result = py_run_finish(run, error, NULL);
        Py_DECREF(run);
        return result;
    }
    py_run_stop(run);
    if (run->triggers) {
        py_run_stop_captured(run);
    }
    mb_run_note_finish(&run->native);
    const int result = py_recorder_finish(recorder, run, self->name, error, NULL);
    Py_DECREF((PyObject *)recorder);
    return result;
}

int
py_block_leave(py_block *self, PyObject *error)
{
    return self->run && finish_run(self, error) != PY_DONE ? -1 : 0;
}
