/* Each case is a process that dies: what it leaves in a file, and its wait status. */
#include "base/mb_clock.h"
#include "base/mb_identity.h"
#include "dying/mb_seen.h"
#include "dying/mb_setup.h"
#include "dying/mb_watchdog.h"
#include "file/mb_append_dying.h"
#include "mb_test.h"

#include <dirent.h>
#include <setjmp.h>
#include <sys/wait.h>

#define PATH "last.jsonl"
#define MS 1000000LL
#define SANITIZED MB_SANITIZED /* which ends a process that crashes in its own way */

#if defined(__SANITIZE_THREAD__)
/* It would wait for a second at the end of each process. */
const char *
__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}
#endif

/* --- a process to be watched ------------------------------------------------------ */

static char path[4096]; /* absolute */
static const char *call_of_record = "\"name\":\"x\"";
static mb_mirror *mirror;
static mb_emergency *last;

static void
arm(int64_t grace_ns, int64_t patience_ns)
{
    const mb_emergency_target target = {.path = path};
    mb_mirror_opening opening = {
        .record_id = "0000000000000000-0000000000000001",
        .head = "{\"mb\":{\"record_id\":\"",
        .call = call_of_record,
        .tail = "",
        .start_wall_ns = mb_clock_wall_ns(),
        .start_ns = mb_clock_ns(),
    };
    opening.head_size = strlen(opening.head);
    opening.call_size = strlen(opening.call);
    mirror = mb_mirror_open(mb_journal_memory(), &opening);
    CHECK(mirror);
    mb_watchdog_set(grace_ns, patience_ns);
    CHECK_INT(mb_setup_prepare(), 0);
    last = mb_setup_install(mirror, &target, 1, 1);
    CHECK(last);
}

static void
take(int number, mb_signal_kind kind, bool python, bool users)
{
    const mb_signal_use use = {.kind = kind, .python = python, .users = users};
    CHECK_INT(mb_setup_signal_take(number, use, false), 0);
}

static void
ignore(int number)
{
    (void)number;
}

static void
handle(int number, void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, NULL);
}

static void
exit_with_8(int number)
{
    (void)number;
    _exit(8);
}

/* For ever, as far as these tests are concerned. */
static void
hang(void)
{
    const struct timespec slice = {.tv_nsec = 10 * MS};
    for (int i = 0; i < 6000; i++) {
        nanosleep(&slice, NULL);
    }
}

