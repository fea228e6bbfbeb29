#include "journal/mb_mark.h"

/* FNV-1a. It need not resist attacks: a user who can write to the file can spoil it in
 * simpler ways. */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t
digest_of(uint64_t digest, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        digest = (digest ^ bytes[i]) * FNV_PRIME;
    }
    return digest;
}

/* Adds the bytes from..to of the file; false if they cannot be read. */
static bool
add(int fd, uint64_t from, uint64_t to, uint64_t *digest)
{
    unsigned char bytes[MB_MARK_LAST];
    const size_t size = (size_t)(to - from);
    if (pread(fd, bytes, size, (off_t)from) != (ssize_t)size) {
        return false;
    }
    *digest = digest_of(*digest, bytes, size);
    return true;
}

static uint64_t
digest_before(int fd, uint64_t end)
{
    uint64_t digest = FNV_BASIS;
    const uint64_t first = end < MB_MARK_FIRST ? end : MB_MARK_FIRST;
    const uint64_t last = end < MB_MARK_LAST ? 0 : end - MB_MARK_LAST;
    const bool known = add(fd, 0, first, &digest) && add(fd, last, end, &digest);
    return known ? digest : 0;
}

bool
mb_mark_of(int fd, int64_t end, mb_mark *mark)
{
    struct stat file;
    *mark = (mb_mark){0};
    if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode) || file.st_size < end) {
        return false;
    }
    mark->device = (uint64_t)file.st_dev;
    mark->inode = (uint64_t)file.st_ino;
    mark->end = (uint64_t)(end < 0 ? file.st_size : end);
    mark->digest = digest_before(fd, mark->end);
    return true;
}

void
mb_mark_of_path(const char *path, mb_mark *mark)
{
    struct stat file;
    *mark = (mb_mark){0};
    if (stat(path, &file) < 0 || !S_ISREG(file.st_mode)) {
        return; /* to open a FIFO would be noticed by those who write to it */
    }
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        mb_mark_of(fd, -1, mark);
        close(fd);
    }
}
