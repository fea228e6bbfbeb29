#include "py/py_scan.h"

#include <math.h>

#include "base/mb_number.h"
#include "base/mb_special.h"

#define MOST_DIGITS 640 /* CPython reads so many, however it is configured */

/* --- strings ---------------------------------------------------------------------- */

bool
py_scan_is_plain(PyObject *string, Py_ssize_t size)
{
    return PyUnicode_IS_COMPACT_ASCII(string) &&
           PyUnicode_GET_LENGTH(string) == size - 2 && size <= PY_SCAN_LONGEST;
}

/* Returns whether a byte does not simply stand for itself in a string. */
static inline bool
is_special(char byte)
{
    return (unsigned char)byte < 0x20 || (unsigned char)byte >= 0x80 || byte == '"' ||
           byte == '\\';
}

static const char *
first_special(const char *place, const char *end)
{
    while (end - place >= MB_SPECIAL_STEP && !mb_special_in(place)) {
        place += MB_SPECIAL_STEP;
    }
    while (!is_special(*place)) {
        place++;
    }
    return place;
}

/* Returns the closing quote; NULL if there is none. */
static const char *
closing_quote(const char *place, const char *end, bool *escaped)
{
    for (;;) {
        place = first_special(place, end);
        if (*place == '"') {
            return place;
        }
        if (*place == '\\') {
            *escaped = true;
            place += place[1] ? 2 : 1;
        } else if ((unsigned char)*place >= 0x80) {
            place++;
        } else {
            return NULL; /* a control character, or the end */
        }
    }
}

/* Returns the value of four hexadecimal digits; -1 if they are not. */
static int
hex_digits(const char *text)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = Py_TOLOWER(text[i]);
        if (!Py_ISXDIGIT(digit)) {
            return -1;
        }
        value = value * 16 + (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return value;
}