/* The wait status of a child that does this. A failed check makes it 99. */
static int
status_of(void (*body)(void))
{
    int status = 0;
    unlink(path);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        test_failures = 0;
        body();
        _exit(test_failures ? 99 : 0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* How often it occurs in the file. */
static int
count_of(const char *text)
{
    char whole[8192] = "";
    int count = 0;
    const int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return 0;
    }
    const ssize_t size = read(fd, whole, sizeof whole - 1);
    close(fd);
    whole[size > 0 ? size : 0] = 0;
    for (const char *at = whole; (at = strstr(at, text)); at++) {
        count++;
    }
    return count;
}

static void
check_one_record(const char *signal)
{
    CHECK_INT(count_of("\n"), 1);
    CHECK_INT(count_of("\"exit_path\":\"native\""), 1);
    CHECK_INT(count_of(signal), 1);
}

/* --- signals that end ------------------------------------------------------------- */

static void
end_without_python(void)
{
    arm(60000 * MS, 60000 * MS); /* for Python only: this test does not wait */
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    raise(SIGTERM);
    hang();
}

static void
a_default_action_is_taken_after_the_record(void)
{
    CHECK_INT(status_of(end_without_python), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
install_through_a_failure(void)
{
    const mb_emergency_target targets[] = {{.path = path}, {.path = path}};
    mb_emergency *other = mb_setup_install(mirror, targets, 2, 2);
    CHECK((other == NULL) == test_allocation_failed());
    mb_setup_remove(other);
}

static void
end_after_failed_allocations(void)
{
    arm(0, 0);
    test_each_failing_allocation(install_through_a_failure);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    raise(SIGTERM);
    hang();
}

static void
without_memory_nothing_is_installed(void)
{
    CHECK_INT(status_of(end_after_failed_allocations), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
end_with_a_closed_target(void)
{
    arm(0, 0);
    const int closed = dup(0);
    close(closed);
    const mb_emergency_target targets[] = {{.fd = closed}, {.path = path}};
    mb_setup_remove(last);
    last = mb_setup_install(mirror, targets, 2, 1);
    const int other = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    CHECK_INT(other, closed); /* the number means another file by now */
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    raise(SIGTERM);
    hang();
}

static void
a_descriptor_that_was_closed_takes_nothing(void)
{
    CHECK_INT(status_of(end_with_a_closed_target), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
end_with_a_long_record(void)
{
    static char call[100000] = "\"name\":\"";
    memset(call + strlen(call), 'x', sizeof call - strlen(call) - 2);
    call[sizeof call - 2] = '"';
    call_of_record = call;
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    raise(SIGTERM);
    hang();
}

static void
a_record_beyond_the_reserved_memory_is_written(void)
{
    struct stat file = {0};
    CHECK_INT(status_of(end_with_a_long_record), -SIGTERM);
    CHECK_INT(stat(path, &file), 0);
    CHECK(file.st_size > 100000);
}

static void
be_replaced_and_end(void)
{
    arm(0, 0);
    mb_mirror *older = mirror;
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    if (getenv("MB_TEST_CLAIMED")) {
        CHECK(mb_mirror_claim(older)); /* by Python, which cancels it */
    }
    raise(SIGTERM);
    hang();
}

static void
one_of_two_records_of_an_owner_is_written(void)
{
    CHECK_INT(status_of(be_replaced_and_end), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
    setenv("MB_TEST_CLAIMED", "1", 1);
    CHECK_INT(status_of(be_replaced_and_end), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
never_return_to_python(void)
{
    arm(20 * MS, 60000 * MS);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    raise(SIGTERM);
    raise(SIGTERM); /* changes nothing */
    hang();
}

static void
the_grace_time_ends(void)
{
    CHECK_INT(status_of(never_return_to_python), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
begin_and_hang(void)
{
    arm(60000 * MS, 20 * MS);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    CHECK(mb_watchdog_exit_begin());
    raise(SIGTERM);
    hang();
}

static void
patience_ends(void)
{
    CHECK_INT(status_of(begin_and_hang), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
write_in_time(void)
{
    arm(60000 * MS, 60000 * MS);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    raise(SIGTERM);
    CHECK(mb_watchdog_exit_begin());
    CHECK(mb_mirror_claim(mirror));
    CHECK_INT(mb_watchdog_exit_end(), SIGTERM);
    CHECK_INT(mb_watchdog_death(), 0);
}

static void
python_in_time_is_left_alone(void)
{
    CHECK_INT(status_of(write_in_time), 0);
    CHECK_INT(count_of("\n"), 0);
}

static void
claim_and_hang(void)
{
    arm(20 * MS, 60000 * MS);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    CHECK(mb_mirror_claim(mirror));
    raise(SIGTERM);
    hang();
}

static void
a_claimed_record_is_not_written_twice(void)
{
    CHECK_INT(status_of(claim_and_hang), -SIGTERM);
    CHECK_INT(count_of("\n"), 0);
}

static void
await_the_watchdog_and_live(void)
{
    arm(0, 0);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_ENDS, true, true);
    raise(SIGTERM);
    while (count_of("\n") == 0) {
        sched_yield();
    }
    mb_watchdog_exit_end();
    CHECK(!mb_mirror_claim(mirror));
}

static void
who_has_a_handler_of_his_own_is_not_killed(void)
{
    CHECK_INT(status_of(await_the_watchdog_and_live), 0);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static void
block_it_and_raise_another(void)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGHUP);
    sigprocmask(SIG_SETMASK, &all, NULL);
    arm(0, 0);
    take(SIGHUP, MB_SIGNAL_ENDS, true, false);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    raise(SIGTERM);
    raise(SIGHUP);
    hang();
}

static void
blocked_signals_do_not_keep_it_alive(void)
{
    CHECK_INT(status_of(block_it_and_raise_another), -SIGHUP);
    check_one_record("\"exit_signal\":\"SIGHUP\"");
}

static void
have_no_watchdog(void)
{
    arm(60000 * MS, 60000 * MS);
    mb_setup_release();
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    raise(SIGTERM);
    hang();
}

static void
without_a_watchdog_it_is_done_at_once(void)
{
    CHECK_INT(status_of(have_no_watchdog), -SIGTERM);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

/* --- signals that are noted ------------------------------------------------------- */

static void
be_left_alone(void)
{
    arm(0, 0);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_LEAVES, true, true);
    raise(SIGTERM);
    raise(SIGTERM);
    CHECK_INT(mb_seen_signal(), SIGTERM);
    CHECK_INT(mb_watchdog_death(), 0);
    CHECK(mb_mirror_claim(mirror));
}

static void
a_program_that_stops_by_itself_is_left_alone(void)
{
    CHECK_INT(status_of(be_left_alone), 0);
    CHECK_INT(count_of("\n"), 0);
}

static void
be_left_alone_and_end(void)
{
    arm(60000 * MS, 60000 * MS);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_LEAVES, true, true);
    take(SIGHUP, MB_SIGNAL_ENDS, false, false);
    raise(SIGTERM);
    raise(SIGHUP);
    hang();
}

static void
the_first_signal_is_the_one_of_the_record(void)
{
    CHECK_INT(status_of(be_left_alone_and_end), -SIGHUP);
    check_one_record("\"exit_signal\":\"SIGTERM\"");
}

static int relayed;

static int
relay(int number)
{
    relayed = number;
    return 0;
}

static void
have_python_react_by_another_signal(void)
{
    const mb_signal_use use = {
        .kind = MB_SIGNAL_ENDS, .python = true, .relay = SIGXCPU};
    mb_signals_relay = relay;
    arm(60000 * MS, 60000 * MS);
    CHECK_INT(mb_setup_signal_take(SIGUSR1, use, false), 0);
    raise(SIGUSR1);
    CHECK_INT(relayed, SIGXCPU);
    CHECK(mb_watchdog_exit_begin());
    CHECK_INT(mb_watchdog_exit_end(), SIGUSR1);
}

static void
a_signal_is_relayed(void)
{
    CHECK_INT(status_of(have_python_react_by_another_signal), 0);
}

/* --- letting go while it watches -------------------------------------------------- */

static void
cancel_while_it_watches(void)
{
    arm(20 * MS, 60000 * MS);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    raise(SIGTERM);
    CHECK(mb_setup_signal_give_back(SIGTERM));
    mb_setup_remove(last);
    mb_setup_release();
    CHECK_INT(mb_watchdog_death(), SIGTERM);
    hang();
}

static void
a_watchdog_outlives_what_it_was_made_for(void)
{
    CHECK_INT(status_of(cancel_while_it_watches), -SIGTERM);
    CHECK_INT(count_of("\n"), 0);
}

static void
cancel_with_a_handler(void)
{
    arm(60000 * MS, 60000 * MS);
    handle(SIGTERM, ignore);
    take(SIGTERM, MB_SIGNAL_ENDS, true, true);
    raise(SIGTERM);
    CHECK(mb_seen_came_directly(SIGTERM));
    CHECK(mb_setup_signal_give_back(SIGTERM));
    mb_setup_remove(last);
    mb_setup_release();
    CHECK(!mb_seen_came_directly(SIGTERM));
    CHECK_INT(mb_watchdog_death(), 0);
    CHECK_INT(mb_seen_signal(), 0);
    raise(SIGTERM);
}

static void
one_that_would_end_nothing_is_called_off(void)
{
    CHECK_INT(status_of(cancel_with_a_handler), 0);
    CHECK_INT(count_of("\n"), 0);
}

static void *
send_term(void *unused)
{
    kill(getpid(), SIGTERM);
    return unused;
}

static void
fork_a_child(void)
{
    const pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void
cancel_and_signal(void)
{
    pthread_t other;
    arm(MS, MS);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    pthread_create(&other, NULL, send_term, NULL);
    fork_a_child();
    CHECK(mb_setup_signal_give_back(SIGTERM));
    mb_setup_remove(last);
    mb_setup_release();
    CHECK_INT(mb_setup_prepare(), 0);
    fork_a_child();
    mb_setup_release();
    pthread_join(other, NULL);
    hang();
}

/* Cancelling x a signal x forks x preparing again, each at any moment of the others. */
static void
a_deadly_signal_ends_it_at_any_moment(void)
{
    const char *given = getenv("MICROBENCH_RACES");
    for (int left = given ? atoi(given) : 100; left > 0; left--) {
        CHECK_INT(status_of(cancel_and_signal), -SIGTERM);
        CHECK(count_of("\n") <= 1);
    }
}

static stack_t theirs;

static void
look_at_the_stack(int number)
{
    char here = (char)number;
    const char *begin = theirs.ss_sp;
    CHECK(&here > begin && &here < begin + theirs.ss_size);
}

static void
put_back_our_stack(void)
{
    const struct sigaction action = {.sa_handler = look_at_the_stack,
                                     .sa_flags = SA_ONSTACK};
    stack_t off = {.ss_flags = SS_DISABLE};
    arm(0, 0);
    sigaltstack(&off, NULL); /* a sanitizer's is large enough */
    CHECK_INT(mb_setup_signal_stack_take(), 0);
    sigaltstack(&off, &theirs); /* saved */
    mb_setup_signal_stack_give_back();
    sigaltstack(&theirs, NULL); /* and put back */
    sigaction(SIGHUP, &action, NULL);
    raise(SIGHUP);
    CHECK_INT(mb_setup_signal_stack_take(), 0);
    raise(SIGHUP);
    mb_setup_signal_stack_give_back();
}

static void
a_saved_stack_can_be_put_back(void)
{
    CHECK_INT(status_of(put_back_our_stack), 0);
}

static struct sigaction installed;

static void
put_back_our_handler(void)
{
    arm(60000 * MS, 60000 * MS);
    handle(SIGTERM, exit_with_8);
    take(SIGTERM, MB_SIGNAL_ENDS, true, true);
    sigaction(SIGTERM, NULL, &installed);
    CHECK(!mb_setup_signal_is_before(SIGTERM));
    CHECK(mb_setup_signal_give_back(SIGTERM));
    CHECK(mb_setup_signal_is_before(SIGTERM));
    mb_setup_remove(last);
    mb_setup_release();
    sigaction(SIGTERM, &installed, NULL);
    raise(SIGTERM);
}

static void
a_saved_handler_can_be_put_back(void)
{
    CHECK_INT(status_of(put_back_our_handler), 8);
    CHECK_INT(count_of("\n"), 0);
}

/* --- crashes ---------------------------------------------------------------------- */

static volatile int *volatile nowhere;
static volatile int zero;

static void
touch_nowhere(void)
{
    arm(0, 0);
    CHECK_INT(mb_setup_signal_stack_take(), 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    *nowhere = 1;
}

static int
overflow(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void
use_up_the_stack(void)
{
    arm(0, 0);
    CHECK_INT(mb_setup_signal_stack_take(), 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    overflow(1);
}

static void
a_fault_is_repeated_after_the_record(void)
{
    if (!SANITIZED) {
        CHECK_INT(status_of(touch_nowhere), -SIGSEGV);
        check_one_record("\"exit_signal\":\"SIGSEGV\"");
        CHECK_INT(status_of(use_up_the_stack), -SIGSEGV);
        check_one_record("\"exit_signal\":\"SIGSEGV\"");
    }
}

static void
call_abort(void)
{
    arm(0, 0);
    take(SIGABRT, MB_SIGNAL_CRASHES, false, false);
    abort();
}

static void
be_sent_a_fault(void)
{
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    kill(getpid(), SIGSEGV);
    hang();
}

static void
what_was_sent_is_sent_again(void)
{
    CHECK_INT(status_of(call_abort), -SIGABRT);
    check_one_record("\"exit_signal\":\"SIGABRT\"");
    if (!SANITIZED) {
        CHECK_INT(status_of(be_sent_a_fault), -SIGSEGV);
        check_one_record("\"exit_signal\":\"SIGSEGV\"");
    }
}

static void
exit_with_7(int number)
{
    _exit(number == SIGABRT ? 7 : 8);
}

static void
crash_before_a_handler(void)
{
    handle(SIGABRT, exit_with_7);
    call_abort();
}

static void
the_action_before_meets_the_signal(void)
{
    CHECK_INT(status_of(crash_before_a_handler), 7);
    check_one_record("\"exit_signal\":\"SIGABRT\"");
}

/* As the JVM does: calls the handler before, once if that asks for it; what the fault
 * does when it is repeated is for its own report, and abort(). */
static struct sigaction before_the_runtime;
static bool looks_at_the_flags;

static void
report_and_abort(int number, siginfo_t *info, void *context)
{
    struct sigaction *action = &before_the_runtime;
    const bool calls = action->sa_flags & SA_SIGINFO;
    if (looks_at_the_flags && (action->sa_flags & SA_RESETHAND)) {
        action->sa_flags = 0;
    }
    if (calls) {
        action->sa_sigaction(number, info, context);
    } else {
        abort();
    }
}

static void
start_a_runtime(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};
    action.sa_sigaction = report_and_abort;
    sigaction(SIGSEGV, &action, &before_the_runtime);
}

static void
crash_beside_a_runtime(void)
{
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    start_a_runtime();
    *nowhere = 1;
}

static void
be_sent_a_fault_beside_a_runtime(void)
{
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    start_a_runtime();
    kill(getpid(), SIGSEGV);
    hang();
}

static void
crash_beside_a_runtime_after_cancelling(void)
{
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    start_a_runtime();
    CHECK(!mb_setup_signal_give_back(SIGSEGV));
    mb_setup_remove(last);
    *nowhere = 1;
}

static void
crash_beside_a_runtime_in_a_fork(void)
{
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    start_a_runtime();
    const pid_t child = fork();
    if (child == 0) {
        *nowhere = 1;
    }
    int status;
    waitpid(child, &status, 0);
    _exit(WTERMSIG(status));
}

static void
a_runtime_that_came_later_ends_the_process(void)
{
    if (SANITIZED) {
        return;
    }
    for (int looks = 1; looks >= 0; looks--) {
        looks_at_the_flags = looks;
        const int ends_by = looks ? SIGABRT : SIGSEGV;
        CHECK_INT(status_of(crash_beside_a_runtime), -ends_by);
        check_one_record("\"exit_signal\":\"SIGSEGV\"");
        CHECK_INT(status_of(be_sent_a_fault_beside_a_runtime), -ends_by);
        check_one_record("\"exit_signal\":\"SIGSEGV\"");
        CHECK_INT(status_of(crash_beside_a_runtime_after_cancelling), -ends_by);
        CHECK_INT(count_of("\n"), 0);
        CHECK_INT(status_of(crash_beside_a_runtime_in_a_fork), ends_by);
        CHECK_INT(count_of("\n"), 0);
    }
}

static sigjmp_buf saved;

static void
jump_back(int number)
{
    siglongjmp(saved, number);
}

static void
recover(void)
{
    handle(SIGSEGV, jump_back);
    arm(0, 0);
    take(SIGSEGV, MB_SIGNAL_RECOVERS, false, false);
    for (int times = 0; times < 3; times++) {
        if (sigsetjmp(saved, 1) == 0) {
            raise(SIGSEGV);
            CHECK(false);
        }
    }
    CHECK(mb_mirror_claim(mirror));
}

static void
who_recovers_has_not_died(void)
{
    CHECK_INT(status_of(recover), 0);
    CHECK_INT(count_of("\n"), 0);
}

/* --- neighbours ------------------------------------------------------------------- */

/* SA_RESTORER is libc's business, which sets it in all that it installs. */
static bool
same_action(int number, const struct sigaction *before)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    return now.sa_handler == before->sa_handler &&
           ((now.sa_flags ^ before->sa_flags) & ~0x04000000) == 0;
}

static int
entries_of(const char *directory)
{
    int count = 0;
    DIR *open = opendir(directory);
    while (open && readdir(open)) {
        count++;
    }
    closedir(open);
    return count;
}

static void
arm_and_disarm(void)
{
    struct sigaction term, segv;
    stack_t before, after;
    signal(SIGHUP, SIG_DFL); /* nohup(1) makes its programs ignore it */
    handle(SIGTERM, ignore);
    sigaction(SIGTERM, NULL, &term);
    sigaction(SIGSEGV, NULL, &segv);
    sigaltstack(NULL, &before);
    const int files = entries_of("/proc/self/fd"),
              threads = entries_of("/proc/self/task");
    arm(0, 0);
    CHECK_INT(mb_setup_signal_stack_take(), 0);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    take(SIGSEGV, MB_SIGNAL_CRASHES, false, false);
    CHECK(mb_setup_signal_in_force(SIGTERM) && mb_setup_signal_in_force(SIGSEGV));
    CHECK(mb_setup_signal_is_default(SIGHUP) && !mb_setup_signal_is_default(SIGTERM));
    CHECK(mb_setup_signal_give_back(SIGTERM) && mb_setup_signal_give_back(SIGSEGV));
    CHECK(same_action(SIGTERM, &term) && same_action(SIGSEGV, &segv));
    mb_setup_remove(last);
    mb_setup_signal_stack_give_back();
    mb_setup_release();
    sigaltstack(NULL, &after);
    CHECK_INT(after.ss_flags, before.ss_flags);
    CHECK_INT(entries_of("/proc/self/fd"), files);
    if (!SANITIZED) { /* ThreadSanitizer starts one of its own */
        CHECK_INT(entries_of("/proc/self/task"), threads);
    }
}

static void
nothing_is_left_behind(void)
{
    CHECK_INT(status_of(arm_and_disarm), 0);
}

static void
take_and_be_replaced(void)
{
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    handle(SIGTERM, exit_with_7);
    CHECK(!mb_setup_signal_in_force(SIGTERM));
    CHECK(!mb_setup_signal_give_back(SIGTERM));
    raise(SIGTERM);
}

static void
a_later_handler_stays(void)
{
    CHECK_INT(status_of(take_and_be_replaced), 8);
    CHECK_INT(count_of("\n"), 0);
}

static void
call_our_handler(int number, siginfo_t *info, void *context)
{
    installed.sa_sigaction(number, info, context);
}

static void
be_called_after_giving_back(void)
{
    struct sigaction later = {.sa_flags = SA_SIGINFO};
    later.sa_sigaction = call_our_handler;
    handle(SIGHUP, exit_with_7);
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, false, false);
    take(SIGHUP, MB_SIGNAL_ENDS, false, true);
    sigaction(SIGTERM, &later, &installed);
    sigaction(SIGHUP, &later, NULL);
    CHECK(!mb_setup_signal_give_back(SIGTERM) && !mb_setup_signal_give_back(SIGHUP));
    mb_setup_remove(last);
    raise(getenv("MB_TEST_HUP") ? SIGHUP : SIGTERM);
    hang();
}

static void
what_was_given_back_hands_on(void)
{
    CHECK_INT(status_of(be_called_after_giving_back), -SIGTERM);
    setenv("MB_TEST_HUP", "1", 1);
    CHECK_INT(status_of(be_called_after_giving_back), 8);
    CHECK_INT(count_of("\n"), 0);
}

static void
raise_in_a_fork(void)
{
    int status;
    arm(0, 0);
    handle(SIGHUP, exit_with_7);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    take(SIGHUP, MB_SIGNAL_ENDS, true, true);
    take(SIGABRT, MB_SIGNAL_CRASHES, false, false);
    const int numbers[] = {SIGTERM, SIGABRT, SIGHUP},
              ends[] = {SIGTERM, SIGABRT, 8 << 8};
    for (int i = 0; i < 3; i++) {
        const pid_t child = fork();
        if (child == 0) {
            raise(numbers[i]);
            _exit(0);
        }
        waitpid(child, &status, 0);
        CHECK_INT(status & ~0x80, ends[i]); /* less the bit of a core dump */
    }
    CHECK(mb_mirror_claim(mirror));
}

static void
a_child_dies_as_without_us(void)
{
    CHECK_INT(status_of(raise_in_a_fork), 0);
    CHECK_INT(count_of("\n"), 0);
}

static void
raise_in_a_vfork(void)
{
    int status;
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, true, false);
    const pid_t child = vfork();
    if (child == 0) {
        kill(getpid(), SIGTERM);
        _exit(0);
    }
    waitpid(child, &status, 0);
    CHECK_INT(status, SIGTERM);
    CHECK_INT(mb_watchdog_death(), 0);
}

static void
a_child_that_shares_our_memory_dies_alone(void)
{
    if (!SANITIZED) { /* a sanitizer makes a fork of a vfork */
        CHECK_INT(status_of(raise_in_a_vfork), 0);
        CHECK_INT(count_of("\n"), 0);
    }
}

/* --- the two paths at once -------------------------------------------------------- */

static void
write_our_line(void)
{
    const struct iovec part = {"{\"line\":1}\n", 11};
    if (mb_mirror_claim(mirror)) {
        mb_append_dying_to_path(path, &part, 1);
    }
}

static void *
write_our_line_in_a_thread(void *unused)
{
    write_our_line();
    return unused;
}

static void
race(void)
{
    pthread_t other;
    arm(0, 0);
    take(SIGTERM, MB_SIGNAL_ENDS, true, true);
    handle(SIGHUP, ignore);
    pthread_create(&other, NULL, write_our_line_in_a_thread, NULL);
    raise(SIGTERM);
    write_our_line();
    pthread_join(other, NULL);
    mb_watchdog_exit_end();
    mb_setup_remove(last);
}

static void
one_of_three_writers_wins(void)
{
    const char *given = getenv("MICROBENCH_RACES");
    for (int left = given ? atoi(given) : 100; left > 0; left--) {
        CHECK_INT(status_of(race), 0);
        CHECK_INT(count_of("\n"), 1);
    }
}

int
main(void)
{
    CHECK(getcwd(path, sizeof path - sizeof PATH - 1));
    strcat(path, "/" PATH);
    CHECK_INT(mb_fork_watch(), 0);
    CHECK_INT(mb_identity_start(), 0);
    RUN(a_default_action_is_taken_after_the_record);
    RUN(without_memory_nothing_is_installed);
    RUN(a_descriptor_that_was_closed_takes_nothing);
    RUN(a_record_beyond_the_reserved_memory_is_written);
    RUN(one_of_two_records_of_an_owner_is_written);
    RUN(the_grace_time_ends);
    RUN(patience_ends);
    RUN(python_in_time_is_left_alone);
    RUN(a_claimed_record_is_not_written_twice);
    RUN(who_has_a_handler_of_his_own_is_not_killed);
    RUN(blocked_signals_do_not_keep_it_alive);
    RUN(without_a_watchdog_it_is_done_at_once);
    RUN(a_program_that_stops_by_itself_is_left_alone);
    RUN(the_first_signal_is_the_one_of_the_record);
    RUN(a_signal_is_relayed);
    RUN(a_watchdog_outlives_what_it_was_made_for);
    RUN(one_that_would_end_nothing_is_called_off);
    RUN(a_deadly_signal_ends_it_at_any_moment);
    RUN(a_saved_stack_can_be_put_back);
    RUN(a_saved_handler_can_be_put_back);
    RUN(a_fault_is_repeated_after_the_record);
    RUN(what_was_sent_is_sent_again);
    RUN(the_action_before_meets_the_signal);
    RUN(a_runtime_that_came_later_ends_the_process);
    RUN(who_recovers_has_not_died);
    RUN(nothing_is_left_behind);
    RUN(a_later_handler_stays);
    RUN(what_was_given_back_hands_on);
    RUN(a_child_dies_as_without_us);
    RUN(a_child_that_shares_our_memory_dies_alone);
    RUN(one_of_three_writers_wins);
    return test_report();
}
