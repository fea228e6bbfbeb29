/* What ready text was made from: values in dicts, and one dict as a whole.
 *
 * The dicts are namespaces of modules; the whole one is that behind os.environ. CPython up
 * to 3.11 gives a dict a new version tag at each change. Later ones call a function before
 * each change of a dict that is watched; a process has eight such functions at most. So
 * a name is looked at only after its dict has changed.
 *
 *     PyObject *sources = Sources(((vars(os), "environ", os.environ),), os.environ._data)
 *     if (py_sources_hold(sources))                 nothing has changed since
 *
 * Thread: under the GIL. No Python runs, if the names are str.
 */
#ifndef PY_SOURCES_H
#define PY_SOURCES_H

#include "py/py_state.h"

#include <stdbool.h>

/* Takes a Sources object. */
bool py_sources_hold(PyObject *sources);

int py_sources_ready(PyObject *module);

#endif
