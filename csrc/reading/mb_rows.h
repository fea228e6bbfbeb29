/* Makes rows of tables out of lines of records, as far as that takes no thought.
 *
 *     mb_rows rows;
 *     mb_rows_init(&rows, MB_ROWS_PHASES);
 *     ...  mb_rows_add_column(), mb_rows_add_own(), and mb_fields_add() on rows.fields
 *     const char *place = mb_rows_read(&rows, block, block + size);
 *     rows.text ...  a line of JSON for each row
 *
 * Reading ends before the first line that is not read here: the caller reads it, and goes
 * on behind it. A line that is read gives the rows that microbench/results/tidy.py makes
 * of it. The block has to end with a NUL.
 *
 * Thread: one at a time.
 */
#ifndef MB_ROWS_H
#define MB_ROWS_H

#include "base/mb_text.h"
#include "reading/mb_fields.h"

typedef enum {
    MB_ROWS_RECORDS, /* one for each, without a duration */
    MB_ROWS_RUNS,    /* likewise, of records with one duration */
    MB_ROWS_PHASES,
    MB_ROWS_ITERATIONS,
} mb_rows_shape;

/* Columns that the shape makes. */
typedef enum {
    MB_ROWS_RECORD, /* number of the record */
    MB_ROWS_PHASE,
    MB_ROWS_ITERATION,
    MB_ROWS_DURATION,
    MB_ROWS_ZERO,
    MB_ROWS_ONE,
    MB_ROWS_FALSE,
    MB_ROWS_FIELD, /* the value of a field */
    MB_ROWS_TIME,  /* likewise, in microseconds since 1970 */
} mb_rows_kind;

/* Places of fields that the shape needs; those of columns follow. */
enum {
    MB_ROWS_DURATIONS,
    MB_ROWS_TIMINGS,
    MB_ROWS_NUMBERS, /* of the iterations of phases */
    MB_ROWS_COUNTER,
    MB_ROWS_REFUSED, /* a line that has it is not read */
    MB_ROWS_NEEDED,
    MB_ROWS_MOST = 512,
};

typedef struct {
    mb_rows_kind kind;
    char key[8];
    size_t size;         /* of the key */
    int leaf;            /* place of the field */
    uint32_t kinds;      /* a bit for each mb_json_kind that was written */
    mb_field_slice cell; /* of the row, without a key; text is NULL for none */
    int64_t made;        /* the number that the cell is, if its size is 0 */
} mb_rows_column;

/* Takes the cells of a row, in place of rows.text. Returns false, and takes nothing, if
 * the line is not to be read. */
typedef bool (*mb_rows_take)(void *context, const mb_rows_column *columns, int count);
/* Drops the last rows, which were taken of a line that is not read. */
typedef void (*mb_rows_drop)(void *context, int64_t rows);

typedef struct {
    mb_rows_shape shape;
    mb_fields fields;
    mb_text text;      /* on the heap */
    mb_rows_take take; /* NULL: the rows go to `text` */
    mb_rows_drop drop;
    void *context;      /* of both */
    int64_t taken;      /* rows of the present line */
    int64_t number;     /* of the next record */
    bool has_durations; /* any record whose counter is the usual one */
    int leaves;
    int count;
    mb_rows_column columns[MB_ROWS_MOST];
    mb_field_slice slices[MB_ROWS_NEEDED + MB_ROWS_MOST];
} mb_rows;

void mb_rows_init(mb_rows *rows, mb_rows_shape shape);
void mb_rows_free(mb_rows *rows);

/* Adds a column whose key has 1 to 7 bytes; returns its number, or -1 if there are too
 * many. Its field is at `leaf`: -1 for a new place, columns[number].leaf. */
int mb_rows_add_column(mb_rows *rows, mb_rows_kind kind, const char *key, int leaf);

/* Appends the rows of lines to rows.text. Returns what is behind the last line that was
 * read. Without memory, rows.text has failed. */
const char *mb_rows_read(mb_rows *rows, const char *text, const char *end);

#endif
