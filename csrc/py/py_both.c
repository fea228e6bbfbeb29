#include "py/py_both.h"

#include <stdbool.h>

#if PY_BOTH_NEEDED

typedef struct {
    PyObject_HEAD
    PyTypeObject *type; /* Owned */
    const char *what;   /* with an article */
} py_both;

/* Out of line, so that the usual case needs no stack. */
static __attribute__((noinline)) PyObject *
get_for_any(PyObject *self, PyObject *object)
{
    const py_both *both = (const py_both *)self;
    if (!object || object == Py_None) {
        return Py_NewRef(self); /* looked up on the type, as ExitStack does */
    }
    if (PyObject_TypeCheck(object, both->type)) {
        return Py_NewRef(object);
    }
    return PyErr_Format(PyExc_TypeError, "%s is needed, not %.100s", both->what,
                        Py_TYPE(object)->tp_name);
}

static PyObject *
both_get(PyObject *self, PyObject *object, PyObject *Py_UNUSED(owner))
{
    const bool is_usual = object && Py_IS_TYPE(object, ((const py_both *)self)->type);
    return is_usual ? Py_NewRef(object) : get_for_any(self, object);
}

static PyObject *
both_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    const py_both *both = (const py_both *)self;
    if (PyTuple_GET_SIZE(args) == 0 ||
        !PyObject_TypeCheck(PyTuple_GET_ITEM(args, 0), both->type)) {
        return PyErr_Format(PyExc_TypeError, "the first argument has to be %s",
                            both->what);
    }
    PyObject *rest = PyTuple_GetSlice(args, 1, PY_SSIZE_T_MAX);
    PyObject *result =
        rest ? PyObject_Call(PyTuple_GET_ITEM(args, 0), rest, kwargs) : NULL;
    Py_XDECREF(rest);
    return result;
}

static int
both_traverse(py_both *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->type);
    return 0;
}

static int
both_clear(py_both *self)
{
    Py_CLEAR(self->type);
    return 0;
}

static void
both_dealloc(py_both *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    both_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot both_slots[] = {
    {Py_tp_doc, "Enter or leave an object: both of __enter__ and __exit__."},
    {Py_tp_descr_get, both_get},
    {Py_tp_call, both_call},
    {Py_tp_dealloc, both_dealloc},
    {Py_tp_traverse, both_traverse},
    {Py_tp_clear, both_clear},
    {0},
};

static PyType_Spec both_spec = {
    .name = "microbench._core.EnterOrLeave",
    .basicsize = sizeof(py_both),
    .flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = both_slots,
};

int
py_both_add(PyObject *module, PyTypeObject *type, const char *what)
{
    PyTypeObject *both_type = py_state_type(module, &both_spec);
    py_both *both = both_type ? (py_both *)both_type->tp_alloc(both_type, 0) : NULL;
    Py_XDECREF(both_type);
    if (!both) {
        return -1;
    }
    both->type = (PyTypeObject *)Py_NewRef((PyObject *)type);
    both->what = what;
    int result =
        PyObject_SetAttrString((PyObject *)type, "__enter__", (PyObject *)both);
    if (result == 0) {
        result = PyObject_SetAttrString((PyObject *)type, "__exit__", (PyObject *)both);
    }
    Py_DECREF(both);
    return result;
}

#endif
