#include "dying/mb_setup.h"

#include "dying/mb_seen.h"
#include "dying/mb_watchdog.h"

#include <dlfcn.h>
#include <string.h>

#define STACK_SIZE 65536
#define GUARD_SIZE 65536 /* a page, however large pages are */

/* --- stacks ----------------------------------------------------------------------- */

/* Maps a stack above guard pages. Returns its lower end, Owned; NULL with errno. */
static char *
new_stack(void)
{
    char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    mprotect(memory, GUARD_SIZE, PROT_NONE);
    return memory + GUARD_SIZE;
}

/* --- the watchdog ----------------------------------------------------------------- */

#if MB_WATCH_CLONE

static int
prepare_watchdog(void)
{
    if (!mb_watchdog_stack) {
        char *stack = new_stack();
        if (!stack) {
            return errno;
        }
        __atomic_store_n(&mb_watchdog_stack, stack + STACK_SIZE, __ATOMIC_RELEASE);
    }
    return 0;
}

static void
release_watchdog(void)
{
    if (mb_watchdog_stack) {
        char *memory = mb_watchdog_stack - STACK_SIZE - GUARD_SIZE;
        mb_watchdog_stack = NULL; /* first, for those who fork meanwhile */
        munmap(memory, GUARD_SIZE + STACK_SIZE);
    }
}

static void
stop_for_fork(void)
{
}

static void
go_on_after_fork(void)
{
}

static void
forget_watchdog(void)
{
}

#else

static pthread_t thread;
static bool running, ran_before_fork;
static int calls_in = -1; /* the reading end of mb_watchdog_calls */

static void *
wait_for_calls(void *unused)
{
    char call;
    while (read(calls_in, &call, 1) == 1 && call == 'w') {
        mb_watchdog_run();
    }
    return unused;
}

static int
start_thread(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all,
                    &before); /* it begins with the mask of its maker */
    const int failure = pthread_create(&thread, NULL, wait_for_calls, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    running = !failure;
    return failure;
}

static void
stop_thread(void)
{
    if (running && write(mb_watchdog_calls, "q", 1) == 1) {
        pthread_join(thread, NULL);
    }
    running = false;
}

