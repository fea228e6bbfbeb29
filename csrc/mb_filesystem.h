/* Which file systems a program can map a file of without danger.
 *
 * What is written to a mapped file may need something that is not there: a server that
 * does not answer, or a new block for what is overwritten, on a full disk. Both end the
 * program by SIGBUS. So only local file systems that overwrite in place are taken.
 *
 * overlayfs, of containers, is as safe as what its upper layer lies on. Its path is in
 * proc_pid_mountinfo(5), but often is not to be seen in a container. Then statfs(2) tells,
 * which gives the numbers of the upper layer: those that allocate on writing have no fixed
 * number of inodes (btrfs, bcachefs) or another size of blocks (ZFS). The kernel takes
 * none that has a server.
 *
 * Thread: any. Not signal-safe.
 */
#ifndef MB_FILESYSTEM_H
#define MB_FILESYSTEM_H

#include "mb_platform.h"

/* Whether a file in this directory can be mapped without danger to the program; false
 * also where that cannot be known. */
bool mb_maps_safely(const char *directory);

/* The upper layer of the overlay with this device, from the text of a mountinfo file: on
 * the heap, Owned by the caller. NULL where there is none, or its path is relative. */
char *mb_upper_layer(const char *mountinfo, dev_t device);

#endif
