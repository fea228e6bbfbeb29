/* The phases of one run: the last ones, and exact sums of all.
 *
 * A phase is stored when it is entered, in chunks that never move, with its name as
 * UTF-8 beside it: so the object behind `with bench.time(...)` keeps a plain pointer,
 * and a signal handler can read what was finished and what was open. 32 bytes a phase.
 *
 * A process that does not end never stops adding phases. Once more than mb_phases_kept
 * have been left, each new one takes the place of the one that was left first: that one
 * is *dropped*, and counted in the total of its name. So
 *
 *     left = dropped + stored    of the stored ones, the last mb_phases_kept are listed
 *
 * and the totals, with the stored ones added, are those of all phases. The first
 * MB_PHASES_NAMES names have a total each, and stay; a name that comes later belongs to
 * its one phase, and all of them share a total.
 *
 * Once mb_phases_use_histograms() was called, each name with a total has a histogram as well,
 * and what shares a total shares a histogram: of all phases that were left, also of those
 * before. mb_run_count_phase() adds a phase to it. With `unlisted` no phase is listed. A run
 * that `converts` gets histograms when the first phase is dropped, and lists none once more
 * than mb_phases_most were left.
 *
 * Thread: under the GIL; many may enter and leave (asyncio.to_thread). Signal-safe:
 * mb_phases_next, in the thread that was interrupted, until the first phase is dropped.
 */
#ifndef MB_PHASES_H
#define MB_PHASES_H

#include "base/mb_platform.h"
#include "run/mb_histogram.h"
#include "run/mb_total.h"

#define MB_PHASE_OPEN (-1) /* duration of a phase that has not been left */

/* 2 MiB of phases, as much again in the journal, and a line of some 4 MiB. That is more
 * than a person reads one by one, and lasts for seconds of a loop that contains only a
 * phase. */
#define MB_PHASES_KEPT 65536
#define MB_PHASES_NAMES 1000
#define MB_PHASES_MOST                                                                 \
    100000 /* listed by a run that `converts`, before it lists none */
extern uint32_t mb_phases_kept, mb_phases_names; /* smaller ones in tests */
extern uint64_t mb_phases_most;

#define MB_NAME_SHARES UINT32_MAX /* index of a name without a total of its own */

typedef struct mb_phase_name {
    struct mb_phase_name *next; /* among those of the same hash */
    struct mb_phase_name
        *newer;              /* among those with a total, in the order of entering */
    mb_total dropped;        /* of its phases that are no longer stored */
    mb_histogram *histogram; /* Owned; NULL: there are none, or it shares its total */
    uint32_t index;          /* among those with a total, or MB_NAME_SHARES */
    uint32_t hash;
    uint32_t
        mirrored; /* where it is in the journal, for the code that put it there; 0 */
    uint32_t mirrored_size;  /* that there is room for */
    uint32_t mirrored_total; /* in the journal; 0 */
    uint32_t mirrored_turn;
    uint32_t size;
    char utf8[]; /* `size` bytes, and a 0 */
} mb_phase_name;

typedef struct {
    mb_phase_name *name; /* Borrowed; Owned by the phase if it shares its total */
    /* Once it has been left, what was put there with mb_phase_note: < 0. */
    int64_t start_ns;
    int64_t duration_ns; /* or MB_PHASE_OPEN */
    /* How many phases were left before this one; of an open one, how many were
     * entered. */
    uint32_t order;
    uint32_t iteration; /* of the run, from 0 */
} mb_phase;

typedef struct mb_phase_chunk mb_phase_chunk;

typedef struct mb_phases {
    uint32_t entered; /* places that phases were entered in */
    uint32_t sequence;
    uint64_t left;
    uint64_t dropped;
    mb_phase *next, *end; /* the free part of the last chunk, or a dropped one */
    mb_phase_chunk *first, *last; /* Owned */
    /* Owned: the stored ones by order, modulo its size; NULL until one is dropped. */
    mb_phase **by_order;
    uint32_t by_order_size;
    mb_phase_name **buckets; /* Owned, as the names are */
    uint32_t bucket_count;
    uint32_t names; /* with a total each */
    mb_phase_name *first_name, *last_name;
    mb_total shared; /* of phases that are dropped, and had no such name */
    mb_histogram *shared_histogram; /* Owned; NULL until there is one */
    bool histograms;                /* there are some */
    bool unlisted;                  /* no phase is listed */
    bool converts;                  /* a list that grows becomes histograms */
    /* Called with each phase that is dropped, its total brought up to date; or NULL. */
    void (*on_drop)(struct mb_phases *phases, const mb_phase *phase);
} mb_phases;

/* All zero is empty, and so are phases that were freed. */
void mb_phases_free(mb_phases *phases);

/* Gives each name a histogram, and adds the stored phases. 0, or -1 without memory: some names
 * may have theirs then, and nothing else has changed. */
int mb_phases_use_histograms(mb_phases *phases);

