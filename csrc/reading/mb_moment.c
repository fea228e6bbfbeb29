#include "reading/mb_moment.h"

#define FORM "\"dddd-dd-ddTdd:dd:dd.dddddd?dd:dd\"" /* ?: a sign */
#define SIZE (sizeof FORM - 1)

static bool
has_form(const char *text)
{
    for (size_t i = 0; i < SIZE; i++) {
        const char want = FORM[i];
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        const bool is_sign = text[i] == '+' || text[i] == '-';
        if (want == 'd' ? !is_digit : want == '?' ? !is_sign : text[i] != want) {
            return false;
        }
    }
    return true;
}

static int
number_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return DAYS[month - 1] + (month == 2 && is_leap(year));
}

/* Returns the days from 1970-01-01 on. A year begins in March here, so that the day of
 * a leap year is the last one. */
static int64_t
days_of(int year, int month, int day)
{
    const int years = year - (month < 3);
    const int since_march = (month + 9) % 12;
    const int in_year = (153 * since_march + 2) / 5 + day - 1;
    const int64_t leaps = years / 4 - years / 100 + years / 400;
    return (int64_t)years * 365 + leaps + in_year - 719468;
}

bool
mb_moment_read(const char *text, size_t size, int64_t *microseconds)
{
    if (size != SIZE || !has_form(text)) {
        return false;
    }
    const int year = number_at(text + 1, 4), month = number_at(text + 6, 2);
    const int day = number_at(text + 9, 2), hour = number_at(text + 12, 2);
    const int minute = number_at(text + 15, 2), second = number_at(text + 18, 2);
    const int ahead_hours = number_at(text + 28, 2), ahead = number_at(text + 31, 2);
    if (year < 2 || year > 9998 || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 ||
        ahead_hours > 23 || ahead > 59) {
        return false;
    }
    const int offset = (ahead_hours * 60 + ahead) * (text[27] == '-' ? -1 : 1);
    const int64_t minutes =
        (days_of(year, month, day) * 24 + hour) * 60 + minute - offset;
    *microseconds = (minutes * 60 + second) * 1000000 + number_at(text + 21, 6);
    return true;
}
