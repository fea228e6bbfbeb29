#include "file/mb_files.h"

#include "mb_test.h"

typedef struct {
    mb_file file;
    int64_t used_ns;
    bool in_use;
    int closed;
} fake;

static bool
set_aside(mb_file *file)
{
    fake *it = (fake *)((char *)file - offsetof(fake, file));
    it->closed += !it->in_use;
    return !it->in_use;
}

static void
begin(fake *it, int64_t used_ns)
{
    *it = (fake){.used_ns = used_ns};
    it->file = (mb_file){.used_ns = &it->used_ns, .set_aside = set_aside};
    mb_files_add(&it->file);
}

static void
the_one_used_longest_ago_is_closed(void)
{
    fake files[3];
    begin(&files[0], 20);
    begin(&files[1], 10);
    begin(&files[2], 30);
    CHECK_INT(mb_files_count(), 3);
    CHECK(mb_files_close_one());
    CHECK_INT(files[1].closed, 1);
    CHECK_INT(mb_files_count(), 2);
    mb_files_add(&files[1].file);
    mb_files_add(&files[1].file);
    CHECK_INT(mb_files_count(), 3);
    for (int i = 0; i < 3; i++) {
        mb_files_remove(&files[i].file);
        mb_files_remove(&files[i].file);
    }
    CHECK_INT(mb_files_count(), 0);
    CHECK(!mb_files_close_one());
}

static void
one_in_use_stays(void)
{
    fake files[2];
    begin(&files[0], 10);
    begin(&files[1], 20);
    files[0].in_use = true;
    CHECK(mb_files_close_one());
    CHECK_INT(files[1].closed, 1);
    CHECK(!mb_files_close_one());
    CHECK_INT(mb_files_count(), 1);
    mb_files_remove(&files[0].file);
}

static void
one_that_was_used_at_the_same_time_as_one_in_use_is_closed(void)
{
    for (int used = 0; used < 3; used++) {
        fake files[3];
        for (int i = 0; i < 3; i++) {
            begin(&files[i], 10);
            files[i].in_use = i == used;
        }
        CHECK(mb_files_close_one());
        CHECK(mb_files_close_one());
        CHECK(!mb_files_close_one());
        CHECK_INT(mb_files_count(), 1);
        mb_files_remove(&files[used].file);
    }
}

static void
there_are_never_more_than_the_most(void)
{
    static fake files[3 * MB_FILES];
    for (int i = 0; i < 3 * MB_FILES; i++) {
        begin(&files[i], i);
        CHECK(mb_files_count() <= MB_FILES);
    }
    CHECK_INT(files[0].closed, 1);
    CHECK_INT(files[3 * MB_FILES - 1].closed, 0);
    while (mb_files_close_one()) {
    }
    CHECK_INT(mb_files_count(), 0);
}

int
main(void)
{
    RUN(the_one_used_longest_ago_is_closed);
    RUN(one_in_use_stays);
    RUN(one_that_was_used_at_the_same_time_as_one_in_use_is_closed);
    RUN(there_are_never_more_than_the_most);
    return test_report();
}
