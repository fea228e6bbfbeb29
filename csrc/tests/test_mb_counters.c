#include "run/mb_counters.h"

#include "mb_test.h"

/* --- a system that is made up: the descriptor of event `config` is 100 + config --------- */

static struct {
    uint64_t now; /* value of event 0; event i has i more */
    uint64_t enabled, running;
    int closed, reads;
    bool replaced; /* another file has the number */
    bool refused;  /* nothing can be enabled */
    bool empty;    /* read() gives nothing */
    int groups[8];
} fake;

static int
fake_open(const mb_counters_event *event, int group, bool of_children)
{
    (void)of_children;
    if (event->type == 7) {
        errno = ENOENT;
        return -1;
    }
    fake.groups[event->config] = group;
    return 100 + (int)event->config;
}

static int
fake_id(int fd, uint64_t *id)
{
    *id = (uint64_t)fd * 10;
    errno = ENOTTY;
    return fake.replaced ? -1 : 0;
}

static int
fake_enable(int fd)
{
    CHECK_INT(fd, 101);
    errno = EIO;
    return fake.refused ? -1 : 0;
}

static ssize_t
fake_read(int fd, void *data, size_t size)
{
    uint64_t *out = data;
    fake.reads++;
    if (fake.empty) {
        return 0;
    }
    if (size == 3 * sizeof *out) { /* on its own */
        out[0] = fake.now + (uint64_t)fd - 100, out[1] = fake.enabled,
        out[2] = fake.running;
        return (ssize_t)size;
    }
    out[0] = size / sizeof *out - 3, out[1] = fake.enabled, out[2] = fake.running;
    for (uint64_t i = 0; i < out[0]; i++) {
        out[3 + i] = fake.now + i;
    }
    return (ssize_t)size;
}

static int
fake_close(int fd)
{
    (void)fd;
    fake.closed++;
    return 0;
}

static const mb_counters_event three[] = {{7, 0}, {0, 1}, {0, 2}};
static mb_counters_system real;
static const mb_counters_system made_up = {fake_open, fake_id, fake_enable, fake_read,
                                           fake_close};

static mb_counters
opened(bool of_children)
{
    mb_counters counters;
    memset(&fake, 0, sizeof fake);
    mb_counters_from = made_up;
    CHECK_INT(mb_counters_open(&counters, three, 3, of_children), 2);
    return counters;
}

/* --- the tests ------------------------------------------------------------------------- */

static void
one_read_gives_the_group(void)
{
    mb_counters counters = opened(false);
    mb_counters_reading reading;
    CHECK_INT(counters.error[0], ENOENT);
    CHECK_INT(fake.groups[1], -1);
    CHECK_INT(fake.groups[2], 101);
    fake.now = 40;
    CHECK_INT(mb_counters_read(&counters, &reading), 0);
    CHECK_INT(reading.value[1], 40);
    CHECK_INT(reading.value[2], 41);
    CHECK_INT(fake.reads, 1);
    mb_counters_close(&counters);
    CHECK_INT(fake.closed, 2);
    mb_counters_close(&counters);
    CHECK_INT(fake.closed, 2);
}

static void
children_are_in_no_group(void)
{
    mb_counters counters = opened(true);
    mb_counters_reading reading;
    CHECK_INT(fake.groups[2], -1);
    fake.now = 5;
    CHECK_INT(mb_counters_read(&counters, &reading), 0);
    CHECK_INT(reading.value[0], 0);
    CHECK_INT(reading.value[1], 6);
    CHECK_INT(reading.value[2], 7);
    CHECK_INT(fake.reads, 2);
    mb_counters_close(&counters);
}

static void
check_count(uint64_t counted, uint64_t enabled, uint64_t running, mb_counters_kind kind,
            uint64_t expected)
{
    mb_counters_reading before = {{UINT64_MAX - 9}, {100}, {50}}, after = before;
    uint64_t number = 1;
    after.value[0] += counted; /* it wraps from 10 on */
    after.enabled_ns[0] += enabled;
    after.running_ns[0] += running;
    CHECK_INT(mb_counters_count(&before, &after, 0, &number), kind);
    CHECK_INT(number, expected);
}

static void
a_count_is_exact_scaled_or_missing(void)
{
    check_count(3, 10, 10, MB_COUNTED, 3);
    check_count(30, 10, 10, MB_COUNTED, 30);
    check_count(0, 0, 0, MB_COUNTED, 0);
    check_count(30, 100, 25, MB_COUNTED_SCALED, 120);
    check_count(0, 100, 0, MB_COUNTED_NOT, 0);
}

static void
a_number_that_another_file_has_is_left_alone(void)
{
    mb_counters counters = opened(false);
    mb_counters_reading reading;
    fake.replaced = true;
    CHECK_INT(mb_counters_read(&counters, &reading), EBADF);
    mb_counters_close(&counters);
    CHECK_INT(fake.reads + fake.closed, 0);
}

static void
a_group_that_gives_nothing_is_an_error(void)
{
    mb_counters counters = opened(false);
    mb_counters_reading reading;
    fake.empty = true;
    CHECK_INT(mb_counters_read(&counters, &reading), EIO);
    mb_counters_close(&counters);
}

static void
a_group_that_cannot_begin_is_closed(void)
{
    mb_counters counters;
    memset(&fake, 0, sizeof fake);
    mb_counters_from = made_up;
    fake.refused = true;
    CHECK_INT(mb_counters_open(&counters, three, 3, false), 0);
    CHECK_INT(counters.error[0], ENOENT);
    CHECK_INT(counters.error[2], EIO);
    CHECK_INT(fake.closed, 2);
}

static void
a_forked_child_reads_nothing(void)
{
    mb_counters counters = opened(false);
    mb_counters_reading reading;
    counters.generation--; /* as it is in a child */
    CHECK_INT(mb_counters_read(&counters, &reading), ECHILD);
    CHECK_INT(fake.reads, 0);
    mb_counters_close(&counters);
}

#ifdef __linux__
static void
work(void)
{
    for (volatile int i = 0; i < 1000000; i++) {
    }
}

/* PERF_COUNT_SW_TASK_CLOCK and PERF_COUNT_SW_PAGE_FAULTS: they need no processor. */
static void
the_kernel_counts(void)
{
    static const mb_counters_event events[] = {{1, 1}, {1, 2}};
    mb_counters counters;
    mb_counters_reading before, after;
    uint64_t clock, faults;
    mb_counters_from = real;
    if (mb_counters_open(&counters, events, 2, false) == 2) {
        CHECK_INT(mb_counters_read(&counters, &before), 0);
        work();
        char *page = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < 1 << 16; i += 4096) {
            ((volatile char *)page)[i] = 1;
        }
        CHECK_INT(mb_counters_read(&counters, &after), 0);
        CHECK_INT(mb_counters_count(&before, &after, 0, &clock), MB_COUNTED);
        CHECK_INT(mb_counters_count(&before, &after, 1, &faults), MB_COUNTED);
        CHECK(clock > 0 && faults > 0);
        munmap(page, 1 << 16);
    }
    mb_counters_close(&counters);
}
#endif

int
main(void)
{
    real = mb_counters_from;
    RUN(one_read_gives_the_group);
    RUN(children_are_in_no_group);
    RUN(a_count_is_exact_scaled_or_missing);
    RUN(a_number_that_another_file_has_is_left_alone);
    RUN(a_group_that_gives_nothing_is_an_error);
    RUN(a_group_that_cannot_begin_is_closed);
    RUN(a_forked_child_reads_nothing);
#ifdef __linux__
    RUN(the_kernel_counts);
#endif
    return test_report();
}
