/* What the records of one plan have in common when a journal takes them.
 *
 *     py_template template;
 *     py_template_init(&template, head, tail, offset_s);
 *     if (py_template_is_current(&template))
 *         py_template_open(&template, journal, run, name);
 *     py_template_free(&template);
 *
 * Only `call` is made for each record, from the name of its run. The serial number says
 * to the journal that head and tail are the same as before (mb_mirror.h).
 *
 * Thread: under the GIL.
 */
#ifndef PY_TEMPLATE_H
#define PY_TEMPLATE_H

#include "py/py_run.h"

typedef struct {
    mb_mirror_opening record;
    mb_text call;
    Py_ssize_t
        thread_at;       /* place in the tail for the name of the thread; or negative */
    mb_text tail;        /* with that name */
    unsigned generation; /* of forks, in which it was made */
} py_template;

/* Borrows head and tail, which are bytes, until py_template_free(). */
void py_template_init(py_template *self, PyObject *head, PyObject *tail,
                      int32_t offset_s, Py_ssize_t thread_at);
void py_template_free(py_template *self);

/* Returns false in a child that was forked since. */
bool py_template_is_current(const py_template *self);

/* Opens the record of a run in a journal of this process, where that has room. The name
 * is a str. Returns 0, or -1 with an exception. */
int py_template_open(py_template *self, mb_journal *journal, py_run *run,
                     PyObject *name);

/* Writes the fields of `call` that a run of this name, a str, has before its
 * measurements. Returns 0, or -1 with an exception. */
int py_template_put_call(mb_text *text, PyObject *name);

/* Writes all fields of `call` that this run has before its measurements: those, and what was
 * captured. Returns 0, or -1 with an exception. */
int py_template_put_all(mb_text *text, const py_run *run, PyObject *name);

/* Returns the same as bytes; NULL with an exception. */
PyObject *py_template_all(const py_run *run, PyObject *name);

#endif
