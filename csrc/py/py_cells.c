#include "py/py_cells.h"

#include "py/py_raised.h"
#include "py/py_scan.h"

void
py_cells_init(py_cells *cells)
{
    cells->count = 0;
}

void
py_cells_free(py_cells *cells)
{
    while (cells->count) {
        Py_DECREF(cells->lists[--cells->count]);
    }
}

void
py_cells_add(py_cells *cells, PyObject *list)
{
    cells->lists[cells->count++] = Py_NewRef(list);
}

/* Returns the last value of a list, borrowed; NULL for none. Fields mostly repeat. */
static PyObject *
last_of(PyObject *list)
{
    const Py_ssize_t size = PyList_GET_SIZE(list);
    return size ? PyList_GET_ITEM(list, size - 1) : NULL;
}

/* Returns whether a string is what a text stands for, quotes included. */
static bool
is_same(PyObject *string, const mb_field_slice *cell)
{
    if (!string || !PyUnicode_CheckExact(string) ||
        !PyUnicode_IS_COMPACT_ASCII(string)) {
        return false;
    }
    const size_t size = (size_t)PyUnicode_GET_LENGTH(string);
    return size + 2 == cell->size &&
           memcmp(PyUnicode_1BYTE_DATA(string), cell->text + 1, size) == 0 &&
           !memchr(cell->text, '\\', cell->size);
}

static PyObject *
string_of(const mb_field_slice *cell, PyObject *last)
{
    py_scan scan = {.place = cell->text, .end = cell->text + cell->size};
    return is_same(last, cell) ? Py_NewRef(last) : py_scan_string(&scan, NULL);
}

static PyObject *
number_of(const mb_rows_column *column, PyObject *last)
{
    const mb_field_slice *cell = &column->cell;
    py_scan scan = {.place = cell->text, .end = cell->text + cell->size};
    return cell->size ? py_scan_number(&scan, last) : PyLong_FromLongLong(column->made);
}

/* Returns a new reference to the value of a cell; NULL without an exception for one that
 * py_scan.h does not read. */
static PyObject *
value_of(const mb_rows_column *column, PyObject *last)
{
    const mb_field_slice *cell = &column->cell;
    if (!cell->text) {
        return Py_NewRef(Py_None);
    }
    switch (cell->kind) {
    case MB_JSON_BOOLEAN:
        return Py_NewRef(*cell->text == 't' ? Py_True : Py_False);
    case MB_JSON_STRING:
        return string_of(cell, last);
    default:
        return number_of(column, last);
    }
}

static bool
append(PyObject *list, const mb_rows_column *column)
{
    PyObject *value = value_of(column, last_of(list));
    if (!value) {
        return false;
    }
    const int failed = PyList_Append(list, value);
    Py_DECREF(value);
    return !failed;
}

/* Removes the last items of the first `count` lists. */
static void
shorten(py_cells *cells, int count, int64_t rows)
{
    const py_raised error = py_raised_take();
    for (int i = 0; i < count; i++) {
        const Py_ssize_t size = PyList_GET_SIZE(cells->lists[i]);
        if (PyList_SetSlice(cells->lists[i], size - (Py_ssize_t)rows, size, NULL)) {
            PyErr_Clear(); /* removing needs no memory */
        }
    }
    py_raised_again(error);
}

bool
py_cells_take(void *context, const mb_rows_column *columns, int count)
{
    py_cells *cells = context;
    for (int i = 0; i < count; i++) {
        if (!append(cells->lists[i], &columns[i])) {
            shorten(cells, i, 1);
            return false;
        }
    }
    return true;
}

void
py_cells_drop(void *context, int64_t rows)
{
    py_cells *cells = context;
    shorten(cells, cells->count, rows);
}
