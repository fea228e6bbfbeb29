#include "py/py_histogram.h"

#define NUMBER_SIZE 80

/* Takes the reference to `value`. 0, or -1 with an exception. */
static int
put(PyObject *entry, const char *name, PyObject *value)
{
    const int result = value ? PyDict_SetItemString(entry, name, value) : -1;
    Py_XDECREF(value);
    return result;
}

static PyObject *
number_of(int64_t ns, bool integers)
{
    return integers ? PyLong_FromLongLong(ns) : PyFloat_FromDouble((double)ns / 1e9);
}

/* A number that is the same as in a record that C writes: it is read from that text. */
static PyObject *
number_in_text(const mb_moments *moments, bool integers,
               void (*write)(mb_text *, const mb_moments *, bool))
{
    char buffer[NUMBER_SIZE];
    mb_text text;
    mb_text_fixed(&text, buffer, sizeof buffer - 1);
    write(&text, moments, integers);
    buffer[text.size] = '\0';
    const double value = PyOS_string_to_double(buffer, NULL, NULL);
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

static PyObject *
buckets_of(const mb_histogram *histogram)
{
    PyObject *list = PyList_New(0);
    uint32_t bucket = mb_histogram_next(histogram, 0);
    while (list && bucket < MB_HISTOGRAM_BUCKETS) {
        PyObject *item =
            Py_BuildValue("[IK]", (unsigned)bucket,
                          (unsigned long long)mb_histogram_count(histogram, bucket));
        if (!item || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
        bucket = mb_histogram_next(histogram, bucket + 1);
    }
    return list;
}

int
py_histogram_put_sums(PyObject *entry, const mb_moments *moments, bool integers)
{
    if (put(entry, "count", PyLong_FromUnsignedLongLong(moments->count)) < 0 ||
        put(entry, "sum", number_of(moments->sum_ns, integers)) < 0 ||
        put(entry, "min", number_of(moments->min_ns, integers)) < 0) {
        return -1;
    }
    return put(entry, "max", number_of(moments->max_ns, integers));
}

static int
put_moments(PyObject *entry, const mb_moments *moments, bool integers)
{
    if (py_histogram_put_sums(entry, moments, integers) < 0 ||
        put(entry, "mean", number_in_text(moments, integers, mb_moments_write_mean)) <
            0) {
        return -1;
    }
    return put(entry, "variance",
               number_in_text(moments, integers, mb_moments_write_variance));
}

int
py_histogram_put(PyObject *entry, const mb_histogram *histogram, bool integers)
{
    if (put_moments(entry, &histogram->moments, integers) < 0 ||
        put(entry, "unit", PyUnicode_FromString(integers ? "ns" : "s")) < 0 ||
        put(entry, "digits", PyLong_FromLong(MB_HISTOGRAM_DIGITS)) < 0) {
        return -1;
    }
    return put(entry, "buckets", buckets_of(histogram));
}
