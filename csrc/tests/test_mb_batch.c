/* Batches: what waits, what a write leaves, forks, and threads.
 *
 * Needs a linker with --wrap, so that a test decides what system calls do. */
#include "file/mb_batch.h"
#include "file/mb_timer.h"
#include "mb_test_append.h"

static int failure; /* errno of each writev and, with `sync_failure`, of each fsync */
static int sync_failure, writes, syncs;
static size_t most;        /* bytes that the next writev takes; 0: all */
static const char *before; /* what another writer appends before a writev */
static int before_write;   /* which one; 1: the next */

ssize_t __real_writev(int, const struct iovec *, int);

ssize_t
__wrap_writev(int fd, const struct iovec *parts, int count)
{
    struct iovec some[8];
    size_t left = most ? most : SIZE_MAX;
    writes++;
    if (before_write > 0 && --before_write == 0) {
        write_with(FILE_NAME, before, O_APPEND);
    }
    if (failure && !most) {
        errno = failure;
        return -1;
    }
    most = 0;
    for (int i = 0; i < count; i++) {
        some[i] = parts[i];
        some[i].iov_len = parts[i].iov_len < left ? parts[i].iov_len : left;
        left -= some[i].iov_len;
    }
    return __real_writev(fd, some, count);
}

int
__wrap_fsync(int fd)
{
    (void)fd;
    syncs++;
    errno = sync_failure;
    return sync_failure ? -1 : 0;
}

static bool no_threads;

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                          void *);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *settings,
                      void *(*start)(void *), void *argument)
{
    return no_threads ? EAGAIN
                      : __real_pthread_create(thread, settings, start, argument);
}

#define HOUR 3600000000000

static mb_append *append;

static mb_batch *
new_batch(uint32_t records, int64_t age_ns)
{
    const mb_batch_limits limits = {.records = records, .age_ns = age_ns};
    append = new_append();
    failure = sync_failure = writes = syncs = 0;
    most = 0;
    mb_batch *batch = mb_batch_new(append, &limits);
    CHECK(batch != NULL);
    return batch;
}

static void
end(mb_batch *batch)
{
    mb_batch_free(batch);
    mb_append_free(append);
}

/* Returns 0 or an errno, as a recorder does. */
static int
put(mb_batch *batch, const char *line)
{
    const size_t size = strlen(line);
    return mb_batch_add(batch, line, size) ? 0 : mb_batch_record(batch, line, size);
}

static bool
is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

/* --- when it is written ------------------------------------------------------------- */

static void
a_batch_is_one_write(void)
{
    mb_batch *batch = new_batch(3, HOUR);
    CHECK_INT(put(batch, "1"), 0);
    CHECK_INT(put(batch, "2"), 0);
    CHECK(!is_there(FILE_NAME));
    CHECK_INT(put(batch, "3"), 0);
    check_file(FILE_NAME, "1\n2\n3\n");
    CHECK_INT(writes, 1);
    CHECK_INT(put(batch, "4"), 0);
    check_file(FILE_NAME, "1\n2\n3\n");
    end(batch);
    check_file(FILE_NAME, "1\n2\n3\n4\n");
    CHECK_INT(writes, 2);
}

static void
it_is_written_when_it_is_flushed(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    CHECK_INT(mb_batch_flush(batch), 0);
    CHECK(!is_there(FILE_NAME));
    put(batch, "1");
    put(batch, "2");
    mb_batches_flush();
    check_file(FILE_NAME, "1\n2\n");
    put(batch, "3");
    CHECK_INT(mb_batch_flush(batch), 0);
    check_file(FILE_NAME, "1\n2\n3\n");
    end(batch);
    CHECK_INT(writes, 2);
}

static void
it_is_written_when_half_of_its_time_is_over(void)
{
    bool waiting;
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "1");
    put(batch, "2");
    const int64_t first_ns = batch->since_ns;
    CHECK_INT(mb_batches_flush_due(INT64_MIN, &waiting), 1000000000);
    CHECK(waiting);
    CHECK_INT(mb_batches_flush_due(first_ns + HOUR / 2 - 1, NULL), 1000000000);
    CHECK(!is_there(FILE_NAME));
    mb_batches_flush_due(first_ns + HOUR / 2, &waiting);
    CHECK(!waiting);
    check_file(FILE_NAME, "1\n2\n");
    mb_batch *other = mb_batch_new(append, &(mb_batch_limits){100, 10000000, false});
    CHECK_INT(mb_batches_flush_due(INT64_MIN, NULL), 5000000);
    mb_batch_free(other);
    end(batch);
}

