#include "run/mb_record.h"

#include "run/mb_call_block.h"

typedef struct {
    const mb_run *run;
    int64_t now_ns;
    mb_total *totals; /* Owned, with the lists: of each name, and of all others */
    const mb_phase **finished, **open;
    uint32_t first;                 /* of the finished ones that are listed */
    const mb_phase_name *next_name; /* of the totals */
    const mb_histogram *histogram;  /* that was read last */
    uint32_t bucket;                /* the next one */
} reading;

/* --- items ------------------------------------------------------------------------ */

MB_CALL_BLOCK_INLINE bool
read_duration(const reading *now, size_t index, mb_call_block_item *item)
{
    item->ns = now->run->durations.data[index];
    return true;
}

MB_CALL_BLOCK_INLINE bool
read_phase(const mb_phase *phase, int64_t ns, mb_call_block_item *item)
{
    item->utf8 = phase->name->utf8;
    item->size = phase->name->size;
    item->ns = ns;
    item->iteration = phase->iteration;
    return true;
}

MB_CALL_BLOCK_INLINE bool
read_finished(const reading *now, size_t index, mb_call_block_item *item)
{
    const mb_phase *phase = now->finished[now->first + index];
    return read_phase(phase, phase->duration_ns, item);
}

MB_CALL_BLOCK_INLINE bool
read_open(const reading *now, size_t index, mb_call_block_item *item)
{
    const mb_phase *phase = now->open[index];
    return read_phase(phase, mb_phase_so_far(phase, now->now_ns), item);
}

static void
read_histogram(reading *now, const mb_histogram *histogram, mb_call_block_item *item)
{
    now->histogram = histogram;
    now->bucket = 0;
    item->has_histogram = histogram && histogram->moments.count;
    item->moments = histogram ? histogram->moments : (mb_moments){0};
}

static bool
read_bucket(void *from, uint32_t *bucket, uint64_t *count)
{
    reading *now = from;
    *bucket = mb_histogram_next(now->histogram, now->bucket);
    if (*bucket == MB_HISTOGRAM_BUCKETS) {
        return false;
    }
    *count = mb_histogram_count(now->histogram, *bucket);
    now->bucket = *bucket + 1;
    return true;
}

static bool
read_total(reading *now, size_t index, mb_call_block_item *item)
{
    const mb_phase_name *name = now->next_name;
    now->next_name = name ? name->newer : NULL;
    item->utf8 = name ? name->utf8 : NULL;
    item->size = name ? name->size : 0;
    item->total = now->totals[index];
    read_histogram(now, name ? name->histogram : now->run->phases.shared_histogram,
                   item);
    return item->total.count > 0;
}

static bool
read_iterations(reading *now, mb_call_block_item *item)
{
    read_histogram(now, now->run->histogram, item);
    return item->has_histogram;
}

MB_CALL_BLOCK_INLINE bool
read_item(void *from, mb_call_block_list list, size_t index, mb_call_block_item *item)
{
    switch (list) {
    case MB_CALL_BLOCK_DURATIONS:
        return read_duration(from, index, item);
    case MB_CALL_BLOCK_SUMMARY:
        return read_total(from, index, item);
    case MB_CALL_BLOCK_HISTOGRAM:
        return read_iterations(from, item);
    case MB_CALL_BLOCK_OPEN:
        return read_open(from, index, item);
    default:
        return read_finished(from, index, item);
    }
}

MB_CALL_BLOCK_INLINE bool
is_same(const void *from)
{
    (void)from; /* nothing changes a run meanwhile */
    return true;
}

static const mb_call_block_source SOURCE = {read_item, is_same, read_bucket};

/* --- lists ------------------------------------------------------------------------ */

/* `first`: how many stored phases are not listed. Then, and once one is dropped, there are
 * totals. */
static void
count_items(mb_call_block *call, const mb_run *run, uint32_t first, bool iterated)
{
    const mb_phases *phases = &run->phases;
    const uint32_t listed = mb_phases_stored(phases) - first;
    call->counts[MB_CALL_BLOCK_DURATIONS] = run->durations.size;
    call->counts[MB_CALL_BLOCK_TIMINGS] = listed;
    call->counts[MB_CALL_BLOCK_ITERATIONS] = iterated ? listed : 0;
    call->counts[MB_CALL_BLOCK_SUMMARY] =
        first > 0 || phases->dropped > 0 ? (size_t)phases->names + 1 : 0;
    call->counts[MB_CALL_BLOCK_OPEN] = mb_phases_open_count(phases);
    call->counts[MB_CALL_BLOCK_HISTOGRAM] = run->histogram != NULL;
}

