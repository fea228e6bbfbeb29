/* What the tests of phases, runs and records share. */
#ifndef MB_TEST_PHASES_H
#define MB_TEST_PHASES_H

#include "run/mb_phases.h"

/* Stores the name and enters a phase; NULL if there was no memory for either. */
static inline mb_phase *
test_enter(mb_phases *phases, const char *utf8, size_t size, uint32_t iteration)
{
    mb_phase_name *name = mb_phases_name(phases, utf8, size);
    return name ? mb_phases_enter(phases, name, iteration) : NULL;
}

#endif
