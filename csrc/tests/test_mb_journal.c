/* Journals in files: real directories, real forks, real kills. What the system can
 * refuse is refused by wrappers of posix_fallocate, statfs and fcntl. */
#include <dirent.h>
#include <signal.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "mb_test_journal.h"
#include "run/mb_run.h"

static char folder[4096];
static char output[4200];

static int full_from = -1; /* the n-th posix_fallocate from now on, and all after it */
static long file_system;   /* that statfs reports; 0: the real one */

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int
__wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    if (full_from >= 0 && full_from-- == 0) {
        full_from = 0;
        return ENOSPC;
    }
    return __real_posix_fallocate(fd, offset, size);
}

int __real_statfs(const char *path, struct statfs *system);
int __wrap_statfs(const char *path, struct statfs *system);
int
__wrap_statfs(const char *path, struct statfs *system)
{
    const int result = __real_statfs(path, system);
    if (file_system) {
        system->f_type = file_system;
    }
    return result;
}

static int held_by_others; /* so many locks from now on are refused */
static void (*before_lock)(void);

int __real_fcntl(int fd, int command, void *argument);
int __wrap_fcntl(int fd, int command, void *argument);
int
__wrap_fcntl(int fd, int command, void *argument)
{
    if (command == F_OFD_SETLK && before_lock) {
        void (*const meanwhile)(void) = before_lock;
        before_lock = NULL;
        meanwhile();
    }
    if (command == F_OFD_SETLK && held_by_others > 0) {
        held_by_others--;
        errno = EAGAIN;
        return -1;
    }
    return __real_fcntl(fd, command, argument);
}

/* How many entries of the folder have names that end so; the last one's path. */
static int
count_files(const char *end, char *found)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        const size_t size = strlen(entry->d_name);
        if (size >= strlen(end) && !strcmp(entry->d_name + size - strlen(end), end)) {
            count++;
            if (found) {
                sprintf(found, "%.2000s/%s", folder, entry->d_name);
            }
        }
    }
    closedir(open);
    return count;
}

static int
journals_there(void)
{
    return count_files(".journal", NULL);
}

static mb_journal *
make(void)
{
    return mb_journal_file(output, NULL, true);
}

static mb_mirror *
open_in(mb_journal *journal)
{
    const mb_mirror_opening record = test_opening(0);
    return mb_mirror_open(journal, &record);
}

static mb_image
read_file(const char *path)
{
    struct stat file;
    mb_image image = {0};
    const int fd = open(path, O_RDONLY);
    if (fd >= 0 && fstat(fd, &file) == 0) {
        char *bytes = malloc((size_t)file.st_size + 1);
        image =
            (mb_image){.base = bytes, .size = (size_t)read(fd, bytes, file.st_size)};
    }
    close(fd);
    return image;
}

/* Returns whether another process could lock it. */
static bool
is_locked(const char *path)
{
    const pid_t child = fork();
    if (child == 0) {
        const int fd = open(path, O_RDWR);
        _exit(mb_lock_description(fd) == EAGAIN);
    }
    int status;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
}

