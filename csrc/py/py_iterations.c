#include "py/py_iterations.h"

#include "py/py_headroom.h"
#include "py/py_loops.h"
#include "py/py_raised.h"

/* As PyObject_Vectorcall(), but for a function of Python looks neither for the way to call
 * it nor at what it returns. */
static inline PyObject *
vectorcall_unchecked(PyObject *func, PyObject *const *args, size_t flags,
                     PyObject *names)
{
    return PyFunction_Check(func)
               ? ((PyFunctionObject *)func)->vectorcall(func, args, flags, names)
               : PyObject_Vectorcall(func, args, flags, names);
}

/* `goes_on`: the clock has been started already. */
static PyObject *
run_on_the_clock(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
                 PyObject *names, bool goes_on)
{
    if (!goes_on && py_run_start(run) < 0) {
        return NULL;
    }
    /* the callee may borrow the slot before the arguments only once */
    flags &= ~PY_VECTORCALL_ARGUMENTS_OFFSET;
    PyObject *value = run->loops > 1
                          ? py_loops_call(func, args, flags, names, run->loops)
                          : vectorcall_unchecked(func, args, flags, names);
    if (value) {
        py_run_stop(run);
        return value;
    }
    const py_raised error = py_raised_take();
    py_run_stop(run);
    py_raised_again(error);
    return NULL;
}

/* --- hooks around an iteration ------------------------------------------------------ */

/* Calls the hook of the owner that comes before an iteration, with the record. */
static int
call_hook_before(PyObject *run)
{
    const bool headroom = py_headroom_give();
    PyObject *owner = PyObject_GetAttrString(run, "owner");
    PyObject *data = owner ? PyObject_GetAttrString(run, "data") : NULL;
    PyObject *result =
        data ? PyObject_CallMethod(owner, "pre_run_triggers", "(O)", data) : NULL;
    py_headroom_take_back(headroom);
    Py_XDECREF(owner);
    Py_XDECREF(data);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

/* Has the run call the hook after an iteration. It keeps failures of the hook itself: what
 * comes out, and makes this -1, is Ctrl-C on the way there. */
static int
call_hook_after(PyObject *run)
{
    const bool headroom = py_headroom_give();
    PyObject *result = PyObject_CallMethod(run, "after_iteration", NULL);
    py_headroom_take_back(headroom);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static PyObject *
run_with_hooks(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
               PyObject *names)
{
    if (call_hook_before((PyObject *)run) < 0) {
        return NULL;
    }
    PyObject *value = run_on_the_clock(run, func, args, flags, names, false);
    const py_raised error = value ? (py_raised){0} : py_raised_take_object();
    const bool interrupted = call_hook_after((PyObject *)run) < 0;
    if (interrupted && !value) {
        py_raised_within(error);
    } else if (!value) {
        py_raised_again(error);
    } else if (interrupted) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
run_with_captures(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
                  PyObject *names)
{
    py_captured_start(run->captured);
    PyObject *value = run_on_the_clock(run, func, args, flags, names, false);
    py_run_stop_captured(run);
    return value;
}

static PyObject *
run_once(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
         PyObject *names, bool goes_on)
{
    if (!run->triggers) {
        return run_on_the_clock(run, func, args, flags, names, goes_on);
    }
    if (py_captured_measures(run->captured)) {
        return run_with_captures(run, func, args, flags, names);
    }
    return run_with_hooks(run, func, args, flags, names);
}

/* --- the loop ------------------------------------------------------------------------- */

/* Returns whether letting go of a value takes no time and runs no code. */
static inline bool
is_let_go_at_once(PyObject *value)
{
    return Py_REFCNT(value) > 1 || PyFloat_CheckExact(value);
}

#define RESERVED 1024 /* durations, 8 KiB, before the first iteration */

/* Makes room for durations, so that storing them takes no time. Without memory, room is
 * made when it is needed. */
static void
reserve_durations(py_run *run)
{
    const size_t count =
        run->iterations < RESERVED ? (size_t)run->iterations : RESERVED;
    if (run->iterations > 1 && !run->native.histogram) {
        (void)mb_samples_reserve(&run->native.durations, count);
    }
}

/* Returns whether there is an iteration of this number. Where a run with `loops` is asked
 * for more of them and fails, `*value` is cleared, with an exception. */
static inline bool
has_iteration(py_run *run, Py_ssize_t number, PyObject **value)
{
    if (number >= run->iterations && run->loops > 0 &&
        py_loops_extend((PyObject *)run, &run->iterations) < 0) {
        Py_CLEAR(*value);
    }
    return number < run->iterations;
}

PyObject *
py_iterations_run(py_run *run, PyObject *func, PyObject *const *args, size_t flags,
                  PyObject *names)
{
    PyObject *value = Py_NewRef(Py_None);
    bool goes_on = false;
    reserve_durations(run);
    if (run->native.start_wall_ns == 0) {
        run->native.start_wall_ns = mb_clock_wall_ns();
    }
    for (Py_ssize_t i = 0; value && has_iteration(run, i, &value); i++) {
        PyObject *last = value;
        value = run_once(run, func, args, flags, names, goes_on);
        goes_on = value && i + 1 < run->iterations && is_let_go_at_once(last) &&
                  py_run_go_on(run);
        Py_DECREF(last);
    }
    mb_run_note_finish(&run->native);
    return value;
}
