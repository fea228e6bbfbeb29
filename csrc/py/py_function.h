/* The function in Python that a bench returns, and the Timed in its closure.
 *
 * Frameworks check whether an object is a function (inspect.isfunction), and skip
 * others. So `@bench` returns a real function, whose body is `return timed(args,
 * kwargs)`. Running the body is slow, so the vectorcall of the function passes calls
 * directly to the Timed. CPython 3.11 uses it for calls from C only.
 *
 * Autoreload replaces a function by copying `__code__` and `__dict__` of its new
 * definition into the old object. The closure cannot be copied: so a Timed whose
 * function has another code looks for its successor in the `__dict__`.
 */
#ifndef PY_FUNCTION_H
#define PY_FUNCTION_H

#include "py/py_timed.h"

#define PY_FUNCTION_KEY "__timed__" /* of the Timed in the function's __dict__ */

/* Enters `timed`, which is in the closure of `function`, in its __dict__. With
 * `direct`, calls come here without running the body. 0, or -1 with an exception. */
int py_function_lead(PyObject *function, py_timed *timed, bool direct);

/* Returns the Timed that a call through the body means: `timed`, or its successor. New
 * reference; NULL with an exception. */
py_timed *py_function_current(py_timed *timed);

#endif
