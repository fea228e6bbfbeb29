#include "py/py_decode.h"

#define DEEPEST 100
#define FIRST_ROOM 64

static PyObject *read_value(py_decode *decode, py_slot *slot);

/* --- the stack -------------------------------------------------------------------- */

static int
grow(py_decode *decode)
{
    const Py_ssize_t room = decode->room ? 2 * decode->room : FIRST_ROOM;
    const size_t size = (size_t)room * sizeof(PyObject *);
    PyObject **values = PyMem_Realloc(decode->values, size);
    decode->values = values ? values : decode->values;
    PyObject **names = PyMem_Realloc(decode->names, size);
    decode->names = names ? names : decode->names;
    if (!values || !names) {
        PyErr_NoMemory();
        return -1;
    }
    decode->room = room;
    return 0;
}

/* Steals the value, which may be NULL: nothing is pushed then. */
static int
push(py_decode *decode, PyObject *name, PyObject *value)
{
    if (!value) {
        return -1;
    }
    if (decode->count == decode->room && grow(decode) < 0) {
        Py_DECREF(value);
        return -1;
    }
    decode->names[decode->count] = name;
    decode->values[decode->count++] = value;
    return 0;
}

static void
pop_to(py_decode *decode, Py_ssize_t base)
{
    while (decode->count > base) {
        Py_DECREF(decode->values[--decode->count]);
    }
}

void
py_decode_free(py_decode *decode)
{
    pop_to(decode, 0);
    PyMem_Free(decode->values);
    PyMem_Free(decode->names);
    py_slot_free_step(&decode->first);
    py_slot_free(&decode->slots);
    py_shape_free(&decode->shapes);
    Py_CLEAR(decode->empty);
}

/* --- flat objects ----------------------------------------------------------------- */

static py_slot_step *read_members(py_decode *decode, py_slot_step *step);

static int
push_empty(py_decode *decode, py_slot *slot)
{
    PyObject *empty = decode->empty ? Py_NewRef(decode->empty) : PyDict_New();
    return push(decode, slot->name, empty);
}

