/* An exception that is set aside while other code runs.
 *
 *     const py_raised error = py_raised_take();
 *     ...                                          may raise, or clears what it raises
 *     py_raised_again(error);
 *
 * Thread: under the GIL.
 */
#ifndef PY_RAISED_H
#define PY_RAISED_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject *type, *value,
        *traceback; /* Owned; NULL, all of them: nothing was raised */
} py_raised;

/* Takes what is raised now, if anything is; no exception is set any more. */
static inline py_raised
py_raised_take(void)
{
    py_raised error;
    PyErr_Fetch(&error.type, &error.value, &error.traceback);
    return error;
}

/* Sets it instead of the present exception; takes its references. */
static inline void
py_raised_again(py_raised error)
{
    PyErr_Restore(error.type, error.value, error.traceback);
}

/* Takes what is raised now, which has to be something: `value` is the exception itself,
 * with its traceback. */
py_raised py_raised_take_object(void);

/* Makes `error`, an object, the context of the present exception, as where a `finally` is
 * interrupted; takes its references. */
void py_raised_within(py_raised error);

/* Lets go of it. */
void py_raised_drop(py_raised error);

#endif
