/* The allocator of csrc/ under -DMB_TEST_ALLOC. What leaks is found by the leak check
 * of AddressSanitizer: it is the C library's memory. */
#include "base/mb_platform.h"

#include "mb_test.h"

static unsigned countdown;
static bool failed;

void *
mb_realloc(void *memory, size_t size)
{
    if (countdown > 0 && --countdown == 0) {
        failed = true;
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, size);
}

void
test_fail_allocation(unsigned n)
{
    countdown = n;
    failed = false;
}

bool
test_allocation_failed(void)
{
    return failed;
}

void
test_each_failing_allocation(void (*scenario)(void))
{
    unsigned n = 0;
    do {
        test_fail_allocation(++n);
        scenario();
    } while (test_allocation_failed());
    test_fail_allocation(0);
}
