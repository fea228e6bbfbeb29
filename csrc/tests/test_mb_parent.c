#include "base/mb_clock.h"
#include "dying/mb_parent.h"
#include "dying/mb_watchdog.h"
#include "journal/mb_journal.h"

#include "mb_test.h"

#ifdef __linux__

#include <sys/prctl.h>

/* All in children of the test: a grandchild watches the child, which ends. */

static int results; /* a pipe: the last process says how it went */

static int
setting(void)
{
    int number = -1;
    prctl(PR_GET_PDEATHSIG, &number);
    return number;
}

static void
say(char result)
{
    _exit(write(results, &result, 1) == 1 ? 0 : 1);
}

#define SEND_IT "k"

/* Runs `watcher` in a process whose parent ends as soon as a byte comes from it, but
 * sends the signal for each SEND_IT; the byte that it says at last. It gets the
 * parent's number. */
static char
outcome_of(void (*watcher)(int ready, pid_t parent))
{
    int ends[2], ready[2];
    char result = '?', byte;
    CHECK_INT(pipe(ends), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        close(ends[0]);
        results = ends[1];
        if (pipe(ready) < 0) {
            _exit(1);
        }
        const pid_t here = getpid();
        const pid_t child = fork();
        if (child == 0) {
            close(ready[0]);
            watcher(ready[1], here);
            say('?');
        }
        close(ready[1]);
        close(ends[1]);
        ssize_t length = read(ready[0], &byte, 1);
        while (length == 1 && byte == *SEND_IT) {
            kill(child, MB_PARENT_SIGNAL);
            length = read(ready[0], &byte, 1);
        }
        _exit(length == 1 ? 0 : 1);
    }
    close(ends[1]);
    CHECK_INT(waitpid(parent, NULL, 0), parent);
    CHECK_INT(read(ends[0], &result, 1), 1);
    close(ends[0]);
    return result;
}

static void
let_the_parent_end(int ready)
{
    const pid_t parent = getppid();
    if (write(ready, "x", 1) != 1) {
        say('w');
    }
    while (getppid() == parent) {
        sched_yield();
    }
}

static const mb_journal_header *
journal_header(void)
{
    return mb_image_header(mb_journal_image(mb_journal_memory()));
}

static void
note_the_time(int ready, pid_t parent)
{
    const mb_journal_header *header = journal_header();
    const int64_t before_ns = mb_clock_ns();
    if (!mb_parent_watch(parent, true) || setting() != MB_PARENT_SIGNAL) {
        say('n');
    }
    let_the_parent_end(ready);
    while (__atomic_load_n(&header->parent_ns, __ATOMIC_ACQUIRE) == 0) {
        sched_yield(); /* the signal comes right after the change of the parent */
    }
    const bool right =
        header->parent_ns > before_ns && header->parent_ns <= mb_clock_ns();
    say(right && header->parent_is_job && header->signal == 0 ? 'y' : 'n');
}

static void
the_death_is_noted(void)
{
    CHECK_INT(outcome_of(note_the_time), 'y');
}

/* Atomic, since ThreadSanitizer holds signals back until the next atomic operation or
 * call that it knows: a loop without one waits for ever. */
static _Atomic int heard;

static void
hear(int number)
{
    heard += number == MB_PARENT_SIGNAL;
}

/* ThreadSanitizer has a thread in each process. Where it outlives the one that made us,
 * the kernel sends the signal twice, and the program gets the first. */
