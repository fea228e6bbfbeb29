#include "journal/mb_slot.h"

#include <string.h>

#include "base/mb_iov.h"
#include "base/mb_signame.h"
#include "journal/mb_view.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_FIRST(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

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

/* --- the call block --------------------------------------------------------------- */

/* The time of the end: the wall clock may have been set since the start. */
static int64_t
finish_wall_ns(const mb_view *seen)
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
write_call(mb_text *text, mb_view *seen, const mb_slot_text *ready)
{
    mb_call_block call = {
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
        mb_view_count(&call, seen);
    }
    if (call.counts[MB_CALL_BLOCK_SUMMARY]) {
        mb_view_sum(seen);
    }
    mb_call_block_write(text, &call, &mb_view_source, seen);
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
write_ending(mb_text *text, const mb_slot_ending *ending)
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
    const mb_slot_name *name =
        mb_image_is_phase(entry) ? mb_image_name_of(image, entry) : NULL;
    return ROOM_OF_ENTRY + (name ? (size_t)name->size * LONGEST_ESCAPE : 0);
}

static size_t
room_of_histogram(const mb_view *seen, uint32_t offset)
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
room_of_log(const mb_view *seen)
{
    size_t room = mb_view_size(seen);
    const mb_entry *entry;
    mb_image_walk all = mb_image_walk_of(seen->image, seen->slot, seen->entries);
    while ((entry = mb_image_walk_on(&all))) {
        room += room_of_entry(seen->image, entry);
    }
    const mb_slot_total *total = NULL;
    while (mb_view_is_summed(seen) &&
           (total = mb_image_next_total(seen->image, seen->slot, total))) {
        const mb_slot_name *name = mb_image_name(seen->image, LOAD(total->name));
        room += ROOM_OF_TOTAL + (name ? (size_t)name->size * LONGEST_ESCAPE : 0) +
                room_of_histogram(seen, LOAD_FIRST(total->histogram));
    }
    return room + ROOM_OF_TOTAL +
           room_of_histogram(seen, LOAD_FIRST(seen->slot->histogram));
}

size_t
mb_slot_room(mb_image image, const mb_slot *slot, const mb_slot_ending *ending)
{
    const mb_slot_text *ready =
        mb_slot_is_open(slot) ? mb_image_text(image, slot) : NULL;
    if (!ready || !is_record_id(slot->record_id)) {
        return 0;
    }
    if (ready->is_whole) {
        return 1;
    }
    const mb_view seen = mb_view_of(image, slot, ending->now_ns);
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
mb_slot_record(mb_image image, const mb_slot *slot, const mb_slot_ending *ending,
               char *buffer, size_t capacity, mb_slot_line *line)
{
    mb_text call, end;
    const mb_slot_text *ready = mb_image_text(image, slot);
    if (!ready || !is_record_id(slot->record_id)) {
        return false;
    }
    if (ready->is_whole) {
        return whole_record(ready, line);
    }
    mb_view seen = mb_view_of(image, slot, ending->now_ns);
    const size_t room = mb_view_place(&seen, buffer, capacity);
    if (room == 0) {
        return false;
    }
    mb_view_fill(&seen);
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
