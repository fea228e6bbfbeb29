#include "py/py_record_method.h"

#include "py/py_block.h"
#include "py/py_method.h"

static py_state *record_state;

/* Sets the name that was given; NULL for none. -1 if the arguments are for Python to
 * refuse. */
static int
find_name(PyObject *const *args, Py_ssize_t count, PyObject *names, PyObject **name)
{
    const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    *name = count + named == 1 ? args[0] : NULL;
    if (count + named > 1) {
        return -1;
    }
    return named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "name")
               ? -1
               : 0;
}

/* Returns the block; NULL with an exception, or without one if Python has to make it. */
static PyObject *
make_block(PyObject *bench, PyObject *name)
{
    const int is_named = name ? PyObject_IsTrue(name) : 0;
    PyObject *finder = is_named < 0 ? NULL : py_block_finder(record_state, bench);
    PyObject *made = NULL;
    if (finder && py_finder_of(record_state, finder)) {
        made = py_block_named(record_state, bench,
                              is_named ? name : record_state->record_name, finder);
    }
    Py_XDECREF(finder);
    return made;
}

/* Has Python make the block, or refuse the arguments. */
static PyObject *
record_in_python(PyObject *bench, PyObject *const *args, Py_ssize_t count,
                 PyObject *names)
{
    PyObject *bound = PyMethod_New(record_state->record_in_python, bench);
    PyObject *made =
        bound ? PyObject_Vectorcall(bound, args, (size_t)count, names) : NULL;
    Py_XDECREF(bound);
    return made;
}

static PyObject *
record_method(PyObject *bench, PyTypeObject *Py_UNUSED(owner), PyObject *const *args,
              Py_ssize_t count, PyObject *names)
{
    PyObject *name, *made = NULL;
    if (find_name(args, count, names, &name) == 0) {
        made = make_block(bench, name);
    }
    return made || PyErr_Occurred() ? made
                                    : record_in_python(bench, args, count, names);
}

static PyObject *
record_vectorcall(PyObject *Py_UNUSED(method), PyObject *const *args, size_t flags,
                  PyObject *names)
{
    return py_method_call(record_method, "record", args, flags, names);
}

PyObject *
py_record_method(PyObject *type, PyObject *function, const char *doc)
{
    static PyMethodDef definition = {
        "record", (PyCFunction)(void (*)(void))record_method, PY_METHOD_FLAGS, NULL};
    static const char signature[] =
        "record($self, name=None, *, sync=None, **fields)\n--\n\n";
    PyObject *method =
        py_method_new(type, &definition, record_vectorcall, signature, doc);
    if (method) {
        Py_XSETREF(record_state->record_in_python, Py_NewRef(function));
    }
    return method;
}

int
py_record_method_ready(PyObject *module)
{
    record_state = py_state_of(module);
    record_state->record_name = PyUnicode_InternFromString("<record>");
    return record_state->record_name ? 0 : -1;
}
