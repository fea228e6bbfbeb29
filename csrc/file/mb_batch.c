#include "file/mb_batch.h"

#include "base/mb_clock.h"
#include "base/mb_crash.h"
#include "base/mb_raw.h"
#include "file/mb_files.h"
#include "file/mb_timer.h"

#include <string.h>

#define LONGEST_STEP_NS 1000000000
#define SHORTEST_STEP_NS 1000000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of the list */
static mb_batch *batches; /* grows only: those without an owner are used again */
static bool over;         /* each record is written at once */
static pid_t process;     /* that has the handlers below */

/* --- the lock of a batch ---------------------------------------------------------- */

bool
mb_batch_try_lock(mb_batch *batch)
{
    uint32_t none = 0;
    return __atomic_compare_exchange_n(&batch->lock, &none, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static void
lock(mb_batch *batch)
{
    if (!mb_batch_try_lock(batch)) {
        while (__atomic_exchange_n(&batch->lock, 2, __ATOMIC_ACQUIRE) != 0) {
            mb_raw_wait(&batch->lock, 2, 1000000000);
        }
    }
}

void
mb_batch_unlock(mb_batch *batch)
{
    if (__atomic_exchange_n(&batch->lock, 0, __ATOMIC_RELEASE) == 2) {
        mb_raw_wake(&batch->lock);
    }
}

/* --- the block: all with the lock held ---------------------------------------------- */

static uint64_t
range_of(const mb_batch_block *block)
{
    return __atomic_load_n(&block->range, __ATOMIC_RELAXED);
}

static void
set_range(mb_batch_block *block, uint32_t from, uint32_t to)
{
    __atomic_store_n(&block->range, from == to ? 0 : mb_batch_range(from, to),
                     __ATOMIC_RELEASE);
}

static size_t
waiting(const mb_batch *batch)
{
    const uint64_t range = batch->block ? range_of(batch->block) : 0;
    return mb_batch_to(range) - mb_batch_from(range);
}

static bool
has_room(const mb_batch *batch, size_t size)
{
    return size < batch->block->capacity - mb_batch_to(range_of(batch->block));
}

static void
count_open(mb_batch *batch, bool opened)
{
    if (batch->open) {
        __atomic_fetch_add(batch->open, opened ? 1 : UINT32_MAX, __ATOMIC_RELAXED);
    }
}

/* Adds a record; there is room. */
static void
put(mb_batch *batch, const char *line, size_t size)
{
    mb_batch_block *block = batch->block;
    const uint64_t range = range_of(block);
    const uint32_t to = mb_batch_to(range);
    if (batch->count++ == 0) {
        batch->since_ns = mb_clock_ns();
        count_open(batch, true);
    }
    memcpy(block->bytes + to, line, size);
    block->bytes[to + size] = '\n';
    set_range(block, mb_batch_from(range), to + (uint32_t)size + 1);
    MB_CRASH_POINT("added");
}

static uint32_t
count_lines(const mb_batch *batch)
{
    const uint64_t range = range_of(batch->block);
    const char *at = batch->block->bytes + mb_batch_from(range);
    const char *end = batch->block->bytes + mb_batch_to(range);
    uint32_t count = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        count++;
        at++;
    }
    return count;
}

static void
recount(mb_batch *batch)
{
    batch->count = count_lines(batch);
    if (batch->count == 0) {
        batch->failed = false;
        count_open(batch, false);
    }
}

void
mb_batch_drop(mb_batch *batch, size_t size)
{
    if (size > 0) {
        const uint64_t range = range_of(batch->block);
        set_range(batch->block, mb_batch_from(range) + (uint32_t)size,
                  mb_batch_to(range));
        recount(batch);
    }
}

/* Takes the last record back, which its caller reports as not written. */
static void
withdraw(mb_batch *batch, size_t size)
{
    const uint64_t range = range_of(batch->block);
    set_range(batch->block, mb_batch_from(range),
              mb_batch_to(range) - (uint32_t)size - 1);
    recount(batch);
}

/* Returns 0, or the errno of what has failed. */
static int
write_waiting(mb_batch *batch)
{
    mb_batch_block *block = batch->block;
    const size_t size = waiting(batch);
    size_t written;
    if (size == 0) {
        return 0;
    }
    __atomic_store_n(&block->writing, 1, __ATOMIC_RELEASE);
    MB_CRASH_POINT("flushing");
    int failure =
        mb_append_lines(batch->append, block->bytes + mb_batch_from(range_of(block)),
                        size - 1, &written, NULL);
    mb_batch_drop(batch, written);
    MB_CRASH_POINT("flushed");
    __atomic_store_n(&block->writing, 0, __ATOMIC_RELEASE);
    batch->failed = failure != 0;
    if (!failure && batch->limits.sync) {
        failure = mb_append_sync(batch->append);
    }
    return failure;
}

/* --- adding ------------------------------------------------------------------------- */

static bool
is_over(void)
{
    return __atomic_load_n(&over, __ATOMIC_RELAXED);
}

static bool
takes(const mb_batch *batch, size_t size)
{
    return batch->block && !batch->failed && !is_over() &&
           batch->count + 1 < batch->limits.records && has_room(batch, size) &&
           mb_timer_runs();
}

bool
mb_batch_add(mb_batch *batch, const char *line, size_t size)
{
    if (!batch || !mb_batch_try_lock(batch)) {
        return false;
    }
    const bool added = takes(batch, size);
    if (added) {
        put(batch, line, size);
    }
    mb_batch_unlock(batch);
    return added;
}

bool
mb_batch_is_stale(const mb_batch *batch)
{
    return !batch->block || batch->process != getpid();
}

static int
write_directly(mb_batch *batch, const char *line, size_t size)
{
    const int failure = mb_append_record(batch->append, line, size, NULL);
    return failure || !batch->limits.sync ? failure : mb_append_sync(batch->append);
}

/* With the lock held. `timed`: a record may wait, since a thread will look at it. */
static int
record(mb_batch *batch, const char *line, size_t size, bool timed)
{
    if (mb_batch_is_stale(batch)) {
        return ESTALE;
    }
    const bool may_wait = timed && !is_over() && size < batch->block->capacity;
    if (batch->failed || !may_wait || !has_room(batch, size)) {
        const int failure = write_waiting(batch);
        if (failure || !may_wait) {
            return failure ? failure : write_directly(batch, line, size);
        }
    }
    put(batch, line, size);
    if (batch->count < batch->limits.records) {
        return 0;
    }
    const int failure = write_waiting(batch);
    if (failure && batch->count > 0) {
        withdraw(batch, size);
    }
    return failure;
}

static bool
start_timer(void)
{
    return !is_over() && mb_timer_start(mb_batches_flush_due);
}

int
mb_batch_record(mb_batch *batch, const char *line, size_t size)
{
    bool timed = start_timer();
    lock(batch);
    while (timed && !mb_timer_runs()) { /* it has ended meanwhile */
        mb_batch_unlock(batch);
        timed = start_timer();
        lock(batch);
    }
    const int failure = record(batch, line, size, timed);
    mb_batch_unlock(batch);
    return failure;
}

int
mb_batch_flush(mb_batch *batch)
{
    lock(batch);
    const int failure = mb_batch_is_stale(batch) ? 0 : write_waiting(batch);
    mb_batch_unlock(batch);
    return failure;
}

size_t
mb_batch_copy(mb_batch *batch, char *buffer, size_t room)
{
    lock(batch);
    const size_t size = mb_batch_is_stale(batch) ? 0 : waiting(batch);
    if (size > 0 && room > 0) {
        const char *from = batch->block->bytes + mb_batch_from(range_of(batch->block));
        memcpy(buffer, from, size < room ? size : room);
    }
    mb_batch_unlock(batch);
    return size;
}

void
mb_batch_discard(mb_batch *batch)
{
    lock(batch);
    if (!mb_batch_is_stale(batch)) {
        mb_batch_drop(batch, waiting(batch));
    }
    mb_batch_unlock(batch);
}

/* --- forks --------------------------------------------------------------------------- */

static void
before_fork(void)
{
    mb_timer_hold();
    mb_batches_flush();
    pthread_mutex_lock(&mutex);
}

static void
after_fork_in_parent(void)
{
    pthread_mutex_unlock(&mutex);
    mb_timer_go_on();
}

/* Other threads of the parent may have added records since, and hold locks. */
static void
after_fork_in_child(void)
{
    for (mb_batch *batch = batches; batch; batch = batch->next) {
        batch->lock = 0;
        if (batch->own_block) {
            mb_free(batch->block);
        }
        batch->block = NULL;
        batch->open = NULL;
        batch->own_block = batch->failed = false;
        batch->count = 0;
    }
    process = getpid();
    after_fork_in_parent();
}

/* Writes what waits, for the last time. A journal keeps what the file does not take. */
static void
write_or_keep(mb_batch *batch)
{
    if (!mb_batch_is_stale(batch) && write_waiting(batch) != 0 && !batch->open) {
        mb_batch_write_dying(batch);
    }
}

static void
end_process(void)
{
    mb_batches_end();
    for (mb_batch *batch = batches; batch; batch = batch->next) {
        lock(batch);
        write_or_keep(batch);
        mb_batch_unlock(batch);
    }
}

/* Registers the handlers after those of mb_files: handlers before a fork run in reverse
 * order, and writing takes the lock that mb_files holds during a fork. */
static void
register_handlers(void)
{
    mb_files_count();
    process = getpid();
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    atexit(end_process);
}

/* --- making one ---------------------------------------------------------------------- */

/* Sets the block, with the lock held or before anyone else knows the batch. */
static int
set_block(mb_batch *batch, mb_batch_block *block, uint32_t *open)
{
    const bool own = !block;
    if (own) {
        block = mb_alloc(sizeof *block + MB_BATCH_SIZE);
        if (!block) {
            return ENOMEM;
        }
        *block = (mb_batch_block){.capacity = MB_BATCH_SIZE};
    }
    batch->block = block;
    batch->own_block = own;
    batch->open = open;
    batch->process = getpid();
    batch->count = 0;
    batch->failed = false;
    return 0;
}

static void
remove_block(mb_batch *batch)
{
    if (batch->own_block) {
        mb_free(batch->block);
    }
    batch->block = NULL;
    batch->open = NULL;
    batch->own_block = false;
}

/* Returns a batch without an owner, from the list; NULL without memory. */
static mb_batch *
unused(void)
{
    mb_batch *batch = batches;
    while (batch && batch->used) {
        batch = batch->next;
    }
    if (!batch && (batch = mb_alloc(sizeof *batch))) {
        *batch = (mb_batch){.next = batches};
        __atomic_store_n(&batches, batch, __ATOMIC_RELEASE);
    }
    return batch;
}

static char *
copy_of(const char *path)
{
    const size_t size = strlen(path) + 1;
    char *copy = mb_alloc(size);
    return copy ? memcpy(copy, path, size) : NULL;
}

mb_batch *
mb_batch_new(mb_append *append, const mb_batch_limits *limits)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_handlers);
    char *path = copy_of(mb_append_path(append));
    pthread_mutex_lock(&mutex);
    mb_batch *batch = path ? unused() : NULL;
    if (batch) {
        lock(batch);
        batch->append = append;
        batch->path = path;
        batch->limits = *limits;
        batch->used = set_block(batch, NULL, NULL) == 0;
        mb_batch_unlock(batch);
    }
    if (!batch || !batch->used) {
        mb_free(path);
        batch = NULL;
    }
    pthread_mutex_unlock(&mutex);
    return batch;
}

