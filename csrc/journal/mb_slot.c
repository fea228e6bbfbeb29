#include "journal/mb_slot.h"

#include "base/mb_iov.h"

#include <string.h>

#include "base/mb_signame.h"
#include "journal/mb_slot_histogram.h"
#include "run/mb_call.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

#define BLOCK_ALIGNMENT 8

_Static_assert(sizeof(mb_journal_header) <= MB_JOURNAL_HEADER, "blocks come after it");

/* --- looking into an image -------------------------------------------------------- */

/* Returns the block of `size` bytes at an offset; NULL if there cannot be one. */
static const void *
block(mb_image image, uint32_t offset, size_t size)
{
    if (offset < MB_JOURNAL_HEADER || offset % BLOCK_ALIGNMENT != 0 ||
        offset > image.size || size > image.size - offset) {
        return NULL;
    }
    return image.base + offset;
}

static bool
ends(const char *string, size_t size)
{
    return memchr(string, 0, size) != NULL;
}

const mb_journal_header *
mb_image_header(mb_image image)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    if (!header || image.size < MB_JOURNAL_HEADER ||
        (uintptr_t)header % BLOCK_ALIGNMENT != 0 ||
        memcmp(header->magic, MB_JOURNAL_MAGIC, sizeof header->magic) != 0) {
        return NULL;
    }
    const bool whole = header->version == MB_JOURNAL_VERSION &&
                       header->layout == MB_JOURNAL_LAYOUT &&
                       ends(header->boot_id, sizeof header->boot_id) &&
                       ends(header->host, sizeof header->host);
    return whole ? header : NULL;
}

const char *
mb_image_output(mb_image image, size_t *size)
{
    const mb_journal_header *header = mb_image_header(image);
    if (!header || header->output_size == 0) {
        return NULL;
    }
    *size = header->output_size;
    return block(image, header->output, *size);
}

const mb_slot *
mb_image_next(mb_image image, const mb_slot *slot)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    const uint32_t offset = LOAD_FIRST(*(slot ? &slot->next : &header->slots));
    if (slot && (size_t)((const char *)slot - image.base) >= offset) {
        return NULL; /* they lie in the order of their making: so there is an end */
    }
    return block(image, offset, sizeof *slot);
}

bool
mb_slot_is_open(const mb_slot *slot)
{
    const uint32_t state = LOAD_FIRST(slot->state);
    return state == MB_SLOT_OPEN || state == MB_SLOT_CLAIMED;
}

bool
mb_slot_is_claimed(const mb_slot *slot)
{
    return LOAD_FIRST(slot->state) == MB_SLOT_CLAIMED;
}

static const mb_slot_text *
text_of(mb_image image, const mb_slot *slot)
{
    const uint32_t offset = LOAD_FIRST(slot->text);
    const mb_slot_text *text = block(image, offset, sizeof *text);
    if (!text) {
        return NULL;
    }
    const uint64_t size = (uint64_t)text->head_size + text->tail_size + text->call_size;
    return size <= image.size - offset - sizeof *text ? text : NULL;
}

static const mb_slot_name *
name_at(mb_image image, uint32_t offset)
{
    const mb_slot_name *name = block(image, offset, sizeof *name);
    return name && name->size <= image.size - offset - sizeof *name ? name : NULL;
}

/* Returns the name of a phase; NULL if it has none, or one that is damaged. */
static const mb_slot_name *
name_of(mb_image image, const mb_entry *entry)
{
    return name_at(image, LOAD(entry->name));
}

/* --- walking a log ---------------------------------------------------------------- */

typedef struct {
    mb_image image;
    const mb_chunk *chunk;
    uint32_t index; /* in the chunk */
    uint32_t ahead; /* entries */
} walk;

static const mb_chunk *
chunk_at(mb_image image, uint32_t offset)
{
    const mb_chunk *chunk = block(image, offset, sizeof *chunk);
    if (!chunk) {
        return NULL;
    }
    const size_t most = (image.size - offset - sizeof *chunk) / sizeof *chunk->entries;
    return chunk->capacity > 0 && chunk->capacity <= most ? chunk : NULL;
}

