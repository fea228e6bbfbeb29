/* Lets calls inside microbench work although the program is near its recursion limit.
 *
 * Code between py_headroom_give() and py_headroom_take_back() may nest a little deeper
 * than the limit allows. An inner pair gives nothing more, so that no recursion is
 * endless.
 */
#ifndef PY_HEADROOM_H
#define PY_HEADROOM_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/* Returns whether it was given; pass this to py_headroom_take_back(). */
bool py_headroom_give(void);
void py_headroom_take_back(bool given);

/* Returns whether Python's limit leaves room for one more function; if not,
 * RecursionError is set. */
bool py_headroom_for_a_call(void);

/* Calls a function that may recurse in C (json, repr) with a recursion limit that fits
 * the stack that is left: a program may have raised its own beyond that. */
PyObject *py_headroom_call(PyObject *func, PyObject *args, PyObject *kwargs);

/* The bytes that CPython 3.14 and later keep free at the end of each stack: they raise
 * RecursionError there (_Py_CheckRecursiveCall), for any caller, so that a call of this
 * library needs room above. _PyOS_STACK_MARGIN_BYTES of pycore_pythonrun.h, twice. */
#if PY_VERSION_HEX < 0x030E0000
#define PY_HEADROOM_MARGIN 0
#elif defined(Py_DEBUG)
#define PY_HEADROOM_MARGIN (2 * 4096 * sizeof(void *))
#else
#define PY_HEADROOM_MARGIN (2 * 2048 * sizeof(void *))
#endif

/* Adds to the C recursion that is left, in versions of CPython that count it. A call
 * from C to Python takes two (PY_EVAL_C_STACK_UNITS of Python/ceval.c): a caller that
 * has checked the stack itself adds them, and takes them back. */
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
