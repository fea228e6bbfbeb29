#include "mb_phases.h"

#include <string.h>

#define FIRST_CHUNK 16
#define LARGEST_CHUNK 4096
#define NAME_BLOCK 1024

struct mb_phase_chunk {
    mb_phase_chunk *next;
    uint32_t capacity;
    mb_phase phases[];
};

struct mb_name_block {
    mb_name_block *older;
    size_t size;
    size_t capacity;
    _Alignas(mb_name) char bytes[];
};

void
mb_phases_init(mb_phases *phases)
{
    memset(phases, 0, sizeof *phases);
}

void
mb_phases_free(mb_phases *phases)
{
    for (mb_phase_chunk *chunk = phases->first, *next; chunk; chunk = next) {
        next = chunk->next;
        mb_free(chunk);
    }
    for (mb_name_block *block = phases->names, *older; block; block = older) {
        older = block->older;
        mb_free(block);
    }
    mb_phases_init(phases);
}

static mb_name_block *
block_with_room(mb_phases *phases, size_t size)
{
    mb_name_block *block = phases->names;
    if (block && block->capacity - block->size >= size) {
        return block;
    }
    size_t capacity = size > NAME_BLOCK ? size : NAME_BLOCK;
    block = mb_alloc(sizeof *block + capacity);
    if (block) {
        *block = (mb_name_block){.older = phases->names, .capacity = capacity};
        phases->names = block;
    }
    return block;
}

static mb_name *
copy_of_name(mb_phases *phases, const char *utf8, size_t size)
{
    size_t needed = sizeof(mb_name) + size + 1;
    needed += -needed % _Alignof(mb_name);
    mb_name_block *block = block_with_room(phases, needed);
    if (!block) {
        return NULL;
    }
    mb_name *name = (mb_name *)(block->bytes + block->size);
    block->size += needed;
    name->size = (uint32_t)size;
    name->mirrored = 0;
    memcpy(name->utf8, utf8, size);
    name->utf8[size] = '\0';
    return name;
}

mb_name *
mb_phases_name(mb_phases *phases, const char *utf8, size_t size)
{
    if (size >= UINT32_MAX) {
        return NULL;
    }
    mb_name *name = copy_of_name(phases, utf8, size);
    return name;
}

int
mb_phases_grow(mb_phases *phases)
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
            out[phase->order] = phase;
        }
    }
}
