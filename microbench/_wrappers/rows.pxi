# Rows of tables, read off lines of records.
# A part of _core.pyx, which includes it.


ROW_SHAPES = {
    'records': c.MB_ROWS_RECORDS, 'runs': c.MB_ROWS_RUNS,
    'phases': c.MB_ROWS_PHASES, 'iterations': c.MB_ROWS_ITERATIONS,
}
ROW_COLUMNS = {
    'record': c.MB_ROWS_RECORD, 'phase': c.MB_ROWS_PHASE, 'iteration': c.MB_ROWS_ITERATION,
    'duration': c.MB_ROWS_DURATION, 'zero': c.MB_ROWS_ZERO, 'one': c.MB_ROWS_ONE,
    'false': c.MB_ROWS_FALSE, 'field': c.MB_ROWS_FIELD, 'time': c.MB_ROWS_TIME,
}
ROW_LEAVES = {
    'durations': c.MB_ROWS_DURATIONS, 'timings': c.MB_ROWS_TIMINGS,
    'numbers': c.MB_ROWS_NUMBERS, 'counter': c.MB_ROWS_COUNTER,
    'refused': c.MB_ROWS_REFUSED, 'left out': c.MB_FIELD_LEFT_OUT,
    'null': c.MB_FIELD_NULL, 'later': c.MB_FIELD_LATER,
}
ROW_KINDS = {
    'boolean': 1 << c.MB_JSON_BOOLEAN, 'signed': 1 << c.MB_JSON_NATURAL,
    'negative': 1 << c.MB_JSON_NEGATIVE, 'float': 1 << c.MB_JSON_REAL,
    'text': 1 << c.MB_JSON_STRING,
}


cdef class RowReader:
    cdef c.mb_rows *_rows
    cdef c.py_cells *_cells

    def __cinit__(self, int shape, bint in_lists=False):
        self._rows = <c.mb_rows *>PyMem_Malloc(sizeof(c.mb_rows))
        if self._rows is NULL:
            raise MemoryError
        c.mb_rows_init(self._rows, <c.mb_rows_shape>shape)
        if in_lists:
            self._use_lists()

    cdef int _use_lists(self) except -1:
        self._cells = <c.py_cells *>PyMem_Malloc(sizeof(c.py_cells))
        if self._cells is NULL:
            raise MemoryError
        c.py_cells_init(self._cells)
        self._rows.take = c.py_cells_take
        self._rows.drop = c.py_cells_drop
        self._rows.context = self._cells
        return 0

    def __dealloc__(self):
        if self._rows is not NULL:
            c.mb_rows_free(self._rows)
            PyMem_Free(self._rows)
        if self._cells is not NULL:
            c.py_cells_free(self._cells)
            PyMem_Free(self._cells)

    def add_column(self, int kind, bytes key not None, int leaf=-1, list values=None):
        if not 0 < len(key) < 8:
            raise ValueError('a key has 1 to 7 bytes')
        if (values is None) != (self._cells is NULL):
            raise ValueError('a column has a list if the reader is one of lists')
        cdef int number = c.mb_rows_add_column(
            self._rows, <c.mb_rows_kind>kind, PyBytes_AS_STRING(key), leaf
        )
        if number < 0:
            raise ValueError('there are too many columns')
        if values is not None:
            c.py_cells_add(self._cells, values)
        return number

    def leaf(self, int number):
        return self._rows.columns[self._column(number)].leaf

    def kinds(self, int number):
        return self._rows.columns[self._column(number)].kinds

    cdef int _column(self, int number) except -1:
        if not 0 <= number < self._rows.count:
            raise IndexError('there is no such column')
        return number

    def learn(self, tuple names not None, leaf, inside):
        cdef c.mb_field *field = NULL
        cdef bytes name
        for name in names:
            field = c.mb_fields_add(
                &self._rows.fields, field, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)
            )
            if field is NULL:
                raise MemoryError
        if field is NULL:
            raise ValueError('a path has names')
        if leaf is not None:
            field.leaf = leaf
        if inside is not None:
            field.inside = inside

    @property
    def number(self):
        return self._rows.number

    @number.setter
    def number(self, int64_t value):
        self._rows.number = value

    @property
    def has_durations(self):
        return self._rows.has_durations

    cdef const char *_read(self, const char *text, const char *end) except *:
        return c.mb_rows_read(self._rows, text, end)

    def read(self, bytes block not None, Py_ssize_t start):
        cdef const char *text = PyBytes_AS_STRING(block)
        cdef const char *end = text + PyBytes_GET_SIZE(block)
        cdef const char *place
        if not 0 <= start <= PyBytes_GET_SIZE(block):
            raise IndexError('the start is not within the block')
        self._rows.text.size = 0
        place = self._read(text + start, end)
        if self._rows.text.failed:
            raise MemoryError
        rows = PyBytes_FromStringAndSize(self._rows.text.data, <Py_ssize_t>self._rows.text.size)
        return place - text, rows
