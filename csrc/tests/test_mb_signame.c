#include "base/mb_signame.h"

#include <signal.h>

#include "mb_test.h"

static void
signals_have_the_names_they_have_in_python(void)
{
    char name[MB_SIGNAL_NAME];
    mb_signame_of(15, name);
    CHECK_BYTES(name, strlen(name), "SIGTERM");
    mb_signame_of(64, name);
    CHECK_BYTES(name, strlen(name), "SIGRTMAX");
    mb_signame_of(SIGRTMIN + 3, name);
    CHECK_BYTES(name, strlen(name), "SIGRTMIN+3");
    mb_signame_of(-2147483647 - 1, name);
    CHECK(strlen(name) < sizeof name);
}

int
main(void)
{
    RUN(signals_have_the_names_they_have_in_python);
    return test_report();
}
