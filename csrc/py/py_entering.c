#include "py/py_entering.h"

typedef struct {
    PyObject_HEAD
    PyObject *object; /* Owned; NULL once it was entered, or this was closed */
    py_enter enter;
    py_state *state; /* Borrowed: the type keeps it */
} entering;

/* New reference to the object, which is entered; NULL with an exception. */
static PyObject *
entered(entering *self)
{
    PyObject *object = self->object;
    self->object = NULL;
    if (!object) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        return NULL;
    }
    if (self->enter(object, self->state) < 0) {
        Py_CLEAR(object);
    }
    return object;
}

static PySendResult
entering_am_send(entering *self, PyObject *Py_UNUSED(value), PyObject **result)
{
    *result = entered(self);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}

static PyObject *
entering_next(entering *self)
{
    PyObject *object = entered(self);
    if (object) {
        PyErr_SetObject(PyExc_StopIteration, object);
        Py_DECREF(object);
    }
    return NULL;
}

static PyObject *
entering_send(entering *self, PyObject *Py_UNUSED(value))
{
    return entering_next(self);
}

/* throw(exception), or throw(type, value, traceback) as before CPython 3.12 */
static PyObject *
entering_throw(entering *self, PyObject *args)
{
    PyObject *type, *value = NULL, *traceback = NULL;
    if (!PyArg_UnpackTuple(args, "throw", 1, 3, &type, &value, &traceback)) {
        return NULL;
    }
    Py_CLEAR(self->object);
    if (PyExceptionInstance_Check(type)) {
        PyErr_SetObject((PyObject *)Py_TYPE(type), type);
    } else if (PyExceptionClass_Check(type)) {
        PyErr_SetObject(type, value);
    } else {
        PyErr_SetString(PyExc_TypeError, "throw() takes an exception");
    }
    return NULL;
}

static PyObject *
entering_close(entering *self, PyObject *Py_UNUSED(ignored))
{
    Py_CLEAR(self->object);
    Py_RETURN_NONE;
}

/* --- the type ---------------------------------------------------------------------- */

static int
entering_traverse(entering *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->object);
    return 0;
}

static int
entering_clear(entering *self)
{
    Py_CLEAR(self->object);
    return 0;
}

static void
entering_dealloc(entering *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    entering_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef entering_methods[] = {
    {"send", (PyCFunction)entering_send, METH_O, "Enter the block."},
    {"throw", (PyCFunction)entering_throw, METH_VARARGS, "Raise, and enter nothing."},
    {"close", (PyCFunction)entering_close, METH_NOARGS, "Enter nothing."},
    {0},
};

static PyType_Slot entering_slots[] = {
    {Py_tp_doc, "What `async with bench.arecord(...)` awaits to enter the block."},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, entering_next},
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, entering_am_send},
    {Py_tp_methods, entering_methods},
    {Py_tp_traverse, entering_traverse},
    {Py_tp_clear, entering_clear},
    {Py_tp_dealloc, entering_dealloc},
    {0},
};

static PyType_Spec entering_spec = {
    .name = "microbench._core.Entering",
    .basicsize = sizeof(entering),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = entering_slots,
};

PyObject *
py_entering_new(py_state *state, PyObject *object, py_enter enter)
{
    PyTypeObject *type = state->entering_type;
    entering *self = (entering *)type->tp_alloc(type, 0);
    if (self) {
        self->object = Py_NewRef(object);
        self->enter = enter;
        self->state = state;
    }
    return (PyObject *)self;
}

int
py_entering_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->entering_type = py_state_type(module, &entering_spec);
    return state->entering_type ? 0 : -1;
}