static int
open_calls(void)
{
    int ends[2];
    if (pipe(ends) < 0) {
        return errno;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    calls_in = ends[0];
    __atomic_store_n(&mb_watchdog_calls, ends[1], __ATOMIC_RELEASE);
    return 0;
}

static void
close_calls(void)
{
    if (calls_in >= 0) {
        close(calls_in);
        close(mb_watchdog_calls);
        calls_in = mb_watchdog_calls = -1;
    }
}

static int
prepare_watchdog(void)
{
    const int failure = calls_in < 0 ? open_calls() : 0;
    return failure || running ? failure : start_thread();
}

static void
release_watchdog(void)
{
    stop_thread();
    close_calls();
}

/* Stops the watchdog's thread, unless it watches: stopping would wait for it. */
static void
stop_for_fork(void)
{
    ran_before_fork = running && mb_watchdog_leave();
    if (ran_before_fork) {
        stop_thread();
    }
}

static void
go_on_after_fork(void)
{
    if (ran_before_fork) {
        start_thread();
        mb_watchdog_back();
    }
}

static void
forget_watchdog(void)
{
    running = false;
    close_calls();
}

#endif

/* --- armed records ---------------------------------------------------------------- */

static void
free_last(mb_emergency *last)
{
    for (unsigned i = 0; i < last->count; i++) {
        mb_free((void *)(uintptr_t)last->targets[i].path);
    }
    mb_free(last);
}

static bool
copy_target(mb_emergency_target *copy, const mb_emergency_target *target)
{
    *copy = *target;
    if (target->path) {
        const size_t size = strlen(target->path) + 1;
        char *path = mb_alloc(size);
        copy->path = path;
        if (!path) {
            return false;
        }
        memcpy(path, target->path, size);
    } else if (!mb_raw_identify(target->fd, copy->file)) {
        copy->fd = -1; /* closed already: it takes nothing */
    }
    return true;
}

static mb_emergency *
new_last(mb_mirror *mirror, const mb_emergency_target *targets, unsigned count)
{
    mb_emergency *last = mb_alloc(sizeof *last + count * sizeof *targets);
    if (!last) {
        return NULL;
    }
    *last = (mb_emergency){.mirror = mirror};
    for (; last->count < count; last->count++) {
        if (!copy_target(&last->targets[last->count], &targets[last->count])) {
            free_last(last);
            return NULL;
        }
    }
    return last;
}

/* Returns the link in the list that leads to `last`; with NULL, the last link. */
static mb_emergency **
place_of(const mb_emergency *last)
{
    mb_emergency **place = &mb_emergency_installed;
    while (*place && *place != last) {
        place = &(*place)->next;
    }
    return place;
}

mb_emergency *
mb_setup_install(mb_mirror *mirror, const mb_emergency_target *targets, unsigned count,
                 uintptr_t owner)
{
    mb_emergency *last = new_last(mirror, targets, count);
    if (last) {
        last->owner = owner;
        /* a handler may look at any moment: first the record, then the way to it */
        __atomic_store_n(place_of(NULL), last, __ATOMIC_RELEASE);
        mb_seen_stamp(); /* its journal may be younger than the signal */
    }
    return last;
}

void
mb_setup_remove(mb_emergency *last)
{
    if (!last) {
        return;
    }
    mb_emergency **place = place_of(last);
    if (*place) { /* else it is the parent's, from before a fork */
        __atomic_store_n(place, last->next, __ATOMIC_SEQ_CST);
    }
    /* Both in one order: a walker that is not seen here sees the list without it. One
     * that is seen belongs to the end of the process: what it may be reading is left to
     * it. */
    if (!mb_journals_are_walked()) {
        free_last(last);
    }
}

/* --- fork ------------------------------------------------------------------------- */

/* Returns the signals that are handled, except crashes: a blocked fault ends the
 * process. */
static sigset_t
taken_signals(void)
{
    sigset_t taken;
    sigemptyset(&taken);
    for (int number = 1; number < NSIG; number++) {
        const mb_signal *signal = &mb_signals[number];
        if (signal->taken && signal->use.kind != MB_SIGNAL_CRASHES &&
            signal->use.kind != MB_SIGNAL_RECOVERS) {
            sigaddset(&taken, number);
        }
    }
    return taken;
}

/* Thread-local, since two threads may fork at the same time. */
static _Thread_local bool is_pythons; /* the fork; else it is one of C code */
static _Thread_local bool holds, paused;
static _Thread_local sigset_t mask_before;

static void
hold_signals(void)
{
    if (!holds) {
        const sigset_t taken = taken_signals();
        pthread_sigmask(SIG_BLOCK, &taken, &mask_before);
        holds = true;
        paused = is_pythons && mb_watchdog_pause();
    }
}

static void
let_signals_come(void)
{
    if (paused) {
        mb_watchdog_resume();
    }
    if (holds) {
        pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
    }
    paused = holds = false;
}

void
mb_setup_fork_begin(void)
{
    is_pythons = true;
}

void
mb_setup_fork_end(void)
{
    is_pythons = false;
    let_signals_come();
}

static void
before_fork(void)
{
    hold_signals();
    stop_for_fork();
}

static void
after_fork_in_parent(void)
{
    go_on_after_fork();
    if (!is_pythons) {
        let_signals_come();
    }
}

/* What a signal does in the child, where mb_signals_handle is removed. The handler in
 * Python would have nothing to do there, and native code that never returns to Python
 * would never end; so the default action takes its place. */
static struct sigaction
action_in_child(const mb_signal *signal)
{
    if (signal->use.python && !signal->use.users) {
        return (struct sigaction){.sa_handler = SIG_DFL};
    }
    return *mb_signal_before(signal);
}

static void
after_fork_in_child(void)
{
    for (int number = 1; number < NSIG; number++) {
        mb_signal *signal = &mb_signals[number];
        if (signal->taken && mb_setup_signal_in_force(number)) {
            const struct sigaction action = action_in_child(signal);
            sigaction(number, &action, NULL);
            signal->taken = false;
        }
    }
    mb_emergency_installed = NULL;
    mb_signals_forget();
    mb_seen_forget();
    mb_watchdog_forget();
    forget_watchdog();
    paused = false;
    if (!is_pythons) {
        let_signals_come();
    }
}

static int fork_failure;

static void
watch_forks(void)
{
    fork_failure =
        pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int
mb_setup_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const int failure = pthread_once(&once, watch_forks);
    if (failure || fork_failure) {
        return failure ? failure : fork_failure;
    }
    mb_signals_process = getpid();
    return prepare_watchdog();
}

void
mb_setup_release(void)
{
    mb_watchdog_call_off();
    if (mb_watchdog_leave()) {
        release_watchdog();
        mb_seen_forget();
        mb_watchdog_left();
    }
}

/* --- signals ---------------------------------------------------------------------- */

static bool
is_installed(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == mb_signals_handle;
}

static bool
is_default(const struct sigaction *action)
{
    return action->sa_handler == SIG_DFL; /* whatever flags an earlier one has left */
}

bool
mb_setup_signal_in_force(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && is_installed(&now);
}

bool
mb_setup_signal_is_before(int number)
{
    struct sigaction now;
    const struct sigaction *before = mb_signal_before(&mb_signals[number]);
    return sigaction(number, NULL, &now) == 0 &&
           ((now.sa_flags ^ before->sa_flags) & SA_SIGINFO) == 0 &&
           now.sa_handler == before->sa_handler;
}

bool
mb_setup_signal_is_default(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && is_default(&now);
}

void
mb_setup_signal_default(int number)
{
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
}

static const void *
beginning_of_what_holds(const void *address)
{
    Dl_info found;
    return dladdr(address, &found) ? found.dli_fbase : NULL;
}

bool
mb_setup_signal_is_handled_in(int number, const void *address)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) < 0 || is_default(&now)) {
        return false;
    }
    /* a function as an address, which ISO C has no conversion for; sa_sigaction lies at
     * the same place */
    const void *handler;
    memcpy(&handler, &now.sa_handler, sizeof handler);
    const void *theirs = beginning_of_what_holds(handler);
    return theirs && theirs == beginning_of_what_holds(address);
}

