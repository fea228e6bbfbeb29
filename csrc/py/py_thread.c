#include "py/py_thread.h"

#include <dlfcn.h>

#include "base/mb_platform.h"

/* The interpreter exports this function for modules of its own, and promises
 * nothing. */
typedef int (*is_main_thread)(void);

static is_main_thread
of_the_interpreter(void)
{
    static is_main_thread found;
    static bool looked;
    if (!looked) {
        *(void **)&found = dlsym(RTLD_DEFAULT, "_PyOS_IsMainThread");
        looked = true;
    }
    return found;
}

/* Fallback: the first thread of the process, which is Python's main thread except in
 * programs that embed Python in another thread. */
bool
py_thread_is_main(void)
{
    const is_main_thread ask = of_the_interpreter();
    return ask ? ask() != 0 : mb_in_first_thread();
}

/* --- threads ---------------------------------------------------------------------- */

static void
call_in_thread(void *function)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = PyObject_CallNoArgs(function);
    if (!result) {
        PyErr_WriteUnraisable(function);
    }
    Py_XDECREF(result);
    Py_DECREF((PyObject *)function);
    PyGILState_Release(state);
}

int
py_thread_start(PyObject *function)
{
    Py_INCREF(function);
    if (PyThread_start_new_thread(call_in_thread, function) ==
        PYTHREAD_INVALID_THREAD_ID) {
        Py_DECREF(function);
        PyErr_SetString(PyExc_RuntimeError, "can't start new thread");
        return -1;
    }
    return 0;
}

/* --- greenlets -------------------------------------------------------------------- */

/* Reads the dictionary, since getattr() on a lazily loaded module would load it. */
void
py_thread_look_for_greenlets(py_state *state)
{
    PyObject *module = NULL;
    if (!state->current) {
        module = PyDict_GetItemString(PyImport_GetModuleDict(), "greenlet");
    }
    if (module && PyModule_Check(module)) {
        PyObject *names = PyModule_GetDict(module);
        state->current = Py_XNewRef(PyDict_GetItemString(names, "getcurrent"));
    }
}

static bool
is_main(PyObject *greenlet)
{
    PyObject *parent = PyObject_GetAttrString(greenlet, "parent");
    const bool none = parent == Py_None;
    Py_XDECREF(parent);
    return none;
}

uintptr_t
py_thread_strand(py_state *state)
{
    uintptr_t strand = 0;
    py_thread_look_for_greenlets(state);
    if (!state->current) {
        return 0;
    }
    PyObject *greenlet = PyObject_CallNoArgs(state->current);
    if (greenlet && !is_main(greenlet)) {
        strand = (uintptr_t)greenlet;
    }
    Py_XDECREF(greenlet);
    PyErr_Clear();
    return strand;
}
