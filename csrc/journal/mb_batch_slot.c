#include "journal/mb_batch_slot.h"

#include <string.h>

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define PUBLISH(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

bool
mb_batch_slot_is(const mb_slot *slot)
{
    return LOAD(slot->flags) & MB_SLOT_BATCH;
}

static mb_batch_block *
block_at(const mb_journal *journal, uint32_t offset)
{
    return (mb_batch_block *)(journal->base + offset);
}

/* Returns the slot whose block is at `offset`, or with 0 one that is free. */
static mb_slot *
find(const mb_journal *journal, uint32_t offset)
{
    const mb_image image = mb_journal_image(journal);
    const mb_slot *slot = NULL;
    while ((slot = mb_image_next(image, slot))) {
        if (mb_batch_slot_is(slot) &&
            (offset ? slot->text == offset : !mb_slot_is_open(slot))) {
            return (mb_slot *)(journal->base + ((const char *)slot - journal->base));
        }
    }
    return NULL;
}

static mb_slot *
make(mb_journal *journal)
{
    const uint32_t text =
        mb_journal_allocate(journal, sizeof(mb_batch_block) + MB_BATCH_SIZE);
    const uint32_t offset = text ? mb_journal_allocate(journal, sizeof(mb_slot)) : 0;
    if (!offset) {
        return NULL;
    }
    mb_slot *slot = (mb_slot *)(journal->base + offset);
    block_at(journal, text)->capacity = MB_BATCH_SIZE;
    slot->flags = MB_SLOT_BATCH;
    slot->text = text;
    mb_journal_link(journal, slot);
    return slot;
}

mb_batch_block *
mb_batch_slot_take(mb_journal *journal)
{
    mb_slot *slot = find(journal, 0);
    if (!slot) {
        slot = make(journal);
    }
    if (!slot) {
        return NULL;
    }
    PUBLISH(slot->state, MB_SLOT_OPEN);
    return block_at(journal, slot->text);
}

void
mb_batch_slot_release(mb_journal *journal, const mb_batch_block *block)
{
    mb_slot *slot =
        block ? find(journal, (uint32_t)((const char *)block - journal->base)) : NULL;
    /* what could be written nowhere stays, for recovery */
    if (slot && LOAD(block->range) == 0) {
        PUBLISH(slot->state, MB_SLOT_FREE);
    }
}

bool
mb_batch_slot_read(mb_image image, const mb_slot *slot, mb_batch_slot_lines *lines)
{
    const uint32_t offset = LOAD(slot->text);
    const mb_batch_block *block = (const mb_batch_block *)(image.base + offset);
    if (offset < MB_JOURNAL_HEADER || offset % sizeof(uint64_t) ||
        offset > image.size || image.size - offset < sizeof *block) {
        return false;
    }
    const uint64_t range = LOAD(block->range);
    const uint32_t from = mb_batch_from(range), to = mb_batch_to(range);
    if (from > to || to > image.size - offset - sizeof *block) {
        return false;
    }
    *lines = (mb_batch_slot_lines){.bytes = block->bytes + from,
                                   .size = to - from,
                                   .writing = LOAD(block->writing) != 0};
    return true;
}
