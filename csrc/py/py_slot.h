/* Slots: which names follow each other in records, and what stood under them last.
 *
 * Records of one file are much alike. So each name has a slot at its place, and is found
 * by comparing its text in the file with that of the slot.
 *
 * Memory is limited, whatever a file contains: the number of slots, the bytes of names,
 * and the bytes of text that is kept. Names beyond that share a spare slot, one for each
 * level of nesting; flat names beyond that are not read.
 *
 * A step is a place in an object: after so many names. From there, slots lead to the
 * next step; the slot of an object leads to the first step inside, too. The first step
 * of all belongs to the caller. The slots belong to a store.
 *
 * A step keeps few slots. Further names share a loose slot, which is renamed each time,
 * as a spare one is. Names after it are not found by their slots alone: their steps are
 * loose, too.
 *
 * If names are flat, none may come twice in one object: json.loads() drops all members
 * of the first one, and a flat dict would have those of both.
 *
 * Functions that return an object or a slot return NULL without an exception: as in
 * py_scan.h; if a limit is reached; or for a flat name that comes twice.
 *
 * Thread: under the GIL.
 */
#ifndef PY_SLOT_H
#define PY_SLOT_H

#include "py/py_scan.h"

typedef struct py_slot py_slot;

typedef struct {
    py_slot *slots;          /* the one that was used last is the first */
    struct py_shape *shapes; /* Borrowed: of the objects that end here (py_shape.h) */
    PyObject *above; /* Owned: a str, before each name here; NULL: names are as read */
    py_slot *before; /* the slot that leads here; NULL: no name is before this step */
    unsigned slot_count;
    unsigned shape_count;
    unsigned short place; /* names before it in its object, up to a limit */
    bool loose;
    bool seen; /* an object has ended here */
} py_slot_step;

struct py_slot {
    PyObject *name;  /* Owned: a str, with what is above it */
    PyObject *value; /* Owned: the last value, if it was worth keeping; or NULL */
    char *text;      /* Owned: the name as it is in the file, and its colon; or NULL */
    size_t size;
    size_t member; /* bytes of `text` with the value behind it; 0: it is not kept */
    bool renamed;  /* a loose or spare one: it has no text */
    bool roomy;    /* `text` has room for that */
    bool same;     /* what was read last is `value` */
    char *raw;     /* Owned: the text of the last value, if it is an object or a list */
    size_t raw_size; /* 0: that was another kind of value */
    size_t raw_room;
    bool nested;      /* the last object or list has such ones inside */
    unsigned changes; /* texts of objects or lists since one was repeated */
    py_slot_step next;
    py_slot_step inside;
    py_slot *items;  /* the slot of all items, if the value is a list; or NULL */
    py_slot *before; /* that of the step */
    py_slot *other;  /* next one of the step */
    py_slot *older;  /* next one of the store */
};

#define PY_SLOT_DEEPEST 100 /* levels of objects and lists */

typedef struct {
    py_slot *slots;
    py_slot *spares[PY_SLOT_DEEPEST + 1]; /* by level; NULL until one is needed */
    int depth; /* level of what is read: the caller sets it */
    size_t count;
    size_t name_bytes;
    size_t raw_bytes;
    bool flat; /* py_slot_join() is used */
} py_slot_store;

void py_slot_free(py_slot_store *store);

/* Frees what a step owns itself. */
void py_slot_free_step(py_slot_step *step);

/* Returns the slot of the name at the place, which then is that of the value. Borrowed:
 * its name lasts until a name is read at the same step again. */
py_slot *py_slot_find(py_slot_store *store, py_slot_step *step, py_scan *scan);

/* Returns the slot of the items of a list. */
py_slot *py_slot_items(py_slot_store *store, py_slot *list);

/* Sets what is above the names in the object of a slot: its name and a dot. 0, or -1
 * with an exception. */
int py_slot_join(py_slot *slot);

/* Keeps the text of a name and its value, which is `value` of the slot and no object or
 * list. 0, or -1 with MemoryError. */
int py_slot_keep_member(py_slot_store *store, py_slot *slot, const char *text,
                        size_t size);

/* If the text of py_slot_keep_member() follows, moves behind it and returns the slot;
 * else NULL. Only the slot that was used last is looked at. */
py_slot *py_slot_same_member(py_slot_step *step, py_scan *scan);

/* If the text of the last object or list follows, moves behind it and returns true. */
bool py_slot_repeats(py_slot *slot, py_scan *scan);

/* Returns whether an object or list that was just read, of `size` bytes, is worth
 * keeping: it fits, and may be repeated. The latter is not expected if the last ones
 * have always changed, but for a try now and then. */
bool py_slot_is_worth(const py_slot_store *store, py_slot *slot, size_t size);

/* Keeps a value that is worth it for py_slot_repeats(). Steals `value`. 0, or -1 with
 * MemoryError. */
int py_slot_keep(py_slot_store *store, py_slot *slot, const char *text, size_t size,
                 PyObject *value);

#endif