static int
status_of(void (*in_child)(void))
{
    const pid_t child = fork();
    if (child == 0) {
        in_child();
        exit(test_failures ? 99 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

/* --- the file --------------------------------------------------------------------- */

static void
it_lies_beside_the_output_and_goes_with_its_last_user(void)
{
    char path[6000], expected[6000];
    mb_journal *journal = make();
    CHECK(journal != NULL);
    CHECK_INT(count_files(".journal", path), 1);
    sprintf(expected, "%.2000s/.out.jsonl.%ld-", folder, (long)getpid());
    CHECK(strncmp(path, expected, strlen(expected)) == 0);
    CHECK_BYTES(journal->path, strlen(journal->path), path);
    CHECK(make() == journal);
    mb_journal_release(journal);
    CHECK_INT(journals_there(), 1);
    mb_journal_release(journal);
    CHECK_INT(journals_there(), 0);
}

static void
a_reader_that_holds_the_new_file_is_waited_for(void)
{
    held_by_others = 3;
    mb_journal *journal = make();
    CHECK(journal != NULL);
    CHECK_INT(held_by_others, 0);
    mb_journal_release(journal);
    held_by_others = 1000000;
    CHECK(make() == NULL);
    CHECK_INT(errno, EAGAIN);
    CHECK_INT(journals_there(), 0);
    held_by_others = 0;
}

static void
remove_it(void)
{
    char path[6000];
    CHECK_INT(count_files(".journal", path), 1);
    CHECK_INT(unlink(path), 0);
}

static void
a_new_file_that_was_taken_for_a_dead_one_is_made_again(void)
{
    char path[6000];
    before_lock = remove_it;
    mb_journal *journal = make();
    CHECK(journal != NULL);
    CHECK_INT(count_files(".journal", path), 1);
    CHECK(is_locked(path));
    mb_journal_release(journal);
    CHECK_INT(journals_there(), 0);
}

static void
it_goes_with_its_last_record_if_that_is_later(void)
{
    mb_journal *journal = make();
    mb_mirror *mirror = open_in(journal);
    mb_journal_release(journal);
    CHECK_INT(journals_there(), 1);
    mb_mirror_close(mirror, false);
    CHECK_INT(journals_there(), 0);
}

static void
it_can_lie_in_another_directory(void)
{
    char other[5000];
    sprintf(other, "%.2000s/other", folder);
    mkdir(other, 0700);
    mb_journal *journal = mb_journal_file(output, other, true);
    CHECK(journal && strncmp(journal->path, other, strlen(other)) == 0);
    CHECK(mb_journal_file(output, other, true) == journal);
    mb_journal *beside = make();
    CHECK(beside != journal);
    mb_journal_release(beside);
    mb_journal_release(journal);
    mb_journal_release(journal);
    CHECK_INT(rmdir(other), 0);
}

static void
its_header_says_whose_it_is(void)
{
    size_t size;
    char host[256];
    mb_journal *journal = make();
    const mb_image image = read_file(journal->path);
    const mb_journal_header *header = mb_image_header(image);
    CHECK(header != NULL);
    CHECK_INT(header->pid, getpid());
    CHECK_INT(header->uid, geteuid());
    CHECK_INT(header->start_ticks, mb_process_start());
    CHECK(header->start_ticks > 0);
    CHECK_INT(strlen(header->boot_id), MB_BOOT_ID_SIZE - 1);
    gethostname(host, sizeof host);
    CHECK_BYTES(header->host, strlen(header->host), host);
    CHECK_INT(header->signal, 0);
    const char *path = mb_image_output(image, &size);
    CHECK_BYTES(path, size, output);
    free((void *)image.base);
    mb_journal_release(journal);
}

static void
its_mode_is_that_of_the_output_and_never_wider(void)
{
    const mode_t modes[] = {0600, 0640, 0644, 0444, 0755};
    const mode_t before = umask(0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct stat file;
        close(open(output, O_CREAT | O_WRONLY, 0600));
        chmod(output, modes[i]);
        mb_journal *journal = make();
        CHECK_INT(stat(journal->path, &file), 0);
        CHECK_INT(file.st_mode & 07777, modes[i] & 0666);
        mb_journal_release(journal);
    }
    umask(before);
    unlink(output);
}

static void
a_long_name_of_the_output_is_cut(void)
{
    char path[5000];
    sprintf(path, "%.2000s/%0255d", folder, 1);
    mb_journal *journal = mb_journal_file(path, NULL, true);
    CHECK(journal != NULL);
    mb_journal_release(journal);
}

static void
what_is_no_file_has_none(void)
{
    char path[5000];
    sprintf(path, "%.2000s/fifo", folder);
    mkfifo(path, 0600);
    CHECK(mb_journal_file(path, NULL, false) == NULL && errno == ENOTSUP);
    CHECK(mb_journal_file("/dev/null", NULL, false) == NULL && errno == ENOTSUP);
    unlink(path);
    sprintf(path, "%.2000s/missing/out", folder);
    CHECK(mb_journal_file(path, NULL, true) == NULL);
    CHECK(mb_journal_file(path, NULL, false) == NULL && errno == ENOENT);
    CHECK_INT(journals_there(), 0);
}

static void
other_file_systems_have_one_only_if_asked(void)
{
    /* NFS, SMB2, Lustre, GPFS, FUSE, Ceph, btrfs, ZFS, an unknown one */
    const uint32_t types[] = {0x6969,     0xfe534d42, 0x0bd00bd0,
                              0x47504653, 0x65735546, 0x00c36400,
                              0x9123683e, 0x2fc12fc1, 0x12345678};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        file_system = (long)types[i];
        CHECK(mb_journal_file(output, NULL, true) == NULL && errno == ENOTSUP);
    }
    mb_journal *journal = mb_journal_file(output, NULL, false);
    CHECK(journal != NULL);
    mb_journal_release(journal);
    file_system = 0;
}

static void
there_are_so_many_at_most(void)
{
    mb_journal *journals[MB_JOURNALS + 1];
    int made = 0;
    for (; made <= MB_JOURNALS; made++) {
        char path[5000];
        sprintf(path, "%.2000s/out%d", folder, made);
        if (!(journals[made] = mb_journal_file(path, NULL, true))) {
            CHECK_INT(errno, EMFILE);
            break;
        }
    }
    CHECK(made > MB_JOURNALS / 2 && made <= MB_JOURNALS);
    CHECK_INT(journals_there(), made);
    while (made > 0) {
        mb_journal_release(journals[--made]);
    }
    CHECK_INT(journals_there(), 0);
}

/* --- full disks ------------------------------------------------------------------- */

static void
a_full_disk_has_no_journal(void)
{
    full_from = 0;
    CHECK(make() == NULL);
    CHECK_INT(journals_there(), 0);
    full_from = -1;
}

static void
it_grows_with_what_it_holds(void)
{
    mb_journal *journal = make();
    mb_mirror *mirror = open_in(journal);
    uint32_t entries = 0;
    while (mb_mirror_enter(mirror, 0, entries)) {
        entries++;
    }
    CHECK(entries > (15 << 20) / sizeof(mb_entry));
    const mb_image image = read_file(journal->path);
    CHECK(image.size > 15 << 20);
    CHECK_INT(mb_image_next(image, NULL)->entries, entries);
    CHECK(mb_image_next(image, NULL)->flags & MB_SLOT_CUT);
    free((void *)image.base);
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
}

static void
a_disk_that_fills_up_cuts_a_log_until_there_is_room_again(void)
{
    mb_journal *journal = make();
    mb_mirror *mirror = open_in(journal);
    full_from = 0;
    while (mb_mirror_enter(mirror, 0, 0)) {
    }
    CHECK(mirror->cut);
    mb_mirror_close(mirror, false);
    mirror = open_in(journal);
    CHECK(mirror && !mirror->cut);
    full_from = -1;
    uint32_t tries = 0;
    while (mirror->cut || mb_journal_allocate(journal, 128 << 10) == 0) {
        CHECK(tries++ < 1000);
    }
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
}

/* --- other processes at the file -------------------------------------------------- */

static void
a_file_that_was_deleted_is_not_missed(void)
{
    mb_journal *journal = make();
    mb_mirror *mirror = open_in(journal);
    unlink(journal->path);
    close(open(journal->path, O_CREAT | O_WRONLY, 0600)); /* another file */
    while (mb_mirror_enter(mirror, 0, 0)) {
    }
    mb_mirror_close(mirror, false);
    char path[6000];
    strcpy(path, journal->path);
    mb_journal_release(journal);
    CHECK_INT(unlink(path), 0);
}

static void
the_lock_is_there_without_a_descriptor_and_breaks_by_nobodys_close(void)
{
    struct stat before, after;
    const int next = open("/dev/null", O_RDONLY);
    close(next);
    mb_journal *journal = make();
    const int still = open("/dev/null", O_RDONLY);
    CHECK_INT(still, next);
    close(still);
    CHECK(is_locked(journal->path));
    close(open(journal->path, O_RDWR));
    CHECK(is_locked(journal->path));
    CHECK_INT(stat(journal->path, &before), 0);
    mb_mirror *mirror = open_in(journal);
    while (journal->size < 1 << 20) {
        mb_mirror_enter(mirror, 0, 0);
    }
    CHECK_INT(stat(journal->path, &after), 0);
    CHECK(after.st_size > before.st_size);
    CHECK(is_locked(journal->path));
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
}

/* --- other processes -------------------------------------------------------------- */

static mb_journal *of_parent;

static void
make_one_of_its_own(void)
{
    CHECK(!mb_journal_is_own(of_parent));
    mb_journal_release(of_parent); /* nothing happens */
    CHECK_INT(journals_there(), 1);
    mb_journal *journal = make();
    CHECK(journal != NULL);
    CHECK_INT(journals_there(), 2);
    mb_mirror *mirror = open_in(journal);
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
    CHECK_INT(journals_there(), 1);
}

static void
a_forked_child_has_none_of_its_parents(void)
{
    of_parent = make();
    mb_mirror *mirror = open_in(of_parent);
    CHECK_INT(status_of(make_one_of_its_own), 0);
    CHECK_INT(journals_there(), 1);
    CHECK(is_locked(of_parent->path));
    test_check_record(
        mb_journal_image(of_parent), mirror->slot, &(mb_slot_ending){.now_ns = 1000},
        TEST_BEGINNING ",\"durations\":[],\"start_time\":"
                       "\"1970-01-01T00:00:01.000000+00:00\",\"finish_time\":"
                       "\"1970-01-01T00:00:01.000000+00:00\"}" TEST_TAIL "}\n");
    mb_mirror_close(mirror, false);
    mb_journal_release(of_parent);
}

static void
end_with_nothing_open(void)
{
    mb_mirror_close(open_in(make()), false);
}

static void
end_with_an_open_record(void)
{
    open_in(make());
}

static mb_mirror *
open_at(mb_journal *journal, int64_t wall_ns)
{
    mb_mirror_opening record = test_opening(0);
    record.start_wall_ns = wall_ns;
    return mb_mirror_open(journal, &record);
}

static uint64_t
marked_end(const mb_journal *journal)
{
    return ((const mb_journal_header *)journal->base)->made_at.end;
}

static void
add_a_line(void)
{
    const int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    CHECK_INT(write(fd, "{}\n", 3), 3);
    close(fd);
}

/* Once a second, and never past a record that may be on its way into the file. */
static void
the_output_is_marked_again_while_no_record_is_open(void)
{
    const int64_t second = MB_JOURNAL_MARK_NS;
    mb_journal *journal = make();
    add_a_line();
    mb_mirror *mirror = open_at(journal, second);
    CHECK_INT(marked_end(journal), 3);
    add_a_line();
    mb_mirror *other = open_at(journal, 3 * second);
    CHECK_INT(marked_end(journal), 3);
    mb_mirror_close(other, false);
    mb_mirror_close(mirror, false);
    mirror = open_at(journal, 2 * second - 1); /* of the last look */
    CHECK_INT(marked_end(journal), 3);
    mb_mirror_close(mirror, false);
    mirror = open_at(journal, 3 * second);
    CHECK_INT(marked_end(journal), 6);
    mb_mirror_close(mirror, false);
    add_a_line();
    mirror = open_at(journal, 0); /* the clock was set */
    CHECK_INT(marked_end(journal), 9);
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
    unlink(output);
}

static void
be_killed_with_an_open_record(void)
{
    open_in(make());
    mb_journals_stamp(SIGTERM, 5, 6);
    mb_journals_stamp(SIGHUP, 7, 8);
    raise(SIGKILL);
}

static void
check_what_was_left_behind(uint32_t signal)
{
    char path[6000];
    CHECK_INT(count_files(".journal", path), 1);
    CHECK(!is_locked(path));
    const mb_image image = read_file(path);
    const mb_journal_header *header = mb_image_header(image);
    CHECK(header && header->signal == signal);
    const mb_slot *slot = mb_image_next(image, NULL);
    CHECK(slot && mb_slot_is_open(slot));
    char *record = test_record(image, slot, &(mb_slot_ending){.path = "recovered"});
    CHECK(strstr(record, TEST_ID) != NULL);
    free(record);
    free((void *)image.base);
    unlink(path);
}

static void
a_clean_exit_removes_it_unless_a_record_is_open(void)
{
    CHECK_INT(status_of(end_with_nothing_open), 0);
    CHECK_INT(journals_there(), 0);
    CHECK_INT(status_of(end_with_an_open_record), 0);
    check_what_was_left_behind(0);
}

static void
a_killed_process_leaves_its_records_and_its_signal(void)
{
    CHECK_INT(status_of(be_killed_with_an_open_record), SIGKILL);
    check_what_was_left_behind(SIGTERM);
}

static int ready[2], ends[2]; /* pipes: a grandchild says that it lives, and waits */

static void
be_killed_and_leave_a_child(void)
{
    char byte = 0;
    open_in(make());
    if (fork() == 0) {
        close(ends[1]);
        _exit(write(ready[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 0);
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    raise(SIGKILL);
}

static void
children_that_live_on_keep_no_lock(void)
{
    CHECK_INT(pipe(ready) | pipe(ends), 0);
    CHECK_INT(status_of(be_killed_and_leave_a_child), SIGKILL);
    check_what_was_left_behind(0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(ends[i]);
    }
}

/* --- at the end ------------------------------------------------------------------- */

static void
what_is_held_does_not_go_away(void)
{
    mb_journal *journal = make();
    CHECK(mb_journal_hold(journal));
    mb_journal_release(journal);
    CHECK(mb_image_header(mb_journal_image(journal)) != NULL);
    mb_journal_let_go(journal);
    mb_journal_release(make());
    CHECK(!mb_journal_hold(journal));
    CHECK_INT(journals_there(), 0);
}

static void
a_signal_that_was_survived_is_taken_back(void)
{
    mb_journal *journal = make();
    mb_journals_stamp(SIGSEGV, 5, 6);
    mb_journals_unstamp();
    CHECK_INT(mb_image_header(mb_journal_image(journal))->signal, 0);
    mb_journal_release(journal);
}

static void
only_journals_without_open_records_are_removed(void)
{
    mb_journal *journal = make();
    mb_mirror *mirror = open_in(journal);
    mb_journals_remove();
    CHECK_INT(journals_there(), 1);
    CHECK(mb_mirror_claim(mirror));
    mb_mirror_done(mirror);
    mb_journals_remove();
    CHECK_INT(journals_there(), 0);
    mb_journal_release(journal);
}

static void
make_through_a_failure(void)
{
    mb_journal *journal = make();
    CHECK((journal == NULL) <= test_allocation_failed());
    if (journal) {
        mb_journal_release(journal);
    }
    CHECK_INT(journals_there(), 0);
}

static void
without_memory_there_is_none(void)
{
    test_each_failing_allocation(make_through_a_failure);
}

/* Where an iteration notes its end while a record is open in the journal. */
static void
check_signs(bool safe)
{
    const mb_mirror_opening record = test_opening(0);
    mb_run run = {0};
    file_system = safe ? 0 : 0x6969; /* NFS */
    mb_journal *journal = mb_journal_file(output, NULL, false);
    file_system = 0;
    const mb_journal_header *header = (const mb_journal_header *)journal->base;
    CHECK(safe || journal->endmark == NULL);
    mb_mirror *mirror = mb_mirror_open(journal, &record);
    CHECK((mb_journal_alive == &header->alive_ns) == !journal->endmark);
    mb_run_start(&run);
    mb_run_suspend(&run);
    CHECK_INT(header->alive_ns, journal->endmark ? 0 : run.stopped_ns);
    mb_mirror_close(mirror, false);
    CHECK(mb_journal_alive != &header->alive_ns);
    mb_run_start(&run);
    mb_run_suspend(&run);
    mb_journals_beat(run.stopped_ns);
    CHECK_INT(header->alive_ns, run.stopped_ns);
    CHECK_INT(mb_image_last_ns(mb_journal_image(journal)), run.stopped_ns);
    mb_run_free(&run);
    mb_journal_release(journal);
}

static void
iterations_are_signs_of_life_where_the_end_is_not_marked(void)
{
    check_signs(true);
    check_signs(false);
}

/* A record may be written at the end of a process that goes on after all, by
 * siglongjmp. */
static void
a_journal_that_has_gone_gets_no_signs(void)
{
    const mb_mirror_opening record = test_opening(0);
    mb_run run = {0};
    file_system = 0x6969; /* NFS: without a mark */
    mb_journal *journal = mb_journal_file(output, NULL, false);
    file_system = 0;
    mb_mirror *mirror = mb_mirror_open(journal, &record);
    CHECK(mb_mirror_claim(mirror));
    mb_mirror_done(mirror);
    mb_mirror_close(mirror, false);
    mb_journal_release(journal);
    CHECK(!journal->base);
    mb_run_start(&run);
    mb_run_suspend(&run);
    mb_run_free(&run);
}

int
main(void)
{
    CHECK(getcwd(folder, sizeof folder) != NULL);
    strcat(folder, "/journals");
    CHECK_INT(mkdir(folder, 0700), 0);
    sprintf(output, "%s/out.jsonl", folder);
    mb_fork_watch();
    RUN(it_lies_beside_the_output_and_goes_with_its_last_user);
    RUN(a_reader_that_holds_the_new_file_is_waited_for);
    RUN(a_new_file_that_was_taken_for_a_dead_one_is_made_again);
    RUN(it_goes_with_its_last_record_if_that_is_later);
    RUN(it_can_lie_in_another_directory);
    RUN(its_header_says_whose_it_is);
    RUN(its_mode_is_that_of_the_output_and_never_wider);
    RUN(a_long_name_of_the_output_is_cut);
    RUN(what_is_no_file_has_none);
    RUN(other_file_systems_have_one_only_if_asked);
    RUN(there_are_so_many_at_most);
    RUN(a_full_disk_has_no_journal);
    RUN(it_grows_with_what_it_holds);
    RUN(a_disk_that_fills_up_cuts_a_log_until_there_is_room_again);
    RUN(a_file_that_was_deleted_is_not_missed);
    RUN(the_lock_is_there_without_a_descriptor_and_breaks_by_nobodys_close);
    RUN(a_forked_child_has_none_of_its_parents);
    RUN(the_output_is_marked_again_while_no_record_is_open);
    RUN(a_clean_exit_removes_it_unless_a_record_is_open);
    RUN(a_killed_process_leaves_its_records_and_its_signal);
    RUN(children_that_live_on_keep_no_lock);
    RUN(what_is_held_does_not_go_away);
    RUN(a_signal_that_was_survived_is_taken_back);
    RUN(only_journals_without_open_records_are_removed);
    RUN(without_memory_there_is_none);
    RUN(iterations_are_signs_of_life_where_the_end_is_not_marked);
    RUN(a_journal_that_has_gone_gets_no_signs);
    return test_report();
}
