/* Takes rows of tables as lists of Python objects, one for each column.
 *
 *     py_cells cells;
 *     py_cells_init(&cells);
 *     py_cells_add(&cells, list);      of column 0, and so on
 *     rows.take = py_cells_take, rows.drop = py_cells_drop, rows.context = &cells;
 *     mb_rows_read(&rows, ...)
 *     if (PyErr_Occurred()) ...
 *
 * The lists are as long as one another, and belong to the caller, too, who may append to
 * them between two calls of mb_rows_read(). A cell without a value is None.
 *
 * Thread: under the GIL.
 */
#ifndef PY_CELLS_H
#define PY_CELLS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "reading/mb_rows.h"

typedef struct {
    int count;
    PyObject *lists[MB_ROWS_MOST]; /* Owned */
} py_cells;

void py_cells_init(py_cells *cells);
void py_cells_free(py_cells *cells);

/* Adds the list of the next column; there are at most MB_ROWS_MOST. */
void py_cells_add(py_cells *cells, PyObject *list);

/* For mb_rows, whose context is the cells. */
bool py_cells_take(void *cells, const mb_rows_column *columns, int count);
void py_cells_drop(void *cells, int64_t rows);

#endif
