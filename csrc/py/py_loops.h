/* Inner loops: many calls between two readings of a clock, for functions that are short
 * against these.
 *
 * Of what a sample took, `loops` calls took the same share: a duration is the sample
 * divided by them. What a call returned is let go before the next call, so within the
 * sample; only the last value is kept.
 *
 * Thread: under the GIL. A sample of functions in C neither handles signals nor gives
 * other threads a turn: it is to be short.
 */
#ifndef PY_LOOPS_H
#define PY_LOOPS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Calls the function so many times, at least once, with arguments as vectorcall gives
 * them, without PY_VECTORCALL_ARGUMENTS_OFFSET. Returns the value of the last call, a
 * new reference; NULL with the exception of the first that failed. */
PyObject *py_loops_call(PyObject *func, PyObject *const *args, size_t flags,
                        PyObject *names, Py_ssize_t loops);

/* Takes `count` samples. Returns a list of their lengths: nanoseconds or, with a
 * `counter` other than None, differences of what it returns. NULL with an exception,
 * which may come from a signal handler: they are called between two samples. */
PyObject *py_loops_samples(PyObject *func, PyObject *args, PyObject *kwargs,
                           Py_ssize_t loops, Py_ssize_t count, PyObject *counter);

/* Returns the share of one call in the sample that `number` is, which it takes over;
 * None stays None. NULL with an exception, also for NULL. */
PyObject *py_loops_share(PyObject *number, Py_ssize_t loops);

/* Adds to `*iterations` what the method more() of the run returns. 0, or -1 with an
 * exception. */
int py_loops_extend(PyObject *run, Py_ssize_t *iterations);

#endif
