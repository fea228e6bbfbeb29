# Batches in front of files: many records with one write.
# A part of _core.pyx, which includes it.

from cython cimport no_gc

BATCH_SIZE = c.MB_BATCH_SIZE


@no_gc  # frees its records while it still has its file and its journal
cdef class Batch:
    cdef c.mb_batch *native
    cdef c.mb_batch_block *block  # in the journal
    cdef readonly Appender file
    cdef Journal journal

    def __cinit__(self, Appender file not None, records, double seconds, Journal journal=None):
        cdef c.mb_batch_limits limits
        limits.records = records
        limits.age_ns = <int64_t>(min(seconds, 1e9) * 1e9)
        limits.sync = False
        if c.mb_append_path(file.native) is NULL:
            raise ValueError('a batch needs a path')
        self.file = file
        self.native = c.mb_batch_new(file.native, &limits)
        if self.native is NULL:
            raise MemoryError
        if journal is not None:
            self.renew(journal)

    def renew(self, Journal journal=None):
        cdef c.mb_batch_block *block = NULL
        cdef uint32_t *open = NULL
        if journal is not None and journal.is_own():
            block = c.mb_batch_slot_take(journal.native)
        if block is not NULL:
            open = &journal.native.open
        if c.mb_batch_renew(self.native, block, open):
            raise MemoryError
        self.release()
        self.block, self.journal = block, journal

    cdef void release(self) noexcept:
        """Free the slot in the journal, which is no longer used."""
        if self.block is not NULL and self.journal.is_own():
            c.mb_batch_slot_release(self.journal.native, self.block)

    def __dealloc__(self):
        if self.native is not NULL:
            with nogil:
                c.mb_batch_free(self.native)
        self.release()

    @property
    def is_stale(self):
        return c.mb_batch_is_stale(self.native)

    @property
    def is_journaled(self):
        return self.block is not NULL and self.journal.is_own()

    def set_sync(self, bint sync):
        with nogil:
            c.mb_batch_set_sync(self.native, sync)

    def append(self, bytes line not None):
        cdef const char *data = PyBytes_AS_STRING(line)
        cdef size_t size = PyBytes_GET_SIZE(line)
        cdef int error
        if not c.mb_batch_add(self.native, data, size):
            with nogil:
                error = c.mb_batch_record(self.native, data, size)
            self.check(error)

    def flush(self):
        cdef int error
        with nogil:
            error = c.mb_batch_flush(self.native)
        self.check(error)

    cdef int check(self, int error) except -1:
        if error:
            raise OSError(error, os.strerror(error), self.file.target)
        return 0

    def lines(self):
        cdef char *data = NULL
        cdef size_t size = c.mb_batch_copy(self.native, NULL, 0)
        found = PyBytes_FromStringAndSize(NULL, size)
        size = min(size, c.mb_batch_copy(self.native, PyBytes_AS_STRING(found), size))
        return found[:size].splitlines()

    def discard(self):
        with nogil:
            c.mb_batch_discard(self.native)


def flush_batches(now_ns=None):
    cdef int64_t at = 0 if now_ns is None else now_ns
    cdef bint due = now_ns is not None
    with nogil:
        if due:
            c.mb_batches_flush_due(at, NULL)
        else:
            c.mb_batches_flush()


def end_batches():
    with nogil:
        c.mb_batches_end()


# --- sinks that C writes to ----------------------------------------------------------

def note_change():
    c.py_recorder_note_change()


def add_sink(recorder, sink, target, bint syncs=False):
    cdef c.py_recorder_sink how
    cdef Batch batch
    if not isinstance(recorder, Recorder):
        raise TypeError('a Recorder is needed')
    memset(&how, 0, sizeof(how))
    how.target = <PyObject *>target
    how.kind = c.PY_RECORDER_NULL if target is None else c.PY_RECORDER_MEMORY
    if isinstance(target, Appender):
        how.kind, how.file = c.PY_RECORDER_FILE, (<Appender>target).native
        how.syncs = syncs
    elif isinstance(target, Batch):
        batch = target
        how.kind, how.file = c.PY_RECORDER_FILE, batch.file.native
        how.batch = batch.native
    c.py_recorder_add(recorder, sink, &how)
