/* What the types of the native border share, in the state of a module object of their
 * own: nothing here is static, so nothing is tied to one interpreter.
 */
#ifndef PY_STATE_H
#define PY_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define PY_STATE_SPARES 8

typedef struct {
    PyObject *active;         /* Owned: ContextVar holding the run of this context */
    PyObject *muted;          /* Owned: stands there while a warm-up call runs */
    PyObject *nothing;        /* Owned: a phase of no run, for those to come */
    PyObject *write;          /* Owned: the name of a method */
    PyObject *current;        /* Owned: greenlet.getcurrent; NULL until it is loaded */
    PyTypeObject *phase_type; /* Owned */
    PyTypeObject *ready_type; /* Owned: an awaitable that never waits */
    PyTypeObject *run_type;   /* Owned */
    PyTypeObject *timed_type; /* Owned */
    PyTypeObject *flat_type;  /* Owned */
    PyTypeObject *decoder_type;  /* Owned */
    PyTypeObject *datetime_type; /* Owned */
    PyObject *isoformat;         /* Owned: its method */
    PyObject *isoformat_words;   /* Owned: the tuple of arguments for a record */
    unsigned long long lost;     /* phases that belonged to no open run */
    PyTypeObject *recorder_type; /* Owned */
    PyTypeObject *captures_type; /* Owned */
    PyObject *mb_name;           /* Owned: the name of a field */
    PyTypeObject *sources_type;  /* Owned */
    PyTypeObject *finder_type;   /* Owned */
    PyTypeObject *block_type;    /* Owned */
    PyTypeObject *sampler_type;  /* Owned */
    PyTypeObject *entering_type; /* Owned */
    PyTypeObject *awaits_type;   /* Owned */
    PyObject *config_name, *blocks_name; /* Owned: of attributes */
    PyObject *mirror_name, *sync_name;   /* Owned: of methods */
    PyObject *thread_attribute;          /* Owned: of a Thread, with its name */
    PyObject *thread_key;                /* Owned: of what a thread keeps */
    /* Owned: phases to be used again. They keep their type and so this state, which
     * lives as long as the process. */
    void *spare[PY_STATE_SPARES];
    unsigned spares;
    void *block_spare[PY_STATE_SPARES]; /* likewise */
    unsigned block_spares;
    PyObject *record_in_python; /* Owned: makes the first block of a bench; or NULL */
    PyObject *record_name;      /* Owned: the name of a block that was given none */
} py_state;

/* Borrowed state of the module object that owns the types (py_module.h). */
py_state *py_state_of(PyObject *module);

/* Returns a type of `spec`, owned by the module; NULL with an exception. */
PyTypeObject *py_state_type(PyObject *module, PyType_Spec *spec);

#endif