/* Returns the histogram that phases of this name belong to. */
static inline mb_histogram *
mb_phases_histogram(const mb_phases *phases, const mb_phase_name *name)
{
    return name->index == MB_NAME_SHARES ? phases->shared_histogram : name->histogram;
}

/* Copies the name. A name with a total serves any number of phases; it is Borrowed,
 * valid until mb_phases_free. A name that shares its total serves one phase, which has
 * to be entered next. NULL without memory: nothing has changed then. */
mb_phase_name *mb_phases_name(mb_phases *phases, const char *utf8, size_t size);

/* Frees a name for one phase that was not entered; leaves others alone. */
void mb_phases_forget(mb_phase_name *name);

/* Makes room for one more phase at least: 0, or -1 without memory. */
int mb_phases_grow(mb_phases *phases);

/* Adds an open phase whose `start_ns` is 0: the caller sets it, clock read last.
 * Borrowed, valid until it was left. NULL without memory: nothing has changed then. */
static inline mb_phase *
mb_phases_enter(mb_phases *phases, mb_phase_name *name, uint32_t iteration)
{
    mb_phase *phase = NULL;
    if (phases->next != phases->end || mb_phases_grow(phases) == 0) {
        phase = phases->next++;
        *phase = (mb_phase){.name = name,
                            .duration_ns = MB_PHASE_OPEN,
                            .order = phases->sequence++,
                            .iteration = iteration};
        /* a signal handler may look between any two of these: the count comes last */
        __atomic_store_n(&phases->entered, phases->entered + 1, __ATOMIC_RELEASE);
    }
    return phase;
}

void mb_phases_note_order(mb_phases *phases, mb_phase *phase);

/* Gives an open phase its duration and its place in the order of leaving. */
static inline void
mb_phases_leave(mb_phases *phases, mb_phase *phase, int64_t now_ns)
{
    phase->order = (uint32_t)phases->left++;
    phase->duration_ns = now_ns - phase->start_ns;
    if (phases->by_order) {
        mb_phases_note_order(phases, phase);
    }
}

/* Stores a note, at least 1, with a phase that was left. It takes the place of the
 * start. */
static inline void
mb_phase_note(mb_phase *phase, int64_t note)
{
    phase->start_ns = -note;
}

#define MB_PHASE_FOREIGN                                                               \
    INT64_MAX /* the note of one whose duration another counter has measured */

static inline int64_t
mb_phase_noted(const mb_phase *phase)
{
    return phase->start_ns < 0 ? -phase->start_ns : 0;
}

static inline uint32_t
mb_phases_stored(const mb_phases *phases)
{
    return (uint32_t)(phases->left - phases->dropped);
}

/* Returns how many phases are listed, at most. */
static inline uint32_t
mb_phases_limit(const mb_phases *phases)
{
    return phases->unlisted ? 0 : mb_phases_kept;
}

/* Returns how many stored phases come before the listed ones. */
static inline uint32_t
mb_phases_unlisted(const mb_phases *phases)
{
    const uint32_t stored = mb_phases_stored(phases), limit = mb_phases_limit(phases);
    return stored > limit ? stored - limit : 0;
}

/* Returns what an open phase has taken up to `now_ns`; 0 if it was entered after that,
 * or if its clock has not been read yet. */
static inline int64_t
mb_phase_so_far(const mb_phase *phase, int64_t now_ns)
{
    return phase->start_ns && now_ns > phase->start_ns ? now_ns - phase->start_ns : 0;
}

/* Walks all phases, in the order in which they were entered until the first is dropped.
 *
 *     mb_phase_place place = {0};
 *     for (mb_phase *phase; (phase = mb_phases_next(phases, &place));) ...
 */
typedef struct {
    mb_phase_chunk *chunk;
    uint32_t index; /* in the chunk */
    uint32_t seen;
} mb_phase_place;
mb_phase *mb_phases_next(const mb_phases *phases, mb_phase_place *place);

/* Puts the finished phases into `out`, in the order in which they were left; `out` has
 * room for mb_phases_stored(). Open ones are skipped. */
void mb_phases_finished(const mb_phases *phases, const mb_phase **out);

static inline uint32_t
mb_phases_open_count(const mb_phases *phases)
{
    return phases->entered - mb_phases_stored(phases);
}

/* Puts the open phases into `out`, in the order in which they were entered; `out` has
 * room for mb_phases_open_count(). */
void mb_phases_opened(const mb_phases *phases, const mb_phase **out);

/* Returns whether some phases are no longer listed: then there are totals. */
static inline bool
mb_phases_are_summed(const mb_phases *phases)
{
    return phases->left > mb_phases_limit(phases);
}

/* Writes the totals of all phases that were left but foreign ones: `out` has room for
 * one of each name, in the order of first_name, and one that the others share. */
void mb_phases_totals(const mb_phases *phases, mb_total *out);

#endif
