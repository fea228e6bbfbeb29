#include "base/mb_text.h"

#define FIRST_CAPACITY 256
#define DIGITS_OF_INT 20 /* with a sign: no int64_t needs more */
#define REPLACEMENT 0xfffd

void
mb_text_fixed(mb_text *text, char *buffer, size_t capacity)
{
    *text = (mb_text){.data = buffer, .capacity = capacity, .fixed = true};
}

void
mb_text_heap(mb_text *text)
{
    *text = (mb_text){0};
}

void
mb_text_free(mb_text *text)
{
    if (text->fixed) {
        mb_text_fixed(text, text->data, text->capacity);
    } else {
        mb_free(text->data);
        mb_text_heap(text);
    }
}

/* --- room ------------------------------------------------------------------------ */

static bool
grow(mb_text *text, size_t more)
{
    if (text->fixed || more > SIZE_MAX / 4 - text->size) {
        return false;
    }
    size_t capacity = text->capacity + text->capacity / 2;
    if (capacity < FIRST_CAPACITY) {
        capacity = FIRST_CAPACITY;
    }
    if (capacity < text->size + more) {
        capacity = text->size + more;
    }
    char *data = mb_realloc(text->data, capacity);
    if (data) {
        text->data = data;
        text->capacity = capacity;
    }
    return data != NULL;
}

/* Returns the place of the next `size` bytes, or NULL. */
static inline char *
take_room(mb_text *text, size_t size)
{
    if (text->failed) {
        return NULL;
    }
    if (size > text->capacity - text->size && !grow(text, size)) {
        text->failed = true;
        return NULL;
    }
    char *room = text->data + text->size;
    text->size += size;
    return room;
}

void
mb_text_reserve(mb_text *text, size_t more)
{
    if (!text->fixed && take_room(text, more)) {
        text->size -= more;
    }
}

void
mb_text_raw_in_new_room(mb_text *text, const char *bytes, size_t size)
{
    char *room = size ? take_room(text, size) : NULL;
    if (room) {
        memcpy(room, bytes, size);
    }
}

/* --- numbers ---------------------------------------------------------------------
 * Digits are written from the last to the first, so that none is counted before. */

