#include "mb_slot.h"

#include <string.h>

#include "mb_call.h"
#include "mb_signame.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

#define BLOCK_ALIGNMENT 8

_Static_assert(sizeof(mb_journal_header) <= MB_JOURNAL_HEADER, "blocks come after it");

/* --- looking into an image --------------------------------------------------------- */

/* `size` bytes at an offset that leads to a block; NULL if it cannot. */
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
    const bool known = header->version == 1 || header->version == MB_JOURNAL_VERSION;
    const bool whole = known && header->layout == MB_JOURNAL_LAYOUT &&
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
mb_slot_may_be_written(mb_image image, const mb_slot *slot)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    return header->version == 1 || LOAD_FIRST(slot->state) == MB_SLOT_CLAIMED;
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

/* The name of a phase; NULL where there is none to be had. */
static const mb_slot_name *
name_of(mb_image image, const mb_entry *entry)
{
    const uint32_t offset = LOAD(entry->name);
    const mb_slot_name *name = block(image, offset, sizeof *name);
    return name && name->size <= image.size - offset - sizeof *name ? name : NULL;
}

/* --- walking a log ----------------------------------------------------------------- */

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
    uint32_t left;    /* read first: so no entry is missing that has been left */
    uint32_t entries; /* in the log, of which so many have been left */
    uint32_t flags;
    int64_t now_ns;
} view;

static view
view_of(mb_image image, const mb_slot *slot, int64_t now_ns)
{
    view seen = {.image = image, .slot = slot, .now_ns = now_ns};
    seen.left = LOAD_FIRST(slot->left);
    seen.entries = LOAD_FIRST(slot->entries);
    seen.flags = LOAD(slot->flags);
    const size_t most = image.size / sizeof(mb_entry);
    if (seen.entries > most) {
        seen.entries = (uint32_t)most;
    }
    if (seen.left > seen.entries) {
        seen.left = seen.entries;
    }
    return seen;
}

/* The entries in the order in which they were left. The walk is one of all entries: the
 * n-th of them knows which was left n-th. */
static const mb_entry *
next_left(walk *at)
{
    const mb_entry *knows = next_entry(at);
    return knows ? block(at->image, LOAD(knows->nth), sizeof *knows) : NULL;
}

/* The next entry that has not been left. */
static const mb_entry *
next_open(walk *at, const view *seen)
{
    const mb_entry *entry;
    while ((entry = next_entry(at))) {
        const uint32_t left = LOAD_FIRST(entry->left);
        if (left == 0 || left > seen->left) {
            break;
        }
    }
    return entry;
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

/* --- what was measured ------------------------------------------------------------- */

static bool
is_phase(const mb_entry *entry)
{
    return LOAD(entry->name) != 0;
}

static void
write_duration(mb_text *text, const view *seen, const mb_entry *entry, bool *any)
{
    if (!is_phase(entry)) {
        mb_call_next(text, any);
        mb_call_duration(text, so_far(entry, seen->now_ns),
                         seen->flags & MB_SLOT_INTEGERS);
    }
}

static void
write_durations(mb_text *text, const view *seen)
{
    bool any = false;
    const mb_entry *entry;
    const bool timed = !(seen->flags & MB_SLOT_UNTIMED);
    walk left = walk_of(seen->image, seen->slot, timed ? seen->left : 0);
    walk open = walk_of(seen->image, seen->slot, timed ? seen->entries : 0);
    MB_TEXT_LITERAL(text, ",\"durations\":[");
    while ((entry = next_left(&left))) {
        write_duration(text, seen, entry, &any);
    }
    while ((entry = next_open(&open, seen))) {
        write_duration(text, seen, entry, &any);
    }
    MB_TEXT_LITERAL(text, "]");
}

/* Begins the list before its first item. */
static void
write_in_list(mb_text *text, const char *opening, bool *any)
{
    if (!*any) {
        mb_text_raw(text, opening, strlen(opening));
    }
    mb_call_next(text, any);
}

static void
end_list(mb_text *text, bool any)
{
    if (any) {
        MB_TEXT_LITERAL(text, "]");
    }
}

static void
write_phase(mb_text *text, const view *seen, const mb_entry *entry, const char *opening,
            bool *any)
{
    const mb_slot_name *name = is_phase(entry) ? name_of(seen->image, entry) : NULL;
    if (name) {
        write_in_list(text, opening, any);
        mb_call_phase(text, name->utf8, name->size, so_far(entry, seen->now_ns),
                      seen->flags & MB_SLOT_INTEGERS);
    }
}

static void
write_timings(mb_text *text, const view *seen)
{
    bool any = false;
    const mb_entry *entry;
    walk left = walk_of(seen->image, seen->slot, seen->left);
    while ((entry = next_left(&left))) {
        write_phase(text, seen, entry, ",\"timings\":[", &any);
    }
    end_list(text, any);
}

static void
write_iterations(mb_text *text, const view *seen)
{
    bool any = false;
    const mb_entry *entry;
    walk left = walk_of(seen->image, seen->slot, seen->left);
    while ((entry = next_left(&left))) {
        if (is_phase(entry) && name_of(seen->image, entry)) {
            write_in_list(text, ",\"timings_iteration\":[", &any);
            mb_text_int(text, LOAD(entry->iteration));
        }
    }
    end_list(text, any);
}

static void
write_open(mb_text *text, const view *seen)
{
    bool any = false;
    const mb_entry *entry;
    walk open = walk_of(seen->image, seen->slot, seen->entries);
    while ((entry = next_open(&open, seen))) {
        write_phase(text, seen, entry, ",\"open_timings\":[", &any);
    }
    end_list(text, any);
}

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
write_measured(mb_text *text, const view *seen)
{
    if (seen->flags & MB_SLOT_SECRET) {
        return; /* `call` of the text has what there has to be */
    }
    write_durations(text, seen);
    mb_call_times(text, LOAD(seen->slot->start_wall_ns), finish_wall_ns(seen),
                  LOAD(seen->slot->offset_s));
    if (!(seen->flags & MB_SLOT_UNTIMED)) {
        write_timings(text, seen);
        if (seen->flags & MB_SLOT_ITERATED) {
            write_iterations(text, seen);
        }
        write_open(text, seen);
    }
    if (seen->flags & MB_SLOT_CUT) {
        MB_TEXT_LITERAL(text, ",\"journal_full\":true");
    }
}

/* --- the record -------------------------------------------------------------------- */

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
write_call(mb_text *text, const view *seen, const mb_slot_text *ready)
{
    const char *call = ready->bytes + ready->head_size + ready->tail_size;
    mb_text_raw(text, seen->slot->record_id, MB_RECORD_ID_SIZE);
    MB_TEXT_LITERAL(text, "\"},\"call\":{");
    mb_text_raw(text, call, ready->call_size);
    write_measured(text, seen);
    MB_TEXT_LITERAL(text, "}");
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
        mb_signal_name(ending->signal, name);
        write_field(text, "exit_signal", name);
    }
    if (ending->path) {
        write_field(text, "exit_path", ending->path);
    }
    mb_text_raw(text, ending->more, ending->more_size);
    MB_TEXT_LITERAL(text, "}\n");
}

