/* Decides on which file systems a program can map a file without danger, and on which
 * other machines may write to it.
 *
 * A store to a mapped file may need a server that does not answer, or, to overwrite
 * data, a new block on a full disk. Both end the program by SIGBUS. So only local file
 * systems that overwrite in place are accepted.
 *
 * An overlay (overlayfs, in containers) is as safe as the file system of its upper
 * layer. The path of that layer is in proc_pid_mountinfo(5), but often not visible in a
 * container. Then statfs(2) helps, which returns the numbers of the upper layer: file
 * systems that allocate on overwriting have no fixed number of inodes (btrfs, bcachefs)
 * or another block size (ZFS). The kernel accepts no network file system as an upper
 * layer.
 *
 * Thread: any. Not signal-safe.
 */
#ifndef MB_FILESYSTEM_H
#define MB_FILESYSTEM_H

#include "base/mb_platform.h"

/* Returns whether a file in this directory can be mapped without danger to the program;
 * false also if that is unknown. */
bool mb_filesystem_maps_safely(const char *directory);

/* Returns whether another machine may write to the file behind a descriptor: true for
 * NFS, SMB, Lustre, GPFS, BeeGFS, Ceph and other file systems with a server, and for
 * FUSE; false also if that is unknown. */
bool mb_filesystem_is_shared(int fd);

/* Does the same for the type in statfs(2). */
bool mb_filesystem_is_shared_type(uint32_t type);

/* Returns the upper layer of the overlay with this device, from the text of a mountinfo
 * file: on the heap, Owned by the caller. NULL where there is none, or its path is
 * relative. */
char *mb_filesystem_upper_layer(const char *mountinfo, dev_t device);

#endif
