#include "py/py_slot.h"

#include <string.h>

#define MOST_SLOTS ((size_t)1 << 15)
#define MOST_OF_STEP 16 /* slots that are no loose one */
#define MOST_OF_OBJECT (1 << 12)
#define MOST_NAME_BYTES ((size_t)1 << 22)
#define LONGEST_NAME ((size_t)1 << 12)
#define MOST_FLAT (1 << 12)              /* names of an object, if they are flat */
#define MOST_RAW_BYTES ((size_t)1 << 21) /* what is made of it is 30 times as large */
#define LONGEST ((size_t)1 << 16)        /* bytes of a repeated object or list */
#define LONGEST_MEMBER 256
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

static py_slot *
allocated(py_slot_store *store)
{
    py_slot *slot = PyMem_Calloc(1, sizeof *slot);
    if (!slot) {
        PyErr_NoMemory();
        return NULL;
    }
    slot->older = store->slots;
    store->slots = slot;
    return slot;
}

/* NULL without an exception: there are too many. */
static py_slot *
new_slot(py_slot_store *store)
{
    py_slot *slot = store->count < MOST_SLOTS ? allocated(store) : NULL;
    store->count += slot != NULL;
    return slot;
}

/* Returns a slot in the place of one that would be too many. */
static py_slot *
spare_slot(py_slot_store *store)
{
    py_slot **spare = &store->spares[store->depth];
    if (store->flat || *spare) {
        return *spare;
    }
    *spare = allocated(store);
    if (*spare) {
        (*spare)->renamed = (*spare)->next.loose = true;
        (*spare)->next.place = MOST_OF_OBJECT;
    }
    return *spare;
}

static py_slot *
slot_or_spare(py_slot_store *store, py_slot *slot)
{
    return slot || PyErr_Occurred() ? slot : spare_slot(store);
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
    slot->renamed = loose;
    slot->next.loose = step->loose || loose;
    slot->next.place = step->place + 1;
    slot->next.above = Py_XNewRef(step->above);
    slot->next.before = slot;
    slot->before = step->before;
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

/* Counts a name of `size` bytes in the file; returns whether the limit still holds. */
static bool
count_name(py_slot_store *store, PyObject *name, size_t size)
{
    store->name_bytes += size + (size_t)PyUnicode_GET_LENGTH(name);
    return store->name_bytes <= MOST_NAME_BYTES;
}

/* Returns whether a name was before the step in the same object; true, too, after very
 * many names. */
static bool
may_come_twice(const py_slot_step *step, PyObject *name)
{
    int left = MOST_FLAT;
    for (py_slot *slot = step->before; slot; slot = slot->before) {
        if (--left == 0 || PyUnicode_Compare(slot->name, name) == 0) {
            return true;
        }
    }
    return false;
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

/* Returns a slot of the step for another name. NULL without an exception: a limit is
 * reached, or a flat name comes twice. */
static py_slot *
slot_of_step(py_slot_store *store, py_slot_step *step, PyObject *name, size_t size)
{
    const bool loose = step->slot_count >= MOST_OF_STEP;
    const bool fits = size <= LONGEST_NAME && step->place < MOST_OF_OBJECT &&
                      (loose || count_name(store, name, size)) &&
                      !(store->flat && may_come_twice(step, name));
    return !fits   ? NULL
           : loose ? loose_slot(store, step)
                   : add_slot(store, step, false);
}

/* Returns a slot for a name that no other slot has. Steals the name. */
static py_slot *
new_name(py_slot_store *store, py_slot_step *step, PyObject *name, const char *text,
         size_t size)
{
    py_slot *slot = slot_or_spare(store, slot_of_step(store, step, name, size));
    if (!slot) {
        Py_DECREF(name);
        return NULL;
    }
    Py_XSETREF(slot->name, name);
    return slot->renamed || keep_text(slot, text, size) == 0 ? slot : NULL;
}

static py_slot *
named_slot(py_slot_store *store, py_slot_step *step, py_scan *scan)
{
    const char *text = scan->place;
    PyObject *name = scan_name(step, scan);
    const size_t size = (size_t)(scan->place - text);
    return name ? new_name(store, step, name, text, size) : NULL;
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
    return slot_or_spare(store, list->items);
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

/* Makes room behind the text of a slot. 0, or -1 with MemoryError. */
static int
make_room(py_slot_store *store, py_slot *slot)
{
    char *longer = PyMem_Realloc(slot->text, LONGEST_MEMBER);
    if (!longer) {
        PyErr_NoMemory();
        return -1;
    }
    slot->text = longer;
    slot->roomy = true;
    store->raw_bytes += LONGEST_MEMBER;
    return 0;
}

int
py_slot_keep_member(py_slot_store *store, py_slot *slot, const char *text, size_t size)
{
    const bool fits =
        size <= LONGEST_MEMBER && store->raw_bytes + LONGEST_MEMBER <= MOST_RAW_BYTES;
    if (!slot->text || !fits) {
        return 0;
    }
    if (!slot->roomy && make_room(store, slot) < 0) {
        return -1;
    }
    memcpy(slot->text, text, size);
    slot->member = size;
    return 0;
}

/* A number may go on behind the text. */
static bool
is_delimiter(char byte)
{
    return byte == ',' || byte == '}' || byte == ' ';
}

py_slot *
py_slot_same_member(py_slot_step *step, py_scan *scan)
{
    py_slot *slot = step->slots;
    if (!slot || slot->member == 0 || !py_scan_bytes(scan, slot->text, slot->member)) {
        return NULL;
    }
    if (!is_delimiter(*scan->place)) {
        scan->place -= slot->member;
        return NULL;
    }
    return slot;
}

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
py_slot_is_worth(const py_slot_store *store, py_slot *slot, size_t size)
{
    const unsigned changes = slot->changes++;
    return size <= LONGEST &&
           store->raw_bytes - slot->raw_room + size <= MOST_RAW_BYTES &&
           (changes < FIRST_TRIES || changes % LATER_TRIES == 0);
}

int
py_slot_keep(py_slot_store *store, py_slot *slot, const char *text, size_t size,
             PyObject *value)
{
    char *raw = PyMem_Realloc(slot->raw, size);
    if (!raw) {
        Py_DECREF(value);
        PyErr_NoMemory();
        return -1;
    }
    memcpy(raw, text, size);
    slot->raw = raw;
    store->raw_bytes = store->raw_bytes - slot->raw_room + size;
    slot->raw_size = slot->raw_room = size;
    slot->member = 0;
    Py_XSETREF(slot->value, value);
    return 0;
}
