#include "base/mb_signame.h"

#include <signal.h>
#include <string.h>

#include "base/mb_text.h"

#define NAMED(number) {number, #number}
static const struct {
    int number;
    char name[12];
} SIGNALS[] = {
    NAMED(SIGHUP),    NAMED(SIGINT),   NAMED(SIGQUIT), NAMED(SIGILL),  NAMED(SIGTRAP),
    NAMED(SIGABRT),   NAMED(SIGBUS),   NAMED(SIGFPE),  NAMED(SIGKILL), NAMED(SIGUSR1),
    NAMED(SIGSEGV),   NAMED(SIGUSR2),  NAMED(SIGPIPE), NAMED(SIGALRM), NAMED(SIGTERM),
    NAMED(SIGCHLD),   NAMED(SIGCONT),  NAMED(SIGSTOP), NAMED(SIGTSTP), NAMED(SIGTTIN),
    NAMED(SIGTTOU),   NAMED(SIGURG),   NAMED(SIGXCPU), NAMED(SIGXFSZ), NAMED(SIGVTALRM),
    NAMED(SIGPROF),   NAMED(SIGWINCH), NAMED(SIGIO),   NAMED(SIGSYS),
#ifdef SIGSTKFLT
    NAMED(SIGSTKFLT),
#endif
#ifdef SIGPWR
    NAMED(SIGPWR),
#endif
};

static const char *
known_name(int signal)
{
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        if (SIGNALS[i].number == signal) {
            return SIGNALS[i].name;
        }
    }
    return NULL;
}

void
mb_signame_of(int signal, char *name)
{
    mb_text text;
    const char *known = known_name(signal);
    mb_text_fixed(&text, name, MB_SIGNAL_NAME - 1);
    if (known) {
        mb_text_raw(&text, known, strlen(known));
    } else if (signal == SIGRTMIN) {
        MB_TEXT_LITERAL(&text, "SIGRTMIN");
    } else if (signal == SIGRTMAX) {
        MB_TEXT_LITERAL(&text, "SIGRTMAX");
    } else {
        MB_TEXT_LITERAL(&text, "SIGRTMIN+");
        mb_text_int(&text, (int64_t)signal - SIGRTMIN);
    }
    name[text.size] = '\0';
}
