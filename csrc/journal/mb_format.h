/* Defines the journal as bytes: an image of a header and blocks behind it.
 *
 * Offsets from the beginning of the image lead to the blocks (0: none). Each open record has
 * a slot: text that was ready when the record was opened, and a log of the measurements since
 * then.
 *
 *   header --> slot --> slot --> ...             in the order of their making
 *              |  |
 *              |  +--> chunk --> chunk --> ...   of the log: entries
 *              +-----> text                      {"mb":..., fields of `call`, ...
 *
 * The owner writes the journal (mb_mirror.h) and reads nothing back for its own work.
 * Readers (mb_image.h) trust none of it.
 */
#ifndef MB_FORMAT_H
#define MB_FORMAT_H

#include "base/mb_identity.h"
#include "base/mb_platform.h"
#include "base/mb_text.h"
#include "journal/mb_endmark.h"
#include "journal/mb_mark.h"
#include "run/mb_total.h"

/* Numbers are in the byte order of the machine: a journal is read where it was written. */

#define MB_JOURNAL_MAGIC "mbJournl" /* 8 bytes */
#define MB_JOURNAL_VERSION 3
#define MB_JOURNAL_HEADER 1024 /* bytes up to the first block */

/* Bytes of a journal, at most: half a million entries, or 12,000 small open records. A
 * reader takes no more than this into memory for one journal. */
#define MB_JOURNAL_MOST (16u << 20)

/* Written before the first record is put into the output: where to look for it, if the
 * recovering process dies. */
typedef struct {
    uint64_t begun; /* 0: no recovery has begun */
    mb_mark from;   /* of the output: the records lie behind it */
    int64_t
        modified_ns; /* of the journal, before the note: see mb_image_end_is_marked */
} mb_recovery_note;

typedef struct {
    char magic[8];
    uint32_t version;
    uint32_t layout; /* MB_JOURNAL_LAYOUT: byte order and sizes */
    int32_t pid;
    uint32_t uid;
    uint64_t start_ticks; /* field 22 of /proc/PID/stat, proc(5) */
    char boot_id[40]; /* /proc/sys/kernel/random/boot_id, random(4); ends with a 0 */
    char host[256];   /* gethostname(2); ends with a 0 */
    int64_t made_wall_ns; /* both clocks at the same moment: what leads from one */
    int64_t made_ns;      /* to the other */
    uint32_t output;      /* absolute path of the file that the records belong to */
    uint32_t output_size;
    uint32_t slots;         /* the first one */
    uint32_t signal;        /* that was seen first; 0: none */
    int64_t signal_wall_ns; /* when */
    int64_t signal_ns;
    /* Fields added at the end need no new version: a missing one is 0. */
    mb_mark made_at;            /* of the output: claimed records lie behind it */
    mb_recovery_note recovered; /* written by the process that recovers the records */
    int64_t alive_ns;           /* the last heartbeat; 0: none */
    int64_t parent_ns;          /* when the parent was seen dead; 0: it was not */
    uint32_t parent_is_job;     /* with it the job ends, and so does the process */
    uint32_t endmark;           /* page of mb_endmark.h; 0: none */
} mb_journal_header;

/* A record that is open and not claimed is in no file yet. */
typedef enum { MB_SLOT_FREE, MB_SLOT_OPEN, MB_SLOT_CLAIMED } mb_slot_state;

#define MB_SLOT_INTEGERS 1u  /* durations are integer nanoseconds, not seconds */
#define MB_SLOT_ITERATED 2u  /* with call.timings_iteration */
#define MB_SLOT_UNTIMED 4u   /* measured by a clock of the program: no durations */
#define MB_SLOT_CUT 8u       /* there was no room for all of the log */
#define MB_SLOT_SECRET 16u   /* measurements are neither written nor logged */
#define MB_SLOT_UNLISTED 32u /* a histogram has the iterations; phases are not listed */
#define MB_SLOT_BATCH 64u    /* holds complete records that wait: see mb_batch_slot.h */

typedef struct {
    uint32_t next;  /* slot made after this one: further up in the image */
    uint32_t state; /* mb_slot_state: stored last when opened, first when freed; claimed
                       before the first byte goes to a file */
    uint32_t flags;
    int32_t offset_s; /* of the time zone, east of UTC */
    uint32_t text;    /* mb_slot_text */
    uint32_t log;     /* the first chunk */
    uint32_t entries; /* in the log */
    uint32_t kept;    /* how many phases are listed, at most: the last ones */
    int64_t start_wall_ns;
    int64_t start_ns; /* 0: the code has not begun */
    uint64_t left;    /* how many phases have been left */
    uint64_t
        dropped; /* of these, so many have no entry any more: they are in the totals */
    uint32_t totals;    /* the first mb_slot_total */
    uint32_t histogram; /* of iterations: mb_slot_histogram; 0: there is none */
    char record_id[40]; /* MB_RECORD_ID_SIZE are used */
} mb_slot;

/* A record, less its id and what was measured: `head` ID "},"call":{ `call` MEASURED }
 * `tail` }. The bytes are those of head, tail, call. */
typedef struct {
    uint32_t head_size; /* {"mb":{...,"record_id":" */
    uint32_t tail_size; /* ,"python":{...} or nothing */
    uint32_t call_size; /* "invocation":"Python","name":"x" */
    uint32_t is_whole;  /* the head is the record, complete, that no sink took */
    char bytes[];
} mb_slot_text;

/* A phase, or an iteration of the run itself. */
typedef struct {
    uint32_t name;      /* mb_slot_name of a phase; 0: an iteration */
    uint32_t iteration; /* of the run, from 0 */
    int64_t start_ns;   /* of the clock, less what was measured before it was suspended;
                           0: the clock has not been read yet */
    int64_t elapsed_ns; /* MB_ENTRY_RUNNING, or what it took (up to its suspension) */
    /* 0: it is about to change. Open: MB_ENTRY_OPEN and how many were entered before
     * it. Left: 1 for the phase that was left first, 2 for the second ...; 1 for an
     * iteration. */
    uint64_t order;
} mb_entry;

#define MB_ENTRY_RUNNING (-1)
#define MB_ENTRY_OPEN (1ull << 63)

typedef struct {
    uint32_t next;
    uint32_t capacity; /* entries */
    uint32_t spare[6];
    mb_entry entries[];
} mb_chunk;

typedef struct {
    uint32_t size;
    uint32_t total; /* mb_slot_total; 0: the one of names that have none */
    char utf8[];
} mb_slot_name;

/* The total of the phases of a name that have no entry any more, in two versions: while
 * one changes, the other holds the state before. */
typedef struct {
    uint64_t nth; /* as it was when so many had been dropped; MB_TOTAL_CHANGES */
    uint64_t count;
    int64_t sum_ns, min_ns, max_ns;
} mb_total_version;

#define MB_TOTAL_CHANGES UINT64_MAX

typedef struct {
    uint32_t next;
    uint32_t index; /* in this list */
    uint32_t name;  /* mb_slot_name; 0: of all names that have no total of their own */
    uint32_t histogram; /* of all phases that were left: mb_slot_histogram; 0 */
    mb_total_version versions[2];
} mb_slot_total;

/* Differs between machines that would read one of the structures above wrongly. Counts
 * the fields of the header up to the first mark. */
#define MB_JOURNAL_LAYOUT                                                              \
    (0x01000000u + (uint32_t)(offsetof(mb_journal_header, made_at) << 12) +            \
     (uint32_t)(sizeof(mb_slot) + sizeof(mb_entry) * 8))

#endif