static const char PAIRS[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* Writes exactly `digits` of them, and returns where they begin. */
static inline char *
write_padded(char *end, uint32_t value, int digits)
{
    for (; digits > 1; digits -= 2, value /= 100) {
        end -= 2;
        memcpy(end, &PAIRS[value % 100 * 2], 2);
    }
    if (digits) {
        *--end = (char)('0' + value % 10);
    }
    return end;
}

static inline char *
write_unsigned(char *end, uint64_t value)
{
    for (; value >= 100; value /= 100) {
        end -= 2;
        memcpy(end, &PAIRS[value % 100 * 2], 2);
    }
    return write_padded(end, (uint32_t)value, value < 10 ? 1 : 2);
}

/* Returns an unsigned number, since -INT64_MIN does not fit an int64_t. */
static inline uint64_t
magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

void
mb_text_int(mb_text *text, int64_t value)
{
    char digits[DIGITS_OF_INT];
    char *end = digits + sizeof digits;
    char *begin = write_unsigned(end, magnitude(value));
    if (value < 0) {
        *--begin = '-';
    }
    mb_text_raw(text, begin, (size_t)(end - begin));
}

#define BELOW_A_SECOND (sizeof "0.123456789" - 1)

/* Writes less than a second where it stays: what is copied has to be finished first. */
static bool
write_fraction(mb_text *text, int64_t ns)
{
    if (ns < 0 || ns >= 1000000000 || text->failed ||
        text->capacity - text->size < BELOW_A_SECOND) {
        return false;
    }
    char *begin = text->data + text->size, *end = begin + BELOW_A_SECOND;
    memcpy(begin, "0.", 2);
    write_padded(end, (uint32_t)ns, 9);
    while (end[-1] == '0' && end - begin > 3) {
        end--;
    }
    text->size += (size_t)(end - begin);
    return true;
}

void
mb_text_seconds(mb_text *text, int64_t ns)
{
    if (write_fraction(text, ns)) {
        return;
    }
    char digits[DIGITS_OF_INT + 2]; /* the point, and a 0 on either side of it */
    char *end = digits + sizeof digits;
    const uint64_t seconds = magnitude(ns) / 1000000000;
    char *begin = write_padded(end, (uint32_t)(magnitude(ns) % 1000000000), 9);
    while (end[-1] == '0' && end - begin > 1) {
        end--;
    }
    *--begin = '.';
    begin = write_unsigned(begin, seconds);
    if (ns < 0) {
        *--begin = '-';
    }
    mb_text_raw(text, begin, (size_t)(end - begin));
}

/* --- times ----------------------------------------------------------------------- */

typedef struct {
    int64_t year;
    uint32_t month; /* 1 to 12 */
    uint32_t day;   /* 1 to 31 */
} date;

/* Rounds down, unlike the operator, before 1970 too. */
static int64_t
divide_down(int64_t value, int64_t divisor, int64_t *rest)
{
    int64_t quotient = value / divisor;
    *rest = value % divisor;
    if (*rest < 0) {
        *rest += divisor;
        quotient--;
    }
    return quotient;
}

/* Counts from 1 March of the year 0, since then the leap day ends a year, a century has
 * its odd length only at the end of 400 years, and the lengths of the months repeat
 * 31, 30, 31, 30, 31: (153 * month + 2) / 5 days lie before a month. */
static date
date_of_day(int64_t days_since_1970)
{
    int64_t day; /* of the 400 years, then of the year */
    const int64_t era = divide_down(days_since_1970 + 719468, 146097, &day);
    const int64_t leap_days = day / 1460 - day / 36524 + day / 146096;
    const int64_t year = (day - leap_days) / 365;
    day -= 365 * year + year / 4 - year / 100;
    const int64_t month = (5 * day + 2) / 153; /* from March */
    return (date){
        .year = era * 400 + year + (month >= 10),
        .month = (uint32_t)(month < 10 ? month + 3 : month - 9),
        .day = (uint32_t)(day - (153 * month + 2) / 5 + 1),
    };
}

static char *
write_offset(char *end, int32_t offset_s)
{
    const uint32_t east = (uint32_t)magnitude(offset_s);
    if (east % 60) {
        end = write_padded(end, east % 60, 2);
        *--end = ':';
    }
    end = write_padded(end, east / 60 % 60, 2);
    *--end = ':';
    end = write_padded(end, east / 3600, 2);
    *--end = offset_s < 0 ? '-' : '+';
    return end;
}

static char *
write_time_of_day(char *end, uint32_t second, uint32_t microsecond)
{
    end = write_padded(end, microsecond, 6);
    *--end = '.';
    end = write_padded(end, second % 60, 2);
    *--end = ':';
    end = write_padded(end, second / 60 % 60, 2);
    *--end = ':';
    return write_padded(end, second / 3600, 2);
}

static char *
write_date(char *end, date day)
{
    end = write_padded(end, day.day, 2);
    *--end = '-';
    end = write_padded(end, day.month, 2);
    *--end = '-';
    return write_padded(end, (uint32_t)day.year, 4);
}

void
mb_text_iso8601(mb_text *text, int64_t wall_ns, int32_t offset_s)
{
    char longest[] = "2026-03-01T09:30:00.123456+00:00:00";
    char *end = longest + sizeof longest - 1;
    if (offset_s <= -86400 || offset_s >= 86400) {
        text->failed = true;
        return;
    }
    int64_t second, ns;
    const int64_t local_s = divide_down(wall_ns, 1000000000, &ns) + offset_s;
    const int64_t day = divide_down(local_s, 86400, &second);
    char *begin = write_offset(end, offset_s);
    begin = write_time_of_day(begin, (uint32_t)second, (uint32_t)(ns / 1000));
    *--begin = 'T';
    begin = write_date(begin, date_of_day(day));
    mb_text_raw(text, begin, (size_t)(end - begin));
}

#define SIZE_TO_SECONDS (sizeof "2026-03-01T09:30:00." - 1)

void
mb_text_iso8601_again(mb_text *text, size_t before, int64_t before_ns, int64_t wall_ns,
                      int32_t offset_s)
{
    int64_t ns, ns_before;
    const int64_t second = divide_down(wall_ns, 1000000000, &ns);
    if (text->failed || second != divide_down(before_ns, 1000000000, &ns_before)) {
        mb_text_iso8601(text, wall_ns, offset_s);
        return;
    }
    char copy[sizeof "2026-03-01T09:30:00.123456+00:00:00"];
    const char *first = text->data + before;
    const size_t size = SIZE_TO_SECONDS + 6 + (offset_s % 60 ? 9 : 6);
    memcpy(copy, first, size);
    write_padded(copy + SIZE_TO_SECONDS + 6, (uint32_t)(ns / 1000), 6);
    mb_text_raw(text, copy, size);
}

/* --- strings --------------------------------------------------------------------- */

static void
write_u_escape(mb_text *text, uint32_t unit)
{
    char *room = take_room(text, 6);
    if (room) {
        room[0] = '\\';
        room[1] = 'u';
        for (int i = 0; i < 4; i++) {
            room[2 + i] = "0123456789abcdef"[unit >> (12 - 4 * i) & 15];
        }
    }
}

/* Writes a lone surrogate as text: a backslash and its number. */
static void
write_lone_surrogate(mb_text *text, uint32_t point)
{
    if (point < 0xdc80 || point > 0xdcff) {
        mb_text_raw(text, "\\", 1);
        write_u_escape(text, point);
        return;
    }
    char *room = take_room(text, 5);
    if (room) {
        memcpy(room, "\\\\x", 3);
        room[3] = "0123456789abcdef"[point >> 4 & 15];
        room[4] = "0123456789abcdef"[point & 15];
    }
}

static void
write_code_point(mb_text *text, uint32_t point)
{
    if (point < 0x10000) {
        write_u_escape(text, point);
    } else {
        write_u_escape(text, 0xd800 + ((point - 0x10000) >> 10));
        write_u_escape(text, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
}

/* Returns the length of a character from its first byte; 0 if no character begins with
 * it. */
static size_t
length_by_lead(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Reads one character beyond ASCII and returns its length. A byte that begins none is a
 * replacement character of length 1. */
static size_t
read_character(const unsigned char *bytes, size_t size, uint32_t *point)
{
    static const uint32_t SMALLEST[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
    const size_t length = length_by_lead(bytes[0]);
    *point = REPLACEMENT;
    if (length == 0 || length > size) {
        return 1;
    }
    uint32_t value = bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 1;
        }
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < SMALLEST[length] || value > 0x10ffff) {
        return 1;
    }
    *point = value;
    return length;
}

static bool
is_surrogate(uint32_t point)
{
    return point >= 0xd800 && point <= 0xdfff;
}

/* Reads a second surrogate that makes a pair with the first, and returns its length and
 * the character of both; 0 where there is none. */
static size_t
read_second(const unsigned char *bytes, size_t size, uint32_t *point)
{
    uint32_t second = 0;
    const size_t length = size ? read_character(bytes, size, &second) : 0;
    if (*point > 0xdbff || second < 0xdc00 || second > 0xdfff) {
        return 0;
    }
    *point = 0x10000 + ((*point - 0xd800) << 10) + (second - 0xdc00);
    return length;
}

/* Counts the bytes from here on that json.dumps puts into a string unchanged. */
static size_t
plain_run(const char *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && bytes[i] >= ' ' && bytes[i] <= '~' && bytes[i] != '"' &&
           bytes[i] != '\\') {
        i++;
    }
    return i;
}

/* Counts the ASCII bytes, eight at a time, since whole records go through here. */
static size_t
ascii_run(const char *bytes, size_t size)
{
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= size; i += sizeof eight) {
        memcpy(&eight, bytes + i, sizeof eight);
        if (eight & 0x8080808080808080) {
            break;
        }
    }
    while (i < size && !((unsigned char)bytes[i] & 0x80)) {
        i++;
    }
    return i;
}

static void
write_ascii_escape(mb_text *text, char byte)
{
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* character, letter */
    for (size_t i = 0; i < sizeof SHORT - 1; i += 2) {
        if (SHORT[i] == byte) {
            mb_text_raw(text, (char[]){'\\', SHORT[i + 1]}, 2);
            return;
        }
    }
    write_u_escape(text, (unsigned char)byte);
}

/* Escapes one character, and returns how many bytes it had. */
static size_t
write_escape(mb_text *text, const char *bytes, size_t size)
{
    if (ascii_run(bytes, 1)) {
        write_ascii_escape(text, *bytes);
        return 1;
    }
    uint32_t point;
    const unsigned char *begin = (const unsigned char *)bytes;
    size_t length = read_character(begin, size, &point);
    if (is_surrogate(point)) {
        length += read_second(begin + length, size - length, &point);
    }
    if (is_surrogate(point)) {
        write_lone_surrogate(text, point);
    } else {
        write_code_point(text, point);
    }
    return length;
}

/* Copies the runs of bytes that may stay, and escapes each character between two. */
static void
write_escaping(mb_text *text, const char *bytes, size_t size,
               size_t (*run)(const char *, size_t))
{
    while (size > 0 && !text->failed) {
        size_t length = run(bytes, size);
        mb_text_raw(text, bytes, length);
        if (length < size) {
            length += write_escape(text, bytes + length, size - length);
        }
        bytes += length;
        size -= length;
    }
}

/* Writes a string without escapes, as most names are: checks the room once, not three
 * times. */
static void
write_plain_string(mb_text *text, const char *bytes, size_t size)
{
    char *room = take_room(text, size + 2);
    if (room) {
        room[0] = '"';
        memcpy(room + 1, bytes, size);
        room[size + 1] = '"';
    }
}

/* Removes what was appended if a part of it failed. */
static void
drop_if_failed(mb_text *text, size_t size_before)
{
    if (text->failed) {
        text->size = size_before;
    }
}

void
mb_text_string(mb_text *text, const char *utf8, size_t size)
{
    const size_t before = text->size;
    if (plain_run(utf8, size) == size) {
        write_plain_string(text, utf8, size);
        return;
    }
    MB_TEXT_LITERAL(text, "\"");
    write_escaping(text, utf8, size, plain_run);
    MB_TEXT_LITERAL(text, "\"");
    drop_if_failed(text, before);
}

void
mb_text_ascii(mb_text *text, const char *json, size_t size)
{
    const size_t before = text->size;
    write_escaping(text, json, size, ascii_run);
    drop_if_failed(text, before);
}

bool
mb_text_has_digits(const char *bytes, size_t size, size_t run)
{
    size_t start = 0; /* no run begins before */
    while (size - start >= run) {
        size_t place = start + run; /* from behind: most places are skipped */
        while (place > start && bytes[place - 1] >= '0' && bytes[place - 1] <= '9') {
            place--;
        }
        if (place == start) {
            return true;
        }
        start = place;
    }
    return false;
}
