#include "py/py_thread_name.h"

#include "masking/mb_suspicious.h"
#include "py/py_text.h"
#include "py/py_thread.h"

/* What is kept: the Thread or None, the dict of its attributes or None, its name, and the
 * member. */
enum { THREAD, ATTRIBUTES, NAME, MEMBER, KEPT };

/* --- the thread ---------------------------------------------------------------------- */

/* Returns the object that `threading` has for this thread, borrowed; or NULL. Asking
 * current_thread() would make one for a thread that Python has not begun. */
static PyObject *
thread_object(void)
{
    PyObject *module = PyDict_GetItemString(PyImport_GetModuleDict(), "threading");
    PyObject *active = module && PyModule_Check(module)
                           ? PyDict_GetItemString(PyModule_GetDict(module), "_active")
                           : NULL;
    PyObject *number = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    PyObject *found = NULL;
    if (number && active && PyDict_Check(active)) {
        found = PyDict_GetItemWithError(active, number);
    }
    Py_XDECREF(number);
    return found;
}

/* The name that its object has, a new reference; NULL for none. */
static PyObject *
name_in(const py_state *state, PyObject *thread)
{
    PyObject *name = PyObject_GetAttr(thread, state->thread_attribute);
    if (name && !PyUnicode_CheckExact(name)) {
        Py_CLEAR(name);
    }
    PyErr_Clear();
    return name;
}

/* The dict that the name of a thread is in: reading it there takes a fifth of the time. A
 * new reference; None if its class does something else. */
static PyObject *
attributes_of(const py_state *state, PyObject *thread, PyObject *name)
{
    PyObject *attributes = thread ? PyObject_GenericGetDict(thread, NULL) : NULL;
    const bool has_name =
        attributes && PyDict_CheckExact(attributes) &&
        PyDict_GetItemWithError(attributes, state->thread_attribute) == name;
    PyErr_Clear();
    if (!has_name) {
        Py_XSETREF(attributes, Py_NewRef(Py_None));
    }
    return attributes;
}

static PyObject *
number_of_system(void)
{
#ifdef PY_HAVE_THREAD_NATIVE_ID
    return PyUnicode_FromFormat("%lu", PyThread_get_thread_native_id());
#else
    return PyUnicode_FromFormat("%lu", PyThread_get_thread_ident());
#endif
}

/* --- the member ---------------------------------------------------------------------- */

static PyObject *
rendered(PyObject *name)
{
    mb_text text;
    mb_text_heap(&text);
    MB_TEXT_LITERAL(&text, ",\"thread\":");
    if (py_text_put_str(&text, name) < 0) {
        mb_text_free(&text);
        return NULL;
    }
    return py_text_bytes(&text);
}

/* The member for a name, unless that may hold a secret: C does not mask it. */
static PyObject *
member_of(PyObject *name)
{
    PyObject *member = rendered(name);
    if (member && mb_suspicious_text(PyBytes_AS_STRING(member),
                                     (size_t)PyBytes_GET_SIZE(member))) {
        PyObject *number = number_of_system();
        Py_SETREF(member, number ? rendered(number) : NULL);
        Py_XDECREF(number);
    }
    return member;
}

/* --- what is kept ---------------------------------------------------------------------- */

static bool
has_name_still(const py_state *state, PyObject *kept)
{
    PyObject *thread = PyTuple_GET_ITEM(kept, THREAD);
    PyObject *attributes = PyTuple_GET_ITEM(kept, ATTRIBUTES);
    PyObject *before = PyTuple_GET_ITEM(kept, NAME);
    if (attributes != Py_None) {
        return PyDict_GetItemWithError(attributes, state->thread_attribute) == before;
    }
    PyObject *name = thread == Py_None ? NULL : name_in(state, thread);
    Py_XDECREF(name);
    return name == before;
}

/* The member in `kept`, if the thread has the name still; borrowed, or NULL. */
static PyObject *
still_holds(const py_state *state, PyObject *kept)
{
    return has_name_still(state, kept) ? PyTuple_GET_ITEM(kept, MEMBER) : NULL;
}

/* Keeps the member in the dict of this thread; if that fails, it is made again. */
static void
keep(const py_state *state, PyObject *dict, PyObject *thread, PyObject *name,
     PyObject *member)
{
    PyObject *attributes = attributes_of(state, thread, name);
    PyObject *kept =
        PyTuple_Pack(KEPT, thread ? thread : Py_None, attributes, name, member);
    if (kept && dict) {
        (void)PyDict_SetItem(dict, state->thread_key, kept);
    }
    Py_XDECREF(kept);
    Py_DECREF(attributes);
}

static PyObject *
made(const py_state *state, PyObject *dict)
{
    PyObject *thread = Py_XNewRef(thread_object());
    PyObject *name = thread ? name_in(state, thread) : NULL;
    if (!name) {
        Py_CLEAR(thread);
        PyErr_Clear();
        name = number_of_system();
    }
    PyObject *member = name ? member_of(name) : NULL;
    if (member) {
        keep(state, dict, thread, name, member);
    }
    Py_XDECREF(name);
    Py_XDECREF(thread);
    PyErr_Clear();
    return member;
}

PyObject *
py_thread_name_member(const py_state *state)
{
    if (py_thread_is_main()) {
        return NULL;
    }
    PyObject *dict = PyThreadState_GetDict();
    PyObject *kept = dict ? PyDict_GetItemWithError(dict, state->thread_key) : NULL;
    PyObject *member = kept ? still_holds(state, kept) : NULL;
    return member ? Py_NewRef(member) : made(state, dict);
}

int
py_thread_name_ready(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->thread_attribute = PyUnicode_InternFromString("_name");
    state->thread_key = PyUnicode_InternFromString("microbench.thread");
    return state->thread_attribute && state->thread_key ? 0 : -1;
}