static walk
walk_of(mb_image image, const mb_slot *slot, uint32_t entries)
{
    const uint32_t log = LOAD_FIRST(slot->log);
    return (walk){.image = image, .chunk = chunk_at(image, log), .ahead = entries};
}

static const mb_entry *
next_entry(walk *at)
{
    if (at->chunk && at->index == at->chunk->capacity) {
        at->chunk = chunk_at(at->image, LOAD_FIRST(at->chunk->next));
        at->index = 0;
    }
    if (!at->chunk || at->ahead == 0) {
        return NULL;
    }
    at->ahead--;
    return &at->chunk->entries[at->index++];
}

/* What is looked at: others may write meanwhile, and what they add is left out. */
typedef struct {
    mb_image image;
    const mb_slot *slot;
    uint64_t dropped; /* read first, then `left`: no entry in between is missing */
    uint64_t left;
    uint32_t entries; /* in the log */
    uint32_t totals;  /* in their list */
    uint32_t flags;
    uint32_t kept; /* how many phases are listed, at most; 0: all */
    int64_t now_ns;
    /* The log in order; offsets of entries, 0 where there is none. */
    uint32_t *iterations; /* by number */
    uint32_t *phases;     /* that were left: by order, from `dropped` on */
    uint32_t *open;       /* phases that were not, by when they were entered */
    uint32_t iteration_count, phase_count, open_count;
    mb_total *sums;                   /* of all phases, by the index of their total */
    mb_slot_histogram_view histogram; /* the one that was read last */
    /* What was read last: a total; and an entry, as it was then, or NULL. */
    const mb_slot_total *total;
    const mb_entry *entry;
    uint64_t order;
} view;

static const mb_slot_total *
next_total(mb_image image, const mb_slot *slot, const mb_slot_total *total)
{
    const uint32_t offset = LOAD_FIRST(*(total ? &total->next : &slot->totals));
    if (total && (size_t)((const char *)total - image.base) >= offset) {
        return NULL; /* they lie in the order of their making: so there is an end */
    }
    return block(image, offset, sizeof *total);
}

static view
view_of(mb_image image, const mb_slot *slot, int64_t now_ns)
{
    view seen = {.image = image, .slot = slot, .now_ns = now_ns};
    seen.dropped = LOAD_FIRST(slot->dropped);
    seen.left = LOAD_FIRST(slot->left);
    seen.entries = LOAD_FIRST(slot->entries);
    seen.flags = LOAD(slot->flags);
    seen.kept = LOAD(slot->kept);
    const size_t most = image.size / sizeof(mb_entry);
    if (seen.entries > most) {
        seen.entries = (uint32_t)most;
    }
    if (seen.left < seen.dropped) {
        seen.left = seen.dropped;
    }
    if (seen.left > seen.dropped + seen.entries) {
        seen.left = seen.dropped + seen.entries;
    }
    const mb_slot_total *total = NULL;
    while (seen.totals < most && (total = next_total(image, slot, total))) {
        seen.totals++;
    }
    return seen;
}

/* Bytes that mb_slot_record needs beside the text: three lists, and the sums. */
static size_t
size_of_lists(const view *seen)
{
    return 3 * (size_t)seen->entries * sizeof(uint32_t) +
           ((size_t)seen->totals + 1) * sizeof(mb_total) + 2 * sizeof(uint64_t);
}

/* Places the lists at the end of a buffer. Returns how many bytes are left before
 * them. */
