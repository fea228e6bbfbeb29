/* A mark in a file of records: which file it is, how long it is, and what it looks
 * like.
 *
 * A journal notes a mark of its output before its process writes records. As long as
 * the file matches the mark, those records lie behind it. A file that was replaced has
 * another inode. A file that was truncated and has grown again, to whatever length, has
 * another digest, since the id of its first record is different.
 *
 * Thread: any. Not signal-safe.
 */
#ifndef MB_MARK_H
#define MB_MARK_H

#include "base/mb_platform.h"

typedef struct {
    uint64_t device;
    uint64_t inode;  /* 0: there was no file, or nothing is known of it */
    uint64_t end;    /* bytes that it had */
    uint64_t digest; /* of the first and the last of them; 0: they cannot be read */
} mb_mark;

#define MB_MARK_FIRST                                                                  \
    512 /* bytes that the digest is of, at most: id of the first record */
#define MB_MARK_LAST 4096

/* Computes the mark at `end` of an open file; -1: at its end now. Returns false, with
 * an empty mark, if it is not a regular file or is shorter. */
bool mb_mark_of(int fd, int64_t end, mb_mark *mark);

/* Computes the mark at the end of the file at a path, empty where there is none. */
void mb_mark_of_path(const char *path, mb_mark *mark);

#endif
