/* What the tests of journals, mirrors and slots share. */
#ifndef MB_TEST_JOURNAL_H
#define MB_TEST_JOURNAL_H

#include "journal/mb_mirror.h"
#include "mb_test.h"

#define TEST_ID "0123456789abcdef-0000000000000001"
#define TEST_HEAD "{\"mb\":{\"record_id\":\""
#define TEST_CALL "\"name\":\"x\""
#define TEST_TAIL ",\"a\":1"
#define TEST_BEGINNING TEST_HEAD TEST_ID "\"},\"call\":{" TEST_CALL

/* 1970-01-01T00:00:01, at 1000 ns of the monotonic clock. */
static inline mb_mirror_opening
test_opening(uint32_t flags)
{
    return (mb_mirror_opening){
        .record_id = TEST_ID,
        .serial = 1,
        .head = TEST_HEAD,
        .head_size = sizeof TEST_HEAD - 1,
        .call = TEST_CALL,
        .call_size = sizeof TEST_CALL - 1,
        .tail = TEST_TAIL,
        .tail_size = sizeof TEST_TAIL - 1,
        .flags = flags,
        .start_wall_ns = 1000000000,
        .start_ns = 1000,
    };
}

/* The record of a slot as one string on the heap; "" where it has none. */
static inline char *
test_record(mb_image image, const mb_slot *slot, const mb_slot_ending *ending)
{
    mb_slot_line line;
    const size_t room = mb_slot_room(image, slot, ending);
    char *buffer = malloc(room + 1);
    if (!room || !mb_slot_record(image, slot, ending, buffer, room, &line)) {
        buffer[0] = '\0';
        return buffer;
    }
    char *whole = calloc(1, line.size + 1), *end = whole;
    for (int i = 0; i < MB_SLOT_PARTS; i++) {
        memcpy(end, line.parts[i].iov_base, line.parts[i].iov_len);
        end += line.parts[i].iov_len;
    }
    free(buffer);
    return whole;
}

static inline void
test_check_record(mb_image image, const mb_slot *slot, const mb_slot_ending *ending,
                  const char *expected)
{
    char *record = test_record(image, slot, ending);
    CHECK_BYTES(record, strlen(record), expected);
    free(record);
}

#endif
