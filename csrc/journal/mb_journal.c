#include "journal/mb_journal.h"

#include <stdio.h>
#include <string.h>

#include "base/mb_clock.h"
#include "base/mb_crash.h"
#include "base/mb_identity.h"
#include "file/mb_batch.h"
#include "file/mb_filesystem.h"
#include "journal/mb_mirror.h"

/* Of address space. */
#define RESERVED (sizeof(void *) > 4 ? MB_JOURNAL_MOST : 1u << 20)
#define FIRST_SIZE (64u << 10)
#define LARGEST_STEP (1u << 20)
#define PAGE 4096u
#define PATIENCE 64   /* requests refused after the system has refused one */
#define MOST_TRIES 20 /* a millisecond each, to lock a new file */
#define GOING (-1)

static mb_journal *journals; /* grows only: those that have gone are used again */
static int walkers;
static int64_t nowhere;
int64_t *mb_journal_alive = &nowhere;
static pid_t owner;

static mb_journal_header *
header_of(const mb_journal *journal)
{
    return (mb_journal_header *)journal->base;
}

bool
mb_journal_is_own(const mb_journal *journal)
{
    return journal->base && journal->generation == mb_fork_generation();
}

/* --- the file --------------------------------------------------------------------- */

static bool
is_file_of(const mb_journal *journal, const struct stat *file)
{
    return (uint64_t)file->st_dev == journal->device &&
           (uint64_t)file->st_ino == journal->inode;
}

/* Allocates bytes of the file. Returns 0, or an errno. */
static int
set_aside(int fd, uint32_t from, uint32_t to)
{
    int error;
    do {
        error = posix_fallocate(fd, from, to - from);
    } while (error == EINTR);
    return error;
}

/* Readers who find the file before it is locked let go of it at once. */
static int
lock_soon(int fd)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    int error = mb_lock_description(fd);
    for (int tries = 0; error == EAGAIN && tries < MOST_TRIES; tries++) {
        nanosleep(&moment, NULL);
        error = mb_lock_description(fd);
    }
    return error;
}

/* Locks the new file and allocates its first FIRST_SIZE bytes. Returns 0, or an errno.
 * ENOENT: another process took it for one that a dead process had left empty, and
 * removed it. */
static int
take_file(mb_journal *journal, int fd)
{
    struct stat file;
    if (fstat(fd, &file) < 0) {
        return errno;
    }
    journal->device = (uint64_t)file.st_dev;
    journal->inode = (uint64_t)file.st_ino;
    const int error = lock_soon(fd);
    if (error) {
        return error;
    }
    if (fstat(fd, &file) < 0) {
        return errno;
    }
    return file.st_nlink ? set_aside(fd, 0, FIRST_SIZE) : ENOENT;
}

/* Removes the file, without following a symbolic link, and only while the path still
 * names it. */
static void
remove_file(const mb_journal *journal)
{
    struct stat file;
    if (lstat(journal->path, &file) == 0 && is_file_of(journal, &file)) {
        MB_CRASH_POINT("leaving");
        unlink(journal->path);
        MB_CRASH_POINT("unlinked");
    }
}

/* Makes a new file and locks it. -1 with errno. */
static int
make_file(mb_journal *journal, mode_t mode)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int error = ENOENT;
    for (int tries = 0; error == ENOENT && tries < MOST_TRIES; tries++) {
        const int fd = open(journal->path, flags, mode);
        if (fd < 0) {
            return -1;
        }
        MB_CRASH_POINT("made");
        error = take_file(journal, fd);
        if (!error) {
            return fd;
        }
        if (error != ENOENT) {
            remove_file(journal);
        }
        close(fd);
    }
    errno = error;
    return -1;
}

/* Makes the file larger. Returns 0, or an errno. Opening and closing the file does not
 * release the lock. */
