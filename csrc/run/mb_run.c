#include "run/mb_run.h"

uint32_t mb_runs_open;
static mb_run *newest;

static void
free_histogram(mb_run *run)
{
    if (run->histogram) {
        mb_histogram_free(run->histogram);
        mb_free(run->histogram);
        run->histogram = NULL;
    }
}

void
mb_run_free(mb_run *run)
{
    mb_run_close(run);
    mb_run_forget(run);
    mb_samples_free(&run->durations);
    free_histogram(run);
    mb_phases_free(&run->phases);
}

#define DURATIONS_KEPT 1024

void
mb_run_reset(mb_run *run)
{
    mb_samples durations = run->durations;
    durations.size = 0;
    if (durations.capacity > DURATIONS_KEPT) {
        mb_samples_free(&durations);
    }
    if (run->phases.first || run->phases.buckets) {
        mb_phases_free(&run->phases);
    }
    free_histogram(run);
    *run = (mb_run){.durations = durations};
}

int
mb_run_use_histograms(mb_run *run)
{
    run->histogram = mb_alloc(sizeof *run->histogram);
    if (!run->histogram) {
        return -1;
    }
    *run->histogram = (mb_histogram){0};
    run->phases.unlisted = true;
    return mb_phases_use_histograms(&run->phases);
}

void
mb_run_open(mb_run *run, const void *bench)
{
    run->bench = bench;
    run->thread = mb_thread_id();
    run->generation = mb_fork_generation();
    run->state = MB_RUN_OPEN;
    run->phases.converts = run->background;
    run->older = newest;
    if (newest) {
        newest->newer = run;
    }
    newest = run;
    mb_runs_open++;
}

void
mb_run_close(mb_run *run)
{
    if (run->state != MB_RUN_OPEN) {
        return;
    }
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
}

/* Returns whether a fork has left it behind: its thread lives in the parent only. */
static bool
left_behind(const mb_run *run, uintptr_t here)
{
    return run->generation != mb_fork_generation() && run->thread != here;
}

static bool
is_of(const mb_run *run, uintptr_t thread, uintptr_t strand)
{
    return run->thread == thread && run->strand == strand;
}

/* The newest run of `bench`; NULL if two strands, or this one, have open runs of it.
 * Those in the background are passed over. */
static mb_run *
newest_of_one_other_strand(const void *bench, uintptr_t strand, bool *any)
{
    const uintptr_t here = mb_thread_id();
    mb_run *found = NULL, *first = NULL;
    for (mb_run *run = newest; run; run = run->older) {
        if (run->bench != bench || run->background || left_behind(run, here)) {
            continue;
        }
        *any = true;
        first = first ? first : run;
        if (is_of(run, here, strand) || !is_of(run, first->thread, first->strand)) {
            return NULL;
        }
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
mb_run_elsewhere(const void *bench, uintptr_t strand, bool *lost)
{
    bool any = false;
    mb_run *found = newest_of_one_other_strand(bench, strand, &any);
    if (!found) {
        found = newest_in_background(bench);
    }
    *lost = any && !found;
    return found;
}

/* --- the clock -------------------------------------------------------------------- */

void
mb_run_note_start(mb_run *run)
{
    if (run->start_wall_ns == 0) {
        run->start_wall_ns = mb_clock_both(&run->began_ns);
    }
}

/* How far the wall clock has moved against the monotonic one. */
static int64_t
clock_step_of(const mb_run *run)
{
    int64_t now_ns;
    const int64_t wall_ns = mb_clock_both(&now_ns);
    const int64_t step_ns = wall_ns - (run->start_wall_ns + now_ns - run->began_ns);
    return step_ns >= MB_CLOCK_STEP_NS || -step_ns >= MB_CLOCK_STEP_NS ? step_ns : 0;
}

/* One reading without a step is enough. A step may also be a pause of the thread after
 * its last stop, so it is read again. */
void
mb_run_note_finish(mb_run *run)
{
    mb_run_note_start(run);
    if (run->began_ns == 0) {
        run->finish_wall_ns = run->start_wall_ns;
        return;
    }
    const int64_t wall_ns = mb_clock_wall_ns();
    const int64_t end_ns = run->stopped_ns ? run->stopped_ns : mb_clock_ns();
    run->finish_wall_ns = run->start_wall_ns + end_ns - run->began_ns;
    const int64_t off_ns = wall_ns - run->finish_wall_ns;
    const bool odd = off_ns >= MB_CLOCK_STEP_NS || -off_ns >= MB_CLOCK_STEP_NS;
    run->clock_step_ns = odd ? clock_step_of(run) : 0;
}

/* --- the journal ------------------------------------------------------------------ */

const char *
mb_run_record_id(mb_run *run)
{
    const unsigned generation = mb_fork_generation();
    if (!run->has_id || run->id_generation != generation) {
        mb_identity_record_id(run->record_id);
        run->id_generation = generation;
        run->has_id = true;
    }
    return run->record_id;
}

static void
forget_in_child(void)
{
    for (mb_run *run = newest; run; run = run->older) {
        run->mirror = NULL;
        run->entry = NULL;
    }
}

static void
watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget_in_child);
}

