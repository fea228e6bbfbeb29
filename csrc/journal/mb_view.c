#include "journal/mb_view.h"

#include <string.h>

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

mb_view
mb_view_of(mb_image image, const mb_slot *slot, int64_t now_ns)
{
    mb_view seen = {.image = image, .slot = slot, .now_ns = now_ns};
    seen.dropped = LOAD_FIRST(slot->dropped);
    seen.left = LOAD_FIRST(slot->left);
    seen.entries = mb_image_entries(image, slot);
    seen.flags = LOAD(slot->flags);
    seen.kept = LOAD(slot->kept);
    const size_t most = image.size / sizeof(mb_entry);
    if (seen.left < seen.dropped) {
        seen.left = seen.dropped;
    }
    if (seen.left > seen.dropped + seen.entries) {
        seen.left = seen.dropped + seen.entries;
    }
    const mb_slot_total *total = NULL;
    while (seen.totals < most && (total = mb_image_next_total(image, slot, total))) {
        seen.totals++;
    }
    return seen;
}

size_t
mb_view_size(const mb_view *seen)
{
    return 3 * (size_t)seen->entries * sizeof(uint32_t) +
           ((size_t)seen->totals + 1) * sizeof(mb_total) + 2 * sizeof(uint64_t);
}

size_t
mb_view_place(mb_view *seen, char *buffer, size_t capacity)
{
    const size_t size = mb_view_size(seen);
    if (size > capacity) {
        return 0;
    }
    uintptr_t place = (uintptr_t)buffer + capacity - size;
    place += -place % sizeof(uint64_t);
    seen->sums = (mb_total *)place;
    seen->iterations = (uint32_t *)(seen->sums + seen->totals + 1);
    seen->phases = seen->iterations + seen->entries;
    seen->open = seen->phases + seen->entries;
    memset(seen->sums, 0, ((size_t)seen->totals + 1) * sizeof *seen->sums);
    memset(seen->iterations, 0, 2 * (size_t)seen->entries * sizeof(uint32_t));
    return (size_t)(place - (uintptr_t)buffer);
}

/* --- the lists -------------------------------------------------------------------- */

static const mb_entry *
entry_at(const mb_view *seen, uint32_t offset)
{
    return (const mb_entry *)(seen->image.base + offset);
}

/* Reads a histogram, or none. `most`: see mb_slot_histogram_read. */
static bool
read_histogram(mb_view *seen, uint32_t offset, uint64_t most)
{
    seen->histogram.version.moments.count = 0;
    return mb_slot_histogram_read(seen->image.base, seen->image.size, offset, most,
                                  &seen->histogram);
}

/* Inserts an entry in order. Entries are in order unless one was used again, so this is
 * quick. */
static void
insert_open(mb_view *seen, uint32_t offset, uint64_t order)
{
    uint32_t place = seen->open_count++;
    while (place > 0 && LOAD(entry_at(seen, seen->open[place - 1])->order) > order) {
        seen->open[place] = seen->open[place - 1];
        place--;
    }
    seen->open[place] = offset;
}

/* Inserts the iteration that runs now, unless the histogram has it already. */
static void
insert_uncounted(mb_view *seen, uint32_t offset, const mb_entry *entry)
{
    const uint32_t counted = (uint32_t)seen->histogram.version.moments.count;
    if ((int32_t)(LOAD(entry->iteration) - counted) >= 0) {
        seen->iterations[0] = offset;
        seen->iteration_count = 1;
    }
}

static void
insert(mb_view *seen, const mb_entry *entry)
{
    const uint32_t offset = (uint32_t)((const char *)entry - seen->image.base);
    const uint64_t order = LOAD_FIRST(entry->order);
    if (order == 0) {
        return;
    }
    if (LOAD(entry->name) == 0 && seen->flags & MB_SLOT_UNLISTED) {
        insert_uncounted(seen, offset, entry);
    } else if (LOAD(entry->name) == 0) {
        const uint32_t number = LOAD(entry->iteration);
        if (number < seen->entries) {
            seen->iterations[number] = offset;
            seen->iteration_count =
                number >= seen->iteration_count ? number + 1 : seen->iteration_count;
        }
    } else if (order > seen->left) { /* open, or left just now */
        insert_open(seen, offset, order);
    } else if (order > seen->dropped) {
        seen->phases[order - seen->dropped - 1] = offset;
    }
}