int
mb_batch_renew(mb_batch *batch, mb_batch_block *block, uint32_t *open)
{
    lock(batch);
    remove_block(batch);
    const int failure = set_block(batch, block, open);
    mb_batch_unlock(batch);
    return failure;
}

void
mb_batch_set_sync(mb_batch *batch, bool sync)
{
    lock(batch);
    batch->limits.sync = sync;
    mb_batch_unlock(batch);
}

void
mb_batch_free(mb_batch *batch)
{
    if (!batch) {
        return;
    }
    pthread_mutex_lock(&mutex);
    lock(batch);
    write_or_keep(batch);
    remove_block(batch);
    mb_free(batch->path);
    batch->path = NULL;
    batch->append = NULL;
    batch->used = false;
    mb_batch_unlock(batch);
    pthread_mutex_unlock(&mutex);
}

/* --- all of them ---------------------------------------------------------------------- */

mb_batch *
mb_batches(void)
{
    return __atomic_load_n(&batches, __ATOMIC_ACQUIRE);
}

void
mb_batches_flush(void)
{
    pthread_mutex_lock(&mutex);
    for (mb_batch *batch = batches; batch; batch = batch->next) {
        if (batch->used) {
            mb_batch_flush(batch);
        }
    }
    pthread_mutex_unlock(&mutex);
}

