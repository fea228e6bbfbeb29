#include "py/py_handlers.h"

bool
py_handlers_raise(void)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool raised = PyErr_CheckSignals() < 0;
    PyGILState_Release(state);
    return raised;
}

int
py_handlers_raised(void)
{
    return PyErr_Occurred() ? -1 : 0;
}
