#include "py/py_decode.h"

static PyObject *read_value(py_decode *decode, py_slot *slot);

void
py_decode_free(py_decode *decode)
{
    py_stack_free(&decode->stack);
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
    return py_stack_push(&decode->stack, slot->name, empty);
}

/* Pushes the names and values of a flat dict. */
static int
push_again(py_decode *decode, PyObject *flat)
{
    Py_ssize_t position = 0;
    PyObject *name, *value;
    while (PyDict_Next(flat, &position, &name, &value)) {
        if (py_stack_push(&decode->stack, name, py_shape_copied(value)) < 0) {
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
    PyObject *flat =
        py_shape_plain_dict(decode->stack.names + base, decode->stack.values + base,
                            decode->stack.count - base);
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
    const Py_ssize_t base = decode->stack.count;
    if (py_slot_join(slot) < 0 || !read_members(decode, &slot->inside)) {
        return -1;
    }
    if (decode->stack.count == base && push_empty(decode, slot) < 0) {
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
    return py_stack_push(&decode->stack, slot->name, read_value(decode, slot));
}

/* Reads a member, and keeps its text if its value has come twice. */
static py_slot *
read_other_member(py_decode *decode, py_slot_step *step)
{
    py_scan *scan = &decode->scan;
    const char *text = scan->place;
    const bool flat = decode->flat && !decode->in_list;
    py_slot *slot = *text == '"' ? py_slot_find(&decode->slots, step, scan) : NULL;
    if (!slot) {
        return NULL;
    }
    slot->same = false;
    if (read_member(decode, slot, flat) < 0) {
        return NULL;
    }
    const size_t size = (size_t)(scan->place - text);
    if (slot->same && py_slot_keep_member(&decode->slots, slot, text, size) < 0) {
        return NULL;
    }
    return slot;
}

static py_slot *
read_any_member(py_decode *decode, py_slot_step *step)
{
    py_slot *slot = py_slot_same_member(step, &decode->scan);
    if (!slot) {
        return read_other_member(decode, step);
    }
    return py_stack_push(&decode->stack, slot->name, Py_NewRef(slot->value)) < 0 ? NULL
                                                                                 : slot;
}

/* Reads a member and what follows it. Returns the step behind it; NULL as for objects.
 * `*more` says whether another one follows. */
static py_slot_step *
read_next(py_decode *decode, py_slot_step *step, bool *more)
{
    py_scan *scan = &decode->scan;
    py_slot *slot = read_any_member(decode, step);
    if (!slot) {
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
    if (decode->slots.depth++ >= PY_SLOT_DEEPEST) {
        step = NULL;
    }
    while (step && more) {
        step = read_next(decode, step, &more);
    }
    decode->slots.depth--;
    return step;
}

static PyObject *
read_object(py_decode *decode, py_slot_step *step)
{
    const Py_ssize_t base = decode->stack.count;
    PyObject *dict = NULL;
    step = read_members(decode, step);
    if (step && decode->stack.count == base) {
        dict = PyDict_New();
    } else if (step) {
        dict = py_shape_dict(&decode->shapes, step, decode->stack.names + base,
                             decode->stack.values + base, decode->stack.count - base);
    }
    py_stack_pop_to(&decode->stack, base);
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
    if (py_stack_push(&decode->stack, NULL, read_value(decode, items)) < 0) {
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
    PyObject *list = PyList_New(decode->stack.count - base);
    if (list) {
        for (Py_ssize_t i = base; i < decode->stack.count; i++) {
            PyList_SET_ITEM(list, i - base, decode->stack.values[i]);
        }
        decode->stack.count = base;
    }
    return list;
}

static PyObject *
read_list(py_decode *decode, py_slot *slot)
{
    const Py_ssize_t base = decode->stack.count;
    int result = -1;
    if (decode->slots.depth++ < PY_SLOT_DEEPEST) {
        decode->in_list++;
        result = push_items(decode, slot);
        decode->in_list--;
    }
    decode->slots.depth--;
    PyObject *list = result < 0 ? NULL : popped_list(decode, base);
    py_stack_pop_to(&decode->stack, base);
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
    slot->nested = py_shape_is_nested(value);
    if (!kept || py_slot_keep(&decode->slots, slot, text, size, kept) < 0) {
        Py_CLEAR(value);
    }
    return value;
}

static PyObject *
read_container(py_decode *decode, py_slot *slot)
{
    if (!py_slot_repeats(slot, &decode->scan)) {
        return read_new_container(decode, slot);
    }
    const bool plain = !slot->nested && PyDict_CheckExact(slot->value);
    return plain ? PyDict_Copy(slot->value) : py_shape_copied(slot->value);
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
        slot->member = 0;
        Py_XSETREF(slot->value, Py_NewRef(value));
    } else {
        slot->same = value != NULL;
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
        return remembered(slot, read_word(decode));
    default:
        return remembered(slot, py_scan_number(&decode->scan, slot->value));
    }
}
