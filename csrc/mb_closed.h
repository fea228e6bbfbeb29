/* A record without anything that may be a secret: for where it could not be masked.
 *
 *     {"mb":{"run_id":...},"call":{"name":"f","args":[...],"durations":[0.1]},"host":{...}}
 *
 * becomes
 *
 *     {"mb":{"run_id":...,"masked":["call.args","host"]},
 *      "call":{"name":"f","args":"***","durations":[0.1]},"host":"***"}
 *
 * on one line. It needs no stack: any depth will do.
 *
 * Thread: any. Signal-safe on a fixed text.
 */
#ifndef MB_CLOSED_H
#define MB_CLOSED_H

#include "mb_text.h"

/* Writes what stays of the record in `json`: of `mb` what identifies it; if `measured`, how
 * it has ended and what `call` has of C's measurements; the names of the other fields, if
 * they are plain. Anything but a JSON object becomes "***". */
void mb_closed(mb_text *text, const char *json, size_t size, bool measured);

#endif
