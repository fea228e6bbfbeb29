/* The native half of one run, and the registry of all that are open.
 *
 * The registry answers "which runs are open now" for phases in worker threads, and for
 * the code that writes the records of a dying process. It is one list for the process;
 * nothing in it belongs to an interpreter.
 *
 *     new --mb_run_open--> open --mb_run_close--> closed
 *
 * A run may be shown in a journal, from mb_run_mirror to mb_run_forget. A forked child
 * shows none that its parent opened, and gives them ids of its own.
 *
 * Thread: under the GIL.
 */
#ifndef MB_RUN_H
#define MB_RUN_H

#include "base/mb_clock.h"
#include "base/mb_identity.h"
#include "base/mb_platform.h"
#include "journal/mb_mirror_histogram.h"
#include "run/mb_histogram.h"
#include "run/mb_phases.h"
#include "run/mb_samples.h"

typedef enum { MB_RUN_NEW, MB_RUN_OPEN, MB_RUN_CLOSED } mb_run_state;

typedef struct mb_run {
    struct mb_run *older, *newer; /* in the registry, in the order of opening */
    const void *bench;            /* whose run: an identity, never followed */
    uintptr_t thread;             /* that opened it */
    uintptr_t strand;             /* of that thread: a greenlet; 0: the main one */
    unsigned generation;          /* of forks, in which it was opened */
    mb_run_state state;
    bool suspended;  /* a generator that waits for its consumer */
    bool background; /* of the whole process: takes what no other run takes */
    bool measuring;  /* between two clock reads */
    bool claimed;    /* by its owner, who writes the record */
    bool has_id;
    bool copying;           /* into the journal: histograms come last */
    bool counted;           /* the journal has the histograms of phases */
    bool unlisted;          /* and knows that no phase is listed */
    unsigned id_generation; /* of forks, in which the id was drawn */
    char record_id[MB_RECORD_ID_SIZE];
    uint32_t iteration;     /* the current one, from 0 */
    int64_t start_wall_ns;  /* call.start_time */
    int64_t began_ns;       /* monotonic, at the same moment; 0 before it */
    int64_t finish_wall_ns; /* call.finish_time: the start, and what went by since */
    int64_t clock_step_ns;  /* call.clock_step; 0 where the wall clock was not set */
    int64_t started_ns;     /* monotonic, of the current stretch */
    int64_t stopped_ns;     /* monotonic, end of the last stretch; 0 before it */
    int64_t elapsed_ns;     /* of the current iteration's earlier stretches */
    mb_samples durations;
    mb_histogram *histogram; /* Owned: takes the durations instead; or NULL */
    mb_phases phases;
    mb_mirror *mirror;          /* Borrowed: of a run that is journalled; else NULL */
    unsigned mirror_generation; /* of forks, in which it was made */
    mb_entry *entry;            /* Borrowed from the mirror: the current iteration's */
} mb_run;

/* All zero is a new run. This closes the run if it is open, forgets it in the journal, and frees what it owns. */
void mb_run_free(mb_run *run);

/* Makes a closed run a new one, which keeps the memory of its durations unless that is much. */
void mb_run_reset(mb_run *run);

/* Has a run that is new or just opened count its iterations and phases in histograms, and list
 * none. 0, or -1 without memory. */
int mb_run_use_histograms(mb_run *run);

void mb_run_open(mb_run *run, const void *bench);
/* Takes the run out of the registry. What it holds stays readable. Idempotent. */
void mb_run_close(mb_run *run);

/* How many runs are open in this process. */
extern uint32_t mb_runs_open;

/* Returns where a phase goes in a strand of this thread that has no active run: the
 * newest open run of this bench if all its open runs belong to one other strand, or
 * thread; else, in any thread, its newest background run, which is not counted among
 * them. Borrowed. Else NULL, and `*lost` is true if the bench has open runs. */
mb_run *mb_run_elsewhere(const void *bench, uintptr_t strand, bool *lost);

/* --- the clock -------------------------------------------------------------------- */

void mb_run_start_mirrored(mb_run *run);

/* Reads both clocks at the same moment: the start of the run, unless that is known. */
void mb_run_note_start(mb_run *run);

