/* Places where a test kills its process: in builds with MB_CRASH_POINTS, and in no other.
 *
 * Such a build reads MICROBENCH_CRASH_AT=PLACE:N when it is loaded, and ends by SIGKILL
 * when it comes to that place for the N-th time. In order, for one record:
 *
 *   made       the file of the journal exists
 *   begun      its header is written, less what makes a journal of it
 *   published  it is a journal
 *   filled     the slot has all of the record, and is not open yet
 *   opened     the record is open
 *   claimed    somebody is about to write it
 *   written    a write to the file of records has returned, whole or short
 *   marked     the slot is free
 *   leaving    the journal is about to be unlinked
 *   unlinked   it is
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
