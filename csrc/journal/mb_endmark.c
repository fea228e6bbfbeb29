#include "journal/mb_endmark.h"

#include "base/mb_raw.h"

/* The deadlock detector of ThreadSanitizer knows 64 mutexes of a thread. */
#if MB_RAW && defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)

#define LARGEST_PAGE 16384u /* a journal begins with 64 KiB */

struct mb_endmark {
    pthread_mutex_t older; /* before the one on the page, in the list of the thread */
    pthread_mutex_t newer; /* and behind it */
    pthread_mutex_t *on_page; /* on the page */
    long thread;
};

static long
this_thread(void)
{
    return syscall(SYS_gettid);
}

uint32_t
mb_endmark_size(void)
{
    const long page = sysconf(_SC_PAGESIZE);
    return page > 0 && page <= (long)LARGEST_PAGE ? (uint32_t)page : 0;
}

/* Makes the next access a page fault; the contents of the page stay. */
static bool
unmap_for_now(char *page)
{
    return madvise(page, mb_endmark_size(), MADV_DONTNEED) == 0;
}

/* Reads, then writes, as the kernel does at the end. */
static bool
write_is_seen(char *page, int fd)
{
    const struct timespec never[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
    volatile char *last = page + mb_endmark_size() - 1;
    struct stat file;
    if (!unmap_for_now(page) || futimens(fd, never) < 0) {
        return false;
    }
    *last = *last;
    const bool seen = fstat(fd, &file) == 0 && file.st_mtim.tv_sec != 0;
    if (!seen) {
        futimens(fd, NULL);
    }
    return seen;
}

static bool
make_robust(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t kind;
    if (pthread_mutexattr_init(&kind) != 0) {
        return false;
    }
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    const bool made = pthread_mutex_init(mutex, &kind) == 0;
    pthread_mutexattr_destroy(&kind);
    return made;
}

/* The list is last in, first out, so the one on the page is locked between the other
 * two. */
static bool
lock(mb_endmark *mark)
{
    return make_robust(&mark->older) && make_robust(mark->on_page) &&
           make_robust(&mark->newer) && pthread_mutex_lock(&mark->older) == 0 &&
           pthread_mutex_lock(mark->on_page) == 0 &&
           pthread_mutex_lock(&mark->newer) == 0;
}

mb_endmark *
mb_endmark_arm(char *page, int fd)
{
    if (this_thread() != getpid() || !write_is_seen(page, fd)) {
        return NULL; /* other threads may end long before the process */
    }
    mb_endmark *mark = mb_alloc(sizeof *mark);
    if (!mark) {
        return NULL;
    }
    *mark = (mb_endmark){.on_page = (pthread_mutex_t *)page, .thread = this_thread()};
    if (!lock(mark) || !unmap_for_now(page)) {
        mb_endmark_release(mark); /* never seen: new mutexes can be locked */
        return NULL;
    }
    return mark;
}

bool
mb_endmark_release(mb_endmark *mark)
{
    if (!mark) {
        return true;
    }
    if (mark->thread != this_thread()) {
        return false; /* what it points to stays as well */
    }
    pthread_mutex_unlock(&mark->newer);
    pthread_mutex_unlock(mark->on_page);
    pthread_mutex_unlock(&mark->older);
    mb_free(mark);
    return true;
}

void
mb_endmark_forget(mb_endmark *mark)
{
    mb_free(mark);
}

bool
mb_endmark_is_set(const char *page)
{
    /* the word of the futex is the first of a mutex */
    return __atomic_load_n((const uint32_t *)page, __ATOMIC_RELAXED) & FUTEX_OWNER_DIED;
}

#else

uint32_t
mb_endmark_size(void)
{
    return 0;
}

mb_endmark *
mb_endmark_arm(char *page, int fd)
{
    (void)page, (void)fd;
    return NULL;
}

bool
mb_endmark_release(mb_endmark *mark)
{
    (void)mark;
    return true;
}

void
mb_endmark_forget(mb_endmark *mark)
{
    (void)mark;
}

bool
mb_endmark_is_set(const char *page)
{
    (void)page;
    return false;
}

#endif