static void
it_is_written_by_the_thread_in_time(void)
{
    size_t size = 0;
    mb_batch *batch = new_batch(100, 2000000);
    put(batch, "1");
    CHECK(mb_timer_runs());
    while (size == 0) {
        size = is_there(FILE_NAME) ? mb_batch_copy(batch, NULL, 0) == 0 : 0;
    }
    check_file(FILE_NAME, "1\n");
    mb_timer_stop();
    CHECK(!mb_timer_runs());
    put(batch, "2"); /* starts it again */
    CHECK(mb_timer_runs());
    end(batch);
    mb_timer_stop();
}

static void
without_a_thread_no_record_waits(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    mb_timer_stop();
    no_threads = true;
    put(batch, "1");
    put(batch, "2");
    CHECK_INT(writes, 2);
    check_file(FILE_NAME, "1\n2\n");
    no_threads = false;
    put(batch, "3");
    mb_timer_stop();
    no_threads = true;
    put(batch, "4"); /* one waits already, until a thread can be made */
    no_threads = false;
    check_file(FILE_NAME, "1\n2\n3\n4\n");
    end(batch);
}

static void
it_is_written_when_its_bytes_are_full(void)
{
    char line[1000];
    memset(line, 'x', sizeof line);
    mb_batch *batch = new_batch(UINT32_MAX, HOUR);
    for (int i = 0; i < 66; i++) {
        CHECK(mb_batch_add(batch, line, 999) || mb_batch_record(batch, line, 999) == 0);
    }
    CHECK_INT(writes, 1);
    CHECK_INT(mb_batch_copy(batch, NULL, 0), 1000);
    end(batch);
    CHECK_INT(writes, 2);
}

static void
a_record_larger_than_a_batch_is_written_by_itself(void)
{
    size_t size;
    char *line = malloc(MB_BATCH_SIZE);
    memset(line, 'x', MB_BATCH_SIZE);
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "1");
    CHECK_INT(mb_batch_record(batch, line, MB_BATCH_SIZE), 0);
    CHECK_INT(writes, 2);
    CHECK_INT(mb_batch_record(batch, line, MB_BATCH_SIZE - 1), 0);
    CHECK_INT(writes, 2);
    put(batch, "2");
    CHECK_INT(writes, 3);
    end(batch);
    free(contents_of(FILE_NAME, &size));
    CHECK_INT(size, 2 + MB_BATCH_SIZE + 1 + MB_BATCH_SIZE + 2);
    free(line);
}

static void
each_write_is_synced(void)
{
    mb_batch *batch = new_batch(2, HOUR);
    mb_batch_set_sync(batch, true);
    put(batch, "1");
    put(batch, "2");
    CHECK_INT(syncs, 1);
    sync_failure = EIO;
    put(batch, "3");
    CHECK_INT(put(batch, "4"), EIO); /* it may not survive a power failure */
    check_file(FILE_NAME, "1\n2\n3\n4\n");
    CHECK_INT(mb_batch_copy(batch, NULL, 0), 0);
    end(batch);
}

/* --- writes that fail ----------------------------------------------------------------- */

static void
what_is_not_written_waits_for_the_next_attempt(void)
{
    char waits[16];
    mb_batch *batch = new_batch(3, HOUR);
    put(batch, "1");
    put(batch, "2");
    failure = ENOSPC;
    CHECK_INT(put(batch, "3"), ENOSPC); /* left to its caller */
    CHECK_INT(put(batch, "4"), ENOSPC);
    CHECK_INT(mb_batch_flush(batch), ENOSPC);
    CHECK_INT(writes, 3);
    CHECK_BYTES(waits, mb_batch_copy(batch, waits, sizeof waits), "1\n2\n");
    failure = 0;
    CHECK_INT(put(batch, "5"), 0);
    check_file(FILE_NAME, "1\n2\n");
    end(batch);
    check_file(FILE_NAME, "1\n2\n5\n");
}

static void
complete_lines_of_a_failed_write_stay(void)
{
    mb_batch *batch = new_batch(4, HOUR);
    put(batch, "one");
    put(batch, "two");
    put(batch, "three");
    most = 10; /* one, two, and the beginning of three */
    failure = ENOSPC;
    CHECK_INT(put(batch, "four"), ENOSPC);
    check_file(FILE_NAME, "one\ntwo\n\t\t");
    CHECK_INT(mb_batch_copy(batch, NULL, 0), 6);
    failure = 0;
    CHECK_INT(mb_batch_flush(batch), 0);
    check_file(FILE_NAME, "one\ntwo\n\t\tthree\n");
    end(batch);
}