static int
grow_file(const mb_journal *journal, uint32_t size)
{
    struct stat file;
    const int fd = open(journal->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = ENOENT;
    if (fstat(fd, &file) == 0 && is_file_of(journal, &file)) {
        error = set_aside(fd, journal->size, size);
    }
    close(fd);
    return error;
}

static int
grow_memory(const mb_journal *journal, uint32_t size)
{
    return mprotect(journal->base, size, PROT_READ | PROT_WRITE) == 0 ? 0 : errno;
}

/* Maps the file, and address space beyond its end, which is never touched. */
static char *
map(int fd)
{
    const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    const int access = fd < 0 ? PROT_NONE : PROT_READ | PROT_WRITE;
    char *base = mmap(NULL, RESERVED, access, flags, fd, 0);
    return base == MAP_FAILED ? NULL : base;
}

/* --- room ------------------------------------------------------------------------- */

static bool
grow(mb_journal *journal, uint32_t needed)
{
    uint32_t step = journal->size < LARGEST_STEP ? journal->size : LARGEST_STEP;
    if (step < needed) {
        step = (needed + PAGE - 1) / PAGE * PAGE;
    }
    if (journal->refusals > 0) {
        journal->refusals--;
        return false;
    }
    if (step > journal->reserved - journal->size) {
        return false;
    }
    const uint32_t size = journal->size + step;
    if ((journal->path ? grow_file : grow_memory)(journal, size) != 0) {
        journal->refusals = PATIENCE;
        return false;
    }
    __atomic_store_n(&journal->size, size, __ATOMIC_RELEASE);
    return true;
}

uint32_t
mb_journal_allocate(mb_journal *journal, size_t size)
{
    size += -size % sizeof(uint64_t);
    if (size > journal->reserved - journal->used) {
        return 0;
    }
    const uint32_t needed = journal->used + (uint32_t)size;
    if (needed > journal->size && !grow(journal, needed - journal->size)) {
        return 0;
    }
    const uint32_t offset = journal->used;
    journal->used = needed;
    return offset;
}

void
mb_journal_link(mb_journal *journal, mb_slot *slot)
{
    mb_slot *last = journal->last;
    const uint32_t offset = (uint32_t)((char *)slot - journal->base);
    __atomic_store_n(last ? &last->next : &header_of(journal)->slots, offset,
                     __ATOMIC_RELEASE);
    journal->last = slot;
}

/* --- making ----------------------------------------------------------------------- */

/* Writes the header except the magic, which makes the file a journal. */
static void
write_header(mb_journal *journal)
{
    mb_journal_header *header = header_of(journal);
    header->version = MB_JOURNAL_VERSION;
    header->layout = MB_JOURNAL_LAYOUT;
    header->pid = (int32_t)getpid();
    header->uid = (uint32_t)geteuid();
    header->start_ticks = mb_process_start();
    mb_boot_id(header->boot_id);
    gethostname(header->host, sizeof header->host - 1);
    header->made_wall_ns = mb_clock_both(&header->made_ns);
}

/* A reader of a half-written mark finds a digest that matches nothing, and searches the
 * whole file. The stores are atomic so that they stay in this order. */
static void
note_mark(mb_journal *journal)
{
    mb_mark mark, *noted = &header_of(journal)->made_at;
    mb_mark_of_path(journal->output, &mark);
    __atomic_store_n(&noted->digest, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&noted->device, mark.device, __ATOMIC_SEQ_CST);
    __atomic_store_n(&noted->inode, mark.inode, __ATOMIC_SEQ_CST);
    __atomic_store_n(&noted->end, mark.end, __ATOMIC_SEQ_CST);
    __atomic_store_n(&noted->digest, mark.digest, __ATOMIC_SEQ_CST);
}

void
mb_journal_mark(mb_journal *journal, int64_t wall_ns)
{
    const int64_t since_ns = wall_ns - journal->marked_wall_ns;
    if (since_ns >= 0 && since_ns < MB_JOURNAL_MARK_NS) {
        return;
    }
    journal->marked_wall_ns = wall_ns;
    if (journal->output) {
        note_mark(journal);
    }
}

static bool
write_output(mb_journal *journal)
{
    const size_t size = strlen(journal->output);
    const uint32_t offset = mb_journal_allocate(journal, size);
    if (offset) {
        memcpy(journal->base + offset, journal->output, size);
        note_mark(journal);
        header_of(journal)->output = offset;
        header_of(journal)->output_size = (uint32_t)size;
    }
    return offset != 0;
}

static void
publish(mb_journal *journal)
{
    char magic[] = MB_JOURNAL_MAGIC;
    uint64_t whole;
    memcpy(&whole, magic, sizeof whole);
    MB_CRASH_POINT("begun");
    __atomic_store_n((uint64_t *)header_of(journal)->magic, whole, __ATOMIC_RELEASE);
    journal->users = 1;
    journal->generation = mb_fork_generation();
    __atomic_store_n(&journal->readers, 0, __ATOMIC_RELEASE);
    MB_CRASH_POINT("published");
}

static bool
map_beginning(mb_journal *journal, int fd)
{
    journal->base = map(fd);
    if (!journal->base) {
        return false;
    }
    journal->reserved = RESERVED;
    journal->used = MB_JOURNAL_HEADER;
    journal->size = FIRST_SIZE;
    return fd >= 0 || grow_memory(journal, FIRST_SIZE) == 0;
}

/* Arms the mark of the end on a page of its own, and stores where that is. */
static void
arm_endmark(mb_journal *journal, int fd)
{
    const uint32_t size = mb_endmark_size();
    const uint32_t page = size ? (journal->used + size - 1) / size * size : 0;
    if (page && page + size < journal->size) {
        journal->endmark_page = journal->base + page;
        journal->endmark = mb_endmark_arm(journal->endmark_page, fd);
    }
    if (journal->endmark) {
        header_of(journal)->endmark = page;
        journal->used = page + size;
    }
}

/* Unmaps all but the page of the mark, if the mark cannot be removed. */
static void
unmap(mb_journal *journal)
{
    char *base = journal->base;
    char *end = base + journal->reserved;
    mb_journal_needs_none(journal); /* a record was written, but never closed */
    if (!mb_endmark_release(journal->endmark)) {
        char *page = journal->endmark_page;
        munmap(page + mb_endmark_size(), (size_t)(end - page) - mb_endmark_size());
        end = page;
    }
    munmap(base, (size_t)(end - base));
    journal->base = NULL;
    journal->endmark = NULL;
}

/* Unmaps the memory, and frees the paths, of a journal that could not be made. */
static void
undo(mb_journal *journal)
{
    if (journal->base) {
        unmap(journal);
    }
    mb_free(journal->path);
    mb_free(journal->output);
    journal->path = journal->output = NULL;
}

static mode_t
mode_of(const char *output)
{
    struct stat file;
    return stat(output, &file) == 0 ? file.st_mode & 0666 : 0666;
}

static bool
make(mb_journal *journal, bool safe)
{
    const int fd = make_file(journal, mode_of(journal->output));
    if (fd < 0) {
        return false;
    }
    bool made = map_beginning(journal, fd);
    if (made) {
        write_header(journal);
        made = write_output(journal);
        if (safe) { /* a server has times of its own */
            arm_endmark(journal, fd);
        }
    }
    if (!made) {
        remove_file(journal);
        errno = ENOMEM;
    }
    close(fd);
    return made;
}

/* --- names ------------------------------------------------------------------------ */

/* Returns the length of the directory in a path, with its slash. */
static size_t
size_of_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static char *
copy_of(const char *string, size_t size)
{
    char *copy = mb_alloc(size + 1);
    if (copy) {
        memcpy(copy, string, size);
        copy[size] = '\0';
    }
    return copy;
}

/* Makes the path DIRECTORY/.NAME.PID-RANDOM.journal on the heap; NULL without
 * memory. */
static char *
path_of(const char *output, const char *directory)
{
    uint64_t random;
    const size_t above = size_of_directory(output);
    const size_t room =
        (directory ? strlen(directory) + 1 : above) + MB_JOURNAL_NAME + 64;
    char *path = mb_alloc(room);
    if (!path || getentropy(&random, sizeof random) < 0) {
        mb_free(path);
        return NULL;
    }
    snprintf(path, room, "%.*s%s.%.*s.%ld-%016llx.journal",
             directory ? (int)strlen(directory) : (int)above,
             directory ? directory : output, directory ? "/" : "", MB_JOURNAL_NAME,
             output + above, (long)getpid(), (unsigned long long)random);
    return path;
}

/* --- the table -------------------------------------------------------------------- */

/* Where the C library does not know of the fork, the marks stay in the list of its
 * robust mutexes. */
static void
forget_all(bool library_knows)
{
    for (mb_journal *journal = journals; journal; journal = journal->next) {
        if (journal->base) {
            munmap(journal->base, journal->reserved);
            journal->base = NULL;
            if (library_knows) {
                mb_endmark_forget(journal->endmark);
            }
            journal->endmark = NULL;
        }
        journal->readers = GOING;
        journal->users = journal->open = 0;
    }
    mb_journal_alive = &nowhere;
    walkers = 0;
    owner = 0;
}

static void
forget_in_child(void)
{
    forget_all(true);
}

/* Batches are written first: a journal stays as long as records wait in it. */
static void
remove_at_exit(void)
{
    mb_batches_end();
    mb_journals_remove();
}

static void
watch(void)
{
    pthread_atfork(NULL, NULL, forget_in_child);
    atexit(remove_at_exit);
}

/* Where a child was made without the handlers of pthread_atfork, its id shows it: then
 * nothing here is its own. */
static void
watch_process(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
    const pid_t here = getpid();
    if (owner != here) {
        if (owner) {
            forget_all(false);
        }
        owner = here;
    }
}

static bool
same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
lies_in(const mb_journal *journal, const char *directory)
{
    const char *path = journal->path;
    const size_t above = size_of_directory(path);
    const char *wanted = directory ? directory : journal->output;
    const size_t size = directory ? strlen(directory) + 1 : size_of_directory(wanted);
    return size == above && strncmp(path, wanted, above - 1) == 0;
}

static mb_journal *
find(const char *output, const char *directory)
{
    for (mb_journal *journal = journals; journal; journal = journal->next) {
        if (journal->base && same(journal->output, output) &&
            (!output || lies_in(journal, directory))) {
            journal->users++;
            return journal;
        }
    }
    return NULL;
}

/* While a thread walks, it may hold a mirror of a journal that has gone. */
static bool
has_no_walker(void)
{
    return __atomic_load_n(&walkers, __ATOMIC_SEQ_CST) == 0;
}

/* Resets the structure for another use. Other threads may read `next` and `readers` at
 * any moment. */
static void
empty(mb_journal *journal)
{
    mb_journal_free_mirrors(journal);
    mb_free(journal->path);
    mb_free(journal->output);
    journal->path = journal->output = NULL;
    journal->open = journal->users = journal->refusals = 0;
    journal->marked_wall_ns = 0;
    journal->last = NULL;
}

static mb_journal *
unused(void)
{
    uint32_t count = 0;
    for (mb_journal *journal = journals; journal; journal = journal->next, count++) {
        if (!journal->base && has_no_walker()) {
            empty(journal);
            return journal;
        }
    }
    if (count >= MB_JOURNALS) {
        errno = EMFILE;
        return NULL;
    }
    mb_journal *journal = mb_alloc(sizeof *journal);
    if (journal) {
        *journal = (mb_journal){.next = journals, .readers = GOING};
        __atomic_store_n(&journals, journal, __ATOMIC_RELEASE);
    }
    return journal;
}

static bool
is_other_than_a_file(const char *output)
{
    struct stat file;
    return stat(output, &file) == 0 && !S_ISREG(file.st_mode);
}

static bool
is_safe_in(const char *output, const char *directory)
{
    const size_t size = size_of_directory(output);
    char *above =
        copy_of(directory ? directory : output, directory ? strlen(directory) : size);
    const bool safe = above && mb_filesystem_maps_safely(above);
    mb_free(above);
    return safe;
}

static mb_journal *
new_file(const char *output, const char *directory, bool safe)
{
    mb_journal *journal = unused();
    if (!journal) {
        return NULL;
    }
    journal->output = copy_of(output, strlen(output));
    journal->path = path_of(output, directory);
    if (!journal->output || !journal->path || !make(journal, safe)) {
        const int error = errno;
        undo(journal);
        errno = error;
        return NULL;
    }
    publish(journal);
    return journal;
}

mb_journal *
mb_journal_file(const char *output, const char *directory, bool local)
{
    watch_process();
    mb_journal *journal = find(output, directory);
    if (!journal) {
        const bool safe = is_safe_in(output, directory);
        if (is_other_than_a_file(output) || (local && !safe)) {
            errno = ENOTSUP;
        } else {
            journal = new_file(output, directory, safe);
        }
    }
    return journal;
}

static mb_journal *
new_memory(void)
{
    mb_journal *journal = unused();
    if (journal && !map_beginning(journal, -1)) {
        undo(journal);
        return NULL;
    }
    if (journal) {
        write_header(journal);
        publish(journal);
    }
    return journal;
}

mb_journal *
mb_journal_memory(void)
{
    watch_process();
    mb_journal *journal = find(NULL, NULL);
    if (!journal) {
        journal = new_memory();
    }
    return journal;
}

/* Removes the journal, unless a reader walks it: then it stays until the end. */
static void
go(mb_journal *journal)
{
    int32_t none = 0;
    if (!__atomic_compare_exchange_n(&journal->readers, &none, GOING, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return;
    }
    if (journal->path) {
        remove_file(journal);
    }
    undo(journal);
}

static void
go_if_idle(mb_journal *journal)
{
    if (journal->users == 0 && __atomic_load_n(&journal->open, __ATOMIC_RELAXED) == 0) {
        go(journal);
    }
}

void
mb_journal_settle(mb_journal *journal)
{
    go_if_idle(journal);
}

void
mb_journal_release(mb_journal *journal)
{
    if (!mb_journal_is_own(journal)) {
        return;
    }
    journal->users--;
    go_if_idle(journal);
}

/* --- at the end of the process ---------------------------------------------------- */

void
mb_journals_walk(void)
{
    __atomic_add_fetch(&walkers, 1, __ATOMIC_SEQ_CST);
}

void
mb_journals_leave(void)
{
    __atomic_sub_fetch(&walkers, 1, __ATOMIC_SEQ_CST);
}

bool
mb_journals_are_walked(void)
{
    return !has_no_walker();
}

mb_journal *
mb_journals(void)
{
    return __atomic_load_n(&journals, __ATOMIC_ACQUIRE);
}

bool
mb_journal_hold(mb_journal *journal)
{
    int32_t readers = __atomic_load_n(&journal->readers, __ATOMIC_RELAXED);
    do {
        if (readers < 0) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&journal->readers, &readers, readers + 1,
                                          true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

void
mb_journal_let_go(mb_journal *journal)
{
    __atomic_sub_fetch(&journal->readers, 1, __ATOMIC_RELEASE);
}

mb_image
mb_journal_image(const mb_journal *journal)
{
    return (mb_image){
        .base = journal->base,
        .size = __atomic_load_n(&journal->size, __ATOMIC_ACQUIRE),
    };
}

static void
stamp(mb_journal_header *header, uint32_t signal, int64_t wall_ns, int64_t now_ns)
{
    if (__atomic_load_n(&header->signal, __ATOMIC_RELAXED) == 0) {
        __atomic_store_n(&header->signal_wall_ns, wall_ns, __ATOMIC_RELAXED);
        __atomic_store_n(&header->signal_ns, now_ns, __ATOMIC_RELAXED);
        __atomic_store_n(&header->signal, signal, __ATOMIC_RELEASE);
    }
}

void
mb_journals_stamp(int signal, int64_t wall_ns, int64_t now_ns)
{
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            stamp(header_of(journal), (uint32_t)signal, wall_ns, now_ns);
            mb_journal_let_go(journal);
        }
    }
}

void
mb_journals_unstamp(void)
{
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            __atomic_store_n(&header_of(journal)->signal, 0, __ATOMIC_RELEASE);
            mb_journal_let_go(journal);
        }
    }
}

