#include "file/mb_shared_lock.h"

#include "file/mb_filesystem.h"
#include "mb_test.h"

static int
opened(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static void
one_description_locks_at_a_time(void)
{
    char path[] = "/tmp/mb_shared_lock_XXXXXX";
    const int one = mkstemp(path), two = opened(path);
    CHECK_INT(mb_shared_lock_begin(one, 0), MB_SHARED_LOCKED);
    CHECK_INT(mb_shared_lock_begin(two, 0), MB_SHARED);
    CHECK_INT(mb_shared_lock_begin(two, 1000000), MB_SHARED);
    CHECK_INT(mb_shared_lock_begin(one, 0), MB_SHARED_LOCKED);
    mb_shared_lock_end(one);
    CHECK_INT(mb_shared_lock_begin(two, 0), MB_SHARED_LOCKED);
    close(two);
    CHECK_INT(mb_shared_lock_begin(one, 0), MB_SHARED_LOCKED);
    close(one);
    unlink(path);
}

static void
what_cannot_be_locked_is_not_tried_again(void)
{
    CHECK_INT(mb_shared_lock_begin(-1, 1000000000), MB_NOT_SHARED);
}

static void
local_files_are_not_shared(void)
{
    char path[] = "/tmp/mb_shared_lock_XXXXXX";
    const int fd = mkstemp(path);
    CHECK_INT(mb_shared_lock_kind(fd), MB_NOT_SHARED);
    CHECK_INT(mb_shared_lock_kind(-1), MB_NOT_SHARED);
    close(fd);
    unlink(path);
}

static void
network_file_systems_are_known_by_number(void)
{
    static const uint32_t SHARED[] = {0x6969,     0xff534d42, 0xfe534d42, 0x0bd00bd0,
                                      0x47504653, 0x19830326, 0x00c36400, 0x65735546};
    for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED; i++) {
        CHECK(mb_filesystem_is_shared_type(SHARED[i]));
    }
    CHECK(!mb_filesystem_is_shared_type(0xef53));
    CHECK(!mb_filesystem_is_shared_type(0x794c7630));
}

int
main(void)
{
    RUN(one_description_locks_at_a_time);
    RUN(what_cannot_be_locked_is_not_tried_again);
    RUN(local_files_are_not_shared);
    RUN(network_file_systems_are_known_by_number);
    return test_report();
}
