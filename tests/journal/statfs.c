/* Makes statfs() describe another file system for paths that begin with STATFS_PATH:
 * its type from STATFS_TYPE, its number of inodes from STATFS_FILES. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

/* The same for the file behind a descriptor, whatever its path. */
int
fstatfs(int fd, struct statfs *system)
{
    int (*real)(int, struct statfs *) = dlsym(RTLD_NEXT, "fstatfs");
    const int result = real(fd, system);
    const char *type = getenv("STATFS_TYPE");
    if (type && !getenv("STATFS_PATH")) {
        system->f_type = strtoul(type, NULL, 16);
    }
    return result;
}

int
statfs(const char *path, struct statfs *system)
{
    int (*real)(const char *, struct statfs *) = dlsym(RTLD_NEXT, "statfs");
    const int result = real(path, system);
    const char *where = getenv("STATFS_PATH");
    const char *type = getenv("STATFS_TYPE");
    const char *files = getenv("STATFS_FILES");
    if (where && strncmp(path, where, strlen(where)) != 0) {
        return result;
    }
    if (type) {
        system->f_type = strtoul(type, NULL, 16);
    }
    if (files) {
        system->f_files = strtoul(files, NULL, 10);
    }
    return result;
}
