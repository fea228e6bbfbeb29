#include "run/mb_load.h"

#include "base/mb_clock.h"

/* --- the delay of a thread ---------------------------------------------------------- */

#define SCHEDSTAT "/proc/thread-self/schedstat"
#define MOST 100 /* bytes: three numbers of 64 bits */

/* What this thread has read last. */
typedef struct {
    bool is_known, is_missing;
    unsigned generation;       /* of forks: a child counts anew */
    long switches, of_process; /* of this thread; of all, which are no fewer */
    int64_t delay_ns;
} reading;
static _Thread_local reading last;

uint64_t
mb_load_thread(void)
{
    static uint64_t threads;
    static _Thread_local uint64_t own;
    if (!own) {
        own = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    }
    return own;
}

static ssize_t
read_file(char *text)
{
    const int fd = open(SCHEDSTAT, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        last.is_missing = errno == ENOENT || errno == EACCES;
        return -1;
    }
    const ssize_t size = read(fd, text, MOST - 1);
    close(fd);
    return size;
}

/* The second of three numbers: nanoseconds with a CPU, without one, and number of turns. All
 * are 0 while the kernel does not count them. */
static int64_t
delay_in(char *text)
{
    char *end = text;
    const int64_t running = strtoll(text, &end, 10);
    const int64_t waiting = strtoll(end, NULL, 10);
    last.is_missing = running <= 0;
    return last.is_missing || *end != ' ' ? MB_LOAD_UNKNOWN : waiting;
}

static int64_t
read_delay(void)
{
    char text[MOST];
    const ssize_t size = read_file(text);
    if (size <= 0) {
        return MB_LOAD_UNKNOWN;
    }
    text[size] = '\0';
    return delay_in(text);
}

/* Whether the thread has left no CPU since the last reading. Sets the counts. */
static bool
has_stayed(const struct rusage *usage)
{
    const long of_process = mb_usage_switches(usage);
    struct rusage own = *usage;
    if (last.is_known && of_process == last.of_process) {
        return true;
    }
    if (!mb_has_one_thread() && !mb_usage_of_thread(&own)) {
        return false;
    }
    const long switches = mb_usage_switches(&own);
    const bool stayed = last.is_known && switches == last.switches;
    last.of_process = of_process;
    last.switches = switches;
    return stayed;
}

int64_t
mb_load_delay_ns(const struct rusage *usage)
{
    const unsigned generation = mb_fork_generation();
    if (generation != last.generation) {
        last = (reading){.generation = generation};
    }
    if (last.is_missing) {
        return MB_LOAD_UNKNOWN;
    }
    if (!has_stayed(usage)) {
        last.delay_ns = read_delay();
        last.is_known = last.delay_ns != MB_LOAD_UNKNOWN;
    }
    return last.delay_ns;
}

/* --- the load of the machine --------------------------------------------------------- */

#define RENEWED_NS 1000000000

static int64_t
read_average(void)
{
    double load;
    return getloadavg(&load, 1) < 1 ? MB_LOAD_UNKNOWN : (int64_t)(load * 100 + 0.5);
}

int64_t
mb_load_average(void)
{
    static int64_t average, renew_at_ns;
    const int64_t now_ns = mb_clock_ns();
    if (now_ns >= renew_at_ns) {
        average = read_average();
        renew_at_ns = now_ns + RENEWED_NS;
    }
    return average;
}

void
mb_load_put(mb_text *text, int64_t hundredths)
{
    mb_text_int(text, hundredths / 100);
    const char digits[] = {'.', (char)('0' + hundredths / 10 % 10),
                           (char)('0' + hundredths % 10)};
    mb_text_raw(text, digits, sizeof digits);
}
