#include "py/py_slot.h"

#include <string.h>

#define MOST_SLOTS ((size_t)1 << 15)
#define MOST_OF_STEP 16           /* slots that are no loose one */
#define LONGEST ((size_t)1 << 16) /* bytes of a repeated object or list */
#define FIRST_TRIES 3
#define LATER_TRIES 64 /* one of so many */

/* --- memory ----------------------------------------------------------------------- */

void
py_slot_free_step(py_slot_step *step)
{
    Py_CLEAR(step->above);
}

static void
free_slot(py_slot *slot)
{
    py_slot_free_step(&slot->next);
    py_slot_free_step(&slot->inside);
    Py_XDECREF(slot->name);
    Py_XDECREF(slot->value);
    PyMem_Free(slot->text);
    PyMem_Free(slot->raw);
    PyMem_Free(slot);
}

void
py_slot_free(py_slot_store *store)
{
    while (store->slots) {
        py_slot *slot = store->slots;
        store->slots = slot->older;
        free_slot(slot);
    }
}

/* NULL without an exception: there are too many. */
static py_slot *
new_slot(py_slot_store *store)
{
    if (store->count == MOST_SLOTS) {
        return NULL;
    }
    py_slot *slot = PyMem_Calloc(1, sizeof *slot);
    if (!slot) {
        PyErr_NoMemory();
        return NULL;
    }
    slot->older = store->slots;
    store->slots = slot;
    store->count++;
    return slot;
}

/* --- slots ------------------------------------------------------------------------ */

/* Returns the name at the place, and moves behind its colon. */
static PyObject *
scan_name(py_slot_step *step, py_scan *scan)
{
    PyObject *own = py_scan_string(scan, NULL);
    if (!own) {
        return NULL;
    }
    py_scan_blanks(scan);
    if (*scan->place != ':') {
        Py_DECREF(own);
        return NULL;
    }
    scan->place++;
    if (step->above) {
        Py_SETREF(own, PyUnicode_Concat(step->above, own));
    }
    return own;
}

/* Adds a slot to a step; a loose one stands at the end, and has no text. */
static py_slot *
add_slot(py_slot_store *store, py_slot_step *step, bool loose)
{
    py_slot *slot = new_slot(store);
    if (!slot) {
        return NULL;
    }
    slot->next.loose = step->loose || loose;
    slot->next.above = Py_XNewRef(step->above);
    py_slot **place = &step->slots;
    while (loose && *place) {
        place = &(*place)->other;
    }
    slot->other = *place;
    *place = slot;
    step->slot_count++;
    return slot;
}

static py_slot *
last_slot(py_slot_step *step)
{
    py_slot *slot = step->slots;
    while (slot->other) {
        slot = slot->other;
    }
    return slot;
}

/* Returns the loose slot of a step. Flat names have none: those inside would change. */
static py_slot *
loose_slot(py_slot_store *store, py_slot_step *step)
{
    if (store->flat) {
        return NULL;
    }
    const bool is_there = step->slot_count > MOST_OF_STEP;
    return is_there ? last_slot(step) : add_slot(store, step, true);
}

static int
keep_text(py_slot *slot, const char *text, size_t size)
{
    slot->text = PyMem_Malloc(size);
    if (!slot->text) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(slot->text, text, size);
    slot->size = size;
    return 0;
}

static py_slot *
named_slot(py_slot_store *store, py_slot_step *step, py_scan *scan)
{
    const char *text = scan->place;
    PyObject *name = scan_name(step, scan);
    if (!name) {
        return NULL;
    }
    const bool loose = step->slot_count >= MOST_OF_STEP;
    py_slot *slot = loose ? loose_slot(store, step) : add_slot(store, step, false);
    if (!slot) {
        Py_DECREF(name);
        return NULL;
    }
    Py_XSETREF(slot->name, name);
    const size_t size = (size_t)(scan->place - text);
    return loose || keep_text(slot, text, size) == 0 ? slot : NULL;
}

/* Returns the slot whose text is at the place, and moves behind it. */
static py_slot *
matching_slot(py_slot_step *step, py_scan *scan)
{
    for (py_slot **place = &step->slots; *place; place = &(*place)->other) {
        py_slot *slot = *place;
        if (!slot->text || !py_scan_bytes(scan, slot->text, slot->size)) {
            continue;
        }
        *place = slot->other;
        slot->other = step->slots;
        step->slots = slot;
        return slot;
    }
    return NULL;
}

py_slot *
py_slot_find(py_slot_store *store, py_slot_step *step, py_scan *scan)
{
    py_slot *slot = matching_slot(step, scan);
    if (!slot) {
        slot = named_slot(store, step, scan);
    }
    py_scan_blanks(scan);
    return slot;
}

py_slot *
py_slot_items(py_slot_store *store, py_slot *list)
{
    if (!list->items) {
        list->items = new_slot(store);
    }
    return list->items;
}

int
py_slot_join(py_slot *slot)
{
    if (!slot->inside.above) {
        slot->inside.above = PyUnicode_FromFormat("%U.", slot->name);
    }
    return slot->inside.above ? 0 : -1;
}

/* --- what repeats ----------------------------------------------------------------- */

bool
py_slot_repeats(py_slot *slot, py_scan *scan)
{
    if (slot->raw_size == 0 || !py_scan_bytes(scan, slot->raw, slot->raw_size)) {
        return false;
    }
    slot->changes = 0;
    return true;
}

bool
py_slot_may_repeat(py_slot *slot)
{
    const unsigned changes = slot->changes++;
    return changes < FIRST_TRIES || changes % LATER_TRIES == 0;
}

int
py_slot_keep(py_slot *slot, const char *text, size_t size, PyObject *value)
{
    if (size > LONGEST) {
        Py_DECREF(value);
        return 0;
    }
    char *raw = PyMem_Realloc(slot->raw, size);
    if (!raw) {
        Py_DECREF(value);
        PyErr_NoMemory();
        return -1;
    }
    memcpy(raw, text, size);
    slot->raw = raw;
    slot->raw_size = size;
    Py_XSETREF(slot->value, value);
    return 0;
}
