#include "run/mb_phases.h"

#include <string.h>

#define FIRST_CHUNK 16
#define LARGEST_CHUNK 4096
#define FIRST_BUCKETS 16 /* a power of two, as all sizes of tables here */

uint32_t mb_phases_kept = MB_PHASES_KEPT;
uint32_t mb_phases_names = MB_PHASES_NAMES;
uint64_t mb_phases_most = MB_PHASES_MOST;

struct mb_phase_chunk {
    mb_phase_chunk *next;
    uint32_t capacity;
    mb_phase phases[];
};

/* --- all of them ------------------------------------------------------------------ */

static void
free_histogram(mb_histogram *histogram)
{
    if (histogram) {
        mb_histogram_free(histogram);
        mb_free(histogram);
    }
}

void
mb_phases_free(mb_phases *phases)
{
    mb_phase_place place = {0};
    for (mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        mb_phases_forget(phase->name);
    }
    for (mb_phase_chunk *chunk = phases->first, *next; chunk; chunk = next) {
        next = chunk->next;
        mb_free(chunk);
    }
    for (mb_phase_name *name = phases->first_name, *newer; name; name = newer) {
        newer = name->newer;
        free_histogram(name->histogram);
        mb_free(name);
    }
    free_histogram(phases->shared_histogram);
    mb_free(phases->by_order);
    mb_free(phases->buckets);
    memset(phases, 0, sizeof *phases);
}

/* --- names ------------------------------------------------------------------------ */

/* FNV-1a, 32 bits. */
static uint32_t
hash_of(const char *utf8, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)utf8[i]) * 16777619u;
    }
    return hash;
}

static mb_phase_name *
find(const mb_phases *phases, uint32_t hash, const char *utf8, size_t size)
{
    const uint32_t count = phases->bucket_count;
    mb_phase_name *name = count ? phases->buckets[hash % count] : NULL;
    while (name && (name->hash != hash || name->size != size ||
                    memcmp(name->utf8, utf8, size) != 0)) {
        name = name->next;
    }
    return name;
}

static void
put_into_bucket(mb_phases *phases, mb_phase_name *name)
{
    mb_phase_name **bucket = &phases->buckets[name->hash % phases->bucket_count];
    name->next = *bucket;
    *bucket = name;
}

/* Makes at least as many buckets as names. Without memory the lists grow longer; false
 * if there are no buckets at all. */
static bool
make_buckets(mb_phases *phases)
{
    if (phases->names < phases->bucket_count) {
        return true;
    }
    const uint32_t count =
        phases->bucket_count ? 2 * phases->bucket_count : FIRST_BUCKETS;
    mb_phase_name **buckets = mb_alloc(count * sizeof *buckets);
    if (!buckets) {
        return phases->buckets != NULL;
    }
    memset(buckets, 0, count * sizeof *buckets);
    mb_free(phases->buckets);
    phases->buckets = buckets;
    phases->bucket_count = count;
    for (mb_phase_name *name = phases->first_name; name; name = name->newer) {
        put_into_bucket(phases, name);
    }
    return true;
}

static mb_phase_name *
new_name(uint32_t hash, const char *utf8, size_t size)
{
    mb_phase_name *name = mb_alloc(sizeof *name + size + 1);
    if (name) {
        *name = (mb_phase_name){
            .index = MB_NAME_SHARES, .hash = hash, .size = (uint32_t)size};
        memcpy(name->utf8, utf8, size);
        name->utf8[size] = '\0';
    }
    return name;
}

static void
give_total(mb_phases *phases, mb_phase_name *name)
{
    name->index = phases->names++;
    put_into_bucket(phases, name);
    *(phases->last_name ? &phases->last_name->newer : &phases->first_name) = name;
    phases->last_name = name;
}

/* Makes a histogram where there is none. False without memory. */
static bool
make_histogram(mb_histogram **histogram)
{
    if (!*histogram && (*histogram = mb_alloc(sizeof **histogram))) {
        **histogram = (mb_histogram){0};
    }
    return *histogram != NULL;
}

