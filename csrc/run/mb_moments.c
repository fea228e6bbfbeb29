#include "run/mb_moments.h"

typedef struct {
    uint64_t high, low;
} wide;

/* --- 128 bits ---------------------------------------------------------------------- */

static wide
plus(wide a, wide b)
{
    const uint64_t low = a.low + b.low;
    return (wide){.high = a.high + b.high + (low < a.low), .low = low};
}

static wide
minus(wide a, wide b)
{
    return (wide){.high = a.high - b.high - (a.low < b.low), .low = a.low - b.low};
}

static wide
square(uint64_t number)
{
    const uint64_t high = number >> 32, low = number & UINT32_MAX;
    const uint64_t middle = high * low;
    wide result = {.high = high * high, .low = low * low};
    result = plus(result, (wide){.high = middle >> 31, .low = middle << 33});
    return result;
}

/* Divides in place and returns the remainder. `by` has at most 63 bits. */
static uint64_t
divide(wide *number, uint64_t by)
{
    uint64_t rest = 0;
    if (number->high == 0) {
        rest = number->low % by;
        number->low /= by;
        return rest;
    }
    for (int i = 0; i < 128; i++) {
        rest = rest << 1 | number->high >> 63;
        number->high = number->high << 1 | number->low >> 63;
        number->low <<= 1;
        if (rest >= by) {
            rest -= by;
            number->low |= 1;
        }
    }
    return rest;
}

void
mb_moments_add_large(mb_moments *moments, uint64_t ns)
{
    const wide before = {moments->squares_high, moments->squares_low};
    const wide sum = plus(before, square(ns));
    moments->squares_high = sum.high;
    moments->squares_low = sum.low;
}

/* Adds without going beyond the range. */
static int64_t
sum_of(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        sum = a < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}

void
mb_moments_join(mb_moments *moments, const mb_moments *more)
{
    if (moments->count == 0 || more->count == 0) {
        *moments = more->count ? *more : *moments;
        return;
    }
    const wide squares = plus((wide){moments->squares_high, moments->squares_low},
                              (wide){more->squares_high, more->squares_low});
    moments->count += more->count;
    moments->sum_ns = sum_of(moments->sum_ns, more->sum_ns);
    moments->min_ns = more->min_ns < moments->min_ns ? more->min_ns : moments->min_ns;
    moments->max_ns = more->max_ns > moments->max_ns ? more->max_ns : moments->max_ns;
    moments->squares_low = squares.low;
    moments->squares_high = squares.high;
}

/* --- text -------------------------------------------------------------------------- */

#define LONGEST 40 /* digits of 128 bits */
#define DIGITS 9   /* after the point */
#define MOST_OF (UINT64_MAX / 10)

static void
write_whole(mb_text *text, wide number)
{
    char digits[LONGEST];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + divide(&number, 10));
    } while (number.high || number.low);
    mb_text_raw(text, digits + first, sizeof digits - first);
}

/* Writes whole + rest / of, where rest < of <= MOST_OF. */
static void
write_sum(mb_text *text, wide whole, uint64_t rest, uint64_t of)
{
    char digits[DIGITS];
    size_t count = 0;
    do {
        rest *= 10;
        digits[count++] = (char)('0' + rest / of);
        rest %= of;
    } while (rest && count < DIGITS);
    write_whole(text, whole);
    MB_TEXT_LITERAL(text, ".");
    mb_text_raw(text, digits, count);
}

void
mb_moments_write_mean(mb_text *text, const mb_moments *moments, bool integers)
{
    const int64_t sum = moments->sum_ns;
    const uint64_t of = moments->count ? moments->count : 1;
    wide whole = {.low = sum < 0 ? -(uint64_t)sum : (uint64_t)sum};
    const uint64_t rest = divide(&whole, of);
    if (sum < 0) {
        MB_TEXT_LITERAL(text, "-");
    }
    write_sum(text, whole, of <= MOST_OF ? rest : 0, of);
    if (!integers) {
        MB_TEXT_LITERAL(text, "e-9");
    }
}

/* Writes (squares - sum² / count) / (count - 1). The inner fraction is left out where its
 * share is less than a digit: above 2^30, and count * less would exceed MOST_OF. */
static void
write_variance(mb_text *text, const mb_moments *moments)
{
    const uint64_t count = moments->count, less = count - 1;
    const int64_t sum = moments->sum_ns;
    wide mean = square(sum < 0 ? -(uint64_t)sum : (uint64_t)sum);
    const uint64_t over = divide(&mean, count);
    wide whole = minus((wide){moments->squares_high, moments->squares_low}, mean);
    whole = minus(whole, (wide){.low = over > 0});
    const uint64_t rest = divide(&whole, less);
    if (count > UINT32_MAX / 4) {
        write_sum(text, whole, less <= MOST_OF ? rest : 0, less);
    } else {
        write_sum(text, whole, rest * count + (over ? count - over : 0), count * less);
    }
}

void
mb_moments_write_variance(mb_text *text, const mb_moments *moments, bool integers)
{
    if (moments->count < 2 || moments->count > INT64_MAX) {
        MB_TEXT_LITERAL(text, "0.0");
        return;
    }
    write_variance(text, moments);
    if (!integers) {
        MB_TEXT_LITERAL(text, "e-18");
    }
}