void
mb_view_fill(mb_view *seen)
{
    const mb_entry *entry;
    mb_image_walk all = mb_image_walk_of(seen->image, seen->slot, seen->entries);
    read_histogram(seen, LOAD_FIRST(seen->slot->histogram), UINT64_MAX);
    while ((entry = mb_image_walk_on(&all))) {
        insert(seen, entry);
    }
    seen->phase_count = (uint32_t)(seen->left - seen->dropped);
}

/* --- what was measured ------------------------------------------------------------ */

/* What an entry has taken up to `now_ns`; 0 where the clock has not been read yet. */
static int64_t
so_far(const mb_entry *entry, int64_t now_ns)
{
    const int64_t elapsed_ns = LOAD_FIRST(entry->elapsed_ns);
    const int64_t start_ns = LOAD(entry->start_ns);
    int64_t ns;
    if (elapsed_ns != MB_ENTRY_RUNNING) {
        return elapsed_ns;
    }
    return start_ns && !__builtin_sub_overflow(now_ns, start_ns, &ns) && ns > 0 ? ns
                                                                                : 0;
}

/* Reads a duration. The entry of an iteration is used again only where a histogram has it. */
static bool
read_duration(mb_view *seen, uint32_t offset, mb_call_block_item *item)
{
    const mb_entry *entry = entry_at(seen, offset);
    seen->entry = offset && seen->flags & MB_SLOT_UNLISTED ? entry : NULL;
    if (offset) {
        seen->order = LOAD_FIRST(entry->order);
        item->ns = so_far(entry, seen->now_ns);
    }
    return offset != 0;
}

static bool
read_phase(mb_view *seen, uint32_t offset, mb_call_block_item *item)
{
    const mb_entry *entry = entry_at(seen, offset);
    const uint64_t order = offset ? LOAD_FIRST(entry->order) : 0;
    const mb_slot_name *name = order ? mb_image_name_of(seen->image, entry) : NULL;
    if (!name) {
        return false;
    }
    seen->entry = entry;
    seen->order = order;
    item->utf8 = name->utf8;
    item->size = name->size;
    item->ns = so_far(entry, seen->now_ns);
    item->iteration = LOAD(entry->iteration);
    return true;
}

/* Whether the entry was not used again while it was read. */
static bool
is_same(const void *from)
{
    const mb_view *seen = from;
    mb_fence(__ATOMIC_ACQUIRE); /* what was read, before the look again */
    const uint64_t now = seen->entry ? LOAD(seen->entry->order) : seen->order;
    return now == seen->order ||
           (seen->order & MB_ENTRY_OPEN && now != 0 && !(now & MB_ENTRY_OPEN));
}

/* How many of the phases that were left come before the listed ones. */
static uint32_t
first_listed(const mb_view *seen)
{
    if (seen->flags & MB_SLOT_UNLISTED) {
        return seen->phase_count;
    }
    return seen->kept && seen->phase_count > seen->kept ? seen->phase_count - seen->kept
                                                        : 0;
}

bool
mb_view_is_summed(const mb_view *seen)
{
    return seen->flags & MB_SLOT_UNLISTED ? seen->left > 0
                                          : seen->kept && seen->left > seen->kept;
}

/* --- totals ----------------------------------------------------------------------- */

/* Reads a version; false if it is changing, or is younger than the view. */
static bool
read_version(const mb_view *seen, const mb_total_version *version, uint64_t *nth,
             mb_total *total)
{
    *nth = LOAD_FIRST(version->nth);
    total->count = LOAD(version->count);
    total->sum_ns = LOAD(version->sum_ns);
    total->min_ns = LOAD(version->min_ns);
    total->max_ns = LOAD(version->max_ns);
    mb_fence(__ATOMIC_ACQUIRE); /* what was read, before the look again */
    return *nth == LOAD(version->nth) && *nth <= seen->dropped;
}

static mb_total
dropped_of(const mb_view *seen, const mb_slot_total *total)
{
    uint64_t nth[2];
    mb_total read[2];
    const bool first = read_version(seen, &total->versions[0], &nth[0], &read[0]);
    const bool second = read_version(seen, &total->versions[1], &nth[1], &read[1]);
    if (first && (!second || nth[0] >= nth[1])) {
        return read[0];
    }
    return second ? read[1] : (mb_total){0};
}

/* Where the phases of a name are summed: after all others for those without a total. */
static uint32_t
index_of(const mb_view *seen, const mb_slot_total *total)
{
    const uint32_t index = total && LOAD(total->name) ? LOAD(total->index) : UINT32_MAX;
    return index < seen->totals ? index : seen->totals;
}

