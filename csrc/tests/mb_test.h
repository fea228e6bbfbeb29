/* The harness of the C tests: a test is a function whose name is a sentence.
 *
 *     static void
 *     an_empty_text_has_no_size(void)
 *     {
 *         CHECK_INT(text.size, 0);
 *     }
 *
 *     int
 *     main(void)
 *     {
 *         RUN(an_empty_text_has_no_size);
 *         return test_report();
 *     }
 *
 * A failed check prints where it is and what it saw, and the test goes on.
 */
#ifndef MB_TEST_H
#define MB_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures; /* of this process, in any thread */
static const char *test_name = "";

static inline bool
test_passes(bool condition, const char *file, int line)
{
    if (!condition) {
        __atomic_add_fetch(&test_failures, 1, __ATOMIC_RELAXED);
        fprintf(stderr, "%s:%d: in %s: ", file, line, test_name);
    }
    return condition;
}

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!test_passes((condition), __FILE__, __LINE__)) {                           \
            fprintf(stderr, "not true: %s\n", #condition);                             \
        }                                                                              \
    } while (0)

#define CHECK_INT(actual, expected)                                                    \
    do {                                                                               \
        const long long is = (long long)(actual), should = (long long)(expected);      \
        if (!test_passes(is == should, __FILE__, __LINE__)) {                          \
            fprintf(stderr, "%s is %lld, not %lld\n", #actual, is, should);            \
        }                                                                              \
    } while (0)

/* `size` bytes against a string. */
#define CHECK_BYTES(bytes, size, expected)                                             \
    do {                                                                               \
        const char *is = (bytes), *should = (expected);                                \
        const size_t length = (size_t)(size);                                          \
        if (!test_passes(length == strlen(should) &&                                   \
                             (length == 0 || memcmp(is, should, length) == 0),         \
                         __FILE__, __LINE__)) {                                        \
            fprintf(stderr, "%s is '%.*s', not '%s'\n", #bytes, (int)length, is,       \
                    should);                                                           \
        }                                                                              \
    } while (0)

#define RUN(test)                                                                      \
    do {                                                                               \
        test_name = #test;                                                             \
        test();                                                                        \
    } while (0)

/* The exit status of the program. */
static inline int
test_report(void)
{
    if (test_failures) {
        fprintf(stderr, "%d checks failed\n", test_failures);
    }
    return test_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- memory that runs out (mb_test_alloc.c) -------------------------------------- */

/* The n-th allocation from now on fails, and no other; 0: none. */
void test_fail_allocation(unsigned n);

/* Returns whether it has come to that. */
bool test_allocation_failed(void);

/* Runs a scenario with the 1st, 2nd, 3rd ... allocation failing, until none is left.
 * The scenario checks what the contract says about a failure, and goes on. */
void test_each_failing_allocation(void (*scenario)(void));

#endif
