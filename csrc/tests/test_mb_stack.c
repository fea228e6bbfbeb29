#include "base/mb_stack.h"

#include "mb_test.h"

#include <sys/resource.h>

static void
the_first_look_of_a_thread_finds_its_bounds(void)
{
    CHECK(mb_stack.enough == UINTPTR_MAX);
    CHECK_INT(mb_stack_room(), MB_STACK_PLENTY);
    CHECK(mb_stack.enough < mb_stack.plenty);
    CHECK(mb_stack.plenty < (uintptr_t)__builtin_frame_address(0));
}

static void
what_is_left_gets_less(void)
{
    const size_t before = mb_stack_left();
    volatile char filler[4096];
    filler[0] = 1;
    CHECK(before > 0 && before < SIZE_MAX);
    CHECK(mb_stack_left() <= before);
    CHECK((uintptr_t)filler > mb_stack.enough);
}

static void
an_eighth_is_kept_within_bounds(void)
{
    CHECK_INT(mb_stack_reserve(32 << 10), 8 << 10);
    CHECK_INT(mb_stack_reserve(128 << 10), 32 << 10);
    CHECK_INT(mb_stack_reserve(256 << 10), 32 << 10);
    CHECK_INT(mb_stack_reserve(4 << 20), 512 << 10);
    CHECK_INT(mb_stack_reserve(1 << 30), 1 << 20);
}

/* Goes down until there is no room; returns the level. The array keeps the compiler
 * from making a loop of it. */
static int
descend(int level, bool *less)
{
    volatile char filler[256];
    filler[level % 256] = 1;
    const int room = mb_stack_room();
    *less |= room == MB_STACK_ENOUGH;
    if (room == MB_STACK_FULL) {
        return level;
    }
    return descend(level + filler[level % 256], less);
}

static void *
descend_in_a_thread(void *size)
{
    bool less = false;
    const int levels = descend(0, &less);
    CHECK(less);
    CHECK(levels > 50);
    CHECK((size_t)levels * 256 < *(size_t *)size);
    return NULL;
}

/* ThreadSanitizer keeps much of its own at the top of each stack. */
#ifdef __SANITIZE_THREAD__
#define SMALLEST_STACK ((size_t)1 << 20)
#else
#define SMALLEST_STACK ((size_t)128 << 10)
#endif

static void
a_thread_with_a_small_stack_stops_before_its_end(void)
{
    for (size_t size = SMALLEST_STACK; size <= 4 << 20; size *= 2) {
        pthread_attr_t attributes;
        pthread_t thread;
        CHECK_INT(pthread_attr_init(&attributes), 0);
        CHECK_INT(pthread_attr_setstacksize(&attributes, size), 0);
        CHECK_INT(pthread_create(&thread, &attributes, descend_in_a_thread, &size), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
        pthread_attr_destroy(&attributes);
    }
}

static void
what_the_interpreter_keeps_is_added(void)
{
    mb_stack_room();
    const mb_stack_marks before = mb_stack;
    mb_stack_margin = 32 << 10;
    mb_stack_look((uintptr_t)__builtin_frame_address(0));
    CHECK(mb_stack.enough == before.enough + (32 << 10));
    mb_stack_margin = SIZE_MAX / 4;
    mb_stack_look((uintptr_t)__builtin_frame_address(0));
    CHECK(mb_stack.enough == before.plenty);
    mb_stack_margin = 0;
    mb_stack_look((uintptr_t)__builtin_frame_address(0));
}

static void
a_raised_limit_is_noticed(void)
{
    struct rlimit before;
    CHECK_INT(getrlimit(RLIMIT_STACK, &before), 0);
    struct rlimit small = before;
    small.rlim_cur = 1 << 20;
    CHECK_INT(setrlimit(RLIMIT_STACK, &small), 0);
    mb_stack.enough = mb_stack.plenty = UINTPTR_MAX;
    bool less = false;
    const int levels = descend(0, &less);
    CHECK_INT(setrlimit(RLIMIT_STACK, &before), 0);
    if (before.rlim_cur >= 4 << 20) {
        CHECK(descend(0, &less) > 2 * levels);
    }
}

static void
a_stack_of_the_program_has_room(void)
{
    static char elsewhere[64];
    mb_stack_room();
    CHECK_INT(mb_stack_look((uintptr_t)elsewhere), MB_STACK_ENOUGH);
}

int
main(void)
{
    RUN(the_first_look_of_a_thread_finds_its_bounds);
    RUN(what_is_left_gets_less);
    RUN(an_eighth_is_kept_within_bounds);
    RUN(a_thread_with_a_small_stack_stops_before_its_end);
    RUN(what_the_interpreter_keeps_is_added);
    RUN(a_raised_limit_is_noticed);
    RUN(a_stack_of_the_program_has_room);
    return test_report();
}
