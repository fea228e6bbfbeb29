/* Calls of ours that have to work although the program is near its recursion limit.
 *
 * What is called between two of these may nest a little deeper than the limit allows. Not
 * again inside of itself: so nothing recurses without an end.
 */
#ifndef PY_HEADROOM_H
#define PY_HEADROOM_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/* Whether it was given: to be passed to py_headroom_take_back(). */
bool py_headroom_give(void);
void py_headroom_take_back(bool given);

/* Whether Python's limit leaves room for one more function; if not, RecursionError is set. */
bool py_headroom_for_a_call(void);

/* Calls a function that may recurse in C (json, repr) with a recursion limit that fits the
 * stack that is left: a program may have raised its own beyond that. */
PyObject *py_headroom_call(PyObject *func, PyObject *args, PyObject *kwargs);

/* Adds to what is left of C recursion, where CPython counts that. A call from C to Python
 * takes two (PY_EVAL_C_STACK_UNITS of Python/ceval.c): a caller who has looked at the stack
 * itself gives them, and takes them back. */
#define PY_HEADROOM_CALL 2

static inline void
py_headroom_add_c(int units)
{
#if PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000
    PyThreadState_Get()->c_recursion_remaining += units;
#else
    (void)units;
#endif
}

#endif
