#include "py/py_gate.h"

#define MOST_SECONDS 1e9

int
py_gate_init(py_gate *gate)
{
    *gate = (py_gate){.lock = PyThread_allocate_lock()};
    if (!gate->lock) {
        PyErr_NoMemory();
        return -1;
    }
    PyThread_acquire_lock(gate->lock, NOWAIT_LOCK);
    return 0;
}

void
py_gate_free(py_gate *gate)
{
    if (gate->lock) {
        py_gate_open(gate);
        PyThread_free_lock(gate->lock);
    }
}

void
py_gate_open(py_gate *gate)
{
    if (!gate->is_open) {
        gate->is_open = true;
        PyThread_release_lock(gate->lock);
    }
}

/* A negative time would mean no limit. So would NaN, as a number of microseconds. */
static PY_TIMEOUT_T
microseconds_of(double seconds)
{
    if (!(seconds > 0)) {
        return 0;
    }
    return (PY_TIMEOUT_T)((seconds < MOST_SECONDS ? seconds : MOST_SECONDS) * 1e6);
}

bool
py_gate_wait(py_gate *gate, double seconds)
{
    PyLockStatus status;
    if (gate->is_open) {
        return true;
    }
    Py_BEGIN_ALLOW_THREADS status =
        PyThread_acquire_lock_timed(gate->lock, microseconds_of(seconds), 0);
    Py_END_ALLOW_THREADS if (status == PY_LOCK_ACQUIRED)
    {
        PyThread_release_lock(gate->lock); /* for other waiters */
    }
    return status == PY_LOCK_ACQUIRED;
}