/* Makes the histogram that a new name needs. False without memory. */
static bool
make_histogram_for(mb_phases *phases, mb_phase_name *name, bool has_total)
{
    return !phases->histograms ||
           make_histogram(has_total ? &name->histogram : &phases->shared_histogram);
}

mb_phase_name *
mb_phases_name(mb_phases *phases, const char *utf8, size_t size)
{
    if (size >= UINT32_MAX) {
        return NULL;
    }
    const uint32_t hash = hash_of(utf8, size);
    mb_phase_name *name = find(phases, hash, utf8, size);
    if (name) {
        return name;
    }
    const bool has_total = phases->names < mb_phases_names;
    if (has_total && !make_buckets(phases)) {
        return NULL;
    }
    name = new_name(hash, utf8, size);
    if (name && !make_histogram_for(phases, name, has_total)) {
        mb_free(name);
        return NULL;
    }
    if (name && has_total) {
        give_total(phases, name);
    }
    return name;
}

void
mb_phases_forget(mb_phase_name *name)
{
    if (name->index == MB_NAME_SHARES) {
        mb_free(name);
    }
}

/* --- histograms ------------------------------------------------------------------- */

/* Makes a histogram for each name there is, and for those to come that share one. */
static bool
make_histograms(mb_phases *phases)
{
    bool made = make_histogram(&phases->shared_histogram);
    for (mb_phase_name *name = phases->first_name; name && made; name = name->newer) {
        made = make_histogram(&name->histogram);
    }
    return made;
}

int
mb_phases_use_histograms(mb_phases *phases)
{
    if (phases->histograms) {
        return 0;
    }
    if ((phases->first_name || phases->entered) && !make_histograms(phases)) {
        return -1;
    }
    phases->histograms = true;
    mb_phase_place place = {0};
    for (mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        if (phase->duration_ns != MB_PHASE_OPEN &&
            mb_phase_noted(phase) != MB_PHASE_FOREIGN) {
            mb_histogram_add(mb_phases_histogram(phases, phase->name),
                             phase->duration_ns);
        }
    }
    return 0;
}

/* --- dropping --------------------------------------------------------------------- */

void
mb_phases_note_order(mb_phases *phases, mb_phase *phase)
{
    if (mb_phases_stored(phases) > phases->by_order_size) {
        mb_free(phases->by_order); /* it is made anew, larger, when it is needed */
        phases->by_order = NULL;
        return;
    }
    phases->by_order[phase->order & (phases->by_order_size - 1)] = phase;
}

/* Makes the ring of phases by order. False without memory. */
static bool
make_order(mb_phases *phases)
{
    uint32_t size = FIRST_CHUNK;
    while (size < mb_phases_stored(phases) + FIRST_CHUNK) {
        size *= 2;
    }
    phases->by_order = mb_alloc(size * sizeof *phases->by_order);
    phases->by_order_size = size;
    mb_phase_place place = {0};
    for (mb_phase *phase;
         phases->by_order && (phase = mb_phases_next(phases, &place));) {
        if (phase->duration_ns != MB_PHASE_OPEN) {
            phases->by_order[phase->order & (size - 1)] = phase;
        }
    }
    return phases->by_order != NULL;
}

/* Turns the list into histograms: while nothing is dropped, they can have all phases. */
static void
convert(mb_phases *phases)
{
    if (phases->dropped == 0) {
        mb_phases_use_histograms(phases); /* without memory, totals have to do */
    }
    if (phases->histograms && phases->left > mb_phases_most) {
        phases->unlisted = true;
    }
}

/* Drops the phase that was left first, whose place is free then; NULL without
 * memory. */
