#include "py/py_headroom.h"

#include "base/mb_stack.h"

/* Frames of Python, and calls from C into the interpreter where these are counted
 * apart. An import, or a sink that connects, nests some fifty. */
#define FRAMES 200
#define C_CALLS 100

static _Thread_local bool given;

static void
add_room(int frames, int c_calls)
{
    PyThreadState *thread = PyThreadState_Get();
    (void)c_calls;
#if PY_VERSION_HEX >= 0x030C0000
    thread->py_recursion_remaining += frames;
#if PY_VERSION_HEX < 0x030E0000
    thread->c_recursion_remaining += c_calls;
#endif
#elif PY_VERSION_HEX >= 0x030B0000
    thread->recursion_remaining += frames;
#else
    thread->recursion_depth -= frames;
#endif
}

bool
py_headroom_give(void)
{
    if (given) {
        return false;
    }
    add_room(FRAMES, C_CALLS);
    return given = true;
}

void
py_headroom_take_back(bool was_given)
{
    if (was_given) {
        add_room(-FRAMES, -C_CALLS);
        given = false;
    }
}

#define BYTES_A_LEVEL 1024 /* json takes a third of that for a container */

/* How many levels of recursion in C the limit allows. */
static int
levels_of_c(void)
{
#if PY_VERSION_HEX >= 0x030E0000
    return 0; /* the interpreter looks at the stack itself */
#elif PY_VERSION_HEX >= 0x030C0000
    return PyThreadState_Get()->c_recursion_remaining;
#elif PY_VERSION_HEX >= 0x030B0000
    return PyThreadState_Get()->recursion_remaining;
#else
    return Py_GetRecursionLimit() - PyThreadState_Get()->recursion_depth;
#endif
}

static void
add_levels_of_c(int levels)
{
#if PY_VERSION_HEX >= 0x030C0000
    add_room(0, levels);
#else
    add_room(levels, 0);
#endif
}

PyObject *
py_headroom_call(PyObject *func, PyObject *args, PyObject *kwargs)
{
    const size_t fitting = mb_stack_left() / BYTES_A_LEVEL;
    const int allowed = levels_of_c();
    const int excess =
        allowed > 0 && (size_t)allowed > fitting ? allowed - (int)fitting : 0;
    add_levels_of_c(-excess);
    PyObject *result = PyObject_Call(func, args, kwargs);
    add_levels_of_c(excess);
    return result;
}

bool
py_headroom_for_a_call(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    /* Py_EnterRecursiveCall() looks at the calls from C only */
    if (PyThreadState_Get()->py_recursion_remaining <= 0) {
        PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded");
        return false;
    }
#endif
    if (Py_EnterRecursiveCall(" in a timed call") != 0) {
        return false;
    }
    Py_LeaveRecursiveCall();
    return true;
}