/* Places the lists in one block. False without memory. */
static bool
place_lists(reading *now, size_t stored, size_t open, size_t totals)
{
    if (stored + open + totals > 0) {
        now->totals = mb_alloc(totals * sizeof *now->totals +
                               (stored + open) * sizeof *now->finished);
        if (!now->totals) {
            return false;
        }
        now->finished = (const mb_phase **)(now->totals + totals);
        now->open = now->finished + stored;
    }
    return true;
}

/* False without memory. */
static bool
make_lists(reading *now, const mb_call_block *call)
{
    const mb_phases *phases = &now->run->phases;
    const size_t stored = mb_phases_stored(phases);
    const size_t open = call->counts[MB_CALL_BLOCK_OPEN];
    if (!place_lists(now, stored, open, call->counts[MB_CALL_BLOCK_SUMMARY])) {
        return false;
    }
    if (stored) {
        mb_phases_finished(phases, now->finished);
    }
    if (call->counts[MB_CALL_BLOCK_SUMMARY]) {
        mb_phases_totals(phases, now->totals);
    }
    if (open) {
        mb_phases_opened(phases, now->open);
    }
    return true;
}

/* --- the record ------------------------------------------------------------------- */

/* Fills it in place: a copy of it takes as long as a phase. */
static void
describe(mb_call_block *call, mb_run *run, uint32_t first,
         const mb_mirror_opening *record, const mb_record_more *more)
{
    *call = (mb_call_block){
        .record_id = mb_run_record_id(run),
        .fields = record->call,
        .fields_size = record->call_size,
        .before = more->before.data,
        .before_size = more->before.size,
        .after = more->after.data,
        .after_size = more->after.size,
        .secret = record->flags & MB_SLOT_SECRET,
        .integers = record->flags & MB_SLOT_INTEGERS,
        .offset_s = record->offset_s,
        .start_wall_ns = run->start_wall_ns,
        .finish_wall_ns = run->finish_wall_ns,
        .clock_step_ns = run->clock_step_ns,
    };
    if (!(record->flags & (MB_SLOT_SECRET | MB_SLOT_UNTIMED))) {
        count_items(call, run, first, record->flags & MB_SLOT_ITERATED);
    }
}

/* The bytes that most records need at most. */
static size_t
usual_size(const mb_call_block *call, const mb_mirror_opening *record,
           const mb_record_more *more)
{
    const size_t phases =
        call->counts[MB_CALL_BLOCK_TIMINGS] + call->counts[MB_CALL_BLOCK_OPEN];
    return record->head_size + record->call_size + record->tail_size + 200 +
           more->before.size + more->after.size + more->tail.size + more->rest.size +
           more->inside.size + call->counts[MB_CALL_BLOCK_DURATIONS] * 16 + phases * 48;
}

/* The tail, with what is inside it. */
static void
put_tail(mb_text *text, const mb_mirror_opening *record, const mb_record_more *more)
{
    const size_t at = more->inside_at;
    if (!more->inside.size) {
        mb_text_raw(text, record->tail, record->tail_size);
        return;
    }
    mb_text_raw(text, record->tail, at);
    mb_text_raw(text, more->inside.data, more->inside.size);
    mb_text_raw(text, record->tail + at, record->tail_size - at);
}

void
mb_record_write_with(mb_text *text, mb_run *run, const mb_mirror_opening *record,
                     const mb_record_more *more, int64_t now_ns)
{
    mb_call_block call;
    reading now = {
        .run = run,
        .now_ns = now_ns,
        .first = mb_phases_unlisted(&run->phases),
        .next_name = run->phases.first_name,
    };
    describe(&call, run, now.first, record, more);
    if (!make_lists(&now, &call)) {
        text->failed = true;
        return;
    }
    mb_text_reserve(text, usual_size(&call, record, more));
    mb_text_raw(text, record->head, record->head_size);
    mb_call_block_write(text, &call, &SOURCE, &now);
    put_tail(text, record, more);
    mb_text_raw(text, more->tail.data, more->tail.size);
    mb_text_raw(text, more->rest.data, more->rest.size);
    MB_TEXT_LITERAL(text, "}");
    mb_free(now.totals);
}

void
mb_record_write(mb_text *text, mb_run *run, const mb_mirror_opening *record,
                int64_t now_ns)
{
    static const mb_record_more NONE;
    mb_record_write_with(text, run, record, &NONE, now_ns);
}
