#include "py/py_call_until_done.h"

#include "py/py_headroom.h"
#include "py/py_raised.h"

#define MOST_CALLS 100 /* each time it was interrupted: Ctrl-C is being held down */
#define MOST_ERRORS 3  /* they may be those of the method itself */

/* Takes what is raised now, unless something was taken before. */
static void
keep_first(py_raised *first)
{
    if (first->type) {
        PyErr_Clear();
    } else {
        *first = py_raised_take();
    }
}

static int
call_until_done(PyObject *object, const char *method, PyObject *const *arguments,
                size_t count)
{
    PyObject *all[PY_CALL_ARGUMENTS + 1] = {object};
    PyObject *result = NULL, *name = PyUnicode_InternFromString(method);
    py_raised first = {0};
    int errors = 0;
    for (size_t i = 0; i < count && i < PY_CALL_ARGUMENTS; i++) {
        all[i + 1] = arguments[i];
    }
    for (int calls = 0; name && calls < MOST_CALLS && errors < MOST_ERRORS; calls++) {
        result = PyObject_VectorcallMethod(name, all, count + 1, NULL);
        if (result) {
            break;
        }
        errors += PyErr_ExceptionMatches(PyExc_Exception);
        keep_first(&first);
    }
    Py_XDECREF(name);
    Py_XDECREF(result);
    if (first.type) {
        py_raised_again(first);
    }
    if (!result) {
        return -1;
    }
    return first.type ? PY_INTERRUPTED : PY_DONE;
}

int
py_call_until_done(PyObject *object, const char *method, PyObject *const *arguments,
                   size_t count)
{
    const bool headroom = py_headroom_give();
    const int result = call_until_done(object, method, arguments, count);
    py_headroom_take_back(headroom);
    return result;
}
