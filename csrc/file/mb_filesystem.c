#include "file/mb_filesystem.h"

#ifdef __linux__

#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#define OVERLAYFS 0x794c7630u
#define MOST_MOUNTS (4u << 20) /* bytes of mountinfo */
#define FIRST_MOUNTS 16384

/* --- by type ---------------------------------------------------------------------- */

/* statfs(2), <linux/magic.h>. Not among them: whatever has a server (NFS, SMB, Lustre,
 * GPFS, BeeGFS, Ceph, 9p, FUSE ...), and what copies on writing (btrfs, ZFS,
 * bcachefs). */
static bool
overwrites_in_place(const struct statfs *system)
{
    static const uint32_t LOCAL[] = {
        0xef53,     /* ext2, ext3, ext4 */
        0x58465342, /* XFS */
        0x01021994, /* tmpfs */
        0x858458f6, /* ramfs */
        0xf2f52010, /* F2FS */
        0x3153464a, /* JFS */
    };
    for (size_t i = 0; i < sizeof LOCAL / sizeof *LOCAL; i++) {
        if ((uint32_t)system->f_type == LOCAL[i]) {
            return true;
        }
    }
    return false;
}

/* <linux/magic.h>, statfs(2); those of Lustre, GPFS, BeeGFS, PanFS and OrangeFS are in
 * their own sources. */
bool
mb_filesystem_is_shared_type(uint32_t type)
{
    static const uint32_t SHARED[] = {
        0x6969,     /* NFS */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB 2 and 3 */
        0x517b,     /* SMB */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS, IBM Storage Scale */
        0x19830326, /* BeeGFS */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x6b414653, /* AFS of the kernel */
        0x73757245, /* Coda */
        0x01021997, /* 9p */
        0x65735546, /* FUSE: sshfs, GlusterFS and others */
        0x20030528, /* OrangeFS, PVFS2 */
        0xaad7aaea, /* PanFS */
        0x7461636f, /* OCFS2 */
        0x01161970, /* GFS2 */
    };
    for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED; i++) {
        if (type == SHARED[i]) {
            return true;
        }
    }
    return false;
}

bool
mb_filesystem_is_shared(int fd)
{
    struct statfs system;
    return fstatfs(fd, &system) == 0 &&
           mb_filesystem_is_shared_type((uint32_t)system.f_type);
}

/* --- the upper layer of an overlay ------------------------------------------------ */

/* Reads a whole file of the kernel to the heap; NULL if it cannot be read. */
static char *
contents_of(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t room = 0, size = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0) {
        if (room - size < 2) {
            room = room ? 2 * room : FIRST_MOUNTS;
            char *larger = room > MOST_MOUNTS ? NULL : mb_realloc(text, room);
            if (!larger) {
                got = -1;
                break;
            }
            text = larger;
        }
        got = read(fd, text + size, room - size - 1);
        size += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (got < 0) {
        mb_free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* Returns whether a line describes the overlay with this device: the third field is the
 * device, and the type follows the hyphen. */
static bool
is_line_of(const char *line, size_t size, dev_t device)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, " %u:%u ", major(device), minor(device));
    const char *found = memmem(line, size, wanted, strlen(wanted));
    const char *type = memmem(line, size, " - overlay ", 11);
    return found && type && found < type;
}

/* Returns the byte that three octal digits stand for; -1 if they are not octal
 * digits. */
static int
octal(const char *digits)
{
    int byte = 0;
    for (int i = 0; i < 3; i++) {
        if (digits[i] < '0' || digits[i] > '7') {
            return -1;
        }
        byte = 8 * byte + (digits[i] - '0');
    }
    return byte <= 0xff ? byte : -1;
}

/* Decodes octal escapes, which stand for white space and backslashes. */
static void
unescape(char *path)
{
    char *to = path;
    for (const char *from = path; *from; to++) {
        const int byte = *from == '\\' ? octal(from + 1) : -1;
        if (byte >= 0) {
            *to = (char)byte;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* Returns the path in the options of a line; NULL if it is missing or relative. */
static char *
upper_in(const char *line, size_t size)
{
    static const char OPTION[] = ",upperdir=/";
    const char *found = memmem(line, size, OPTION, sizeof OPTION - 1);
    if (!found) {
        return NULL;
    }
    const char *begin = found + sizeof OPTION - 2;
    size_t length = 0;
    while (begin + length < line + size && begin[length] != ',' &&
           begin[length] != ' ') {
        length++;
    }
    char *path = mb_alloc(length + 1);
    if (path) {
        memcpy(path, begin, length);
        path[length] = '\0';
        unescape(path);
    }
    return path;
}

char *
mb_filesystem_upper_layer(const char *mountinfo, dev_t device)
{
    for (const char *line = mountinfo; *line;) {
        const size_t size = strcspn(line, "\n");
        if (is_line_of(line, size, device)) {
            return upper_in(line, size);
        }
        line += line[size] ? size + 1 : size;
    }
    return NULL;
}

/* Returns whether the overlay reports the numbers of this file system. */
static bool
is_below(const struct statfs *upper, const struct statfs *overlay)
{
    return upper->f_blocks == overlay->f_blocks && upper->f_bsize == overlay->f_bsize &&
           upper->f_frsize == overlay->f_frsize;
}

/* Finds the file system of the upper layer of an overlay; false if it is not
 * visible. */
static bool
look_below(const char *directory, const struct statfs *overlay, struct statfs *upper)
{
    struct stat file;
    char *mounts =
        stat(directory, &file) < 0 ? NULL : contents_of("/proc/self/mountinfo");
    char *path = mounts ? mb_filesystem_upper_layer(mounts, file.st_dev) : NULL;
    const bool seen = path && statfs(path, upper) == 0 && is_below(upper, overlay);
    mb_free(path);
    mb_free(mounts);
    return seen;
}

/* Judges the upper layer by its numbers. */
static bool
seems_to_overwrite(const struct statfs *overlay)
{
    return overlay->f_files > 0 && overlay->f_ffree <= overlay->f_files &&
           overlay->f_frsize == overlay->f_bsize;
}

bool
mb_filesystem_maps_safely(const char *directory)
{
    struct statfs system, upper;
    if (statfs(directory, &system) < 0) {
        return false;
    }
    if ((uint32_t)system.f_type != OVERLAYFS) {
        return overwrites_in_place(&system);
    }
    return look_below(directory, &system, &upper) ? overwrites_in_place(&upper)
                                                  : seems_to_overwrite(&system);
}

#else

bool
mb_filesystem_maps_safely(const char *directory)
{
    (void)directory;
    return false;
}

bool
mb_filesystem_is_shared(int fd)
{
    (void)fd;
    return false;
}

bool
mb_filesystem_is_shared_type(uint32_t type)
{
    (void)type;
    return false;
}

char *
mb_filesystem_upper_layer(const char *mountinfo, dev_t device)
{
    (void)mountinfo, (void)device;
    return NULL;
}

#endif