/* Flags and mask are those of the earlier action, so that system calls are interrupted
 * as without microbench. */
static struct sigaction
action_like(const struct sigaction *before, mb_signal_use use)
{
    const int kept = is_default(before) ? SA_RESTART : before->sa_flags;
    struct sigaction action = {.sa_mask = before->sa_mask};
    action.sa_sigaction = mb_signals_handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | (kept & (SA_RESTART | SA_NODEFER));
    if (use.kind == MB_SIGNAL_CRASHES) {
        action.sa_flags &= ~SA_NODEFER;
        /* See is_called_by_another() in mb_signals.c. */
        action.sa_flags |= (int)SA_RESETHAND;
        sigfillset(&action.sa_mask);
    }
    return action;
}

static int
install(int number, const struct sigaction *before)
{
    mb_signal *signal = &mb_signals[number];
    signal->before[!signal->latest] = *before;
    __atomic_store_n(&signal->latest, !signal->latest, __ATOMIC_RELEASE);
    signal->installed = action_like(before, signal->use);
    return sigaction(number, &signal->installed, NULL) < 0 ? errno : 0;
}

int
mb_setup_signal_take(int number, mb_signal_use use, bool behind)
{
    struct sigaction now;
    mb_signal *signal = &mb_signals[number];
    if (sigaction(number, NULL, &now) < 0) {
        return errno;
    }
    const bool taken_before = signal->taken;
    signal->use = use;
    signal->taken = true; /* first: the signal may come as soon as it is handled */
    const int failure = is_installed(&now) || behind ? 0 : install(number, &now);
    if (failure) {
        signal->taken = taken_before;
    }
    return failure;
}

bool
mb_setup_signal_give_back(int number)
{
    mb_signal *signal = &mb_signals[number];
    if (signal->taken) {
        if (!mb_setup_signal_in_force(number)) {
            signal->use.kind = MB_SIGNAL_PASSES;
            return false;
        }
        sigaction(number, mb_signal_before(signal), NULL);
        signal->taken = false;
    }
    return true;
}

/* --- the alternate stack ---------------------------------------------------------- */

/* Of another stack, to leave it as it is: what the system puts there before a handler
 * runs can be 11 kB (the registers of AMX). */
#define ENOUGH 32768

static char *alternate; /* made once */
static stack_t stack_before;

static bool
is_enough(const stack_t *stack)
{
    return !(stack->ss_flags & SS_DISABLE) && stack->ss_size >= ENOUGH;
}

int
mb_setup_signal_stack_take(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) < 0) {
        return errno;
    }
    if (is_enough(&now)) {
        return 0;
    }
    if (!alternate && !(alternate = new_stack())) {
        return errno;
    }
    const stack_t installed = {.ss_sp = alternate, .ss_size = STACK_SIZE};
    return sigaltstack(&installed, &stack_before) < 0 ? errno : 0;
}

void
mb_setup_signal_stack_give_back(void)
{
    stack_t now;
    if (alternate && sigaltstack(NULL, &now) == 0 && now.ss_sp == alternate) {
        sigaltstack(&stack_before, NULL); /* fails if we run on it */
    }
}
