/* Identifies who wrote a record: the run id of the process, and an id for each record.
 *
 * The run id is a UUID 4, made once; a forked child keeps its parent's. A record id is
 * a random seed of the process and a counter, 64 bits each; a forked child draws a new
 * seed.
 */
#ifndef MB_IDENTITY_H
#define MB_IDENTITY_H

#include "base/mb_platform.h"

#define MB_RUN_ID_SIZE 36
#define MB_RECORD_ID_SIZE 33 /* 16 hexadecimal digits, '-', 16 more */

/* Draws run id and seed. Idempotent. Returns 0, or an errno without random numbers. */
int mb_identity_start(void);

/* Returns MB_RUN_ID_SIZE characters and a 0. */
const char *mb_identity_run_id(void);

/* Writes MB_RECORD_ID_SIZE characters, no 0. Thread: any. Not signal-safe: after a fork
 * it draws a new seed. */
void mb_identity_record_id(char *out);

#endif
