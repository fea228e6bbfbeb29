#include "py_thread.h"

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>

#include "mb_platform.h"

/* The interpreter exports this function for modules of its own, and promises nothing. */
typedef int (*is_main_thread)(void);

static is_main_thread
of_the_interpreter(void)
{
    static is_main_thread found;
    static bool looked;
    if (!looked) {
        *(void **)&found = dlsym(RTLD_DEFAULT, "_PyOS_IsMainThread");
        looked = true;
    }
    return found;
}

/* Without it: the thread that the process began with, which is Python's in all programs
 * but those that embed it in another thread. */
bool
py_in_main_thread(void)
{
    const is_main_thread ask = of_the_interpreter();
    return ask ? ask() != 0 : mb_in_first_thread();
}
