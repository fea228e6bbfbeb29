/* Damaged journals: whatever the bytes are, nothing outside the image is read. The
 * images are heap blocks of their exact size, so AddressSanitizer sees each byte too
 * far. */
#include <signal.h>
#include <time.h>

#include "mb_test_journal.h"

#define FLIPS 20000

static const mb_slot_ending ENDING = {
    .path = "recovered", .signal = 15, .now_ns = 4000};

/* An image of its own, aligned as malloc aligns. */
static mb_image
copy_of(mb_image image, size_t size)
{
    char *bytes = malloc(size ? size : 1);
    memcpy(bytes, image.base, size);
    return (mb_image){.base = bytes, .size = size};
}

static void
free_copy(mb_image image)
{
    free((void *)image.base);
}

static void
add_log(mb_mirror *mirror)
{
    for (int i = 0; i < 40; i++) {
        const uint32_t name = i % 3 ? mb_mirror_name(mirror, "caf\xc3\xa9", 5) : 0;
        mb_entry *entry = mb_mirror_enter(mirror, name, (uint32_t)i);
        mb_mirror_entry_run(entry, 1000 + i, 0);
        if (i % 5) {
            mb_mirror_leave(mirror, entry, i);
        }
    }
}

/* Three open records and a closed one, with logs of several chunks. */
static mb_image
whole_image(void)
{
    mb_mirror *mirrors[4];
    mb_journal *journal = mb_journal_memory();
    const mb_mirror_opening record = test_opening(MB_SLOT_ITERATED);
    for (int i = 0; i < 4; i++) {
        mirrors[i] = mb_mirror_open(journal, &record);
        add_log(mirrors[i]);
    }
    mb_mirror_close(mirrors[1], false);
    const mb_image whole = copy_of(mb_journal_image(journal), journal->used);
    mb_mirror_close(mirrors[0], false);
    mb_mirror_close(mirrors[2], false);
    mb_mirror_close(mirrors[3], false);
    mb_journal_release(journal);
    return whole;
}

/* Does all that a reader does: how many records there are. */
static unsigned
read_all(mb_image image)
{
    size_t size;
    unsigned records = 0;
    if (!mb_image_header(image)) {
        return 0;
    }
    mb_image_last_ns(image);
    const char *output = mb_image_output(image, &size);
    CHECK(!output ||
          (output >= image.base && output + size <= image.base + image.size));
    for (const mb_slot *slot = NULL; (slot = mb_image_next(image, slot));) {
        char *record = test_record(image, slot, &ENDING);
        records += record[0] != '\0';
        free(record);
    }
    return records;
}

static void
a_whole_image_has_its_open_records(void)
{
    const mb_image whole = whole_image();
    CHECK_INT(read_all(whole), 3);
    free_copy(whole);
}

static void
the_record_needs_no_more_room_than_was_computed(void)
{
    const mb_image whole = whole_image();
    for (const mb_slot *slot = NULL; (slot = mb_image_next(whole, slot));) {
        mb_slot_line line;
        const size_t room = mb_slot_room(whole, slot, &ENDING);
        char *buffer = malloc(room + 1);
        CHECK(mb_slot_record(whole, slot, &ENDING, buffer, room, &line) ==
              mb_slot_is_open(slot));
        for (size_t less = 0; less < room; less += 7) { /* never beyond what is given */
            char *small = malloc(less + 1);
            mb_slot_record(whole, slot, &ENDING, small, less, &line);
            free(small);
        }
        free(buffer);
    }
    free_copy(whole);
}

static void
the_last_moment_is_that_of_the_last_entry_or_signal(void)
{
    const mb_image whole = whole_image();
    mb_journal_header *header = (mb_journal_header *)whole.base;
    header->made_ns = 1;
    CHECK_INT(mb_image_last_ns(whole), 1039 + 39);
    header->signal = 15;
    header->signal_ns = 5000;
    CHECK_INT(mb_image_last_ns(whole), 5000);
    header->made_ns = 7000;
    CHECK_INT(mb_image_last_ns(whole), 7000);
    free_copy(whole);
}

static void
a_crash_that_was_survived_is_no_cause(void)
{
    const mb_image whole = whole_image();
    mb_journal_header *header = (mb_journal_header *)whole.base;
    header->made_ns = 1;
    CHECK_INT(mb_image_signal(whole), 0);
    header->signal = SIGSEGV;
    header->signal_ns = 1039 + 39;
    CHECK_INT(mb_image_signal(whole), SIGSEGV);
    header->signal_ns -= 1;
    CHECK_INT(mb_image_signal(whole), 0);
    header->signal = SIGTERM; /* work may go on until the end */
    CHECK_INT(mb_image_signal(whole), SIGTERM);
    free_copy(whole);
}

static void
a_truncated_image_is_read_as_far_as_it_goes(void)
{
    const mb_image whole = whole_image();
    for (size_t size = 0; size < whole.size; size++) {
        const mb_image part = copy_of(whole, size);
        CHECK(read_all(part) <= 3);
        free_copy(part);
    }
    free_copy(whole);
}

static uint64_t
next_random(uint64_t *state) /* xorshift64 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Few bytes at a time, and those of offsets and counts more often than text. */
static void
damage(mb_image image, uint64_t *random)
{
    for (uint64_t flips = 1 + next_random(random) % 8; flips > 0; flips--) {
        char *byte = (char *)image.base + next_random(random) % image.size;
        *byte = next_random(random) % 2 ? (char)next_random(random) : *byte ^ 1;
    }
}

static void
flipped_bytes_lead_nowhere(void)
{
    const char *chosen = getenv("MICROBENCH_SEED");
    uint64_t seed = chosen ? strtoull(chosen, NULL, 10) : (uint64_t)time(NULL);
    fprintf(stderr, "MICROBENCH_SEED=%llu\n", (unsigned long long)seed);
    uint64_t random = seed | 1;
    const mb_image whole = whole_image();
    for (int round = 0; round < FLIPS; round++) {
        const mb_image damaged = copy_of(whole, whole.size);
        damage(damaged, &random);
        read_all(damaged);
        free_copy(damaged);
    }
    free_copy(whole);
}

static void
another_version_or_layout_is_no_journal(void)
{
    const mb_image whole = whole_image();
    mb_journal_header *header = (mb_journal_header *)whole.base;
    header->version++;
    CHECK(mb_image_header(whole) == NULL);
    header->version -= 2;
    CHECK(mb_image_header(whole) == NULL);
    header->version++;
    header->layout = __builtin_bswap32(header->layout);
    CHECK(mb_image_header(whole) == NULL);
    header->layout = MB_JOURNAL_LAYOUT;
    CHECK(mb_image_header(whole) == header);
    memset(header->host, 'x', sizeof header->host);
    CHECK(mb_image_header(whole) == NULL);
    free_copy(whole);
}

int
main(void)
{
    RUN(a_whole_image_has_its_open_records);
    RUN(the_record_needs_no_more_room_than_was_computed);
    RUN(the_last_moment_is_that_of_the_last_entry_or_signal);
    RUN(a_crash_that_was_survived_is_no_cause);
    RUN(a_truncated_image_is_read_as_far_as_it_goes);
    RUN(flipped_bytes_lead_nowhere);
    RUN(another_version_or_layout_is_no_journal);
    return test_report();
}
