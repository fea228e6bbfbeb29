#include "run/mb_usage.h"

/* --- reading ----------------------------------------------------------------------- */

bool
mb_usage_read(struct rusage *counters)
{
    return getrusage(RUSAGE_SELF, counters) == 0;
}

bool
mb_usage_of_thread(struct rusage *counters)
{
#ifdef RUSAGE_THREAD
    return getrusage(RUSAGE_THREAD, counters) == 0;
#else
    (void)counters;
    return false;
#endif
}

/* --- text -------------------------------------------------------------------------- */

int64_t
mb_usage_time_us(struct timeval before, struct timeval after)
{
    const int64_t seconds = (int64_t)after.tv_sec - before.tv_sec;
    return seconds * 1000000 + ((int64_t)after.tv_usec - before.tv_usec);
}

/* Seconds, as Python has them: rounded to the microseconds of the kernel. */
static void
put_time(mb_text *text, struct timeval before, struct timeval after)
{
    const int64_t all = mb_usage_time_us(before, after);
    if (all == 0) {
        MB_TEXT_LITERAL(text, "0.0");
    } else {
        mb_text_seconds(text, all * 1000);
    }
}

static void
put_count(mb_text *text, const char *name, size_t size, long count)
{
    mb_text_raw(text, name, size);
    mb_text_int(text, count);
}
#define PUT_COUNT(text, name, field)                                                   \
    put_count((text), ",\"" name "\":", sizeof name + 3, after->field - before->field)

/* The common case in one step. */
static bool
are_equal(const struct rusage *before, const struct rusage *after)
{
    return before->ru_minflt == after->ru_minflt &&
           before->ru_majflt == after->ru_majflt &&
           before->ru_inblock == after->ru_inblock &&
           before->ru_oublock == after->ru_oublock &&
           before->ru_nvcsw == after->ru_nvcsw && before->ru_nivcsw == after->ru_nivcsw;
}

static void
put_counts(mb_text *text, const struct rusage *before, const struct rusage *after)
{
    if (are_equal(before, after)) {
        MB_TEXT_LITERAL(text, ",\"minflt\":0,\"majflt\":0,\"inblock\":0,"
                              "\"oublock\":0,\"nvcsw\":0,\"nivcsw\":0}");
        return;
    }
    PUT_COUNT(text, "minflt", ru_minflt);
    PUT_COUNT(text, "majflt", ru_majflt);
    PUT_COUNT(text, "inblock", ru_inblock);
    PUT_COUNT(text, "oublock", ru_oublock);
    PUT_COUNT(text, "nvcsw", ru_nvcsw);
    PUT_COUNT(text, "nivcsw", ru_nivcsw);
    MB_TEXT_LITERAL(text, "}");
}

void
mb_usage_put(mb_text *text, const struct rusage *before, const struct rusage *after)
{
    MB_TEXT_LITERAL(text, "{\"utime\":");
    put_time(text, before->ru_utime, after->ru_utime);
    MB_TEXT_LITERAL(text, ",\"stime\":");
    put_time(text, before->ru_stime, after->ru_stime);
    put_counts(text, before, after);
}
