/* Checks how much is left of the stack of the calling thread.
 *
 * A function that is called through C takes stack for each level of a recursion, which
 * Python's own limit does not count: with a limit raised by sys.setrecursionlimit(), or
 * in a thread with a small stack, the process would end by SIGSEGV. So each call
 * compares its frame with two addresses of its thread. A stack that is not the thread's
 * own (a coroutine library may have made it) has no known end, and counts as having
 * room.
 */
#ifndef MB_STACK_H
#define MB_STACK_H

#include "base/mb_platform.h"

enum {
    MB_STACK_FULL,   /* no room for another call */
    MB_STACK_ENOUGH, /* room for another call */
    MB_STACK_PLENTY, /* more than half of the stack is left */
};

/* Lowest addresses with plenty and with enough room, of this thread. Both begin as the
 * highest address, so that the first call measures. */
typedef struct {
    uintptr_t plenty, enough;
} mb_stack_marks;
extern _Thread_local mb_stack_marks mb_stack;

/* Bytes at the end of each stack that the interpreter keeps free itself (0 unless it
 * does): what a call here needs stays free above them. Set before the first call. */
extern size_t mb_stack_margin;

/* Measures again: the system lets the stack of the main thread grow further when its
 * limit is raised. Thread: any; it may read /proc/self/maps. */
int mb_stack_look(uintptr_t here);

/* Returns the room below the frame of the caller. Thread: any. */
static inline int
mb_stack_room(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const mb_stack_marks *marks = &mb_stack;
    if (here >= marks->plenty) {
        return MB_STACK_PLENTY;
    }
    return here >= marks->enough ? MB_STACK_ENOUGH : mb_stack_look(here);
}

/* Returns the bytes below the frame of the caller that may be used; SIZE_MAX where the
 * end of the stack is unknown. Thread: any. */
size_t mb_stack_left(void);

/* Returns how much of a stack of this size stays free: an eighth, within sensible
 * bounds. */
size_t mb_stack_reserve(size_t size);

#endif