/* Returns whether records wait in it afterwards. */
static bool
flush_if_due(mb_batch *batch, int64_t now_ns)
{
    bool waits = false;
    lock(batch);
    if (batch->used && !mb_batch_is_stale(batch)) {
        const bool due = batch->count > 0 && now_ns != INT64_MIN &&
                         now_ns - batch->since_ns >= batch->limits.age_ns / 2;
        if (due) {
            write_waiting(batch);
        }
        waits = batch->count > 0;
    }
    mb_batch_unlock(batch);
    return waits;
}

int64_t
mb_batches_flush_due(int64_t now_ns, bool *waits)
{
    int64_t step_ns = LONGEST_STEP_NS;
    bool any = false;
    pthread_mutex_lock(&mutex);
    for (mb_batch *batch = batches; batch; batch = batch->next) {
        any |= flush_if_due(batch, now_ns);
        if (batch->used && batch->limits.age_ns / 2 < step_ns) {
            step_ns = batch->limits.age_ns / 2;
        }
    }
    pthread_mutex_unlock(&mutex);
    if (waits) {
        *waits = any;
    }
    return step_ns > SHORTEST_STEP_NS ? step_ns : SHORTEST_STEP_NS;
}

/* A child that was made without the handlers of pthread_atfork has neither the thread
 * nor the records. */
void
mb_batches_end(void)
{
    if (process == getpid()) {
        __atomic_store_n(&over, true, __ATOMIC_RELAXED);
        mb_timer_stop();
        mb_batches_flush();
    }
}