static void
a_short_write_is_completed(void)
{
    mb_batch *batch = new_batch(4, HOUR);
    put(batch, "one");
    put(batch, "two");
    put(batch, "three");
    most = 6;
    CHECK_INT(put(batch, "four"), 0);
    check_file(FILE_NAME, "one\ntwo\nthree\nfour\n");
    CHECK_INT(writes, 3);
    end(batch);
}

static void
check_with_another_writer(int nth, const char *expected)
{
    mb_batch *batch = new_batch(4, HOUR);
    write_with(FILE_NAME, "other\n", O_APPEND);
    put(batch, "one");
    put(batch, "two");
    put(batch, "three");
    before = "more\n";
    before_write = nth;
    most = 6;
    CHECK_INT(put(batch, "four"), 0);
    check_file(FILE_NAME, expected);
    end(batch);
}

/* The line that the other writer has cut in two is written again, and no other one. */
static void
another_writer_costs_only_the_line_that_it_has_cut(void)
{
    check_with_another_writer(1, "other\nmore\none\ntw\ntwo\nthree\nfour\n");
    check_with_another_writer(2, "other\none\ntwmore\no\ntwo\nthree\nfour\n");
    check_with_another_writer(3, "other\none\ntwo\nmore\nthree\nfour\n");
}

static void
what_no_file_takes_goes_to_standard_error(void)
{
    size_t size;
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "lost");
    put(batch, "too");
    const int before_fd = dup(2);
    const int fd = open("stderr", O_RDWR | O_CREAT | O_TRUNC, 0666);
    dup2(fd, 2);
    CHECK_INT(mkdir("gone", 0777), 0);
    mb_free(batch->path);
    batch->path = strdup("gone");
    mb_batches_write_dying();
    dup2(before_fd, 2);
    close(fd);
    close(before_fd);
    CHECK_INT(mb_batch_copy(batch, NULL, 0), 0);
    char *found = contents_of("stderr", &size);
    CHECK_BYTES(found, size, "lost\ntoo\n");
    free(found);
    end(batch);
    rmdir("gone");
}

static void
a_dying_process_writes_each_record_once(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "1");
    put(batch, "2");
    mb_batches_write_dying();
    check_file(FILE_NAME, "1\n2\n");
    end(batch);
    check_file(FILE_NAME, "1\n2\n");
}

static void
a_batch_that_is_being_changed_is_left_alone_in_the_end(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "1");
    CHECK(mb_batch_try_lock(batch)); /* by a thread that has crashed */
    mb_batches_write_dying();
    CHECK(!mb_batch_add(batch, "2", 1));
    CHECK(!is_there(FILE_NAME));
    mb_batch_unlock(batch);
    end(batch);
    check_file(FILE_NAME, "1\n");
}

/* --- rotation ------------------------------------------------------------------------- */

static void
the_file_may_be_deleted_or_renamed_between_batches(void)
{
    mb_batch *batch = new_batch(2, HOUR);
    put(batch, "1");
    put(batch, "2");
    unlink(FILE_NAME);
    put(batch, "3");
    put(batch, "4");
    check_file(FILE_NAME, "3\n4\n");
    CHECK_INT(rename(FILE_NAME, "rotated"), 0);
    put(batch, "5");
    unlink("rotated");
    put(batch, "6");
    check_file(FILE_NAME, "5\n6\n");
    end(batch);
}

/* --- forks and the end ---------------------------------------------------------------- */

static int
status_of(pid_t child)
{
    int status;
    CHECK_INT(waitpid(child, &status, 0), child);
    return status;
}

static void
a_fork_writes_first_and_the_child_has_nothing(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "parent");
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        test_failures = 0;
        CHECK(mb_batch_is_stale(batch));
        CHECK(!mb_batch_add(batch, "no", 2));
        CHECK_INT(mb_batch_record(batch, "no", 2), ESTALE);
        CHECK_INT(mb_batch_flush(batch), 0);
        CHECK_INT(mb_batch_copy(batch, NULL, 0), 0);
        CHECK_INT(mb_batch_renew(batch, NULL, NULL), 0);
        CHECK_INT(put(batch, "child"), 0);
        CHECK_INT(mb_batch_flush(batch), 0);
        mb_batch_free(batch);
        mb_timer_stop();
        _exit(test_failures);
    }
    CHECK_INT(status_of(child), 0);
    check_file(FILE_NAME, "parent\nchild\n");
    put(batch, "later");
    end(batch);
    check_file(FILE_NAME, "parent\nchild\nlater\n");
}

