#include "mb_run.h"

#include <string.h>

uint32_t mb_runs_open;
static mb_run *newest;
static mb_lock registry;

void
mb_run_init(mb_run *run)
{
    memset(run, 0, sizeof *run);
}

void
mb_run_free(mb_run *run)
{
    mb_run_close(run);
    mb_samples_free(&run->durations);
    mb_phases_free(&run->phases);
}

void
mb_run_open(mb_run *run, const void *bench)
{
    run->bench = bench;
    run->thread = mb_thread_id();
    run->generation = mb_fork_generation();
    run->state = MB_RUN_OPEN;
    mb_lock_take(&registry);
    run->older = newest;
    if (newest) {
        newest->newer = run;
    }
    newest = run;
    mb_runs_open++;
    mb_lock_give(&registry);
}

void
mb_run_close(mb_run *run)
{
    if (run->state != MB_RUN_OPEN) {
        return;
    }
    mb_lock_take(&registry);
    if (run->older) {
        run->older->newer = run->newer;
    }
    if (run->newer) {
        run->newer->older = run->older;
    } else {
        newest = run->older;
    }
    run->older = run->newer = NULL;
    run->state = MB_RUN_CLOSED;
    mb_runs_open--;
    mb_lock_give(&registry);
}

/* Whether a fork has left it behind: its thread lives in the parent only. */
static bool
left_behind(const mb_run *run, uintptr_t here)
{
    return run->generation != mb_fork_generation() && run->thread != here;
}

/* The newest run of `bench`; NULL if two threads, or this one, have open runs of it. Those
 * in the background are passed over. */
static mb_run *
newest_of_one_other_thread(const void *bench, bool *any)
{
    const uintptr_t here = mb_thread_id();
    uintptr_t thread = here;
    mb_run *found = NULL;
    for (mb_run *run = newest; run; run = run->older) {
        if (run->bench != bench || run->background || left_behind(run, here)) {
            continue;
        }
        if (run->thread == here || (*any && run->thread != thread)) {
            *any = true;
            return NULL;
        }
        *any = true;
        thread = run->thread;
        if (!found && !run->suspended) {
            found = run;
        }
    }
    return found;
}

static mb_run *
newest_in_background(const void *bench)
{
    mb_run *run = newest;
    while (run && (run->bench != bench || !run->background)) {
        run = run->older;
    }
    return run;
}

mb_run *
mb_run_elsewhere(const void *bench, bool *lost)
{
    bool any = false;
    mb_lock_take(&registry);
    mb_run *found = newest_of_one_other_thread(bench, &any);
    if (!found) {
        found = newest_in_background(bench);
    }
    mb_lock_give(&registry);
    *lost = any && !found;
    return found;
}