/* --- what the journal has of it --------------------------------------------------- */

/* Copies the histogram of a total in the journal, if there are both. */
static void
mirror_histogram(mb_run *run, mb_histogram *histogram, uint32_t total)
{
    if (total && histogram) {
        char *base = run->mirror->journal->base;
        mb_mirror_histogram(run->mirror, histogram,
                            &((mb_slot_total *)(base + total))->histogram,
                            run->mirror->left);
    }
}

/* Makes the total of a name in the journal, if it is missing; others share one. */
static void
mirror_total(mb_run *run, mb_phase_name *name)
{
    mb_mirror *mirror = run->mirror;
    const bool shares = name->index == MB_NAME_SHARES;
    uint32_t *total = shares ? &mirror->shared_total : &name->mirrored_total;
    if (!*total) {
        *total = mb_mirror_total(mirror, shares ? 0 : name->mirrored,
                                 shares ? &run->phases.shared : &name->dropped);
        if (!run->copying) {
            mirror_histogram(run, mb_phases_histogram(&run->phases, name), *total);
        }
    }
}

static uint32_t
mirrored_name(mb_run *run, mb_phase_name *name)
{
    if (!name->mirrored && name->index == MB_NAME_SHARES) {
        const mb_mirror_name_place place =
            mb_mirror_name_once(run->mirror, name->utf8, name->size);
        name->mirrored = place.offset;
        name->mirrored_size = place.size;
        mirror_total(run, name);
    } else if (!name->mirrored) {
        name->mirrored = mb_mirror_name(run->mirror, name->utf8, name->size);
        mirror_total(run, name);
    }
    return name->mirrored;
}

static mb_run *
run_of(mb_phases *phases)
{
    return (mb_run *)((char *)phases - offsetof(mb_run, phases));
}

static void
copy_histograms(mb_run *run)
{
    mb_phases *phases = &run->phases;
    run->counted = phases->histograms;
    run->unlisted = phases->unlisted;
    for (mb_phase_name *name = phases->first_name; name; name = name->newer) {
        mirror_histogram(run, name->histogram, name->mirrored_total);
    }
    mirror_histogram(run, phases->shared_histogram, run->mirror->shared_total);
}

/* Copies the histograms that the phases have got, and notes that none is listed. */
static void
convert_mirrored(mb_run *run)
{
    if (run->phases.histograms && !run->counted) {
        copy_histograms(run);
    }
    if (run->phases.unlisted && !run->unlisted) {
        run->unlisted = true;
        mb_mirror_unlist(run->mirror);
    }
}

/* Drops the phase in the journal as well: its note is the offset of the entry. */
static void
drop_mirrored(mb_phases *phases, const mb_phase *phase)
{
    mb_run *run = run_of(phases);
    const int64_t noted = mb_phase_noted(phase);
    if (run->mirror) {
        convert_mirrored(run);
    }
    if (!run->mirror || noted == 0 || noted == MB_PHASE_FOREIGN) {
        return;
    }
    mb_mirror *mirror = run->mirror;
    mb_phase_name *name = phase->name;
    mb_entry *entry = (mb_entry *)(mirror->journal->base + noted);
    if (name->index == MB_NAME_SHARES) {
        mb_mirror_drop(mirror, entry, mirror->shared_total, &mirror->shared_turn,
                       &phases->shared);
        mb_mirror_name_again(
            mirror, (mb_mirror_name_place){name->mirrored, name->mirrored_size});
    } else {
        mb_mirror_drop(mirror, entry, name->mirrored_total, &name->mirrored_turn,
                       &name->dropped);
    }
}

