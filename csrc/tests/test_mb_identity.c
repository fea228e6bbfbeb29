#include "base/mb_identity.h"

#include "mb_test.h"

#include <sys/wait.h>

static void
the_run_id_is_a_uuid_4_and_stays(void)
{
    char before[MB_RUN_ID_SIZE + 1];
    const char *id = mb_identity_run_id();
    CHECK_INT(strlen(id), MB_RUN_ID_SIZE);
    CHECK_INT(strspn(id, "0123456789abcdef-"), MB_RUN_ID_SIZE);
    CHECK(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
    CHECK_INT(id[14], '4');
    CHECK(strchr("89ab", id[19]) != NULL);
    strcpy(before, id);
    CHECK_INT(mb_identity_start(), 0);
    CHECK(strcmp(mb_identity_run_id(), before) == 0);
}

static void
record_ids_are_a_seed_and_a_counter(void)
{
    char one[MB_RECORD_ID_SIZE], two[MB_RECORD_ID_SIZE];
    mb_identity_record_id(one);
    mb_identity_record_id(two);
    CHECK(memcmp(one, two, 17) == 0 && one[16] == '-');
    CHECK(memcmp(one, two, sizeof one) < 0);
}

static void
a_child_keeps_the_run_id_and_draws_a_new_seed(void)
{
    int ends[2];
    char own[MB_RECORD_ID_SIZE], childs[MB_RECORD_ID_SIZE], run_id[MB_RUN_ID_SIZE];
    CHECK_INT(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        mb_identity_record_id(childs);
        const bool sent =
            write(ends[1], childs, sizeof childs) == sizeof childs &&
            write(ends[1], mb_identity_run_id(), sizeof run_id) == sizeof run_id;
        _exit(!sent);
    }
    mb_identity_record_id(own);
    CHECK_INT(read(ends[0], childs, sizeof childs), sizeof childs);
    CHECK_INT(read(ends[0], run_id, sizeof run_id), sizeof run_id);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK(memcmp(own, childs, 16) != 0);
    CHECK(memcmp(mb_identity_run_id(), run_id, sizeof run_id) == 0);
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    CHECK_INT(mb_fork_watch(), 0);
    CHECK_INT(mb_identity_start(), 0);
    RUN(the_run_id_is_a_uuid_4_and_stays);
    RUN(record_ids_are_a_seed_and_a_counter);
    RUN(a_child_keeps_the_run_id_and_draws_a_new_seed);
    return test_report();
}
