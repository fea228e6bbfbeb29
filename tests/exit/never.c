/* What native code can do to a process, for the tests of this directory. */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Sends a signal to this process, `times` times, and never returns. */
void
signal_and_hang(int number, int times)
{
    while (times-- > 0) {
        kill(getpid(), number);
    }
    for (;;) {
        pause();
    }
}

/* Sends a signal to this thread, says so in a pipe, and waits for another one. */
void
signal_and_wait(int number, int there, int until)
{
    char byte = 0;
    raise(number);
    if (write(there, &byte, 1) == 1) {
        while (read(until, &byte, 1) < 0) {
        }
    }
}

void
hang(void)
{
    signal_and_hang(0, 0);
}

/* Sends a signal to this thread, and then SIGKILL to all: handlers in C run in between,
 * none in Python. */
void
signal_and_kill(int number)
{
    raise(number);
    kill(getpid(), SIGKILL);
}

void
fault(int number)
{
    static volatile int *volatile nowhere;
    if (number == SIGSEGV) {
        *nowhere = 1;
    } else if (number == SIGILL) {
        __builtin_trap();
    } else {
        raise(number);
    }
}

int
overflow(int depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static sigjmp_buf saved;
static struct sigaction before;

static void
jump_back(int number)
{
    siglongjmp(saved, number);
}

/* Installs a handler that recovers, as runtimes of other languages have one. */
void
install_recovery(int number)
{
    struct sigaction action = {.sa_handler = jump_back};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
}

/* Faults, and returns how it was saved: the number of the signal. */
int
fault_and_recover(int number)
{
    const int saved_by = sigsetjmp(saved, 1);
    if (saved_by == 0) {
        fault(number);
    }
    return saved_by;
}

static volatile sig_atomic_t seen;

static void
note(int number)
{
    seen = number;
    if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    }
}

/* A handler in C that the process survives; it calls the one before. */
void
install_note(int number)
{
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
}

/* Puts back what install_note() has saved. */
void
remove_note(int number)
{
    sigaction(number, &before, NULL);
}

void
install_note_on_the_alternate_stack(int number)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, &before);
}

static struct sigaction before_the_runtime;

static void
report_and_abort(int number, siginfo_t *info, void *context)
{
    struct sigaction chained = before_the_runtime;
    if (chained.sa_flags & SA_RESETHAND) {
        before_the_runtime = (struct sigaction){.sa_handler = SIG_DFL};
    }
    if (chained.sa_flags & SA_SIGINFO) {
        chained.sa_sigaction(number, info, context);
    } else if (chained.sa_handler != SIG_DFL) {
        chained.sa_handler(number);
    } else if (write(2, "report\n", 7)) {
        abort();
    }
}

/* As a JVM does: in a crash it calls the handler before, once if that asks for it with
 * SA_RESETHAND; if the fault is repeated, it prints a report and aborts. Meanwhile all
 * signals but those of faults are blocked, SIGABRT too. */
void
start_runtime(int number)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    action.sa_sigaction = report_and_abort;
    sigfillset(&action.sa_mask);
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        sigdelset(&action.sa_mask, faults[i]);
    }
    sigaction(number, &action, &before_the_runtime);
}

static stack_t stack_before;

/* Has an alternate stack of its own, in place of one that it saves. */
void
save_stack(void)
{
    static char memory[1 << 17];
    const stack_t own = {.ss_sp = memory, .ss_size = sizeof memory};
    sigaltstack(&own, &stack_before);
}

void
put_back_stack(void)
{
    sigaltstack(&stack_before, NULL);
}

int
noted(void)
{
    return seen;
}