static mb_phase *
drop_one(mb_phases *phases)
{
    if (!phases->by_order && !make_order(phases)) {
        return NULL;
    }
    if (phases->converts) {
        convert(phases);
    }
    const uint32_t order = (uint32_t)phases->dropped++;
    mb_phase *phase = phases->by_order[order & (phases->by_order_size - 1)];
    mb_phase_name *name = phase->name;
    const bool shares = name->index == MB_NAME_SHARES;
    if (mb_phase_noted(phase) != MB_PHASE_FOREIGN) {
        mb_total_add(shares ? &phases->shared : &name->dropped, phase->duration_ns);
    }
    if (phases->on_drop) {
        phases->on_drop(phases, phase);
    }
    mb_phases_forget(name);
    return phase;
}

/* --- entering --------------------------------------------------------------------- */

static int
new_chunk(mb_phases *phases)
{
    uint32_t capacity = phases->last ? phases->last->capacity * 2 : FIRST_CHUNK;
    if (capacity > LARGEST_CHUNK) {
        capacity = LARGEST_CHUNK;
    }
    if (phases->entered > UINT32_MAX - capacity) {
        return -1; /* the counters are 32 bits wide */
    }
    mb_phase_chunk *chunk = mb_alloc(sizeof *chunk + capacity * sizeof(mb_phase));
    if (!chunk) {
        return -1;
    }
    chunk->next = NULL;
    chunk->capacity = capacity;
    if (phases->last) {
        phases->last->next = chunk;
    } else {
        phases->first = chunk;
    }
    phases->last = chunk;
    phases->next = chunk->phases;
    phases->end = chunk->phases + capacity;
    return 0;
}

int
mb_phases_grow(mb_phases *phases)
{
    if (mb_phases_stored(phases) > mb_phases_limit(phases)) {
        mb_phase *place = drop_one(phases);
        if (place) {
            phases->next = place;
            phases->end = place + 1;
            phases->entered--; /* it is counted again when it is entered again */
            return 0;
        }
    }
    return new_chunk(phases);
}

/* --- reading ---------------------------------------------------------------------- */

mb_phase *
mb_phases_next(const mb_phases *phases, mb_phase_place *place)
{
    if (place->seen == phases->entered) {
        return NULL;
    }
    if (!place->chunk) {
        place->chunk = phases->first;
    } else if (place->index == place->chunk->capacity) {
        place->chunk = place->chunk->next;
        place->index = 0;
    }
    place->seen++;
    return &place->chunk->phases[place->index++];
}

void
mb_phases_finished(const mb_phases *phases, const mb_phase **out)
{
    mb_phase_place place = {0};
    for (const mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        if (phase->duration_ns != MB_PHASE_OPEN) {
            out[phase->order - (uint32_t)phases->dropped] = phase;
        }
    }
}

/* Inserts a phase in order. Phases are in order unless a place was used again, so this
 * is quick. */
static void
insert(const mb_phase **out, uint32_t count, const mb_phase *phase)
{
    while (count > 0 && (int32_t)(out[count - 1]->order - phase->order) > 0) {
        out[count] = out[count - 1];
        count--;
    }
    out[count] = phase;
}

void
mb_phases_opened(const mb_phases *phases, const mb_phase **out)
{
    uint32_t count = 0;
    mb_phase_place place = {0};
    for (const mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        if (phase->duration_ns == MB_PHASE_OPEN) {
            insert(out, count++, phase);
        }
    }
}

void
mb_phases_totals(const mb_phases *phases, mb_total *out)
{
    const mb_phase_name *name = phases->first_name;
    for (uint32_t i = 0; i < phases->names; i++, name = name->newer) {
        out[i] = name->dropped;
    }
    out[phases->names] = phases->shared;
    mb_phase_place place = {0};
    for (const mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        const uint32_t index = phase->name->index;
        if (phase->duration_ns != MB_PHASE_OPEN &&
            mb_phase_noted(phase) != MB_PHASE_FOREIGN) {
            mb_total_add(&out[index == MB_NAME_SHARES ? phases->names : index],
                         phase->duration_ns);
        }
    }
}
