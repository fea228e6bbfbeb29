#include "file/mb_files.h"

#include <sys/resource.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mb_file *newest;
static unsigned count;

/* --- the lock --------------------------------------------------------------------- */

static void
take(void)
{
    pthread_mutex_lock(&mutex);
}

static void
give(void)
{
    pthread_mutex_unlock(&mutex);
}

/* The thread that forks holds the lock, so the list is consistent in the child. */
static void
watch_forks(void)
{
    pthread_atfork(take, give, give);
}

static void
take_first(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    take();
}

/* --- the list --------------------------------------------------------------------- */

static void
link_newest(mb_file *file)
{
    file->older = newest;
    file->newer = NULL;
    if (newest) {
        newest->newer = file;
    }
    newest = file;
    file->listed = true;
    count++;
}

static void
unlink_it(mb_file *file)
{
    if (file->newer) {
        file->newer->older = file->older;
    } else {
        newest = file->older;
    }
    if (file->older) {
        file->older->newer = file->newer;
    }
    file->listed = false;
    count--;
}

/* Orders files by last use, and by address if that is equal, so that each file has its
 * turn. */
static bool
comes_before(int64_t one_ns, const mb_file *one, int64_t other_ns, const mb_file *other)
{
    return one_ns < other_ns ||
           (one_ns == other_ns && (uintptr_t)one < (uintptr_t)other);
}

/* The least recently used file among those that come after `since`. */
static mb_file *
oldest_after(int64_t since_ns, const mb_file *since)
{
    mb_file *found = NULL;
    int64_t found_ns = 0;
    for (mb_file *file = newest; file; file = file->older) {
        const int64_t used_ns = __atomic_load_n(file->used_ns, __ATOMIC_RELAXED);
        if (comes_before(since_ns, since, used_ns, file) &&
            (!found || comes_before(used_ns, file, found_ns, found))) {
            found = file;
            found_ns = used_ns;
        }
    }
    return found;
}

static bool
close_one(void)
{
    int64_t since_ns = INT64_MIN;
    const mb_file *since = NULL;
    for (mb_file *file; (file = oldest_after(since_ns, since)); since = file) {
        since_ns = __atomic_load_n(file->used_ns, __ATOMIC_RELAXED);
        if (file->set_aside(file)) {
            unlink_it(file);
            return true;
        }
    }
    return false;
}

static unsigned
most(void)
{
    struct rlimit limit;
    const bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0;
    return known && limit.rlim_cur / 4 < MB_FILES ? (unsigned)(limit.rlim_cur / 4)
                                                  : MB_FILES;
}

void
mb_files_add(mb_file *file)
{
    take_first();
    if (!file->listed) {
        while (count > 0 && count >= most() && close_one()) {
        }
        link_newest(file);
    }
    give();
}

void
mb_files_remove(mb_file *file)
{
    take_first();
    if (file->listed) {
        unlink_it(file);
    }
    give();
}

bool
mb_files_close_one(void)
{
    take_first();
    const bool closed = close_one();
    give();
    return closed;
}

unsigned
mb_files_count(void)
{
    take_first();
    const unsigned found = count;
    give();
    return found;
}
