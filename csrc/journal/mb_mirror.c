#include "journal/mb_mirror.h"

#include "base/mb_crash.h"

#include <string.h>

#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define PUBLISH(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

#define FIRST_CHUNK 15 /* entries; with its head 512 bytes */
#define LARGEST_CHUNK 4095
#define FIRST_NAMES 480 /* bytes */
#define TEXT_STEP 256

struct mb_block {
    mb_block *next;
    char *data; /* in the mapping: written, never read */
    uint32_t offset;
    uint32_t size;
};

/* --- blocks ----------------------------------------------------------------------- */

static mb_block *
new_block(mb_journal *journal, size_t size)
{
    mb_block *block = size > UINT32_MAX ? NULL : mb_alloc(sizeof *block);
    const uint32_t offset = block ? mb_journal_allocate(journal, size) : 0;
    if (!offset) {
        mb_free(block);
        return NULL;
    }
    *block = (mb_block){
        .data = journal->base + offset, .offset = offset, .size = (uint32_t)size};
    return block;
}

static void
free_blocks(mb_block *block)
{
    for (mb_block *next; block; block = next) {
        next = block->next;
        mb_free(block);
    }
}

/* Goes on to a block of at least `size` bytes: one that an earlier record has left, or
 * a new one of `fresh` bytes at the end. NULL if there is no room. */
static mb_block *
next_block(mb_journal *journal, mb_mirror_blocks *blocks, size_t size, size_t fresh)
{
    mb_block **end = blocks->now ? &blocks->now->next : &blocks->first;
    while (*end && (*end)->size < size) {
        end = &(*end)->next;
    }
    if (!*end && !(*end = new_block(journal, fresh))) {
        return NULL;
    }
    blocks->now = *end;
    blocks->used = 0;
    return *end;
}

static void
rewind_blocks(mb_mirror_blocks *blocks)
{
    blocks->now = blocks->first;
    blocks->used = 0;
}

/* --- the log ---------------------------------------------------------------------- */

static mb_chunk *
chunk_in(const mb_block *block)
{
    return (mb_chunk *)block->data;
}

static uint32_t
capacity_of(const mb_block *block)
{
    return (block->size - (uint32_t)sizeof(mb_chunk)) / (uint32_t)sizeof(mb_entry);
}

static mb_block *
next_chunk(mb_mirror *mirror)
{
    mb_block *last = mirror->log.now;
    uint32_t capacity = last ? capacity_of(last) * 2 + 1 : FIRST_CHUNK;
    if (capacity > LARGEST_CHUNK) {
        capacity = LARGEST_CHUNK;
    }
    const size_t size = sizeof(mb_chunk) + capacity * sizeof(mb_entry);
    mb_block *block = next_block(mirror->journal, &mirror->log, 0, size);
    if (block) {
        STORE(chunk_in(block)->capacity, capacity_of(block));
        PUBLISH(*(last ? &chunk_in(last)->next : &mirror->slot->log), block->offset);
    }
    return block;
}

/* Returns the next entry of the log, which the slot does not count yet; NULL if there
 * is no room. */
static mb_entry *
fresh_entry(mb_mirror *mirror)
{
    mb_mirror_blocks *log = &mirror->log;
    if (log->used == capacity_of(log->now) && !next_chunk(mirror)) {
        return NULL;
    }
    return &chunk_in(log->now)->entries[log->used++];
}

/* Fills an entry. In a reused one, no reader may take the new name for that of the
 * earlier phase: so its order is cleared first. */
static void
put_entry(mb_mirror *mirror, mb_entry *entry, uint32_t name, uint32_t iteration)
{
    STORE(entry->order, 0);
    mb_fence(__ATOMIC_RELEASE); /* before what follows */
    STORE(entry->name, name);
    STORE(entry->iteration, iteration);
    STORE(entry->start_ns, 0);
    STORE(entry->elapsed_ns, MB_ENTRY_RUNNING);
    PUBLISH(entry->order, MB_ENTRY_OPEN | mirror->sequence++);
}

