#include "base/mb_number.h"

#include <float.h>

#define MOST_DIGITS 18         /* that fit any int64_t */
#define MOST_EXACT 22          /* the largest power of ten that a double represents */
#define FAR ((int64_t)1 << 60) /* an exponent of more digits than a text can have */

static const double POWERS[MOST_EXACT + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* The parts of a number: digits * 10 ^ exponent. */
typedef struct {
    const char *place;
    int64_t digits; /* right if `significant` is at most MOST_DIGITS */
    int significant;
    int64_t exponent;
    bool negative;
    bool real; /* has a fraction or an exponent */
} parts;

/* Returns whether there is at least one digit. */
static bool
scan_digits(parts *read)
{
    const char *begin = read->place;
    for (; *read->place >= '0' && *read->place <= '9'; read->place++) {
        if (read->significant <= MOST_DIGITS) {
            read->significant += read->significant > 0 || *read->place > '0';
        }
        if (read->significant <= MOST_DIGITS) {
            read->digits = read->digits * 10 + (*read->place - '0');
        }
    }
    return read->place > begin;
}

static bool
scan_integer(parts *read)
{
    read->negative = *read->place == '-';
    read->place += read->negative;
    if (*read->place != '0') {
        return scan_digits(read);
    }
    read->place++; /* further digits are refused by the caller of mb_number_scan() */
    return true;
}

static bool
scan_fraction(parts *read)
{
    if (*read->place != '.') {
        return true;
    }
    const char *begin = ++read->place;
    read->real = true;
    const bool found = scan_digits(read);
    read->exponent -= read->place - begin;
    return found;
}

static bool
scan_exponent(parts *read)
{
    if (*read->place != 'e' && *read->place != 'E') {
        return true;
    }
    read->real = true;
    read->place++;
    const bool negative = *read->place == '-';
    read->place += negative || *read->place == '+';
    parts power = {.place = read->place};
    const bool found = scan_digits(&power);
    const int64_t size = power.significant <= MOST_DIGITS ? power.digits : FAR;
    read->exponent += negative ? -size : size;
    read->place = power.place;
    return found;
}

/* Returns whether one operation on two exact doubles gives the number, so that the
 * result is rounded once. */
static bool
is_exact(const parts *read)
{
    return FLT_EVAL_METHOD == 0 && read->significant <= MOST_DIGITS &&
           read->digits <= (int64_t)1 << DBL_MANT_DIG &&
           read->exponent >= -MOST_EXACT && read->exponent <= MOST_EXACT;
}

static double
real_of(const parts *read)
{
    const double digits = (double)read->digits;
    const double size = read->exponent < 0 ? digits / POWERS[-read->exponent]
                                           : digits * POWERS[read->exponent];
    return read->negative ? -size : size;
}

mb_number
mb_number_scan(const char *text)
{
    parts read = {.place = text};
    mb_number number = {.kind = MB_NUMBER_NONE, .end = text};
    if (!scan_integer(&read) || !scan_fraction(&read) || !scan_exponent(&read)) {
        return number;
    }
    number.end = read.place;
    if (read.real) {
        const bool exact = is_exact(&read);
        number.kind = exact ? MB_NUMBER_REAL : MB_NUMBER_LONG_REAL;
        number.real = exact ? real_of(&read) : 0;
    } else {
        const bool fits = read.significant <= MOST_DIGITS;
        number.kind = fits ? MB_NUMBER_INTEGER : MB_NUMBER_LONG_INTEGER;
        number.integer = read.negative ? -read.digits : read.digits;
    }
    return number;
}
