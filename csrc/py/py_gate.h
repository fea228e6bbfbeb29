/* An event for threads of the system: open once, open for ever.
 *
 * A gate is a lock that its maker holds. Opening the gate releases the lock; each
 * waiter takes it and releases it for the next one. Programs may patch `threading` to
 * describe greenlets; a gate is out of their reach.
 *
 * Thread: under the GIL, which py_gate_wait() releases meanwhile.
 */
#ifndef PY_GATE_H
#define PY_GATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

typedef struct {
    PyThread_type_lock lock; /* Owned; NULL before py_gate_init() */
    bool is_open;
} py_gate;

/* Makes a closed gate. Returns 0, or -1 with MemoryError. */
int py_gate_init(py_gate *gate);

/* Frees what py_gate_init() has made. No thread may be waiting. */
void py_gate_free(py_gate *gate);

/* Lets all present and later waiters pass. */
void py_gate_open(py_gate *gate);

/* Waits until the gate is open, at most so many seconds: at once for a negative number
 * and for NaN. Returns whether it is open. */
bool py_gate_wait(py_gate *gate, double seconds);

#endif
