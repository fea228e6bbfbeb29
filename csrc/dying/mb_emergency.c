#include "dying/mb_emergency.h"

#include "base/mb_raw.h"
#include "file/mb_append_dying.h"
#include "file/mb_batch.h"

#define STANDARD_ERROR 2

mb_emergency *mb_emergency_installed;

/* --- a buffer for one line -------------------------------------------------------- */

typedef struct {
    char *data;
    size_t size;
} buffer;

static char ready[65536]; /* for when the system has no more memory for us */
static bool ready_is_taken;

static buffer
take_buffer(size_t size)
{
    if (size <= sizeof ready &&
        !__atomic_test_and_set(&ready_is_taken, __ATOMIC_ACQUIRE)) {
        return (buffer){ready, sizeof ready};
    }
    return (buffer){mb_raw_map(size), size};
}

static void
give_buffer(buffer taken)
{
    if (taken.data == ready) {
        __atomic_clear(&ready_is_taken, __ATOMIC_RELEASE);
    } else if (taken.data) {
        mb_raw_unmap(taken.data, taken.size);
    }
}

/* --- writing ---------------------------------------------------------------------- */

static bool
write_to_target(const mb_slot_line *line, const mb_emergency_target *target)
{
    uint64_t now[2];
    if (target->path) {
        return mb_append_dying_to_path(target->path, line->parts, MB_SLOT_PARTS);
    }
    /* the number may mean another file by now, or a socket of the program */
    return mb_raw_identify(target->fd, now) && now[0] == target->file[0] &&
           now[1] == target->file[1] &&
           mb_append_dying_to_fd(target->fd, line->parts, MB_SLOT_PARTS);
}

static bool
write_to_targets(const mb_slot_line *line, const mb_emergency_target *targets,
                 unsigned count)
{
    bool written = false;
    for (unsigned i = 0; i < count; i++) {
        written |= write_to_target(line, &targets[i]);
    }
    return written || mb_append_dying_to_fd(STANDARD_ERROR, line->parts, MB_SLOT_PARTS);
}

/* Writes the record of a slot. Returns whether it was written anywhere; if not, it
 * stays open in the journal. */
static bool
write_slot(mb_image image, const mb_slot *slot, const mb_slot_ending *ending,
           const mb_emergency_target *targets, unsigned count)
{
    mb_slot_line line;
    const size_t room = mb_slot_room(image, slot, ending);
    const buffer taken = take_buffer(room);
    const bool written =
        taken.data && room &&
        mb_slot_record(image, slot, ending, taken.data, taken.size, &line) &&
        write_to_targets(&line, targets, count);
    give_buffer(taken);
    return written;
}

/* Returns whether it was claimed here. */
static bool
write_mirror(mb_mirror *mirror, const mb_slot_ending *ending,
             const mb_emergency_target *targets, unsigned count)
{
    mb_journal *journal = mirror->journal;
    if (!mb_journal_hold(journal)) {
        return false;
    }
    const bool claimed = mb_mirror_claim(mirror);
    if (claimed &&
        write_slot(mb_journal_image(journal), mirror->slot, ending, targets, count)) {
        mb_mirror_done(mirror);
    }
    mb_journal_let_go(journal);
    return claimed;
}

/* Returns whether native code has written an older record of the same owner, which this
 * one was about to replace. */
static bool
comes_too_late(const mb_emergency *last)
{
    const mb_emergency *older =
        __atomic_load_n(&mb_emergency_installed, __ATOMIC_SEQ_CST);
    while (older && older != last) {
        if (older->owner == last->owner &&
            __atomic_load_n(&older->claimed, __ATOMIC_ACQUIRE)) {
            return true;
        }
        older = __atomic_load_n(&older->next, __ATOMIC_SEQ_CST);
    }
    return false;
}

/* Claims the record without writing it, so that recovery does not write it either. */
static void
drop(const mb_emergency *last)
{
    mb_journal *journal = last->mirror->journal;
    if (mb_journal_hold(journal)) {
        if (mb_mirror_claim(last->mirror)) {
            mb_mirror_done(last->mirror);
        }
        mb_journal_let_go(journal);
    }
}

static void
write_armed(const mb_slot_ending *ending)
{
    mb_emergency *last = __atomic_load_n(&mb_emergency_installed, __ATOMIC_SEQ_CST);
    while (last) {
        if (comes_too_late(last)) {
            drop(last);
        } else if (write_mirror(last->mirror, ending, last->targets, last->count)) {
            __atomic_store_n(&last->claimed, true, __ATOMIC_RELEASE);
        }
        last = __atomic_load_n(&last->next, __ATOMIC_SEQ_CST);
    }
}

static void
write_open(const mb_journal *journal, const mb_slot_ending *ending)
{
    const mb_emergency_target target = {.path = journal->output};
    mb_mirror *mirror = __atomic_load_n(&journal->mirrors, __ATOMIC_ACQUIRE);
    for (; mirror; mirror = mirror->next) {
        write_mirror(mirror, ending, &target, 1);
    }
}

static void
write_all_open(const mb_slot_ending *ending)
{
    for (mb_journal *journal = mb_journals(); journal; journal = journal->next) {
        if (mb_journal_hold(journal)) {
            if (journal->output) {
                write_open(journal, ending);
            }
            mb_journal_let_go(journal);
        }
    }
}

void
mb_emergency_write(int signal, int64_t now_ns, bool dying)
{
    const mb_slot_ending ending = {
        .path = "native", .signal = signal, .now_ns = now_ns};
    mb_journals_walk();
    write_armed(&ending);
    if (dying) {
        write_all_open(&ending);
    }
    mb_journals_leave();
    mb_batches_write_dying();
}