void
mb_run_leave_phase_mirrored(mb_run *run, mb_phase *phase, mb_entry *entry)
{
    mb_mirror_leave(run->mirror, entry, phase->duration_ns);
    mb_phase_note(phase, (const char *)entry - run->mirror->journal->base);
}

/* A reader ignores what the histogram has from a phase that it does not see as left. */
void
mb_run_count_phase(mb_run *run, mb_phase *phase, mb_entry *entry)
{
    mb_histogram *histogram = mb_phases_histogram(&run->phases, phase->name);
    const uint32_t bucket = mb_histogram_bucket(phase->duration_ns);
    mb_mirror *mirror = run->mirror;
    const bool mirrored = entry && mirror;
    bool noted = false;
    if (histogram) {
        mb_histogram_add(histogram, phase->duration_ns);
        noted = mirror && mb_mirror_histogram_note(mirror, histogram, bucket,
                                                   mirror->left + mirrored);
    }
    if (mirrored) {
        mb_run_leave_phase_mirrored(run, phase, entry);
    }
    if (noted) {
        mb_mirror_histogram_count(run->mirror, histogram, bucket);
    }
}

/* --- what came before it ---------------------------------------------------------- */

static void
copy_iteration(mb_run *run, uint32_t number, int64_t ns)
{
    mb_entry *entry = mb_mirror_enter(run->mirror, 0, number);
    if (entry) {
        mb_mirror_entry_run(entry, 0, 0);
        mb_mirror_leave_iteration(entry, ns);
    }
}

static void
copy_phase(mb_run *run, mb_phase *phase)
{
    const uint32_t name = mirrored_name(run, phase->name);
    mb_entry *entry =
        name ? mb_mirror_enter(run->mirror, name, phase->iteration) : NULL;
    if (entry) {
        mb_mirror_entry_run(entry, phase->start_ns, 0);
        mb_run_leave_phase_mirrored(run, phase, entry);
    }
}

/* Copies names first, since their totals are in the order in which they were
 * entered. */
static void
copy_phases(mb_run *run)
{
    const uint32_t count = mb_phases_stored(&run->phases);
    const mb_phase **left = count ? mb_alloc(count * sizeof *left) : NULL;
    if (!left) {
        return;
    }
    for (mb_phase_name *name = run->phases.first_name; name; name = name->newer) {
        mirrored_name(run, name);
    }
    mb_phases_finished(&run->phases, left);
    for (uint32_t i = 0; i < count; i++) {
        if (!mb_phase_noted(left[i])) {
            copy_phase(run, (mb_phase *)(uintptr_t)left[i]); /* of this run: writable */
        }
    }
    mb_free(left);
}

/* Copies finished phases only; one that is open now is not followed. */
static void
copy_past(mb_run *run)
{
    run->copying = true;
    if (run->histogram) {
        mb_mirror_histogram(run->mirror, run->histogram, &run->mirror->slot->histogram,
                            run->histogram->moments.count);
    }
    for (size_t i = 0; i < run->durations.size; i++) {
        copy_iteration(run, (uint32_t)i, run->durations.data[i]);
    }
    copy_phases(run);
    copy_histograms(run);
    run->copying = false;
    if (run->measuring) {
        run->entry = mb_mirror_enter(run->mirror, 0, run->iteration);
        if (run->entry) {
            mb_mirror_entry_run(run->entry, run->started_ns, run->elapsed_ns);
        }
    }
}