static mb_entry *
enter(mb_mirror *mirror, uint32_t name, uint32_t iteration)
{
    if ((name || mirror->counts) && mirror->spare_entry_count) {
        mb_entry *again = mirror->spare_entries[--mirror->spare_entry_count];
        put_entry(mirror, again, name, iteration);
        return again;
    }
    mb_entry *entry = fresh_entry(mirror);
    if (entry) {
        put_entry(mirror, entry, name, iteration);
        PUBLISH(mirror->slot->entries, ++mirror->entries);
    }
    return entry;
}

/* Marks the log as cut: it has a gap from here on, so nothing more is added. */
static void
cut(mb_mirror *mirror)
{
    mirror->cut = true;
    __atomic_fetch_or(&mirror->slot->flags, MB_SLOT_CUT, __ATOMIC_RELAXED);
}

mb_entry *
mb_mirror_enter(mb_mirror *mirror, uint32_t name, uint32_t iteration)
{
    mb_entry *entry = mirror->cut ? NULL : enter(mirror, name, iteration);
    if (!entry) {
        cut(mirror);
    }
    return entry;
}

void
mb_mirror_leave(mb_mirror *mirror, mb_entry *entry, int64_t elapsed_ns)
{
    PUBLISH(entry->elapsed_ns, elapsed_ns);
    PUBLISH(entry->order, ++mirror->left);
    PUBLISH(mirror->slot->left, mirror->left);
}

static void
use_again(mb_mirror *mirror, mb_entry *entry)
{
    PUBLISH(entry->order, 0); /* before its name is another one's */
    if (mirror->spare_entry_count < MB_MIRROR_SPARES) {
        mirror->spare_entries[mirror->spare_entry_count++] = entry;
    }
}

void
mb_mirror_counted(mb_mirror *mirror, mb_entry *entry)
{
    mirror->counts = true;
    use_again(mirror, entry);
}

void
mb_mirror_unlist(mb_mirror *mirror)
{
    __atomic_fetch_or(&mirror->slot->flags, MB_SLOT_UNLISTED, __ATOMIC_RELAXED);
}

/* --- names ------------------------------------------------------------------------ */

/* Takes space from a block of names. Returns its offset, aligned to 8; 0 if there is no
 * room. */
static uint32_t
space_for(mb_mirror *mirror, size_t size)
{
    mb_mirror_blocks *names = &mirror->names;
    size += -size % sizeof(uint64_t);
    if (!names->now || names->now->size - names->used < size) {
        const size_t usual = names->now ? 2 * (size_t)names->now->size : FIRST_NAMES;
        const size_t fresh = size > usual ? size : usual;
        if (!next_block(mirror->journal, names, size, fresh)) {
            return 0;
        }
    }
    const uint32_t offset = names->now->offset + names->used;
    names->used += (uint32_t)size;
    return offset;
}

static void
put_name(mb_mirror *mirror, uint32_t offset, const char *utf8, size_t size)
{
    mb_slot_name *name = (mb_slot_name *)(mirror->journal->base + offset);
    name->size = (uint32_t)size;
    name->total = 0;
    memcpy(name->utf8, utf8, size);
}

uint32_t
mb_mirror_space(mb_mirror *mirror, size_t size)
{
    const uint32_t offset = mirror->cut ? 0 : space_for(mirror, size);
    if (!offset) {
        cut(mirror);
    }
    return offset;
}

uint32_t
mb_mirror_name(mb_mirror *mirror, const char *utf8, size_t size)
{
    const uint32_t offset = mb_mirror_space(mirror, sizeof(mb_slot_name) + size);
    if (offset) {
        put_name(mirror, offset, utf8, size);
    }
    return offset;
}

/* Returns the size of a name, rounded up so that the next name fits in as well. */
static size_t
room_of_name(size_t size)
{
    size_t room = 32;
    while (room < sizeof(mb_slot_name) + size) {
        room *= 2;
    }
    return room;
}

