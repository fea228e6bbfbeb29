/* The callable that `@bench` makes of a plain function, and the iteration loop.
 *
 *     Timed(func, begin)
 *
 * A call asks `begin(func, args, kwargs)` for a begun run, calls the function
 * `run.iterations` times with two clock reads around each, and ends by
 * `run.finish(exception, value)`. Attributes are those functools.wraps would give, and
 * __code__, __defaults__, __kwdefaults__ and __globals__ are the function's own.
 */
#ifndef PY_TIMED_H
#define PY_TIMED_H

#include "py_run.h"

int py_timed_ready(PyObject *module);

#endif