bool
mb_run_mirror(mb_run *run, mb_journal *journal, mb_mirror_opening *record)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (run->state != MB_RUN_OPEN || run->mirror) {
        return false;
    }
    pthread_once(&once, watch_forks);
    mb_run_note_start(run);
    record->record_id = mb_run_record_id(run);
    record->start_wall_ns = run->start_wall_ns;
    record->start_ns = run->stopped_ns || !run->started_ns ? 0 : run->began_ns;
    record->kept = mb_phases_kept;
    run->phases.on_drop = drop_mirrored;
    run->mirror = mb_mirror_open(journal, record);
    run->mirror_generation = mb_fork_generation();
    if (run->mirror) {
        copy_past(run);
    }
    return run->mirror != NULL;
}

/* Checks the generation, since a sealed run is in no list, and a fork may come after
 * that. */
mb_mirror *
mb_run_own_mirror(mb_run *run)
{
    if (run->mirror && run->mirror_generation != mb_fork_generation()) {
        run->mirror = NULL;
        run->entry = NULL;
    }
    return run->mirror;
}

mb_entry *
mb_run_mirror_phase(mb_run *run, mb_phase_name *name)
{
    const uint32_t where = mirrored_name(run, name);
    return where ? mb_mirror_enter(run->mirror, where, run->iteration) : NULL;
}

void
mb_run_start_mirrored(mb_run *run)
{
    if (!run->entry) {
        run->entry = mb_mirror_enter(run->mirror, 0, run->iteration);
    }
    run->started_ns = mb_clock_begin_ns();
    if (run->stopped_ns == 0) {
        const int64_t began_ns = run->began_ns;
        mb_mirror_started(run->mirror, began_ns ? began_ns : run->started_ns);
    }
    if (run->entry) {
        mb_mirror_entry_run(run->entry, run->started_ns, run->elapsed_ns);
    }
}

/* Enters an iteration that another clock measures, and that has taken `run->elapsed_ns`
 * by now. */
static void
enter_elsewhere(mb_run *run)
{
    const int64_t now_ns = mb_clock_ns();
    run->entry = mb_mirror_enter(run->mirror, 0, run->iteration);
    if (run->entry) {
        mb_mirror_entry_run(run->entry, now_ns, run->elapsed_ns);
    }
    if (run->iteration == 0) {
        const int64_t began_ns = run->began_ns;
        mb_mirror_started(run->mirror, began_ns ? began_ns : now_ns - run->elapsed_ns);
    }
}

void
mb_run_began_elsewhere(mb_run *run)
{
    if (mb_run_own_mirror(run) && !run->entry) {
        enter_elsewhere(run);
    }
}

/* Counts the iteration that has just ended. A reader ignores its entry from then on. */
static void
count_mirrored(mb_run *run)
{
    mb_histogram *histogram = run->histogram;
    const uint32_t bucket = mb_histogram_bucket(run->elapsed_ns);
    if (mb_mirror_histogram_note(run->mirror, histogram, bucket,
                                 histogram->moments.count)) {
        mb_mirror_histogram_count(run->mirror, histogram, bucket);
        if (run->entry) {
            mb_mirror_counted(run->mirror, run->entry);
        }
    } else if (run->entry) {
        mb_mirror_leave_iteration(run->entry, run->elapsed_ns);
    }
}

void
mb_run_leave_mirrored(mb_run *run)
{
    if (!run->entry) {
        enter_elsewhere(run);
    }
    if (run->histogram) {
        count_mirrored(run);
    } else if (run->entry) {
        mb_mirror_leave_iteration(run->entry, run->elapsed_ns);
    }
    run->entry = NULL;
}

bool
mb_run_claim(mb_run *run)
{
    if (run->claimed || (mb_run_own_mirror(run) && !mb_mirror_claim(run->mirror))) {
        return false;
    }
    return run->claimed = true;
}

bool
mb_run_keep(mb_run *run, const char *line, size_t size)
{
    if (!mb_run_own_mirror(run) || !run->mirror->journal->path ||
        !mb_mirror_keep(run->mirror, line, size)) {
        return false;
    }
    run->mirror = NULL;
    run->entry = NULL;
    return true;
}

void
mb_run_forget(mb_run *run)
{
    if (mb_run_own_mirror(run)) {
        mb_mirror_close(run->mirror, run->claimed);
        run->mirror = NULL;
        run->entry = NULL;
    }
}
