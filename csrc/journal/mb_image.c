#include "journal/mb_image.h"

#include <string.h>

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

#define BLOCK_ALIGNMENT 8

_Static_assert(sizeof(mb_journal_header) <= MB_JOURNAL_HEADER, "blocks come after it");

/* --- the header and its blocks ----------------------------------------------------- */

const void *
mb_image_block(mb_image image, uint32_t offset, size_t size)
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
    return mb_image_block(image, header->output, *size);
}

const mb_slot *
mb_image_next(mb_image image, const mb_slot *slot)
{
    const mb_journal_header *header = (const mb_journal_header *)image.base;
    const uint32_t offset = LOAD_FIRST(*(slot ? &slot->next : &header->slots));
    if (slot && (size_t)((const char *)slot - image.base) >= offset) {
        return NULL; /* they lie in the order of their making: so there is an end */
    }
    return mb_image_block(image, offset, sizeof *slot);
}

const mb_slot_text *
mb_image_text(mb_image image, const mb_slot *slot)
{
    const uint32_t offset = LOAD_FIRST(slot->text);
    const mb_slot_text *text = mb_image_block(image, offset, sizeof *text);
    if (!text) {
        return NULL;
    }
    const uint64_t size = (uint64_t)text->head_size + text->tail_size + text->call_size;
    return size <= image.size - offset - sizeof *text ? text : NULL;
}

const mb_slot_name *
mb_image_name(mb_image image, uint32_t offset)
{
    const mb_slot_name *name = mb_image_block(image, offset, sizeof *name);
    return name && name->size <= image.size - offset - sizeof *name ? name : NULL;
}

const mb_slot_name *
mb_image_name_of(mb_image image, const mb_entry *entry)
{
    return mb_image_name(image, LOAD(entry->name));
}

/* --- walking a log ---------------------------------------------------------------- */

uint32_t
mb_image_entries(mb_image image, const mb_slot *slot)
{
    const uint32_t entries = LOAD_FIRST(slot->entries);
    const size_t most = image.size / sizeof(mb_entry);
    return entries > most ? (uint32_t)most : entries;
}

static const mb_chunk *
chunk_at(mb_image image, uint32_t offset)
{
    const mb_chunk *chunk = mb_image_block(image, offset, sizeof *chunk);
    if (!chunk) {
        return NULL;
    }
    const size_t most = (image.size - offset - sizeof *chunk) / sizeof *chunk->entries;
    return chunk->capacity > 0 && chunk->capacity <= most ? chunk : NULL;
}

mb_image_walk
mb_image_walk_of(mb_image image, const mb_slot *slot, uint32_t entries)
{
    const uint32_t log = LOAD_FIRST(slot->log);
    return (mb_image_walk){
        .image = image, .chunk = chunk_at(image, log), .ahead = entries};
}

const mb_entry *
mb_image_walk_on(mb_image_walk *at)
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

const mb_slot_total *
mb_image_next_total(mb_image image, const mb_slot *slot, const mb_slot_total *total)
{
    const uint32_t offset = LOAD_FIRST(*(total ? &total->next : &slot->totals));
    if (total && (size_t)((const char *)total - image.base) >= offset) {
        return NULL; /* they lie in the order of their making: so there is an end */
    }
    return mb_image_block(image, offset, sizeof *total);
}

bool
mb_image_is_phase(const mb_entry *entry)
{
    return LOAD(entry->name) != 0;
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
    int64_t last_ns = LOAD(slot->start_ns);
    mb_image_walk all = mb_image_walk_of(image, slot, mb_image_entries(image, slot));
    for (const mb_entry *entry; (entry = mb_image_walk_on(&all));) {
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
    const char *page = mb_image_block(image, header->endmark, sizeof(uint32_t));
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
