/* Masks everything in a record that may be a secret, if it could not be examined.
 *
 *     {"mb":{"run_id":...},
 *      "call":{"name":"f","args":[...],"durations":[0.1]},"host":{...}}
 *
 * becomes
 *
 *     {"mb":{"run_id":...,"masked":["call.args","host"]},
 *      "call":{"name":"f","args":"***","durations":[0.1]},"host":"***"}
 *
 * each on one line. It does not recurse, so the record may be nested to any depth.
 *
 * Thread: any. Signal-safe on a fixed text.
 */
#ifndef MB_CLOSED_H
#define MB_CLOSED_H

#include "base/mb_text.h"

/* Writes the masked form of the record in `json`. It keeps the fields of `mb` that
 * identify the record; if `measured`, how it ended and the measurements of C in `call`;
 * and the names of the other fields, if they are plain. Anything but a JSON object
 * becomes "***". */
void mb_closed(mb_text *text, const char *json, size_t size, bool measured);

#endif
