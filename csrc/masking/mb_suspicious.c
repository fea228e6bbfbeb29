#include "masking/mb_suspicious.h"

#include <string.h>

/* A word in lower case, and the letter by which it is found: a rare one. */
typedef struct {
    const char *word;
    size_t place;
} mark;

/* Each is enough. */
static const mark enough[] = {
    {"jwt", 0},     {"authorization", 7}, {"cookie", 3},
    {"api-key", 4}, {"-token", 3},        {"output-header", 3},
};
/* Each needs a sign of an assignment, or of an option, somewhere. */
static const mark names[] = {
    {"pass", 0}, {"pwd", 1},  {"pw=", 1},   {"secret", 2}, {"key", 0},     {"token", 2},
    {"sig", 2},  {"curl", 0}, {"redis", 3}, {"mysql", 1},  {"mariadb", 5}, {"login", 2},
};
#define COUNT(marks) (sizeof(marks) / sizeof *(marks))

enum { BORING, SIGN, LETTER };

/* What the loop stops at. */
static const unsigned char kinds[256] = {
    ['@'] = SIGN,   [':'] = SIGN,   ['*'] = SIGN,   ['='] = SIGN,   ['-'] = SIGN,
    ['\\'] = SIGN,  ['j'] = LETTER, ['J'] = LETTER, ['z'] = LETTER, ['Z'] = LETTER,
    ['k'] = LETTER, ['K'] = LETTER, ['w'] = LETTER, ['W'] = LETTER, ['p'] = LETTER,
    ['P'] = LETTER, ['c'] = LETTER, ['C'] = LETTER, ['g'] = LETTER, ['G'] = LETTER,
    ['i'] = LETTER, ['I'] = LETTER, ['y'] = LETTER, ['Y'] = LETTER, ['d'] = LETTER,
    ['D'] = LETTER,
};

typedef struct {
    bool at, slashes, sign, name, found;
} findings;

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Returns whether the word stands where its letter is at `at`. */
static bool
stands(const mark *found, const char *json, size_t size, size_t at)
{
    const size_t length = strlen(found->word);
    if (at < found->place || at - found->place + length > size) {
        return false;
    }
    const char *text = json + at - found->place;
    for (size_t i = 0; i < length; i++) {
        if (lower(text[i]) != found->word[i]) {
            return false;
        }
    }
    return true;
}

static bool
any_stands(const mark *marks, size_t count, const char *json, size_t size, size_t at)
{
    const char letter = lower(json[at]);
    for (size_t i = 0; i < count; i++) {
        if (marks[i].word[marks[i].place] == letter &&
            stands(&marks[i], json, size, at)) {
            return true;
        }
    }
    return false;
}

static bool
begins(const char *text, const char *end, const char *word)
{
    const size_t length = strlen(word);
    return (size_t)(end - text) >= length && memcmp(text, word, length) == 0;
}

/* Finds needless escapes (ASCII, or a slash), which our encoders never write. */
static bool
is_needless_escape(const char *text, const char *end)
{
    return begins(text, end, "\\/") || (begins(text, end, "\\u00") && end - text > 4 &&
                                        text[4] >= '2' && text[4] <= '7');
}

static void
look_at_sign(findings *found, const char *json, size_t size, size_t at)
{
    const char *text = json + at, *end = json + size;
    const char before = at ? text[-1] : '"';
    switch (*text) {
    case '@':
        found->at = true;
        break;
    case ':':
        found->slashes |= begins(text, end, "://");
        break;
    case '*':
        found->found |= before == '"' && begins(text, end, "***");
        break;
    case '=':
        found->sign = true;
        break;
    case '-':
        found->sign |= before == '"' || before == ' ';
        break;
    default:
        found->found |= is_needless_escape(text, end);
    }
}

bool
mb_suspicious_text(const char *json, size_t size)
{
    findings found = {0};
    for (size_t at = 0; at < size; at++) {
        const unsigned char kind = kinds[(unsigned char)json[at]];
        if (kind == BORING) {
            continue;
        }
        if (kind == SIGN) {
            look_at_sign(&found, json, size, at);
        } else {
            found.found |= any_stands(enough, COUNT(enough), json, size, at);
            found.name = found.name || any_stands(names, COUNT(names), json, size, at);
        }
        if (found.found || (found.at && found.slashes) || (found.sign && found.name)) {
            return true;
        }
    }
    return false;
}
