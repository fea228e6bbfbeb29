/* Plain values as JSON, without running code of the program.
 *
 * Plain are the values that json.loads() returns, tuples, frozendicts (CPython 3.15)
 * and datetimes: exactly these types, with keys that are str. Integers have to fit 64
 * bits, and containers nest at most 100 levels. Encoders in Python take all other
 * values.
 *
 *     PyObject *text = py_json_text(state, value, PY_JSON_ANY_SIZE);
 *
 * The two checks below guard encoders that recurse without a limit of their own.
 *
 * Thread: under the GIL. Only the tzinfo of a datetime may run code of the program.
 */
#ifndef PY_JSON_H
#define PY_JSON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "base/mb_text.h"
#include "py/py_state.h"

#include <stdbool.h>

/* Loads the type of datetimes into the state. 0, or -1 with an exception. */
int py_json_ready(py_state *state);

/* The most bytes of JSON that a str may take, and a container with all that is in it. */
typedef struct {
    size_t text;
    size_t container;
} py_json_limits;

#define PY_JSON_ANY_SIZE ((py_json_limits){SIZE_MAX, SIZE_MAX})

/* JSON in ASCII, as bytes; None for a value that is not plain, whose tzinfo raises an
 * Exception, or of which a part is above its limit: then at most one str more than the
 * limit has been written. New reference; NULL with MemoryError, or an exception such as
 * KeyboardInterrupt. */
PyObject *py_json_text(py_state *state, PyObject *value, py_json_limits limits);

/* Appends such JSON to a text: 1; 0 for a value that py_json_text() returns None for; -1 with
 * an exception as above. The text is as before unless it is 1. */
int py_json_put(py_state *state, mb_text *text, PyObject *value, py_json_limits limits);

/* Returns whether dicts, lists, tuples and frozendicts nest beyond 200 levels.
 * Subclasses of dict and list count: orjson enters these by itself. */
bool py_json_is_deep(PyObject *value);

/* Returns whether a value consists of None, str, int, float, bool, dict, list and tuple
 * only, and the last three nest at most `levels` levels. Subclasses do not count. */
bool py_json_is_shallow(PyObject *value, int levels);

#endif
