/* Captures of microbench's own mixins that run without Python.
 *
 * core/native_captures.py makes a Captures object for each plan that may use it, once the
 * hooks are known to be those of the library. The pieces go to the run (py_captured.h).
 *
 *     py_captures_begin(captures, run, &call)       before the code
 *     py_captured_start(), py_captured_stop()       around each iteration
 *     py_captures_value(captures, run, value)       after it
 *
 * Thread: under the GIL. Values that are not plain (py_json.h), or too long, are encoded in Python.
 */
#ifndef PY_CAPTURES_H
#define PY_CAPTURES_H

#include "py/py_json.h"
#include "py/py_run.h"

#define PY_CAPTURES_PATH 1024 /* Python reads longer paths */

/* The fields of `call` that stand before the captures of a function. */
#define PY_CAPTURES_FIRST "\"invocation\":\"Python\""

/* Which runs a journal shows, as in core/plan.py; else 0. */
enum { PY_CAPTURES_BLOCKS = 1, PY_CAPTURES_ALL };

typedef struct {
    PyObject_HEAD
    PyObject
        *encode; /* Owned: encode(value, bench) returns any value as JSON, in bytes */
    PyObject *getcwd; /* Owned: os.getcwd(); or NULL */
    int is_native;    /* that is the function of CPython, which calls getcwd(2) */
    int arguments;    /* whether they are recorded, and ... */
    int usage;
    int value;
    int masks;             /* secrets */
    py_json_limits limits; /* Python summarizes what is above them */
    int mirrored; /* PY_CAPTURES_BLOCKS or _ALL: a journal shows them before the code */
    /* The member with the path that was rendered last, and whether it may be secret. */
    mb_text working_dir;
    char path[PY_CAPTURES_PATH]; /* terminated; empty for none */
    bool working_dir_is_suspicious;
} py_captures;

/* The name of a function, and its arguments as vectorcall has them, less the flags. */
typedef struct {
    PyObject *name;          /* str */
    PyObject *const *values; /* those of `names` last */
    Py_ssize_t count;        /* less those of `names` */
    PyObject *names;         /* tuple; or NULL */
} py_captures_call;

/* Runs the captures before the code, for an open run. `call` is NULL for a block, whose name
 * stands before its captures; that of a function stands among them, where its hook in
 * Python puts it. Returns 1; -1 with an exception that is no Exception, such as
 * KeyboardInterrupt; 0 if Python has to run the hooks instead: one would fail, or a journal
 * would show what may be a secret. */
int py_captures_begin(py_captures *self, py_run *run, const py_captures_call *call);

/* Renders the return value, where it is recorded. 0, or -1 with any exception: then the
 * record has none. */
int py_captures_value(const py_captures *self, py_run *run, PyObject *value);

int py_captures_ready(PyObject *module);

#endif