static void
keep_a_handler(int ready, pid_t parent)
{
    const mb_journal_header *header = journal_header();
    struct sigaction own = {.sa_handler = hear}, now;
    sigaction(MB_PARENT_SIGNAL, &own, NULL);
    if (!mb_parent_watch(parent, false)) {
        say('n');
    }
    raise(MB_PARENT_SIGNAL); /* of its own: handed on */
    if (heard != 1 || header->parent_ns != 0) {
        say('h');
    }
    if (write(ready, SEND_IT, 1) != 1) {
        say('w');
    }
    while (heard == 1) { /* the parent lives: it means the program */
        sched_yield();
    }
    if (heard != 2 || header->parent_ns != 0) {
        say('p');
    }
    let_the_parent_end(ready);
    while (__atomic_load_n(&header->parent_ns, __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
    mb_parent_leave();
    sigaction(MB_PARENT_SIGNAL, NULL, &now);
    const bool one_each = MB_SANITIZED ? heard >= 2 : heard == 2;
    say(one_each && now.sa_handler == hear && setting() == 0 ? 'y' : 'n');
}

static void
a_handler_of_the_program_gets_all_other_signals(void)
{
    CHECK_INT(outcome_of(keep_a_handler), 'y');
}

static void
come_too_late(int ready, pid_t parent)
{
    let_the_parent_end(ready);
    const bool watched = mb_parent_watch(parent, false);
    say(!watched && setting() == 0 ? 'y' : 'n');
}

static void
a_parent_that_is_dead_already_is_not_watched(void)
{
    CHECK_INT(outcome_of(come_too_late), 'y');
}

static void
become_another_program(int ready, pid_t parent)
{
    if (!mb_parent_watch(parent, false)) {
        say('n');
    }
    char script[200];
    snprintf(script, sizeof script,
             "printf x >&%d; while [ $(ps -o ppid= -p $$) = %d ]; do :; done; "
             "printf y >&%d",
             ready, (int)parent, results);
    execlp("sh", "sh", "-c", script, (char *)NULL);
}

static void
a_program_that_is_executed_outlives_it(void)
{
    CHECK_INT(outcome_of(become_another_program), 'y');
}

static void
fork_a_child(int ready, pid_t parent)
{
    struct sigaction now;
    if (!mb_parent_watch(parent, false)) {
        say('n');
    }
    const pid_t child = fork();
    if (child == 0) {
        sigaction(MB_PARENT_SIGNAL, NULL, &now);
        _exit(setting() == 0 && now.sa_handler == SIG_DFL ? 7 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    let_the_parent_end(ready);
    say(WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 'y' : 'n');
}

static void
a_child_of_fork_watches_no_parent(void)
{
    CHECK_INT(outcome_of(fork_a_child), 'y');
}

static void
a_setting_of_the_program_stays(void)
{
    struct sigaction now;
    CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
    CHECK(!mb_parent_watch(getppid(), false));
    CHECK_INT(setting(), SIGUSR1);
    CHECK_INT(prctl(PR_SET_PDEATHSIG, 0), 0);
    CHECK(mb_parent_watch(getppid(), false));
    CHECK(mb_parent_watch(getppid(), false)); /* it is watched already */
    CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGUSR2), 0);
    mb_parent_leave();
    mb_parent_leave();
    CHECK_INT(setting(), SIGUSR2);
    sigaction(MB_PARENT_SIGNAL, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);
    CHECK_INT(prctl(PR_SET_PDEATHSIG, 0), 0);
}

static void
a_signal_that_is_blocked_is_waited_for_elsewhere(void)
{
    sigset_t one, before;
    sigemptyset(&one);
    sigaddset(&one, MB_PARENT_SIGNAL);
    pthread_sigmask(SIG_BLOCK, &one, &before);
    CHECK(!mb_parent_watch(getppid(), false));
    CHECK_INT(setting(), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
a_later_handler_stays_and_may_call_the_earlier_one(void)
{
    struct sigaction earlier, now, later = {.sa_handler = hear};
    heard = 0;
    CHECK(mb_parent_watch(getppid(), false));
    sigaction(MB_PARENT_SIGNAL, &later, &earlier);
    mb_parent_leave();
    sigaction(MB_PARENT_SIGNAL, NULL, &now);
    CHECK(now.sa_handler == hear);
    siginfo_t info = {.si_signo = MB_PARENT_SIGNAL, .si_code = SI_USER};
    earlier.sa_sigaction(MB_PARENT_SIGNAL, &info, NULL); /* harmless */
    CHECK(!mb_parent_watch(getppid(), false)); /* the two might call each other */
    later.sa_handler = SIG_DFL;
    sigaction(MB_PARENT_SIGNAL, &later, NULL);
}

int
main(void)
{
    RUN(the_death_is_noted);
    RUN(a_handler_of_the_program_gets_all_other_signals);
    RUN(a_parent_that_is_dead_already_is_not_watched);
    RUN(a_program_that_is_executed_outlives_it);
    RUN(a_child_of_fork_watches_no_parent);
    RUN(a_setting_of_the_program_stays);
    RUN(a_signal_that_is_blocked_is_waited_for_elsewhere);
    RUN(a_later_handler_stays_and_may_call_the_earlier_one);
    return test_report();
}

#else

int
main(void)
{
    return test_report();
}

#endif
