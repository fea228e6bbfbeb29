#include "mb_record.h"

#include "mb_call.h"

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
write_phase(mb_text *text, const mb_name *name, int64_t ns, bool integer)
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
    const uint32_t count = phases->left;
    if (count == 0) {
        return;
    }
    const mb_phase **finished = mb_alloc(count * sizeof *finished);
    if (!finished) {
        text->failed = true;
        return;
    }
    mb_phases_finished(phases, finished);
    write_timings(text, finished, count, form.integers);
    if (form.iterated) {
        write_iterations(text, finished, count);
    }
    mb_free(finished);
}

static void
write_open(mb_text *text, const mb_phases *phases, bool integers, int64_t now_ns)
{
    if (phases->left == phases->entered) {
        return;
    }
    bool any = false;
    mb_phase_place place = {0};
    MB_TEXT_LITERAL(text, ",\"open_timings\":[");
    for (const mb_phase *phase; (phase = mb_phases_next(phases, &place));) {
        if (phase->duration_ns != MB_PHASE_OPEN) {
            continue;
        }
        mb_call_next(text, &any);
        write_phase(text, phase->name, mb_phase_so_far(phase, now_ns), integers);
    }
    MB_TEXT_LITERAL(text, "]");
}

void
mb_record_call(mb_text *text, const mb_run *run, mb_record_form form, int64_t now_ns)
{
    write_durations(text, &run->durations, form.integers);
    mb_call_times(text, run->start_wall_ns, run->finish_wall_ns, form.offset_s);
    mb_call_clock_step(text, run->clock_step_ns);
    write_finished(text, &run->phases, form);
    write_open(text, &run->phases, form.integers, now_ns);
}
