#include "run/mb_record.h"

#include "run/mb_call.h"

static void
write_durations(mb_text *text, const mb_samples *durations, bool integers)
{
    bool any = false;
    MB_TEXT_LITERAL(text, ",\"durations\":[");
    for (size_t i = 0; i < durations->size; i++) {
        mb_call_next(text, &any);
        mb_call_duration(text, durations->data[i], integers);
    }
    MB_TEXT_LITERAL(text, "]");
}

static void
write_phase(mb_text *text, const mb_phase_name *name, int64_t ns, bool integer)
{
    mb_call_phase(text, name->utf8, name->size, ns, integer);
}

static void
write_timings(mb_text *text, const mb_phase **phases, uint32_t count, bool integers)
{
    bool any = false;
    MB_TEXT_LITERAL(text, ",\"timings\":[");
    for (uint32_t i = 0; i < count; i++) {
        mb_call_next(text, &any);
        write_phase(text, phases[i]->name, phases[i]->duration_ns, integers);
    }
    MB_TEXT_LITERAL(text, "]");
}

static void
write_iterations(mb_text *text, const mb_phase **phases, uint32_t count)
{
    bool any = false;
    MB_TEXT_LITERAL(text, ",\"timings_iteration\":[");
    for (uint32_t i = 0; i < count; i++) {
        mb_call_next(text, &any);
        mb_text_int(text, phases[i]->iteration);
    }
    MB_TEXT_LITERAL(text, "]");
}

static void
write_finished(mb_text *text, const mb_phases *phases, mb_record_form form)
{
    const uint32_t count = mb_phases_stored(phases);
    const uint32_t first = mb_phases_unlisted(phases);
    if (count == 0) {
        return;
    }
    const mb_phase **finished = mb_alloc(count * sizeof *finished);
    if (!finished) {
        text->failed = true;
        return;
    }
    mb_phases_finished(phases, finished);
    write_timings(text, finished + first, count - first, form.integers);
    if (form.iterated) {
        write_iterations(text, finished + first, count - first);
    }
    mb_free(finished);
}

static void
write_total(mb_text *text, const mb_phase_name *name, const mb_total *total,
            bool integers, bool *any)
{
    if (total->count) {
        mb_call_next(text, any);
        mb_call_total(text, name ? name->utf8 : NULL, name ? name->size : 0, total,
                      integers);
    }
}

static void
write_summary(mb_text *text, const mb_phases *phases, bool integers)
{
    bool any = false;
    if (!mb_phases_are_summed(phases)) {
        return;
    }
    mb_total *totals = mb_alloc((phases->names + 1) * sizeof *totals);
    if (!totals) {
        text->failed = true;
        return;
    }
    mb_phases_totals(phases, totals);
    const mb_phase_name *name = phases->first_name;
    MB_TEXT_LITERAL(text, ",\"timings_summary\":[");
    for (uint32_t i = 0; i <= phases->names; i++) {
        write_total(text, name, &totals[i], integers, &any);
        name = name ? name->newer : NULL;
    }
    MB_TEXT_LITERAL(text, "]");
    mb_free(totals);
}

static void
write_open(mb_text *text, const mb_phases *phases, bool integers, int64_t now_ns)
{
    const uint32_t count = mb_phases_open_count(phases);
    if (count == 0) {
        return;
    }
    const mb_phase **open = mb_alloc(count * sizeof *open);
    if (!open) {
        text->failed = true;
        return;
    }
    bool any = false;
    mb_phases_opened(phases, open);
    MB_TEXT_LITERAL(text, ",\"open_timings\":[");
    for (uint32_t i = 0; i < count; i++) {
        mb_call_next(text, &any);
        write_phase(text, open[i]->name, mb_phase_so_far(open[i], now_ns), integers);
    }
    MB_TEXT_LITERAL(text, "]");
    mb_free(open);
}

void
mb_record_call(mb_text *text, const mb_run *run, mb_record_form form, int64_t now_ns)
{
    write_durations(text, &run->durations, form.integers);
    mb_call_times(text, run->start_wall_ns, run->finish_wall_ns, form.offset_s);
    mb_call_clock_step(text, run->clock_step_ns);
    write_finished(text, &run->phases, form);
    write_summary(text, &run->phases, form.integers);
    write_open(text, &run->phases, form.integers, now_ns);
}
