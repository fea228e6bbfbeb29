#include "base/mb_raw.h"
#include "file/mb_append_dying.h"
#include "file/mb_batch.h"

#include <string.h>

#define STANDARD_ERROR 2
#define MOST_LOOKS 100 /* a millisecond each, while another thread has the lock */

static bool
write_line(const mb_batch *batch, const char *line, size_t size)
{
    const struct iovec part = {(void *)(uintptr_t)line, size};
    return mb_append_dying_to_path(batch->path, &part, 1) ||
           mb_append_dying_to_fd(STANDARD_ERROR, &part, 1);
}

static bool
write_first(mb_batch *batch)
{
    const uint64_t range = __atomic_load_n(&batch->block->range, __ATOMIC_RELAXED);
    const char *line = batch->block->bytes + mb_batch_from(range);
    const size_t size = mb_batch_to(range) - mb_batch_from(range);
    const char *end = size > 0 ? memchr(line, '\n', size) : NULL;
    const size_t length = end ? (size_t)(end - line) + 1 : 0;
    const bool written = length > 0 && write_line(batch, line, length);
    if (written) {
        mb_batch_drop(batch, length);
    }
    return written;
}

void
mb_batch_write_dying(mb_batch *batch)
{
    if (batch->block && batch->process == mb_raw_process()) {
        __atomic_store_n(&batch->block->writing, 1, __ATOMIC_RELEASE);
        while (write_first(batch)) {
        }
        __atomic_store_n(&batch->block->writing, 0, __ATOMIC_RELEASE);
    }
}

/* The thread that has the lock may be writing, or be the one that has crashed. */
static bool
lock_soon(mb_batch *batch)
{
    for (int looks = 0; looks < MOST_LOOKS; looks++) {
        if (mb_batch_try_lock(batch)) {
            return true;
        }
        mb_raw_wait(&batch->lock, __atomic_load_n(&batch->lock, __ATOMIC_RELAXED),
                    1000000);
    }
    return false;
}

void
mb_batches_write_dying(void)
{
    for (mb_batch *batch = mb_batches(); batch; batch = batch->next) {
        if (lock_soon(batch)) {
            if (batch->used) {
                mb_batch_write_dying(batch);
            }
            mb_batch_unlock(batch);
        }
    }
}