mb_mirror_name_place
mb_mirror_name_once(mb_mirror *mirror, const char *utf8, size_t size)
{
    mb_mirror_name_place place = {.size = (uint32_t)room_of_name(size)};
    for (uint32_t i = mirror->spare_name_count; i-- > 0 && !place.offset;) {
        if (mirror->spare_names[i].size >= place.size) {
            place = mirror->spare_names[i];
            mirror->spare_names[i] = mirror->spare_names[--mirror->spare_name_count];
        }
    }
    if (!place.offset && !mirror->cut) {
        place.offset = space_for(mirror, place.size);
    }
    if (place.offset) {
        put_name(mirror, place.offset, utf8, size);
    } else {
        cut(mirror);
    }
    return place;
}

/* Without room in the list of spares, the place is lost until the record is closed. */
void
mb_mirror_name_again(mb_mirror *mirror, mb_mirror_name_place place)
{
    if (place.offset && mirror->spare_name_count < MB_MIRROR_SPARES) {
        mirror->spare_names[mirror->spare_name_count++] = place;
    }
}

/* --- what is dropped -------------------------------------------------------------- */

static void
write_version(mb_total_version *version, uint64_t nth, const mb_total *now)
{
    STORE(version->nth, MB_TOTAL_CHANGES);
    mb_fence(__ATOMIC_RELEASE); /* before what follows */
    STORE(version->count, now->count);
    STORE(version->sum_ns, now->sum_ns);
    STORE(version->min_ns, now->min_ns);
    STORE(version->max_ns, now->max_ns);
    PUBLISH(version->nth, nth);
}

uint32_t
mb_mirror_total(mb_mirror *mirror, uint32_t name, const mb_total *dropped)
{
    mb_journal *journal = mirror->journal;
    const uint32_t offset = mb_mirror_space(mirror, sizeof(mb_slot_total));
    if (!offset) {
        return 0;
    }
    mb_slot_total *total = (mb_slot_total *)(journal->base + offset);
    STORE(total->next, 0);
    STORE(total->index, mirror->totals++);
    STORE(total->name, name);
    STORE(total->histogram, 0);
    write_version(&total->versions[0], 0, dropped);
    STORE(total->versions[1].nth, MB_TOTAL_CHANGES);
    if (name) {
        STORE(((mb_slot_name *)(journal->base + name))->total, offset);
    }
    mb_slot_total *last = mirror->last_total;
    PUBLISH(*(last ? &last->next : &mirror->slot->totals), offset);
    mirror->last_total = total;
    return offset;
}

void
mb_mirror_drop(mb_mirror *mirror, mb_entry *entry, uint32_t total, uint32_t *turn,
               const mb_total *now)
{
    mirror->dropped++;
    if (total) {
        mb_slot_total *there = (mb_slot_total *)(mirror->journal->base + total);
        *turn = !*turn; /* the other version is the one that counts so far */
        write_version(&there->versions[*turn], mirror->dropped, now);
    }
    PUBLISH(mirror->slot->dropped, mirror->dropped);
    use_again(mirror, entry);
}

/* --- text ------------------------------------------------------------------------- */

static size_t
size_of_text(const mb_mirror_opening *record)
{
    return sizeof(mb_slot_text) + record->head_size + record->tail_size +
           record->call_size;
}

/* Makes room for the text: a larger block replaces `*block` if that is too small. */
static bool
make_room(mb_journal *journal, mb_block **block, size_t size)
{
    if (*block && (*block)->size >= size) {
        return true;
    }
    /* what is left behind is lost: so a text that grows is not given its size only */
    const size_t twice = *block ? 2 * (size_t)(*block)->size : 0;
    size = size > twice ? size : twice;
    mb_block *larger = new_block(journal, size + TEXT_STEP - size % TEXT_STEP);
    if (!larger) {
        return false;
    }
    mb_free(*block);
    *block = larger;
    return true;
}