void
mb_journal_needs_signs(mb_journal *journal)
{
    if (!journal->endmark && journal->path) {
        mb_journal_alive = &header_of(journal)->alive_ns;
    }
}

void
mb_journal_needs_none(const mb_journal *journal)
{
    if (mb_journal_alive == &header_of(journal)->alive_ns) {
        mb_journal_alive = &nowhere;
    }
}

void
mb_journals_beat(int64_t now_ns)
{
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            __atomic_store_n(&header_of(journal)->alive_ns, now_ns, __ATOMIC_RELAXED);
            mb_journal_let_go(journal);
        }
    }
}

static void
stamp_parent(mb_journal_header *header, bool is_job, int64_t now_ns)
{
    if (__atomic_load_n(&header->parent_ns, __ATOMIC_RELAXED) == 0) {
        __atomic_store_n(&header->parent_is_job, is_job, __ATOMIC_RELAXED);
        __atomic_store_n(&header->parent_ns, now_ns, __ATOMIC_RELEASE);
    }
}

void
mb_journals_stamp_parent(bool is_job, int64_t now_ns)
{
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            stamp_parent(header_of(journal), is_job, now_ns);
            mb_journal_let_go(journal);
        }
    }
}

void
mb_journals_remove(void)
{
    if (getpid() != owner) {
        return;
    }
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            if (journal->path &&
                __atomic_load_n(&journal->open, __ATOMIC_RELAXED) == 0) {
                remove_file(journal);
            }
            mb_journal_let_go(journal);
        }
    }
}
