/* Methods of bench classes that are written in C: `time` and `record`.
 *
 * They are method descriptors, as methods of built-in types are; torch.compile and other
 * tools support these. Each is made for a class in Python, so that a bench class needs no
 * base class in C.
 *
 * A method knows its class, but no module. So each keeps the state of the only module: Cython
 * refuses to make another in a sub-interpreter.
 */
#ifndef PY_METHOD_H
#define PY_METHOD_H

#include <Python.h>

/* Not specialised: that form would check the class of the bench again and again. */
#define PY_METHOD_FLAGS (METH_METHOD | METH_FASTCALL | METH_KEYWORDS)

/* What such a method does with the bench and the arguments behind it; as METH_METHOD has it. */
typedef PyObject *(*py_method_body)(PyObject *bench, PyTypeObject *owner,
                                    PyObject *const *args, Py_ssize_t count,
                                    PyObject *names);

/* Returns the method of a class in Python. New reference; NULL with an exception.
 *
 * `definition` outlives it, and gets a copy of the signature and the docstring, once.
 * `call` goes to py_method_call(). */
PyObject *py_method_new(PyObject *type, PyMethodDef *definition, vectorcallfunc call,
                        const char *signature, const char *doc);

/* Calls the body as an unbound method does, without a look at the class of the bench: what
 * CPython has there looks the class up among the bases, which takes 4 ns. Inlined with its
 * body into a function of each method, which takes no second call. */
static inline PyObject *
py_method_call(py_method_body body, const char *name, PyObject *const *args,
               size_t flags, PyObject *names)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (count == 0) {
        return PyErr_Format(PyExc_TypeError, "%s() needs a bench", name);
    }
    return body(args[0], NULL, args + 1, count - 1, names);
}

#endif
