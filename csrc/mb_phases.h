/* The phases of one run.
 *
 * A phase is stored when it is entered, in chunks that never move, with its name as UTF-8
 * beside it: so the object behind `with bench.time(...)` keeps a plain pointer, and a
 * signal handler can read what was finished and what was open. 32 bytes a phase, and each
 * name once for as long as the caller remembers where it was put.
 *
 * Thread: under the GIL; many may enter and leave (asyncio.to_thread). Signal-safe:
 * mb_phases_next, in the thread that was interrupted.
 */
#ifndef MB_PHASES_H
#define MB_PHASES_H

#include "mb_platform.h"

#define MB_PHASE_OPEN (-1) /* duration of a phase that has not been left */

typedef struct {
    uint32_t size;
    uint32_t mirrored; /* where it is in the journal, for whoever put it there; 0 */
    char utf8[];       /* `size` bytes, and a 0 */
} mb_name;

typedef struct {
    const mb_name *name; /* Borrowed from the phases */
    int64_t start_ns;
    int64_t duration_ns; /* or MB_PHASE_OPEN */
    uint32_t order;      /* how many phases were left before this one */
    uint32_t iteration;  /* of the run, from 0 */
} mb_phase;

typedef struct mb_phase_chunk mb_phase_chunk;
typedef struct mb_name_block mb_name_block;

typedef struct {
    uint32_t entered;
    uint32_t left;
    mb_phase *next, *end;         /* the free part of the last chunk */
    mb_phase_chunk *first, *last; /* Owned */
    mb_name_block *names;         /* Owned */
} mb_phases;

/* All zero is empty. */
void mb_phases_init(mb_phases *phases);
void mb_phases_free(mb_phases *phases);

/* A copy of the name, for any number of phases. Borrowed, valid until mb_phases_free.
 * NULL without memory: nothing has changed then. */
mb_name *mb_phases_name(mb_phases *phases, const char *utf8, size_t size);

/* Makes room for one more phase at least: 0, or -1 without memory. */
int mb_phases_grow(mb_phases *phases);

/* A new open phase whose `start_ns` is 0: the caller sets it, clock read last. Borrowed,
 * valid until mb_phases_free. NULL without memory: nothing has changed then. */
static inline mb_phase *
mb_phases_enter(mb_phases *phases, const mb_name *name, uint32_t iteration)
{
    mb_phase *phase = NULL;
    if (phases->next != phases->end || mb_phases_grow(phases) == 0) {
        phase = phases->next++;
        *phase = (mb_phase){
            .name = name, .duration_ns = MB_PHASE_OPEN, .iteration = iteration};
        /* a signal handler may look between any two of these: the count comes last */
        __atomic_store_n(&phases->entered, phases->entered + 1, __ATOMIC_RELEASE);
    }
    return phase;
}

/* Gives an open phase its duration and its place in the order of leaving. */
static inline void
mb_phases_leave(mb_phases *phases, mb_phase *phase, int64_t now_ns)
{
    phase->order = phases->left++;
    phase->duration_ns = now_ns - phase->start_ns;
}

/* What an open phase has taken up to `now_ns`; 0 if it was entered after that, or if its
 * clock has not been read yet. */
static inline int64_t
mb_phase_so_far(const mb_phase *phase, int64_t now_ns)
{
    return phase->start_ns && now_ns > phase->start_ns ? now_ns - phase->start_ns : 0;
}

/* Walks all phases in the order in which they were entered.
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
 * room for `phases->left`. Finished phases only: open ones are skipped. */
void mb_phases_finished(const mb_phases *phases, const mb_phase **out);

#endif