static void
a_child_that_forgets_its_batch_leaves_the_records_of_its_parent(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    put(batch, "1");
    failure = ENOSPC; /* so that it waits during the fork */
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        failure = 0;
        mb_batch_free(batch);
        exit(0); /* with the functions of atexit(3) */
    }
    failure = 0;
    CHECK_INT(status_of(child), 0);
    check_file(FILE_NAME, "");
    end(batch);
    check_file(FILE_NAME, "1\n");
}

static void
the_end_of_the_process_writes_what_waits_and_all_that_follows(void)
{
    mb_batch *batch = new_batch(100, HOUR);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        mb_batch_renew(batch, NULL, NULL);
        put(batch, "1");
        mb_batches_end();
        put(batch, "2");
        const bool over = !mb_timer_runs() && mb_batch_copy(batch, NULL, 0) == 0;
        _exit(over ? 0 : 1);
    }
    CHECK_INT(status_of(child), 0);
    check_file(FILE_NAME, "1\n2\n");
    unlink(FILE_NAME);
    const pid_t other = fork();
    if (other == 0) {
        mb_batch_renew(batch, NULL, NULL);
        put(batch, "3");
        exit(0);
    }
    CHECK_INT(status_of(other), 0);
    check_file(FILE_NAME, "3\n");
    end(batch);
}

/* --- threads ---------------------------------------------------------------------------- */

#define THREADS 8
#define EACH 20000

static mb_batch *shared;

static void *
fill(void *number)
{
    char line[64];
    for (int i = 0; i < EACH; i++) {
        snprintf(line, sizeof line, "%c%d", 'a' + *(int *)number, i);
        if (put(shared, line) != 0) {
            __atomic_add_fetch(&test_failures, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static void
threads_lose_no_record_and_write_none_twice(void)
{
    static bool seen[THREADS][EACH];
    pthread_t threads[THREADS];
    int numbers[THREADS], found = 0;
    size_t size;
    shared = new_batch(64, 2000000);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK_INT(pthread_create(&threads[i], NULL, fill, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    end(shared);
    mb_timer_stop();
    char *bytes = contents_of(FILE_NAME, &size);
    for (char *line = bytes, *next; (next = strchr(line, '\n')); line = next + 1) {
        const int thread = *line - 'a', number = atoi(line + 1);
        const bool good =
            thread >= 0 && thread < THREADS && number >= 0 && number < EACH;
        if (good && !seen[thread][number]) {
            seen[thread][number] = true;
            found++;
        } else {
            CHECK_BYTES(line, next - line, "a record that comes once");
        }
    }
    CHECK_INT(found, THREADS * EACH);
    free(bytes);
}

/* --- memory ------------------------------------------------------------------------------ */

static void
without_memory_there_is_no_batch(void)
{
    const mb_batch_limits limits = {.records = 3, .age_ns = HOUR};
    mb_append *file = mb_append_new(FILE_NAME);
    if (file) {
        mb_batch *batch = mb_batch_new(file, &limits);
        if (batch) {
            CHECK_INT(put(batch, "1"), 0);
            const int renewed =
                (mb_batch_flush(batch), mb_batch_renew(batch, NULL, NULL));
            CHECK_INT(put(batch, "2"), renewed ? ESTALE : 0);
        }
        mb_batch_free(batch);
        mb_append_free(file);
    }
}

int
main(void)
{
    begin_tests();
    RUN(a_batch_is_one_write);
    RUN(it_is_written_when_it_is_flushed);
    RUN(it_is_written_when_half_of_its_time_is_over);
    RUN(it_is_written_by_the_thread_in_time);
    RUN(without_a_thread_no_record_waits);
    RUN(it_is_written_when_its_bytes_are_full);
    RUN(a_record_larger_than_a_batch_is_written_by_itself);
    RUN(each_write_is_synced);
    RUN(what_is_not_written_waits_for_the_next_attempt);
    RUN(complete_lines_of_a_failed_write_stay);
    RUN(a_short_write_is_completed);
    RUN(another_writer_costs_only_the_line_that_it_has_cut);
    RUN(what_no_file_takes_goes_to_standard_error);
    RUN(a_dying_process_writes_each_record_once);
    RUN(a_batch_that_is_being_changed_is_left_alone_in_the_end);
    RUN(the_file_may_be_deleted_or_renamed_between_batches);
    RUN(a_fork_writes_first_and_the_child_has_nothing);
    RUN(a_child_that_forgets_its_batch_leaves_the_records_of_its_parent);
    RUN(the_end_of_the_process_writes_what_waits_and_all_that_follows);
    RUN(threads_lose_no_record_and_write_none_twice);
    test_each_failing_allocation(without_memory_there_is_no_batch);
    return test_report();
}
