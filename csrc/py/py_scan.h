/* Reads strings and numbers of JSON as objects of Python.
 *
 * The text is the contents of a bytes object, so a NUL ends it; a NUL inside is no JSON.
 *
 *     py_scan scan = {.place = text, .end = text + size};
 *     PyObject *value = py_scan_string(&scan, NULL);
 *
 * The functions return a new reference, and move behind what they have read. NULL
 * without an exception: the text is not JSON, or has something that only json.loads()
 * reads, such as half a surrogate pair. Then the place is undefined.
 *
 * `last`, which may be NULL, is the value that was read before at a similar place. If
 * the text gives an equal one, that is returned: most fields repeat from record to
 * record.
 *
 * Thread: under the GIL.
 */
#ifndef PY_SCAN_H
#define PY_SCAN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *place;
    const char *end;
} py_scan;

/* Moves behind blanks. A newline is no blank: it ends the record. */
static inline void
py_scan_blanks(py_scan *scan)
{
    while (*scan->place == ' ' || *scan->place == '\t' || *scan->place == '\r') {
        scan->place++;
    }
}

/* Returns the byte after blanks; moves behind it and further blanks, if there is one. */
static inline char
py_scan_sign(py_scan *scan)
{
    py_scan_blanks(scan);
    const char sign = *scan->place;
    if (sign != '\0') {
        scan->place++;
        py_scan_blanks(scan);
    }
    return sign;
}

/* Moves behind these bytes and returns true, or returns false. */
static inline bool
py_scan_bytes(py_scan *scan, const char *bytes, size_t size)
{
    const size_t left = (size_t)(scan->end - scan->place);
    if (left < size || memcmp(scan->place, bytes, size) != 0) {
        return false;
    }
    scan->place += size;
    return true;
}

#define PY_SCAN_LONGEST 1024

/* Returns whether the string of `size` bytes, quotes included, may be a `last`: it
 * stands for itself, as it has no escapes and is ASCII; and it is not long, so that
 * little memory is kept. */
bool py_scan_is_plain(PyObject *string, Py_ssize_t size);

/* The place is at the opening quote. */
PyObject *py_scan_string(py_scan *scan, PyObject *last);

PyObject *py_scan_number(py_scan *scan, PyObject *last);

#endif
