/* Places where a test kills its process: in builds with MB_CRASH_POINTS, and in no
 * other.
 *
 * Such a build reads MICROBENCH_CRASH_AT=PLACE:N when it is loaded. When the process
 * reaches that place for the N-th time, it sends itself SIGKILL. In order, for one
 * record:
 *
 *   made       the file of the journal exists
 *   begun      its header is written, except the field that makes the file a journal
 *   published  that field is written
 *   filled     the slot has all of the record, and is not open yet
 *   opened     the record is open
 *   claimed    this process is about to write the record
 *   written    a write to the file of records has returned, whole or short
 *   marked     the slot is free
 *   added      the record waits in a batch
 *   flushing   the batch is about to be written
 *   flushed    what was written does not wait any more
 *   leaving    the journal is about to be unlinked
 *   unlinked   the journal is unlinked
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_CRASH_H
#define MB_CRASH_H

#ifdef MB_CRASH_POINTS
void mb_crash_point(const char *place);
#define MB_CRASH_POINT(place) mb_crash_point(place)
#else
#define MB_CRASH_POINT(place) ((void)0)
#endif

#endif
