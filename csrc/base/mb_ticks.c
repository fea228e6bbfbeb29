#include "base/mb_ticks.h"

#define SLACK_NS 20     /* between an anchor and the line: the resolution of a clock, */
#define SLACK_RATE 1e-5 /* and how far a clock that is being corrected gains or loses */
#define AHEAD_NS 100    /* that a line may begin after its anchor */
#define LONGEST_WAIT 10 /* doublings of MB_TICKS_LEARN_NS */

#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)

/* --- lines ------------------------------------------------------------------------ */

/* Makes it the present line. */
static void
put_line(mb_ticks *ticks, mb_ticks_line line)
{
    const uint64_t number = ticks->number + 1;
    mb_ticks_line *place = &ticks->lines[number % 2];
    mb_fence(
        __ATOMIC_RELEASE); /* a reader of the old one there sees the number change */
    STORE(place->tick, line.tick);
    STORE(place->ns, line.ns);
    STORE(place->most, line.most);
    STORE(place->rate, line.rate);
    __atomic_store_n(&ticks->number, number, __ATOMIC_RELEASE);
}

/* Returns what no line so far has passed. */
static int64_t
end_of_lines(const mb_ticks *ticks)
{
    return mb_ticks_end_ns(&ticks->lines[ticks->number % 2]);
}

static void
put_no_line(mb_ticks *ticks)
{
    put_line(ticks, (mb_ticks_line){.ns = end_of_lines(ticks)});
}

static uint64_t
middle_of(const mb_ticks_anchor *anchor)
{
    return anchor->before + (anchor->after - anchor->before) / 2;
}

/* Draws a line that begins at the end of the last one if the anchor lies before that;
 * then it is as much flatter as it takes to be on time at its end. */
static void
draw_line(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    const int64_t end_ns = end_of_lines(ticks);
    const int64_t ahead_ns = end_ns > anchor->ns ? end_ns - anchor->ns : 0;
    const double flat = 1 - (double)ahead_ns / MB_TICKS_LINE_NS;
    const double unit = (double)(1ull << MB_TICKS_SHIFT);
    put_line(ticks, (mb_ticks_line){.tick = middle_of(anchor),
                                    .ns = anchor->ns + ahead_ns,
                                    .most = (uint64_t)(MB_TICKS_LINE_NS / ticks->rate),
                                    .rate = (uint64_t)(ticks->rate * flat * unit)});
    STORE(ticks->due_ns, anchor->ns + MB_TICKS_LINE_NS - AHEAD_NS);
}

/* --- learning --------------------------------------------------------------------- */

static void
turn_off(mb_ticks *ticks)
{
    put_no_line(ticks);
    STORE(ticks->due_ns, MB_TICKS_OFF);
}

static int64_t
wait_ns(const mb_ticks *ticks)
{
    const uint32_t misses = ticks->misses;
    return (int64_t)MB_TICKS_LEARN_NS
           << (misses < LONGEST_WAIT ? misses : LONGEST_WAIT);
}

static void
learn_from(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    put_no_line(ticks);
    ticks->base = ticks->last = *anchor;
    ticks->rate = 0;
    STORE(ticks->due_ns, anchor->ns + wait_ns(ticks));
}

/* Returns the ticks from `from` to `to`, which may be the earlier one. */
static double
ticks_between(uint64_t from, uint64_t to)
{
    return (double)(int64_t)(to - from);
}

/* Returns nanoseconds of a tick; 0 for what no counter has. */
static double
rate_between(const mb_ticks_anchor *from, const mb_ticks_anchor *to)
{
    const double ticks = ticks_between(middle_of(from), middle_of(to));
    const double rate = ticks > 0 ? (double)(to->ns - from->ns) / ticks : 0;
    return rate > 0.05 && rate < 1000 ? rate : 0;
}

static double
width_ns(const mb_ticks_anchor *anchor, double rate)
{
    return ticks_between(anchor->before, anchor->after) * rate;
}

static bool
is_wide(const mb_ticks_anchor *anchor, double rate)
{
    const double ns = width_ns(anchor, rate);
    return !(ns >= 0 && ns <= MB_TICKS_WIDEST_NS);
}

/* Passes over an anchor: the thread was interrupted between the readings. Where all are
 * wide, the clock is a slow one. */
static void
pass_over(mb_ticks *ticks)
{
    if (++ticks->wide == MB_TICKS_WIDE) {
        turn_off(ticks);
    }
}

static void
learn(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    const double rate = rate_between(&ticks->base, anchor);
    if (rate == 0 || is_wide(&ticks->base, rate)) {
        learn_from(ticks, anchor);
        pass_over(ticks);
    } else if (is_wide(anchor, rate)) {
        pass_over(ticks);
    } else {
        ticks->rate = rate;
        ticks->last = *anchor;
        STORE(ticks->due_ns, anchor->ns + wait_ns(ticks));
    }
}

/* --- following -------------------------------------------------------------------- */

/* Returns whether the clock was on the line when the anchor was made. */
static bool
is_on_line(const mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    const double ns = (double)(anchor->ns - ticks->last.ns);
    const uint64_t from = middle_of(&ticks->last);
    const double slack =
        SLACK_NS + SLACK_RATE * ns + width_ns(&ticks->last, ticks->rate) / 2;
    return ns >= ticks_between(from, anchor->before) * ticks->rate - slack &&
           ns <= ticks_between(from, anchor->after) * ticks->rate + slack;
}

static void
miss(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    ticks->misses++;
    learn_from(ticks, anchor);
    if (ticks->misses == MB_TICKS_MISSES) {
        turn_off(ticks);
    }
}

static void
refine(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    if (anchor->ns - ticks->base.ns >= MB_TICKS_REFINE_NS) {
        ticks->rate = rate_between(&ticks->base, anchor);
        ticks->base = *anchor;
    }
}

static void
follow(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    if (is_wide(anchor, ticks->rate)) {
        pass_over(ticks);
    } else if (!is_on_line(ticks, anchor)) {
        miss(ticks, anchor);
    } else {
        ticks->wide = 0;
        ticks->last = *anchor;
        refine(ticks, anchor);
        draw_line(ticks, anchor);
    }
}

void
mb_ticks_add(mb_ticks *ticks, const mb_ticks_anchor *anchor)
{
    if (__atomic_exchange_n(&ticks->busy, 1, __ATOMIC_ACQUIRE)) {
        return;
    }
    if (mb_ticks_are_due(ticks, anchor->ns)) {
        if (ticks->rate > 0) {
            follow(ticks, anchor);
        } else if (ticks->base.ns) {
            learn(ticks, anchor);
        } else {
            learn_from(ticks, anchor);
        }
    }
    __atomic_store_n(&ticks->busy, 0, __ATOMIC_RELEASE);
}

void
mb_ticks_restart(mb_ticks *ticks)
{
    put_line(ticks, (mb_ticks_line){0});
    ticks->base = ticks->last = (mb_ticks_anchor){0};
    ticks->rate = 0;
    ticks->misses = ticks->wide = 0;
    STORE(ticks->due_ns, 0);
    __atomic_store_n(&ticks->busy, 0, __ATOMIC_RELEASE);
}