/* Notes the end of the last stretch as that of the run; now, where there was none. A
 * wall clock that was set by MB_CLOCK_STEP_NS or more since the start is noted as well:
 * less may be a pause between two readings. */
#define MB_CLOCK_STEP_NS 1000000000
void mb_run_note_finish(mb_run *run);

/* Starts or resumes the current iteration; the clock is read last. The caller has
 * read the wall clock just before the first start, unless mb_run_note_start() has. */
static inline void
mb_run_start(mb_run *run)
{
    run->measuring = true;
    if (run->mirror) {
        mb_run_start_mirrored(run);
    } else {
        run->started_ns = mb_clock_begin_ns();
    }
    if (run->began_ns == 0) {
        run->began_ns = run->started_ns;
    }
}

/* Returns whether the last duration was stored without making room, and so will be the
 * next. Of a histogram it is known of the last one only. */
static inline bool
mb_run_has_room(mb_run *run)
{
    if (run->histogram) {
        const bool grew = run->histogram->grew;
        run->histogram->grew = false;
        return !grew;
    }
    return run->durations.size < run->durations.capacity;
}

/* Starts the next iteration at the moment at which the last one was suspended for good:
 * one reading serves both. The run has no mirror. */
static inline void
mb_run_go_on(mb_run *run)
{
    run->measuring = true;
    run->started_ns = run->stopped_ns;
}

/* Ends the stretch, clock read first: no time is counted until the next start. */
static inline void
mb_run_suspend(mb_run *run)
{
    run->stopped_ns = mb_clock_ns();
    __atomic_store_n(mb_journal_alive, run->stopped_ns, __ATOMIC_RELAXED);
    run->measuring = false;
    run->elapsed_ns += run->stopped_ns - run->started_ns;
    if (run->entry) {
        mb_mirror_entry_suspend(run->entry, run->elapsed_ns);
    }
}

void mb_run_leave_mirrored(mb_run *run);

/* Ends the iteration: stores `elapsed_ns`, if there is room, and begins the next
 * one. */
static inline void
mb_run_stop(mb_run *run)
{
    if (run->histogram) {
        mb_histogram_add(run->histogram, run->elapsed_ns);
    } else {
        mb_samples_push(&run->durations, run->elapsed_ns);
    }
    if (run->mirror) {
        mb_run_leave_mirrored(run);
    }
    run->elapsed_ns = 0;
    run->iteration++;
}

/* --- the journal ------------------------------------------------------------------ */

/* Returns the id of its record, MB_RECORD_ID_SIZE characters: the same from the first
 * call on, but another one in a forked child. Borrowed. */
const char *mb_run_record_id(mb_run *run);

/* Shows the run in the journal from now on. Fills in the id and both starts of
 * `record`. False: the run is not open, or is shown already, or there is no room. */
bool mb_run_mirror(mb_run *run, mb_journal *journal, mb_mirror_opening *record);

/* Shows in the journal that the current iteration begins now, though another clock
 * measures it. mb_run_stop ends it, as usual. */
void mb_run_began_elsewhere(mb_run *run);

/* Makes the journal entry of a phase that is about to be entered; NULL if there is no
 * room. */
mb_entry *mb_run_mirror_phase(mb_run *run, mb_phase_name *name);

/* Ends `entry`, the journal entry of a phase that has been left. The run has a
 * mirror. */
void mb_run_leave_phase_mirrored(mb_run *run, mb_phase *phase, mb_entry *entry);

/* Adds a phase that has been left to its histogram, and ends its journal entry, if it has
 * one; else `entry` is NULL. */
void mb_run_count_phase(mb_run *run, mb_phase *phase, mb_entry *entry);

/* Returns the mirror; NULL where there is none, as in a forked child. */
mb_mirror *mb_run_own_mirror(mb_run *run);

/* Claims the record. Returns true once: that caller writes it. */
bool mb_run_claim(mb_run *run);

/* Keeps the line of a record that no sink took in the journal; the run has no mirror
 * any more. Returns false if there is no journal, or no room. */
bool mb_run_keep(mb_run *run, const char *line, size_t size);

/* Removes the record from the journal: it is written, or there will be none.
 * Idempotent. */
void mb_run_forget(mb_run *run);

#endif
