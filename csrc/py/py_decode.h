/* Decodes a record, a JSON object, of the shapes that earlier records had (py_shape.h).
 *
 *     py_decode decode = {.flat = false};
 *     decode.scan = (py_scan){.place = text, .end = text + size};
 *     PyObject *record = py_decode_record(&decode);
 *     py_decode_free(&decode);
 *
 * The result is what json.loads() returns. Dicts and lists are new ones; strings and
 * numbers may be shared with other records. NULL without an exception: the text has
 * something that is not read here (py_scan.h); names that are equal; or it nests more
 * than 100 levels.
 *
 * If `flat`, names of nested objects are joined, as FlatNames (py_flat.h) does.
 *
 * Thread: under the GIL.
 */
#ifndef PY_DECODE_H
#define PY_DECODE_H

#include "py/py_shape.h"
#include "py/py_stack.h"

typedef struct {
    py_scan scan;
    py_slot_store slots;
    py_shape_store shapes;
    py_slot_step first;
    py_stack stack;
    int in_list; /* levels of lists */
    bool flat;
    PyObject *empty; /* Owned: if `flat`, replaces an empty object; NULL to keep it */
} py_decode;

void py_decode_free(py_decode *decode);

/* The place is at the brace. */
PyObject *py_decode_record(py_decode *decode);

#endif
