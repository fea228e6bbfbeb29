/* Finds fields of records by their paths, in the text of a line.
 *
 * What is to be done with each path is learnt before: it has a place in what is found, or
 * is left out. A line with a path that was not learnt is not read, nor is one that
 * mb_json.h does not take.
 *
 *     mb_fields fields;
 *     mb_fields_init(&fields);
 *     mb_field *host = mb_fields_add(&fields, NULL, "host", 4);
 *     mb_field *name = mb_fields_add(&fields, host, "hostname", 8);
 *     name->leaf = 0;
 *     const char *behind = mb_fields_read(&fields, line, end, slices, 1);
 *     if (behind && slices[0].text) ...
 *
 * Thread: one at a time.
 */
#ifndef MB_FIELDS_H
#define MB_FIELDS_H

#include "reading/mb_json.h"

enum {
    MB_FIELD_UNKNOWN = -1, /* the line is not read */
    MB_FIELD_LEFT_OUT = -2,
    MB_FIELD_NULL = -3,  /* nothing but null was seen: the line is read if it is null */
    MB_FIELD_LATER = -4, /* sets `fields.has_later`, unless it is null */
};

typedef struct {
    const char *text; /* NULL: none */
    size_t size;
    mb_json_kind kind;
} mb_field_slice;

typedef struct mb_field {
    char *name; /* Owned: as it stands in the text */
    size_t size;
    struct mb_field *next;  /* Owned: the next one in the same object */
    struct mb_field *first; /* Owned: of the object that it is */
    struct mb_field *last;  /* the one that was found last in the object */
    uint64_t seen;          /* the number of the last record that had it */
    uint64_t block;         /* the block in which `before` is; 0 for none */
    mb_field_slice before;  /* its value in an earlier record of the block */
    int leaf;               /* place of its value, or of an empty object */
    int inside;             /* place of all of an object with members */
} mb_field;

typedef struct {
    mb_field top;
    uint64_t records;
    uint64_t blocks;
    bool has_later; /* the last record */
} mb_fields;

void mb_fields_init(mb_fields *fields);
void mb_fields_free(mb_fields *fields);

/* Returns the field of this name in another one (NULL: in the record), which is made if
 * there is none; NULL without memory. */
mb_field *mb_fields_add(mb_fields *fields, mb_field *within, const char *name,
                        size_t size);

/* Forgets the texts of records: call it when these are to be freed, or before others. */
void mb_fields_forget(mb_fields *fields);

/* Sets the slices of the record at the text, `count` of them. Returns what is behind
 * it; NULL if it is not read. */
const char *mb_fields_read(mb_fields *fields, const char *text, const char *end,
                           mb_field_slice *slices, int count);

#endif
