/* The iteration loop: calls the function of a run, and measures it.
 *
 *     value = py_iterations_run(run, func, args, flags, names);
 *
 * The function is called `run->iterations` times, with two clock reads around each call and
 * nothing else between them. A run with `loops` has so many calls between the two instead,
 * and is asked for more iterations when they are done (py_loops.h). Around these come the captures of mixins that C runs, or the
 * hooks of the user (`pre_run_triggers`, and `after_iteration` of the run), if there are any.
 *
 * Thread: under the GIL.
 */
#ifndef PY_ITERATIONS_H
#define PY_ITERATIONS_H

#include "py/py_run.h"

/* Runs all iterations of a run that has begun, with arguments as vectorcall gives them. New
 * reference to the value of the last one, None if there were none; NULL with the exception
 * of the first that failed. */
PyObject *py_iterations_run(py_run *run, PyObject *func, PyObject *const *args,
                            size_t flags, PyObject *names);

#endif
