/* Shapes: a dict of the same names as an earlier one is made as a copy of that, in which
 * only the values that differ are replaced.
 *
 * An object has the shape of another one if it ends at the same step (py_slot.h) and the
 * names come from the same slots. Shapes are kept for names that come twice, in a store
 * that is limited.
 *
 * Functions return a new reference, or NULL.
 *
 * Thread: under the GIL.
 */
#ifndef PY_SHAPE_H
#define PY_SHAPE_H

#include "py/py_slot.h"

typedef struct py_shape py_shape;

typedef struct {
    py_shape *shapes;
    size_t names; /* in all of them */
} py_shape_store;

void py_shape_free(py_shape_store *store);

/* Returns a dict of names and values, for the step after the last name. NULL without an
 * exception: two names are equal. */
PyObject *py_shape_dict(py_shape_store *store, py_slot_step *step, PyObject **names,
                        PyObject **values, Py_ssize_t count);

/* Does the same without shapes. */
PyObject *py_shape_plain_dict(PyObject **names, PyObject **values, Py_ssize_t count);

/* Returns whether a dict or list has such ones inside. */
bool py_shape_is_nested(PyObject *value);

/* Copies the dicts and lists in each other; other values are shared. */
PyObject *py_shape_copied(PyObject *value);

#endif