/* Pushes the names and values of a flat dict. */
static int
push_again(py_decode *decode, PyObject *flat)
{
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (PyDict_Next(flat, &position, &name, &value)) {
        if (push(decode, name, py_shape_copied(value)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Keeps the values that were pushed since `base` for push_again(), unless they share
 * names. */
static int
keep_flat(py_decode *decode, py_slot *slot, const char *text, Py_ssize_t base)
{
    PyObject *flat = py_shape_plain_dict(decode->names + base, decode->values + base,
                                         decode->count - base);
    if (!flat) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *kept = py_shape_copied(flat);
    Py_DECREF(flat);
    const size_t size = (size_t)(decode->scan.place - text);
    return kept ? py_slot_keep(&decode->slots, slot, text, size, kept) : -1;
}

static int
push_new_flat(py_decode *decode, py_slot *slot)
{
    const char *text = decode->scan.place;
    const Py_ssize_t base = decode->count;
    if (py_slot_join(slot) < 0 || !read_members(decode, &slot->inside)) {
        return -1;
    }
    if (decode->count == base && push_empty(decode, slot) < 0) {
        return -1;
    }
    const size_t size = (size_t)(decode->scan.place - text);
    const bool worth = py_slot_is_worth(&decode->slots, slot, size);
    return worth ? keep_flat(decode, slot, text, base) : 0;
}

/* The place is at the brace of an object that is no item of a list. */
static int
push_flat(py_decode *decode, py_slot *slot)
{
    return py_slot_repeats(slot, &decode->scan) ? push_again(decode, slot->value)
                                                : push_new_flat(decode, slot);
}

/* --- objects ---------------------------------------------------------------------- */

static int
read_member(py_decode *decode, py_slot *slot, bool flat)
{
    if (flat && *decode->scan.place == '{') {
        return push_flat(decode, slot);
    }
    return push(decode, slot->name, read_value(decode, slot));
}

/* Reads a member and what follows it. Returns the step behind it; NULL as for objects.
 * `*more` says whether another one follows. */
static py_slot_step *
read_next(py_decode *decode, py_slot_step *step, bool *more)
{
    py_scan *scan = &decode->scan;
    const bool flat = decode->flat && !decode->in_list;
    py_slot *slot =
        *scan->place == '"' ? py_slot_find(&decode->slots, step, scan) : NULL;
    if (!slot || read_member(decode, slot, flat) < 0) {
        return NULL;
    }
    const char sign = py_scan_sign(scan);
    *more = sign == ',';
    return *more || sign == '}' ? &slot->next : NULL;
}

/* Pushes the members of the object at the place. Returns the step behind the last one;
 * NULL as for objects. */
static py_slot_step *
read_members(py_decode *decode, py_slot_step *step)
{
    decode->scan.place++;
    py_scan_blanks(&decode->scan);
    bool more = *decode->scan.place != '}';
    if (!more) {
        decode->scan.place++;
    }
    if (decode->depth++ >= DEEPEST) {
        step = NULL;
    }
    while (step && more) {
        step = read_next(decode, step, &more);
    }
    decode->depth--;
    return step;
}

static PyObject *
read_object(py_decode *decode, py_slot_step *step)
{
    const Py_ssize_t base = decode->count;
    PyObject *dict = NULL;
    step = read_members(decode, step);
    if (step && decode->count == base) {
        dict = PyDict_New();
    } else if (step) {
        dict = py_shape_dict(&decode->shapes, step, decode->names + base,
                             decode->values + base, decode->count - base);
    }
    pop_to(decode, base);
    return dict;
}

PyObject *
py_decode_record(py_decode *decode)
{
    return read_object(decode, &decode->first);
}

/* --- lists ------------------------------------------------------------------------ */

/* Pushes an item; returns 1 if another one follows, 0 at the end, else -1. */
static int
push_item(py_decode *decode, py_slot *items)
{
    if (push(decode, NULL, read_value(decode, items)) < 0) {
        return -1;
    }
    const char sign = py_scan_sign(&decode->scan);
    return sign == ',' ? 1 : sign == ']' ? 0 : -1;
}

/* Pushes the items of the list at the place. 0, or -1. */
static int
push_items(py_decode *decode, py_slot *slot)
{
    decode->scan.place++;
    py_scan_blanks(&decode->scan);
    if (*decode->scan.place == ']') {
        decode->scan.place++;
        return 0;
    }
    py_slot *items = py_slot_items(&decode->slots, slot);
    int more = items ? 1 : -1;
    while (more > 0) {
        more = push_item(decode, items);
    }
    return more;
}

/* Returns a list of what was pushed since `base`, and pops that. */
static PyObject *
popped_list(py_decode *decode, Py_ssize_t base)
{
    PyObject *list = PyList_New(decode->count - base);
    if (list) {
        for (Py_ssize_t i = base; i < decode->count; i++) {
            PyList_SET_ITEM(list, i - base, decode->values[i]);
        }
        decode->count = base;
    }
    return list;
}

static PyObject *
read_list(py_decode *decode, py_slot *slot)
{
    const Py_ssize_t base = decode->count;
    int result = -1;
    if (decode->depth++ < DEEPEST) {
        decode->in_list++;
        result = push_items(decode, slot);
        decode->in_list--;
    }
    decode->depth--;
    PyObject *list = result < 0 ? NULL : popped_list(decode, base);
    pop_to(decode, base);
    return list;
}

/* --- values ----------------------------------------------------------------------- */

static PyObject *
read_new_container(py_decode *decode, py_slot *slot)
{
    const char *text = decode->scan.place;
    PyObject *value =
        *text == '{' ? read_object(decode, &slot->inside) : read_list(decode, slot);
    const size_t size = (size_t)(decode->scan.place - text);
    if (!value || !py_slot_is_worth(&decode->slots, slot, size)) {
        return value;
    }
    PyObject *kept = py_shape_copied(value);
    if (!kept || py_slot_keep(&decode->slots, slot, text, size, kept) < 0) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
read_container(py_decode *decode, py_slot *slot)
{
    return py_slot_repeats(slot, &decode->scan) ? py_shape_copied(slot->value)
                                                : read_new_container(decode, slot);
}

static PyObject *
read_word(py_decode *decode)
{
    py_scan *scan = &decode->scan;
    if (py_scan_bytes(scan, "null", 4)) {
        return Py_NewRef(Py_None);
    }
    if (py_scan_bytes(scan, "true", 4)) {
        return Py_NewRef(Py_True);
    }
    return py_scan_bytes(scan, "false", 5) ? Py_NewRef(Py_False) : NULL;
}

/* Remembers a string or number for the next record. */
static PyObject *
remembered(py_slot *slot, PyObject *value)
{
    if (value && value != slot->value) {
        slot->raw_size = 0; /* that of a list or object */
        Py_XSETREF(slot->value, Py_NewRef(value));
    }
    return value;
}

static PyObject *
read_string(py_decode *decode, py_slot *slot)
{
    const char *text = decode->scan.place;
    PyObject *value = py_scan_string(&decode->scan, slot->value);
    if (!value || !py_scan_is_plain(value, decode->scan.place - text)) {
        return value;
    }
    return remembered(slot, value);
}

static PyObject *
read_value(py_decode *decode, py_slot *slot)
{
    switch (*decode->scan.place) {
    case '"':
        return read_string(decode, slot);
    case '{':
    case '[':
        return read_container(decode, slot);
    case 't':
    case 'f':
    case 'n':
        return read_word(decode);
    default:
        return remembered(slot, py_scan_number(&decode->scan, slot->value));
    }
}
