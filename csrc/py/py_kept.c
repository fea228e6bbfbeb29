#include "py/py_kept.h"

/* A phase that is in use lives on by itself. */
static void
release(py_phase *phase)
{
    phase->kept = false;
    Py_INCREF(phase->run);
    Py_DECREF(phase);
}

void
py_kept_add(py_kept *kept, py_phase *phase)
{
    py_phase **place = &kept->phases[((uintptr_t)phase->name / 64) % PY_KEPT_PHASES];
    py_phase *before = *place;
    phase->kept = kept->any = true;
    *place = (py_phase *)Py_NewRef(phase);
    Py_DECREF(phase->run);
    if (before) {
        release(before);
    }
}

int
py_kept_traverse(const py_kept *kept, visitproc visit, void *arg)
{
    for (int i = 0; i < PY_KEPT_PHASES; i++) {
        const py_phase *phase = kept->phases[i];
        if (phase && Py_REFCNT(phase) == 1) {
            Py_VISIT(phase->name);
            Py_VISIT(phase->counter);
        }
    }
    return 0;
}

void
py_kept_clear(py_kept *kept)
{
    if (!kept->any) {
        return;
    }
    kept->any = false;
    for (int i = 0; i < PY_KEPT_PHASES; i++) {
        py_phase *phase = kept->phases[i];
        kept->phases[i] = NULL;
        if (phase) {
            phase->kept = false;
            phase->run = NULL;
            Py_DECREF(phase);
        }
    }
}
