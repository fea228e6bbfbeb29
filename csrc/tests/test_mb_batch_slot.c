/* Batches in a journal: what a reader finds there, whatever the owner has left. */
#include "journal/mb_batch_slot.h"
#include "mb_test_append.h"

static char output[4200];

static mb_journal *
new_journal(void)
{
    mb_journal *journal = mb_journal_file(output, NULL, false);
    CHECK(journal != NULL);
    return journal;
}

static mb_batch *
new_batch(mb_append *append, mb_journal *journal)
{
    const mb_batch_limits limits = {.records = 100, .age_ns = 3600000000000};
    mb_batch *batch = mb_batch_new(append, &limits);
    mb_batch_block *block = mb_batch_slot_take(journal);
    CHECK(batch != NULL && block != NULL);
    CHECK_INT(mb_batch_renew(batch, block, &journal->open), 0);
    return batch;
}

static void
put(mb_batch *batch, const char *line)
{
    CHECK_INT(mb_batch_record(batch, line, strlen(line)), 0);
}

/* Returns how many slots of batches are open, and reads the last one. */
static int
find(mb_image image, mb_batch_slot_lines *lines)
{
    int count = 0;
    for (const mb_slot *slot = NULL; (slot = mb_image_next(image, slot));) {
        if (mb_batch_slot_is(slot) && mb_slot_is_open(slot)) {
            CHECK(mb_batch_slot_read(image, slot, lines));
            count++;
        }
    }
    return count;
}

static void
a_reader_finds_what_waits(void)
{
    mb_batch_slot_lines lines;
    mb_append *append = new_append();
    mb_journal *journal = new_journal();
    mb_batch *batch = new_batch(append, journal);
    const mb_image image = mb_journal_image(journal);
    CHECK_INT(find(image, &lines), 1);
    CHECK_INT(lines.size, 0);
    CHECK_INT(journal->open, 0); /* so the journal may be removed */
    put(batch, "1");
    put(batch, "2");
    CHECK_INT(journal->open, 1);
    CHECK_INT(find(image, &lines), 1);
    CHECK_BYTES(lines.bytes, lines.size, "1\n2\n");
    CHECK(!lines.writing);
    CHECK_INT(mb_batch_flush(batch), 0);
    CHECK_INT(find(image, &lines), 1);
    CHECK_INT(lines.size, 0);
    CHECK_INT(journal->open, 0);
    mb_batch_free(batch);
    mb_append_free(append);
    mb_journal_release(journal);
}

static void
a_slot_is_used_again(void)
{
    mb_batch_slot_lines lines;
    mb_journal *journal = new_journal();
    mb_batch_block *one = mb_batch_slot_take(journal);
    mb_batch_block *two = mb_batch_slot_take(journal);
    CHECK(one && two && one != two);
    CHECK_INT(one->capacity, MB_BATCH_SIZE);
    mb_batch_slot_release(journal, one);
    CHECK_INT(find(mb_journal_image(journal), &lines), 1);
    CHECK(mb_batch_slot_take(journal) == one);
    two->range = mb_batch_range(0, 4); /* what nothing took stays for recovery */
    mb_batch_slot_release(journal, two);
    CHECK_INT(find(mb_journal_image(journal), &lines), 2);
    mb_batch_slot_release(journal, NULL);
    while (mb_batch_slot_take(journal)) { /* until there is no room */
    }
    two->range = 0;
    mb_batch_slot_release(journal, two);
    CHECK(mb_batch_slot_take(journal) == two);
    mb_journal_release(journal);
}

static void
a_damaged_slot_is_not_read(void)
{
    mb_batch_slot_lines lines;
    mb_journal *journal = new_journal();
    mb_batch_block *block = mb_batch_slot_take(journal);
    mb_image image = mb_journal_image(journal);
    const mb_slot *slot = mb_image_next(image, NULL);
    mb_slot damaged = *slot;
    const uint32_t right = slot->text;
    block->range = mb_batch_range(2, 1);
    CHECK(!mb_batch_slot_read(image, slot, &lines));
    block->range = mb_batch_range(0, UINT32_MAX);
    CHECK(!mb_batch_slot_read(image, slot, &lines));
    block->range = mb_batch_range(1, 3);
    block->writing = 1;
    CHECK(mb_batch_slot_read(image, slot, &lines));
    CHECK(lines.bytes == block->bytes + 1 && lines.size == 2 && lines.writing);
    const uint32_t wrong[] = {0,
                              8,
                              right + 1,
                              UINT32_MAX - 7,
                              (uint32_t)image.size,
                              (uint32_t)image.size - 8};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        damaged.text = wrong[i];
        CHECK(!mb_batch_slot_read(image, &damaged, &lines));
    }
    image.size = right + sizeof *block + 2; /* a copy that was cut off */
    CHECK(!mb_batch_slot_read(image, slot, &lines));
    block->range = 0;
    mb_batch_slot_release(journal, block);
    mb_journal_release(journal);
}

int
main(void)
{
    begin_tests();
    snprintf(output, sizeof output, "%s/%s", directory, FILE_NAME);
    RUN(a_reader_finds_what_waits);
    RUN(a_slot_is_used_again);
    RUN(a_damaged_slot_is_not_read);
    return test_report();
}