/* Returns the character after `\u`, and moves behind it; -1 for half a pair. */
static int
unicode_escape(const char **place)
{
    const int first = hex_digits(*place);
    if (first < 0xd800 || first > 0xdfff) {
        *place += 4;
        return first;
    }
    const char *other = *place + 4;
    const bool paired = first < 0xdc00 && other[0] == '\\' && other[1] == 'u';
    const int second = paired ? hex_digits(other + 2) : -1;
    if (second < 0xdc00 || second > 0xdfff) {
        return -1;
    }
    *place += 10;
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/* Returns the character after a backslash, and moves behind it; -1 if there is none. */
static int
escape(const char **place)
{
    static const char LETTERS[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
    const char letter = *(*place)++;
    if (letter == 'u') {
        return unicode_escape(place);
    }
    const char *found = letter ? strchr(LETTERS, letter) : NULL;
    return found ? VALUES[found - LETTERS] : -1;
}

/* Writes a character as UTF-8, and returns the end. */
static char *
put_utf8(char *out, int value)
{
    if (value < 0x80) {
        *out++ = (char)value;
        return out;
    }
    const int more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
    static const int FIRST[] = {0, 0xc0, 0xe0, 0xf0};
    *out++ = (char)(FIRST[more] | value >> 6 * more);
    for (int i = more - 1; i >= 0; i--) {
        *out++ = (char)(0x80 | (value >> 6 * i & 0x3f));
    }
    return out;
}

/* Returns the size of the string without its escapes; -1 if an escape is wrong. */
static Py_ssize_t
unescape(char *out, const char *place, const char *quote)
{
    const char *begin = out;
    while (place < quote) {
        if (*place != '\\') {
            *out++ = *place++;
            continue;
        }
        place++;
        const int value = escape(&place);
        if (value < 0) {
            return -1;
        }
        out = put_utf8(out, value);
    }
    return out - begin;
}

/* As the functions of the header. */
static PyObject *
string_of_utf8(const char *text, Py_ssize_t size)
{
    PyObject *string = PyUnicode_DecodeUTF8(text, size, NULL);
    if (!string && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
    }
    return string;
}

static PyObject *
unescaped(const char *place, const char *quote)
{
    char *buffer = PyMem_Malloc((size_t)(quote - place)); /* an escape only shrinks */
    if (!buffer) {
        return PyErr_NoMemory();
    }
    const Py_ssize_t size = unescape(buffer, place, quote);
    PyObject *string = size < 0 ? NULL : string_of_utf8(buffer, size);
    PyMem_Free(buffer);
    return string;
}

static PyObject *
ascii(const char *text, Py_ssize_t size)
{
    if (size <= 1) { /* CPython has these already */
        return PyUnicode_DecodeASCII(text, size, NULL);
    }
    PyObject *string = PyUnicode_New(size, 127);
    if (string) {
        memcpy(PyUnicode_DATA(string), text, (size_t)size);
    }
    return string;
}

static PyObject *
new_string(py_scan *scan)
{
    const char *begin = scan->place + 1;
    const char *special = first_special(begin, scan->end);
    if (*special == '"') {
        scan->place = special + 1;
        return ascii(begin, special - begin);
    }
    bool escaped = false;
    const char *quote = closing_quote(special, scan->end, &escaped);
    if (!quote) {
        return NULL;
    }
    scan->place = quote + 1;
    return escaped ? unescaped(begin, quote) : string_of_utf8(begin, quote - begin);
}

PyObject *
py_scan_string(py_scan *scan, PyObject *last)
{
    if (last && PyUnicode_CheckExact(last)) {
        const Py_ssize_t size = PyUnicode_GET_LENGTH(last);
        const char *text = scan->place + 1;
        if (scan->end - text > size && text[size] == '"' &&
            memcmp(text, PyUnicode_DATA(last), (size_t)size) == 0) {
            scan->place = text + size + 1;
            return Py_NewRef(last);
        }
    }
    return new_string(scan);
}

/* --- numbers ---------------------------------------------------------------------- */

static PyObject *
integer_of(int64_t value, PyObject *last)
{
    if (last && PyLong_CheckExact(last)) {
        int overflow;
        if (PyLong_AsLongLongAndOverflow(last, &overflow) == value && !overflow) {
            return Py_NewRef(last);
        }
    }
    return PyLong_FromLongLong(value);
}

static PyObject *
real_of(double value, PyObject *last)
{
    if (last && PyFloat_CheckExact(last)) {
        const double before = PyFloat_AS_DOUBLE(last);
        if (memcmp(&before, &value, sizeof value) == 0) { /* 0.0 is not -0.0 */
            return Py_NewRef(last);
        }
    }
    return PyFloat_FromDouble(value);
}

static PyObject *
long_integer(const char *text, const char *end)
{
    const size_t size = (size_t)(end - text);
    char digits[MOST_DIGITS + 1];
    if (size > MOST_DIGITS) {
        return NULL;
    }
    memcpy(digits, text, size);
    digits[size] = '\0';
    return PyLong_FromString(digits, NULL, 10);
}

/* Beyond the largest double, json.loads() gives infinity. */
static PyObject *
long_real(const char *text, const char *end, PyObject *last)
{
    char *stop;
    const double value = PyOS_string_to_double(text, &stop, NULL);
    if (PyErr_Occurred() || stop != end || isinf(value)) {
        PyErr_Clear();
        return NULL;
    }
    return real_of(value, last);
}

PyObject *
py_scan_number(py_scan *scan, PyObject *last)
{
    const char *text = scan->place;
    const mb_number number = mb_number_scan(text);
    scan->place = number.end;
    switch (number.kind) {
    case MB_NUMBER_INTEGER:
        return integer_of(number.integer, last);
    case MB_NUMBER_REAL:
        return real_of(number.real, last);
    case MB_NUMBER_LONG_INTEGER:
        return long_integer(text, number.end);
    case MB_NUMBER_LONG_REAL:
        return long_real(text, number.end, last);
    case MB_NUMBER_NONE:
        break;
    }
    return NULL;
}
