#include "base/mb_clock.h"
#include "child/mb_child.h"

#include "mb_test.h"

#include <signal.h>
#include <sys/time.h>

/* A child that does nothing until it is killed. */
static pid_t
idle_child(void)
{
    const pid_t child = fork();
    while (child == 0) {
        pause();
    }
    return child;
}

static void
kill_and_collect(pid_t child)
{
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
}

static void
a_child_that_has_ended_is_left_to_be_collected(void)
{
    const int64_t before = mb_clock_ns();
    const pid_t child = fork();
    if (child == 0) {
        _exit(7);
    }
    for (int i = 0; i < 2; i++) {
        int64_t ended_ns = 0;
        CHECK_INT(mb_child_end(child, i == 0, &ended_ns), 0);
        CHECK(ended_ns > before && ended_ns <= mb_clock_ns());
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(WEXITSTATUS(status), 7);
}

static void
a_look_at_a_running_child_does_not_wait(void)
{
    const pid_t child = idle_child();
    int64_t ended_ns = -1;
    CHECK_INT(mb_child_end(child, false, &ended_ns), EAGAIN);
    CHECK_INT(ended_ns, -1);
    kill_and_collect(child);
}

static void
do_nothing(int number)
{
    (void)number;
}

static void
a_signal_ends_the_waiting(void)
{
    struct sigaction action = {0}, before;
    action.sa_handler = do_nothing; /* without SA_RESTART */
    CHECK_INT(sigaction(SIGALRM, &action, &before), 0);
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    const pid_t child = idle_child();
    CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
    int64_t ended_ns = -1;
    CHECK_INT(mb_child_end(child, true, &ended_ns), EINTR);
    CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
    CHECK_INT(ended_ns, -1);
    CHECK_INT(sigaction(SIGALRM, &before, NULL), 0);
    kill_and_collect(child);
}

static void
a_process_that_is_no_child_is_an_error(void)
{
    int64_t ended_ns = -1;
    CHECK_INT(mb_child_end(getpid(), true, &ended_ns), ECHILD);
    CHECK_INT(mb_child_end(1, false, &ended_ns), ECHILD);
    CHECK_INT(ended_ns, -1);
}

static void
a_subreaper_adopts_orphans(void)
{
    CHECK(mb_child_adopts() == (getpid() == 1));
#ifdef __linux__
    CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    CHECK(mb_child_adopts());
    CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    CHECK(mb_child_adopts() == (getpid() == 1));
#endif
}

int
main(void)
{
    RUN(a_child_that_has_ended_is_left_to_be_collected);
    RUN(a_look_at_a_running_child_does_not_wait);
    RUN(a_signal_ends_the_waiting);
    RUN(a_process_that_is_no_child_is_an_error);
    RUN(a_subreaper_adopts_orphans);
    return test_report();
}
