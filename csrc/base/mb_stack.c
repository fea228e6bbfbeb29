#include "base/mb_stack.h"

#define KIB ((size_t)1024)

_Thread_local mb_stack_marks mb_stack = {UINTPTR_MAX, UINTPTR_MAX};
size_t mb_stack_margin;

size_t
mb_stack_reserve(size_t size)
{
    const size_t least = size / 4 < 32 * KIB ? size / 4 : 32 * KIB;
    const size_t most = 1024 * KIB;
    const size_t usual = size / 8;
    return usual < least ? least : usual > most ? most : usual;
}

typedef struct {
    uintptr_t lowest;
    size_t size; /* 0 where the bounds are unknown */
} stack_bounds;

/* Finds the bounds of the main stack without /proc/self/maps, which takes 0.1 to 1 ms:
 * the name of the program is at the very top of the stack. */
static stack_bounds
quick_bounds(void)
{
    stack_bounds found = {0, 0};
#ifdef __linux__
    struct rlimit limit;
    const uintptr_t top = (uintptr_t)getauxval(AT_EXECFN);
    if (top && syscall(SYS_gettid) == getpid() &&
        getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < top) {
        found.size = (size_t)limit.rlim_cur;
        found.lowest = top - found.size;
    }
#endif
    return found;
}

static stack_bounds
exact_bounds(void)
{
    stack_bounds found = {0, 0};
#ifdef __APPLE__
    found.size = pthread_get_stacksize_np(pthread_self());
    found.lowest = (uintptr_t)pthread_get_stackaddr_np(pthread_self()) - found.size;
#else
    pthread_attr_t attributes;
    void *address;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &address, &found.size) == 0) {
            found.lowest = (uintptr_t)address;
        }
        pthread_attr_destroy(&attributes);
    }
#endif
    return found;
}

static bool
is_within(stack_bounds bounds, uintptr_t here)
{
    return here >= bounds.lowest && here - bounds.lowest < bounds.size;
}

static int
set_marks(stack_bounds bounds, uintptr_t here)
{
    const size_t half = bounds.size / 2;
    const size_t kept = mb_stack_reserve(bounds.size) + mb_stack_margin;
    mb_stack.enough = bounds.lowest + (kept < half ? kept : half);
    mb_stack.plenty = bounds.lowest + half;
    if (here >= mb_stack.plenty) {
        return MB_STACK_PLENTY;
    }
    return here >= mb_stack.enough ? MB_STACK_ENOUGH : MB_STACK_FULL;
}

int
mb_stack_look(uintptr_t here)
{
    stack_bounds bounds = quick_bounds();
    if (is_within(bounds, here)) {
        const int room = set_marks(bounds, here);
        if (room != MB_STACK_FULL) {
            return room;
        }
    }
    bounds = exact_bounds();
    if (!is_within(bounds, here)) {
        return MB_STACK_ENOUGH; /* not the stack that the system knows of */
    }
    return set_marks(bounds, here);
}

size_t
mb_stack_left(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (mb_stack_look(here) == MB_STACK_FULL) {
        return 0;
    }
    return mb_stack.enough <= here ? here - mb_stack.enough : SIZE_MAX;
}