#define ROOM_OF_CALL 256   /* id, durations, times */
#define ROOM_OF_ENTRY 112  /* a duration, or a phase less its name and its iteration */
#define ROOM_OF_ENDING 128 /* signal, path */
#define LONGEST_ESCAPE 6   /* \u0000 for a byte */
#define MOST_ROOM (1u << 28) /* more is damage: a name that all phases seem to have */

static size_t
room_of_entry(mb_image image, const mb_entry *entry)
{
    const mb_slot_name *name = is_phase(entry) ? name_of(image, entry) : NULL;
    return ROOM_OF_ENTRY + (name ? (size_t)name->size * LONGEST_ESCAPE : 0);
}

/* An entry is written once, as left or as open. A damaged list may hold one of them again
 * and again: each is counted where the lists lead to it. */
static size_t
room_of_log(const view *seen)
{
    size_t room = 0;
    const mb_entry *entry;
    walk left = walk_of(seen->image, seen->slot, seen->left);
    walk all = walk_of(seen->image, seen->slot, seen->entries);
    while ((entry = next_left(&left))) {
        room += room_of_entry(seen->image, entry);
    }
    while ((entry = next_open(&all, seen))) {
        room += room_of_entry(seen->image, entry);
    }
    return room;
}

size_t
mb_slot_room(mb_image image, const mb_slot *slot, const mb_ending *ending)
{
    const mb_slot_text *ready = mb_slot_is_open(slot) ? text_of(image, slot) : NULL;
    if (!ready || !is_record_id(slot->record_id)) {
        return 0;
    }
    const view seen = view_of(image, slot, ending->now_ns);
    const size_t room = ROOM_OF_CALL + ready->call_size + room_of_log(&seen) +
                        ROOM_OF_ENDING + ending->more_size;
    return room <= MOST_ROOM ? room : 0;
}

static void
add_part(mb_slot_line *line, int index, const char *bytes, size_t size)
{
    line->parts[index] = (struct iovec){.iov_base = (char *)bytes, .iov_len = size};
    line->size += size;
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
    const view seen = view_of(image, slot, ending->now_ns);
    mb_text_fixed(&call, buffer, capacity);
    write_call(&call, &seen, ready);
    mb_text_fixed(&end, buffer + call.size, capacity - call.size);
    write_ending(&end, ending);
    line->size = 0;
    add_part(line, 0, ready->bytes, ready->head_size);
    add_part(line, 1, call.data, call.size);
    add_part(line, 2, ready->bytes + ready->head_size, ready->tail_size);
    add_part(line, 3, end.data, end.size);
    return !call.failed && !end.failed;
}

/* --- the end of a dead one --------------------------------------------------------- */

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

/* What any record was told of. */
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

/* A handler that saves the process may leave by siglongjmp: then nobody takes the note
 * back. */
int
mb_image_signal(mb_image image)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    const int signal = (int)LOAD_FIRST(header->signal);
    const bool survived = is_crash(signal) && last_of_all(image) > header->signal_ns;
    return survived ? 0 : signal;
}
