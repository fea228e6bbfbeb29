#include "py/py_finder.h"

#include "py/py_headroom.h"
#include "py/py_type.h"

static unsigned
version_of(PyObject *bench)
{
    return py_type_version((PyObject *)Py_TYPE(bench));
}

/* Whether find() would return the same as when it was called last. */
static bool
would_find_the_same(const py_finder *self, PyObject *bench)
{
    return self->has_looked && self->changes == py_recorder_changes &&
           self->version == version_of(bench);
}

/* Calls find(). Returns 0, or -1 with an exception that is none of its own. */
static int
look(py_finder *self, const py_state *state, PyObject *bench, PyObject *func)
{
    const unsigned long long changes = py_recorder_changes;
    const bool headroom = py_headroom_give();
    PyObject *all[] = {bench, func};
    PyObject *found = PyObject_Vectorcall(self->find, all, 2, NULL);
    py_headroom_take_back(headroom);
    if (!found && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return -1;
    }
    PyErr_Clear();
    if (found && !Py_IS_TYPE(found, state->recorder_type)) {
        Py_CLEAR(found);
    }
    Py_XSETREF(self->recorder, (py_recorder *)found);
    if (found) {
        self->recorder->changes = changes;
    }
    self->has_looked = true;
    self->changes = changes;
    self->version = version_of(bench);
    return 0;
}

static bool
is_current(const py_finder *self, PyObject *bench, PyObject *func)
{
    return self->recorder && py_recorder_is_current(self->recorder, bench, func);
}

int
py_finder_get(py_finder *self, const py_state *state, PyObject *bench, PyObject *func,
              py_recorder **recorder)
{
    *recorder = NULL;
    if (!self->find) {
        return 0;
    }
    const bool outdated = self->recorder && !is_current(self, bench, func);
    if ((outdated || !would_find_the_same(self, bench)) &&
        look(self, state, bench, func) < 0) {
        return -1;
    }
    if (is_current(self, bench, func)) {
        *recorder = (py_recorder *)Py_NewRef((PyObject *)self->recorder);
    }
    return 0;
}

int
py_finder_traverse(const py_finder *self, visitproc visit, void *arg)
{
    Py_VISIT(self->find);
    Py_VISIT(self->recorder);
    return 0;
}

void
py_finder_clear(py_finder *self)
{
    Py_CLEAR(self->find);
    Py_CLEAR(self->recorder);
}
