#include "mb_stack.h"

#define KIB ((size_t)1024)

_Thread_local mb_stack_marks mb_stack = {UINTPTR_MAX, UINTPTR_MAX};

size_t
mb_stack_reserve(size_t size)
{
    const size_t least = size / 4 < 32 * KIB ? size / 4 : 32 * KIB;
    const size_t most = 1024 * KIB;
    const size_t usual = size / 8;
    return usual < least ? least : usual > most ? most : usual;
}

/* Lowest address and size of the stack of this thread; false where they are unknown. */
static bool
bounds(uintptr_t *lowest, size_t *size)
{
#ifdef __APPLE__
    *size = pthread_get_stacksize_np(pthread_self());
    *lowest = (uintptr_t)pthread_get_stackaddr_np(pthread_self()) - *size;
    return true;
#else
    pthread_attr_t attributes;
    void *address;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return false;
    }
    const int error = pthread_attr_getstack(&attributes, &address, size);
    pthread_attr_destroy(&attributes);
    *lowest = (uintptr_t)address;
    return error == 0;
#endif
}

int
mb_stack_look(uintptr_t here)
{
    uintptr_t lowest;
    size_t size;
    if (!bounds(&lowest, &size) || here < lowest || here - lowest >= size) {
        return MB_STACK_ENOUGH; /* not the stack that the system knows of */
    }
    mb_stack.enough = lowest + mb_stack_reserve(size);
    mb_stack.plenty = lowest + size / 2;
    if (here >= mb_stack.plenty) {
        return MB_STACK_PLENTY;
    }
    return here >= mb_stack.enough ? MB_STACK_ENOUGH : MB_STACK_FULL;
}
