/* Reads a number as JSON has it.
 *
 *     mb_number number = mb_number_scan("3.71e-07,");
 *     if (number.kind == MB_NUMBER_REAL) ...  number.real, number.end
 *
 * A number that this cannot convert exactly is only delimited: an integer of more than
 * 18 digits, a fraction of more than 15 or so. The text has to end with a byte that is
 * no part of a number, such as NUL.
 *
 * No locale, no errno. Signal-safe.
 */
#ifndef MB_NUMBER_H
#define MB_NUMBER_H

#include "base/mb_platform.h"

typedef enum {
    MB_NUMBER_NONE, /* no number, or not as JSON has it: 01, +1, .5, 1. */
    MB_NUMBER_INTEGER,
    MB_NUMBER_REAL,
    MB_NUMBER_LONG_INTEGER, /* delimited only */
    MB_NUMBER_LONG_REAL,    /* delimited only */
} mb_number_kind;

typedef struct {
    mb_number_kind kind;
    const char *end; /* the byte after the number */
    int64_t integer;
    double real;
} mb_number;

mb_number mb_number_scan(const char *text);

#endif