static void
write_call(mb_block *block, const mb_mirror_opening *record)
{
    mb_slot_text *text = (mb_slot_text *)block->data;
    memcpy(text->bytes + record->head_size + record->tail_size, record->call,
           record->call_size);
    text->call_size = (uint32_t)record->call_size;
}

static void
write_text(mb_block *block, const mb_mirror_opening *record)
{
    mb_slot_text *text = (mb_slot_text *)block->data;
    text->head_size = (uint32_t)record->head_size;
    text->tail_size = (uint32_t)record->tail_size;
    memcpy(text->bytes, record->head, record->head_size);
    memcpy(text->bytes + record->head_size, record->tail, record->tail_size);
    text->is_whole = 0;
    write_call(block, record);
}

/* Writes the text of a record; only the call if head and tail are there already. */
static bool
put_text(mb_mirror *mirror, const mb_mirror_opening *record)
{
    mb_block **block = &mirror->texts[0];
    const mb_block *before = *block;
    if (!make_room(mirror->journal, block, size_of_text(record))) {
        return false;
    }
    if (*block == before && record->serial && record->serial == mirror->serial) {
        write_call(*block, record);
    } else {
        write_text(*block, record);
        mirror->serial = record->serial;
    }
    PUBLISH(mirror->slot->text, (*block)->offset);
    return true;
}

bool
mb_mirror_refresh(mb_mirror *mirror, const mb_mirror_opening *record)
{
    mb_block **spare = &mirror->texts[1];
    const bool room =
        __atomic_load_n(&mirror->state, __ATOMIC_RELAXED) == MB_MIRROR_OPEN &&
        make_room(mirror->journal, spare, size_of_text(record));
    if (room) {
        mb_block *fresh = *spare;
        write_text(fresh, record);
        PUBLISH(mirror->slot->text, fresh->offset);
        *spare = mirror->texts[0];
        mirror->texts[0] = fresh;
        mirror->serial = record->serial;
    }
    return room;
}

/* The slot stays open and claimed, so that recovery checks whether the file has the
 * record. */
bool
mb_mirror_keep(mb_mirror *mirror, const char *line, size_t size)
{
    const mb_mirror_opening record = {
        .head = line, .head_size = size, .call = "", .tail = ""};
    mb_block **spare = &mirror->texts[1];
    if (size > UINT32_MAX / 2 ||
        !make_room(mirror->journal, spare, size_of_text(&record))) {
        return false;
    }
    write_text(*spare, &record);
    ((mb_slot_text *)(*spare)->data)->is_whole = 1;
    PUBLISH(mirror->slot->text, (*spare)->offset);
    PUBLISH(mirror->slot->state, MB_SLOT_CLAIMED);
    return true;
}

/* --- opening and closing ---------------------------------------------------------- */

static void
free_mirror(mb_mirror *mirror)
{
    free_blocks(mirror->texts[0]);
    free_blocks(mirror->texts[1]);
    free_blocks(mirror->log.first);
    free_blocks(mirror->names.first);
    mb_free(mirror);
}

void
mb_journal_free_mirrors(mb_journal *journal)
{
    for (mb_mirror *mirror = journal->mirrors, *next; mirror; mirror = next) {
        next = mirror->next;
        free_mirror(mirror);
    }
    journal->mirrors = journal->idle = NULL;
}

/* Makes a mirror with the first chunk of its log, so that an iteration needs nothing
 * else. */
static mb_mirror *
new_mirror(mb_journal *journal)
{
    mb_mirror *mirror = mb_alloc(sizeof *mirror);
    const uint32_t offset = mirror ? mb_journal_allocate(journal, sizeof(mb_slot)) : 0;
    if (!offset) {
        mb_free(mirror);
        return NULL;
    }
    *mirror = (mb_mirror){.journal = journal};
    mirror->slot = (mb_slot *)(journal->base + offset);
    if (!next_chunk(mirror)) {
        free_mirror(mirror);
        return NULL;
    }
    mb_journal_link(journal, mirror->slot);
    mirror->next = journal->mirrors;
    PUBLISH(journal->mirrors, mirror);
    return mirror;
}

