/* The native half of one run, and the registry of all that are open.
 *
 * The registry answers "which runs are open now": for phases in worker threads here, for
 * whoever has to write the records of a dying process later. It is one list for the
 * process; nothing in it belongs to an interpreter.
 *
 *     new --mb_run_open--> open --mb_run_close--> closed
 *
 * Thread: under the GIL, or under the registry's lock without one.
 */
#ifndef MB_RUN_H
#define MB_RUN_H

#include "mb_phases.h"
#include "mb_platform.h"
#include "mb_samples.h"

typedef enum { MB_RUN_NEW, MB_RUN_OPEN, MB_RUN_CLOSED } mb_run_state;

typedef struct mb_run {
    struct mb_run *older, *newer; /* in the registry, in the order of opening */
    const void *bench;            /* whose run: an identity, never followed */
    uintptr_t thread;             /* that opened it */
    unsigned generation;          /* of forks, in which it was opened */
    mb_run_state state;
    bool suspended;         /* a generator that waits for its consumer */
    bool background;        /* of the whole process: takes what no other run takes */
    bool measuring;         /* between two clock reads */
    uint32_t iteration;     /* the current one, from 0 */
    int64_t start_wall_ns;  /* call.start_time */
    int64_t finish_wall_ns; /* call.finish_time */
    int64_t started_ns;     /* monotonic, of the current stretch */
    int64_t stopped_ns;     /* monotonic, end of the last stretch; 0 before it */
    int64_t elapsed_ns;     /* of the current iteration's earlier stretches */
    mb_samples durations;
    mb_phases phases;
} mb_run;

/* All zero is a new run. */
void mb_run_init(mb_run *run);
/* Closes the run if it is open, and frees what it owns. */
void mb_run_free(mb_run *run);

void mb_run_open(mb_run *run, const void *bench);
/* Takes it out of the registry. What it holds stays readable. Idempotent. */
void mb_run_close(mb_run *run);

/* How many runs are open in this process. */
extern uint32_t mb_runs_open;

/* Where a phase goes in a thread without an active run: the newest open run of this bench
 * if all its open runs belong to one other thread; else, in any thread, its newest
 * background run, which is not counted among them. Borrowed. Else NULL, and `*lost` is
 * true if the bench has open runs. */
mb_run *mb_run_elsewhere(const void *bench, bool *lost);

#endif
