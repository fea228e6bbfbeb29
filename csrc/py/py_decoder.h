/* The type Decoder: decodes blocks of lines, each a record (py_decode.h).
 *
 * Thread: under the GIL. A decoder that is in use, by another thread or by a finalizer,
 * reads nothing.
 */
#ifndef PY_DECODER_H
#define PY_DECODER_H

#include "py/py_state.h"

/* Makes the type Decoder. 0, or -1 with an exception. */
int py_decoder_ready(PyObject *module);

#endif