static void
empty_log(mb_mirror *mirror)
{
    rewind_blocks(&mirror->log);
    rewind_blocks(&mirror->names);
    mirror->entries = 0;
    mirror->sequence = mirror->left = mirror->dropped = 0;
    mirror->last_total = NULL;
    mirror->totals = mirror->shared_total = mirror->shared_turn = 0;
    mirror->spare_entry_count = mirror->spare_name_count = 0;
    mirror->cut = mirror->counts = false;
    STORE(mirror->slot->histogram, 0);
    STORE(mirror->slot->entries, 0);
    STORE(mirror->slot->left, 0);
    STORE(mirror->slot->dropped, 0);
    STORE(mirror->slot->totals, 0);
}

static void
put_record(mb_mirror *mirror, const mb_mirror_opening *record)
{
    mb_slot *slot = mirror->slot;
    memcpy(slot->record_id, record->record_id, MB_RECORD_ID_SIZE);
    STORE(slot->flags, record->flags);
    STORE(slot->offset_s, record->offset_s);
    STORE(slot->kept, record->kept);
    STORE(slot->start_wall_ns, record->start_wall_ns);
    STORE(slot->start_ns, record->start_ns);
    MB_CRASH_POINT("filled");
    PUBLISH(slot->state, MB_SLOT_OPEN);
    MB_CRASH_POINT("opened");
}

static mb_mirror *
idle_mirror(mb_journal *journal)
{
    mb_mirror *mirror = journal->idle;
    if (!mirror) {
        return new_mirror(journal);
    }
    journal->idle = mirror->next_idle;
    return mirror;
}

static void
make_idle(mb_mirror *mirror)
{
    mirror->next_idle = mirror->journal->idle;
    mirror->journal->idle = mirror;
}

mb_mirror *
mb_mirror_open(mb_journal *journal, const mb_mirror_opening *record)
{
    if (__atomic_load_n(&journal->open, __ATOMIC_RELAXED) == 0) {
        mb_journal_mark(journal, record->start_wall_ns);
    }
    mb_mirror *mirror = idle_mirror(journal);
    if (mirror && !put_text(mirror, record)) {
        make_idle(mirror);
        mirror = NULL;
    }
    if (mirror) {
        empty_log(mirror);
        mirror->cut = record->flags & MB_SLOT_SECRET;
        put_record(mirror, record);
        __atomic_fetch_add(&journal->open, 1, __ATOMIC_RELAXED);
        PUBLISH(mirror->state, MB_MIRROR_OPEN);
        mb_journal_needs_signs(journal);
    }
    return mirror;
}

bool
mb_mirror_claim(mb_mirror *mirror)
{
    uint32_t open = MB_MIRROR_OPEN;
    const bool is_first =
        __atomic_compare_exchange_n(&mirror->state, &open, MB_MIRROR_CLAIMED, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    if (is_first) {
        /* after the claim and before the caller writes: a system call lies in
         * between */
        PUBLISH(mirror->slot->state, MB_SLOT_CLAIMED);
        MB_CRASH_POINT("claimed");
    }
    return is_first;
}

void
mb_mirror_done(mb_mirror *mirror)
{
    PUBLISH(mirror->slot->state, MB_SLOT_FREE);
    MB_CRASH_POINT("marked");
    __atomic_fetch_sub(&mirror->journal->open, 1, __ATOMIC_RELAXED);
}

void
mb_mirror_close(mb_mirror *mirror, bool mine)
{
    mb_journal *journal = mirror->journal;
    if (!mine && !mb_mirror_claim(mirror)) {
        return;
    }
    mb_mirror_done(mirror);
    PUBLISH(mirror->state, MB_MIRROR_IDLE);
    make_idle(mirror);
    if (__atomic_load_n(&journal->open, __ATOMIC_RELAXED) == 0) {
        mb_journal_needs_none(journal);
    }
    if (journal->users == 0) {
        mb_journal_settle(journal);
    }
}