static size_t
place_lists(view *seen, char *buffer, size_t capacity)
{
    const size_t size = size_of_lists(seen);
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

static const mb_entry *
entry_at(const view *seen, uint32_t offset)
{
    return (const mb_entry *)(seen->image.base + offset);
}

/* Reads a histogram, or none. `most`: see mb_slot_histogram_read. */
static bool
read_histogram(view *seen, uint32_t offset, uint64_t most)
{
    seen->histogram.version.moments.count = 0;
    return mb_slot_histogram_read(seen->image.base, seen->image.size, offset, most,
                                  &seen->histogram);
}

/* Inserts an entry in order. Entries are in order unless one was used again, so this is
 * quick. */
static void
insert_open(view *seen, uint32_t offset, uint64_t order)
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
insert_uncounted(view *seen, uint32_t offset, const mb_entry *entry)
{
    const uint32_t counted = (uint32_t)seen->histogram.version.moments.count;
    if ((int32_t)(LOAD(entry->iteration) - counted) >= 0) {
        seen->iterations[0] = offset;
        seen->iteration_count = 1;
    }
}

static void
insert(view *seen, const mb_entry *entry)
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

static void
make_lists(view *seen)
{
    const mb_entry *entry;
    walk all = walk_of(seen->image, seen->slot, seen->entries);
    read_histogram(seen, LOAD_FIRST(seen->slot->histogram), UINT64_MAX);
    while ((entry = next_entry(&all))) {
        insert(seen, entry);
    }
    seen->phase_count = (uint32_t)(seen->left - seen->dropped);
}

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

/* --- what was measured ------------------------------------------------------------ */

static bool
is_phase(const mb_entry *entry)
{
    return LOAD(entry->name) != 0;
}

/* Reads a duration. The entry of an iteration is used again only where a histogram has it. */
static bool
read_duration(view *seen, uint32_t offset, mb_call_item *item)
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
read_phase(view *seen, uint32_t offset, mb_call_item *item)
{
    const mb_entry *entry = entry_at(seen, offset);
    const uint64_t order = offset ? LOAD_FIRST(entry->order) : 0;
    const mb_slot_name *name = order ? name_of(seen->image, entry) : NULL;
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
    const view *seen = from;
    mb_fence(__ATOMIC_ACQUIRE); /* what was read, before the look again */
    const uint64_t now = seen->entry ? LOAD(seen->entry->order) : seen->order;
    return now == seen->order ||
           (seen->order & MB_ENTRY_OPEN && now != 0 && !(now & MB_ENTRY_OPEN));
}

/* How many of the phases that were left come before the listed ones. */
static uint32_t
first_listed(const view *seen)
{
    if (seen->flags & MB_SLOT_UNLISTED) {
        return seen->phase_count;
    }
    return seen->kept && seen->phase_count > seen->kept ? seen->phase_count - seen->kept
                                                        : 0;
}

static bool
is_summed(const view *seen)
{
    return seen->flags & MB_SLOT_UNLISTED ? seen->left > 0
                                          : seen->kept && seen->left > seen->kept;
}

/* --- totals ----------------------------------------------------------------------- */

/* Reads a version; false if it is changing, or is younger than the view. */
static bool
read_version(const view *seen, const mb_total_version *version, uint64_t *nth,
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
dropped_of(const view *seen, const mb_slot_total *total)
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
index_of(const view *seen, const mb_slot_total *total)
{
    const uint32_t index = total && LOAD(total->name) ? LOAD(total->index) : UINT32_MAX;
    return index < seen->totals ? index : seen->totals;
}

static void
sum_up(const view *seen)
{
    const mb_slot_total *total = NULL;
    while ((total = next_total(seen->image, seen->slot, total))) {
        const mb_total dropped = dropped_of(seen, total);
        mb_total_join(&seen->sums[index_of(seen, total)], &dropped);
    }
    for (uint32_t i = 0; i < seen->phase_count; i++) {
        const mb_entry *entry = entry_at(seen, seen->phases[i]);
        const mb_slot_name *name = seen->phases[i] ? name_of(seen->image, entry) : NULL;
        if (name) {
            total = block(seen->image, LOAD(name->total), sizeof *total);
            mb_total_add(&seen->sums[index_of(seen, total)],
                         so_far(entry, seen->now_ns));
        }
    }
}

/* Returns the total of all names that have none of their own; NULL where there is none. */
static const mb_slot_total *
shared_total(const view *seen)
{
    const mb_slot_total *total = NULL;
    while ((total = next_total(seen->image, seen->slot, total)) && LOAD(total->name)) {
    }
    return total;
}

/* Reads the histogram of a total as well, if there is one. */
static void
read_histogram_of(view *seen, const mb_slot_total *total, mb_call_item *item)
{
    const uint32_t offset = total ? LOAD_FIRST(total->histogram) : 0;
    item->has_histogram = offset && read_histogram(seen, offset, seen->left);
    item->moments = seen->histogram.version.moments;
}

/* Reads the next total; at last, at the index behind them, that of all other names. */
static bool
read_total(view *seen, size_t index, mb_call_item *item)
{
    const mb_slot_name *name = NULL;
    uint32_t place = seen->totals;
    seen->entry = NULL;
    if (index >= seen->totals) {
        read_histogram_of(seen, shared_total(seen), item);
    } else {
        seen->total = next_total(seen->image, seen->slot, seen->total);
        place = index_of(seen, seen->total);
        name = seen->total ? name_at(seen->image, LOAD(seen->total->name)) : NULL;
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

/* --- the call block --------------------------------------------------------------- */

static bool
read_iterations(view *seen, mb_call_item *item)
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
    return mb_slot_histogram_next(&((view *)from)->histogram, bucket, count);
}

static bool
read_item(void *from, mb_call_list list, size_t index, mb_call_item *item)
{
    view *seen = from;
    switch (list) {
    case MB_CALL_DURATIONS:
        return read_duration(seen, seen->iterations[index], item);
    case MB_CALL_SUMMARY:
        return read_total(seen, index, item);
    case MB_CALL_HISTOGRAM:
        return read_iterations(seen, item);
    case MB_CALL_OPEN:
        return read_phase(seen, seen->open[index], item);
    default:
        return read_phase(seen, seen->phases[first_listed(seen) + index], item);
    }
}

static const mb_call_source SOURCE = {read_item, is_same, read_bucket};

/* The time of the end: the wall clock may have been set since the start. */
static int64_t
finish_wall_ns(const view *seen)
{
    const mb_slot *slot = seen->slot;
    const int64_t start_wall_ns = LOAD(slot->start_wall_ns);
    const int64_t start_ns = LOAD(slot->start_ns);
    int64_t took_ns, finish_ns;
    if (!start_ns || __builtin_sub_overflow(seen->now_ns, start_ns, &took_ns) ||
        took_ns < 0 || __builtin_add_overflow(start_wall_ns, took_ns, &finish_ns)) {
        return start_wall_ns;
    }
    return finish_ns;
}

static void
count_items(mb_call *call, const view *seen)
{
    const uint32_t listed = seen->phase_count - first_listed(seen);
    call->counts[MB_CALL_DURATIONS] = seen->iteration_count;
    call->counts[MB_CALL_TIMINGS] = listed;
    call->counts[MB_CALL_ITERATIONS] = seen->flags & MB_SLOT_ITERATED ? listed : 0;
    call->counts[MB_CALL_SUMMARY] = is_summed(seen) ? (size_t)seen->totals + 1 : 0;
    call->counts[MB_CALL_OPEN] = seen->open_count;
    call->counts[MB_CALL_HISTOGRAM] = seen->slot->histogram != 0;
}

static void
write_call(mb_text *text, view *seen, const mb_slot_text *ready)
{
    mb_call call = {
        .record_id = seen->slot->record_id,
        .fields = ready->bytes + ready->head_size + ready->tail_size,
        .fields_size = ready->call_size,
        .secret = seen->flags & MB_SLOT_SECRET,
        .integers = seen->flags & MB_SLOT_INTEGERS,
        .cut = seen->flags & MB_SLOT_CUT,
        .offset_s = LOAD(seen->slot->offset_s),
        .start_wall_ns = LOAD(seen->slot->start_wall_ns),
        .finish_wall_ns = finish_wall_ns(seen),
    };
    if (!(seen->flags & (MB_SLOT_SECRET | MB_SLOT_UNTIMED))) {
        count_items(&call, seen);
    }
    if (call.counts[MB_CALL_SUMMARY]) {
        sum_up(seen);
    }
    mb_call_write(text, &call, &SOURCE, seen);
}

/* --- the record ------------------------------------------------------------------- */

static bool
is_record_id(const char *id)
{
    for (int i = 0; i < MB_RECORD_ID_SIZE; i++) {
        const bool digit =
            (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
        if (!digit && id[i] != '-') {
            return false;
        }
    }
    return true;
}

static void
write_field(mb_text *text, const char *name, const char *value)
{
    MB_TEXT_LITERAL(text, ",\"");
    mb_text_raw(text, name, strlen(name));
    MB_TEXT_LITERAL(text, "\":");
    mb_text_string(text, value, strlen(value));
}

static void
write_ending(mb_text *text, const mb_ending *ending)
{
    if (ending->signal) {
        char name[MB_SIGNAL_NAME];
        mb_signame_of(ending->signal, name);
        write_field(text, "exit_signal", name);
    }
    if (ending->path) {
        write_field(text, "exit_path", ending->path);
    }
    mb_text_raw(text, ending->more, ending->more_size);
    MB_TEXT_LITERAL(text, "}\n");
}

#define ROOM_OF_CALL 256  /* id, durations, times */
#define ROOM_OF_ENTRY 112 /* a duration, or a phase less its name and its iteration */
#define ROOM_OF_TOTAL 192 /* less the name */
#define ROOM_OF_MOMENTS 192
#define ROOM_OF_BUCKET 30
#define ROOM_OF_ENDING 128   /* signal, path */
#define LONGEST_ESCAPE 6     /* \u0000 for a byte */
#define MOST_ROOM (1u << 28) /* more is damage: a name that all phases seem to have */

static size_t
room_of_entry(mb_image image, const mb_entry *entry)
{
    const mb_slot_name *name = is_phase(entry) ? name_of(image, entry) : NULL;
    return ROOM_OF_ENTRY + (name ? (size_t)name->size * LONGEST_ESCAPE : 0);
}

static size_t
room_of_histogram(const view *seen, uint32_t offset)
{
    mb_slot_histogram_view read;
    if (!offset || !mb_slot_histogram_read(seen->image.base, seen->image.size, offset,
                                           UINT64_MAX, &read)) {
        return 0;
    }
    return ROOM_OF_MOMENTS + mb_slot_histogram_most(&read) * ROOM_OF_BUCKET;
}

/* An entry is written once, as left or as open. */
static size_t
room_of_log(const view *seen)
{
    size_t room = size_of_lists(seen);
    const mb_entry *entry;
    walk all = walk_of(seen->image, seen->slot, seen->entries);
    while ((entry = next_entry(&all))) {
        room += room_of_entry(seen->image, entry);
    }
    const mb_slot_total *total = NULL;
    while (is_summed(seen) && (total = next_total(seen->image, seen->slot, total))) {
        const mb_slot_name *name = name_at(seen->image, LOAD(total->name));
        room += ROOM_OF_TOTAL + (name ? (size_t)name->size * LONGEST_ESCAPE : 0) +
                room_of_histogram(seen, LOAD_FIRST(total->histogram));
    }
    return room + ROOM_OF_TOTAL +
           room_of_histogram(seen, LOAD_FIRST(seen->slot->histogram));
}

size_t
mb_slot_room(mb_image image, const mb_slot *slot, const mb_ending *ending)
{
    const mb_slot_text *ready = mb_slot_is_open(slot) ? text_of(image, slot) : NULL;
    if (!ready || !is_record_id(slot->record_id)) {
        return 0;
    }
    if (ready->is_whole) {
        return 1;
    }
    const view seen = view_of(image, slot, ending->now_ns);
    const size_t room = ROOM_OF_CALL + ready->call_size + room_of_log(&seen) +
                        ROOM_OF_ENDING + ending->more_size;
    return room <= MOST_ROOM ? room : 0;
}

static void
add_part(mb_slot_line *line, int index, const char *bytes, size_t size)
{
    line->parts[index] = mb_iov_part(bytes, size);
    line->size += size;
}

static bool
whole_record(const mb_slot_text *ready, mb_slot_line *line)
{
    line->size = 0;
    add_part(line, 0, ready->bytes, ready->head_size);
    for (int i = 1; i < MB_SLOT_PARTS; i++) {
        add_part(line, i, "\n", i == MB_SLOT_PARTS - 1);
    }
    return true;
}

bool
mb_slot_record(mb_image image, const mb_slot *slot, const mb_ending *ending,
               char *buffer, size_t capacity, mb_slot_line *line)
{
    mb_text call, end;
    const mb_slot_text *ready = text_of(image, slot);
    if (!ready || !is_record_id(slot->record_id)) {
        return false;
    }
    if (ready->is_whole) {
        return whole_record(ready, line);
    }
    view seen = view_of(image, slot, ending->now_ns);
    const size_t room = place_lists(&seen, buffer, capacity);
    if (room == 0) {
        return false;
    }
    make_lists(&seen);
    mb_text_fixed(&call, buffer, room);
    write_call(&call, &seen, ready);
    mb_text_fixed(&end, buffer + call.size, room - call.size);
    write_ending(&end, ending);
    line->size = 0;
    add_part(line, 0, ready->bytes, ready->head_size);
    add_part(line, 1, call.data, call.size);
    add_part(line, 2, ready->bytes + ready->head_size, ready->tail_size);
    add_part(line, 3, end.data, end.size);
    return !call.failed && !end.failed;
}

/* --- the end of a dead one -------------------------------------------------------- */

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* When an entry was entered, or left. */
static int64_t
last_of(const mb_entry *entry)
{
    const int64_t start_ns = LOAD(entry->start_ns);
    int64_t last_ns = LOAD(entry->elapsed_ns);
    if (last_ns < 0 || __builtin_add_overflow(start_ns, last_ns, &last_ns)) {
        return start_ns;
    }
    return last_ns;
}

static int64_t
last_of_slot(mb_image image, const mb_slot *slot)
{
    const view seen = view_of(image, slot, 0);
    int64_t last_ns = LOAD(slot->start_ns);
    walk all = walk_of(image, slot, seen.entries);
    for (const mb_entry *entry; (entry = next_entry(&all));) {
        last_ns = later(last_ns, last_of(entry));
    }
    return last_ns;
}

/* The latest time that is stored for any record. */
static int64_t
last_of_all(mb_image image)
{
    int64_t last_ns = ((const mb_journal_header *)image.base)->made_ns;
    for (const mb_slot *slot = NULL; (slot = mb_image_next(image, slot));) {
        last_ns = later(last_ns, last_of_slot(image, slot));
    }
    return last_ns;
}

int64_t
mb_image_last_ns(mb_image image)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    int64_t last_ns = last_of_all(image);
    last_ns = later(last_ns, LOAD(header->alive_ns));
    last_ns = later(last_ns, LOAD_FIRST(header->parent_ns));
    return LOAD_FIRST(header->signal) ? later(last_ns, header->signal_ns) : last_ns;
}

bool
mb_image_end_is_marked(mb_image image)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    const char *page = block(image, header->endmark, sizeof(uint32_t));
    return page && mb_endmark_is_set(page);
}

static bool
is_crash(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
           signal == SIGILL || signal == SIGABRT;
}

/* A handler that saves the process may leave by siglongjmp: then the note of the signal
 * stays, though the process survived. */
int
mb_image_signal(mb_image image)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    const int signal = (int)LOAD_FIRST(header->signal);
    const bool survived = is_crash(signal) && last_of_all(image) > header->signal_ns;
    return survived ? 0 : signal;
}