void
mb_view_sum(const mb_view *seen)
{
    const mb_slot_total *total = NULL;
    while ((total = mb_image_next_total(seen->image, seen->slot, total))) {
        const mb_total dropped = dropped_of(seen, total);
        mb_total_join(&seen->sums[index_of(seen, total)], &dropped);
    }
    for (uint32_t i = 0; i < seen->phase_count; i++) {
        const mb_entry *entry = entry_at(seen, seen->phases[i]);
        const mb_slot_name *name =
            seen->phases[i] ? mb_image_name_of(seen->image, entry) : NULL;
        if (name) {
            total = mb_image_block(seen->image, LOAD(name->total), sizeof *total);
            mb_total_add(&seen->sums[index_of(seen, total)],
                         so_far(entry, seen->now_ns));
        }
    }
}

/* Returns the total of all names that have none of their own; NULL where there is none. */
static const mb_slot_total *
shared_total(const mb_view *seen)
{
    const mb_slot_total *total = NULL;
    while ((total = mb_image_next_total(seen->image, seen->slot, total)) &&
           LOAD(total->name)) {
    }
    return total;
}

/* Reads the histogram of a total as well, if there is one. */
static void
read_histogram_of(mb_view *seen, const mb_slot_total *total, mb_call_block_item *item)
{
    const uint32_t offset = total ? LOAD_FIRST(total->histogram) : 0;
    item->has_histogram = offset && read_histogram(seen, offset, seen->left);
    item->moments = seen->histogram.version.moments;
}

/* Reads the next total; at last, at the index behind them, that of all other names. */
static bool
read_total(mb_view *seen, size_t index, mb_call_block_item *item)
{
    const mb_slot_name *name = NULL;
    uint32_t place = seen->totals;
    seen->entry = NULL;
    if (index >= seen->totals) {
        read_histogram_of(seen, shared_total(seen), item);
    } else {
        seen->total = mb_image_next_total(seen->image, seen->slot, seen->total);
        place = index_of(seen, seen->total);
        name = seen->total ? mb_image_name(seen->image, LOAD(seen->total->name)) : NULL;
        if (place == seen->totals || !name) {
            return false;
        }
        read_histogram_of(seen, seen->total, item);
    }
    item->utf8 = name ? name->utf8 : NULL;
    item->size = name ? name->size : 0;
    item->total = seen->sums[place];
    return item->total.count > 0;
}

static bool
read_iterations(mb_view *seen, mb_call_block_item *item)
{
    seen->entry = NULL;
    item->has_histogram =
        read_histogram(seen, LOAD_FIRST(seen->slot->histogram), UINT64_MAX);
    item->moments = seen->histogram.version.moments;
    return item->moments.count > 0;
}

static bool
read_bucket(void *from, uint32_t *bucket, uint64_t *count)
{
    return mb_slot_histogram_next(&((mb_view *)from)->histogram, bucket, count);
}

/* --- the items of a call block ---------------------------------------------------- */

static bool
read_item(void *from, mb_call_block_list list, size_t index, mb_call_block_item *item)
{
    mb_view *seen = from;
    switch (list) {
    case MB_CALL_BLOCK_DURATIONS:
        return read_duration(seen, seen->iterations[index], item);
    case MB_CALL_BLOCK_SUMMARY:
        return read_total(seen, index, item);
    case MB_CALL_BLOCK_HISTOGRAM:
        return read_iterations(seen, item);
    case MB_CALL_BLOCK_OPEN:
        return read_phase(seen, seen->open[index], item);
    default:
        return read_phase(seen, seen->phases[first_listed(seen) + index], item);
    }
}

const mb_call_block_source mb_view_source = {read_item, is_same, read_bucket};

void
mb_view_count(mb_call_block *call, const mb_view *seen)
{
    const uint32_t listed = seen->phase_count - first_listed(seen);
    call->counts[MB_CALL_BLOCK_DURATIONS] = seen->iteration_count;
    call->counts[MB_CALL_BLOCK_TIMINGS] = listed;
    call->counts[MB_CALL_BLOCK_ITERATIONS] =
        seen->flags & MB_SLOT_ITERATED ? listed : 0;
    call->counts[MB_CALL_BLOCK_SUMMARY] =
        mb_view_is_summed(seen) ? (size_t)seen->totals + 1 : 0;
    call->counts[MB_CALL_BLOCK_OPEN] = seen->open_count;
    call->counts[MB_CALL_BLOCK_HISTOGRAM] = seen->slot->histogram != 0;
}
