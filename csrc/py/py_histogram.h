/* A histogram as a part of a record that is built as a dict. */
#ifndef PY_HISTOGRAM_H
#define PY_HISTOGRAM_H

#include <Python.h>

#include "run/mb_histogram.h"

/* Adds count, sum, min and max to `entry`. 0, or -1 with an exception. */
int py_histogram_put_sums(PyObject *entry, const mb_moments *moments, bool integers);

/* Adds to `entry` what mb_call_block_begin_histogram() writes, and the buckets. 0, or -1 with an
 * exception. `integers`: in nanoseconds, else in seconds. */
int py_histogram_put(PyObject *entry, const mb_histogram *histogram, bool integers);

#endif
