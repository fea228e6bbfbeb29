# The journal of open records, as the process that runs them writes it.
# A part of _core.pyx, which includes it.


cdef void fill(c.mb_mirror_opening *record, bytes head, bytes call, bytes tail,
               int32_t offset_s, bint secret) noexcept:
    record.serial = 0
    record.flags = c.MB_SLOT_SECRET if secret else 0
    record.offset_s = offset_s
    record.head, record.head_size = PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head)
    record.call, record.call_size = PyBytes_AS_STRING(call), PyBytes_GET_SIZE(call)
    record.tail, record.tail_size = PyBytes_AS_STRING(tail), PyBytes_GET_SIZE(tail)


cdef class Journal:
    cdef c.mb_journal *native
    cdef unsigned int generation

    def __cinit__(self, bytes output, bytes directory=None, bint local=True):
        cdef const char *where = NULL
        if directory is not None:
            where = PyBytes_AS_STRING(directory)
        if output is None:
            self.native = c.mb_journal_memory()
        else:
            self.native = c.mb_journal_file(output, where, local)
        if self.native is NULL:
            raise OSError(errno, os.strerror(errno), output)
        self.generation = self.native.generation

    def __dealloc__(self):
        if self.native is not NULL and self.is_own():
            c.mb_journal_release(self.native)
            if not has_journals():
                c.mb_parent_leave()

    cdef bint is_own(self) noexcept:
        """Not in a forked child, which may use the structure for one of its own."""
        return self.generation == c.mb_fork_generation()

    @property
    def path(self):
        if not self.is_own() or self.native.path is NULL:
            return None
        return self.native.path

    def mirror(self, run, bytes head not None, bytes call not None,
               bytes tail not None, int32_t offset_s, bint secret=False):
        cdef c.mb_mirror_opening record
        fill(&record, head, call, tail, offset_s, secret)
        return self.put(run, &record)

    cdef bint put(self, run, c.mb_mirror_opening *record) except -1:
        cdef c.py_run *native = <c.py_run *>run
        if not c.PyObject_TypeCheck(run, state.run_type):
            raise TypeError('a run is needed')
        record.flags = (record.flags & c.MB_SLOT_SECRET) | c.py_run_slot_flags(native)
        return self.is_own() and c.mb_run_mirror(&native.native, self.native, record)

    cdef int put_template(self, run, c.py_template *template, str name) except -1:
        if not c.PyObject_TypeCheck(run, state.run_type):
            raise TypeError('a run is needed')
        if self.is_own():
            c.py_template_open(template, self.native, <c.py_run *>run, name)
        return 0


def refresh(run, bytes head not None, bytes call not None, bytes tail not None):
    cdef c.mb_mirror_opening record
    cdef c.mb_mirror *mirror
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    mirror = c.mb_run_own_mirror(&(<c.py_run *>run).native)
    fill(&record, head, call, tail, 0, False)
    return mirror is not NULL and c.mb_mirror_refresh(mirror, &record)


def keep(run, bytes line not None):
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    return c.mb_run_keep(&(<c.py_run *>run).native, PyBytes_AS_STRING(line),
                         PyBytes_GET_SIZE(line))


cdef class JournalTemplate:
    cdef Journal journal
    cdef bytes head, tail
    cdef object sink, outfile
    cdef c.py_template native

    def __cinit__(self, Journal journal, sink, bytes head not None,
                  bytes tail not None, int32_t offset_s, Py_ssize_t thread_at=-1):
        self.journal, self.sink, self.outfile = journal, sink, sink.outfile
        self.head, self.tail = head, tail
        c.py_template_init(&self.native, head, tail, offset_s, thread_at)

    def __dealloc__(self):
        c.py_template_free(&self.native)

    cdef bint holds(self):
        return (self.sink.outfile is self.outfile
                and c.py_template_is_current(&self.native))

    @property
    def is_current(self):
        return self.holds()

    def mirror(self, run, str name):
        if not self.holds():
            return False
        if self.journal is not None:
            self.journal.put_template(run, &self.native, '' if name is None else name)
        return True


def remove_journals():
    c.mb_journals_remove()


def beat():
    c.mb_journals_beat(c.mb_clock_ns())


cdef bint has_journals() noexcept:
    """Return True if this process has a journal file. In C, to work at interpreter exit."""
    cdef c.mb_journal *journal = c.mb_journals()
    while journal is not NULL:
        if journal.path is not NULL and c.mb_journal_is_own(journal):
            return True
        journal = journal.next
    return False


def own_journals():
    cdef c.mb_journal *journal = c.mb_journals()
    paths = []
    while journal is not NULL:
        if journal.path is not NULL and c.mb_journal_is_own(journal):
            paths.append(os.fsdecode(journal.path))
        journal = journal.next
    return paths
