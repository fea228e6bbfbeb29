# cython: language_level=3, boundscheck=False, wraparound=False
"""The native interface: all that Python sees of csrc/. _core.pyi documents it."""

from cpython.object cimport PyObject
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cimport microbench._csrc as c

import _datetime
import os
import sys

# The collector does not see this reference, so the module outlasts the records that are
# finished when the interpreter ends: CPython 3.14 imports it anew in astimezone() if it is gone.
cdef object _lasting = _datetime


# --- set-up: nothing here outlives a failed import ---------------------------------

def _start():
    is_gil_enabled = getattr(sys, '_is_gil_enabled', None)  # from CPython 3.13 on
    if is_gil_enabled is not None and not is_gil_enabled():
        # By default, a free-threaded build turns the GIL on for this import.
        raise ImportError('microbench needs the GIL: run Python without PYTHON_GIL=0 or -X gil=0')
    error = c.mb_fork_watch() or c.mb_identity_start()
    if error:
        raise OSError(error, os.strerror(error))

_start()

_types = c.py_module_new()
cdef c.py_state *state = c.py_state_of(_types)

OpenRun = <object>state.run_type
Timed = <object>state.timed_type
FlatNames = <object>state.flat_type

RUN_ID = c.mb_identity_run_id().decode('ascii')
MASK = '***'



def time_method(cls):
    text = cls.time.__doc__ or ''  # python -OO leaves it out
    return c.py_phase_time_method(cls, text.encode())


def within_stack(func, *args, **kwargs):
    return c.py_headroom_call(func, args, kwargs)


def copied(value):
    return c.py_copy_value(value)


def merge(dict record not None, fields):
    c.py_copy_merge(record, fields)


cdef object timedelta = _datetime.timedelta
cdef object utc = _datetime.timezone.utc
cdef object EPOCH = _datetime.datetime(1970, 1, 1, tzinfo=utc)

def moment(int64_t wall_ns, tz):
    found = EPOCH + timedelta(0, 0, wall_ns // 1000)
    if tz is not utc:
        found = found.astimezone(tz)
    return found if tz is not None else found.replace(tzinfo=None)


# --- clocks and identity -----------------------------------------------------------

def clock_ns():
    return c.mb_clock_ns()


def wall_ns():
    return c.mb_clock_wall_ns()


def clock_info():
    cdef c.mb_clock_info info = c.mb_clock_measure()
    return info.name.decode('ascii'), info.resolution_ns, info.overhead_ns


def child_end_ns(int pid, bint block):
    cdef int64_t ended_ns = 0
    cdef int error
    with nogil:
        error = c.mb_child_end(pid, block, &ended_ns)
    if error == EINTR:
        PyErr_CheckSignals()
    elif error and error != EAGAIN:
        raise OSError(error, os.strerror(error))
    return ended_ns


def adopts_orphans():
    return bool(c.mb_child_adopts())


def type_version(cls):
    if not isinstance(cls, type):
        raise TypeError('a class is needed')
    return c.py_type_version(cls)


def set_in_type(type cls not None, str name not None, value):
    c.py_type_set(cls, name, value)


def make_exits(whole):
    c.py_ending_make_exits(whole)


def in_main_thread():
    return c.py_thread_is_main()


def look_for_greenlets():
    c.py_thread_look_for_greenlets(state)


def start_thread(function):
    c.py_thread_start(function)


cdef class Gate:
    cdef c.py_gate native

    def __cinit__(self):
        c.py_gate_init(&self.native)

    def __dealloc__(self):
        c.py_gate_free(&self.native)

    def set(self):
        c.py_gate_open(&self.native)

    def is_set(self):
        return self.native.is_open

    def wait(self, double seconds):
        return c.py_gate_wait(&self.native, seconds)


def fork_generation():
    return c.mb_fork_generation()


# --- the context -------------------------------------------------------------------

def mute():
    """Discard phases made in this context until `unmute(token)`."""
    return (<object>state.active).set(<object>state.muted)


def unmute(token):
    try:
        (<object>state.active).reset(token)
    except ValueError:
        pass  # left in another context than it was entered in


def keep_phases(uint32_t kept, uint32_t names):
    before = c.mb_phases_kept, c.mb_phases_names
    c.mb_phases_kept, c.mb_phases_names = kept, names
    return before


def runs_open():
    return c.mb_runs_open


def phases_lost():
    return state.lost


cdef int checked(int error) except -1:
    if error:
        raise OSError(error, os.strerror(error))
    return 0


# --- last words: native code writes the records when the process dies --------------

def exit_prepare(int64_t grace_ns, int64_t patience_ns):
    c.mb_watchdog_set(grace_ns, patience_ns)
    checked(c.mb_setup_prepare())


def exit_release():
    with nogil:  # it may wait for a watchdog that is writing
        c.mb_setup_release()


def exit_begin():
    return c.mb_watchdog_exit_begin()


def exit_end():
    cdef int came
    with nogil:  # it may wait for the end of the process
        came = c.mb_watchdog_exit_end()
    return came


def exit_signal():
    return c.mb_watchdog_death(), c.mb_watchdog_death_ns()


def note_signal(int number):
    c.mb_seen_note(number)


def first_signal():
    return c.mb_seen_signal()


def signal_came_directly(int number):
    return c.mb_seen_came_directly(number)


def emergency_write(int number):
    with nogil:
        c.mb_emergency_write(number, c.mb_clock_ns(), True)


c.mb_signals_relay = c.PyErr_SetInterruptEx


def signal_take(int number, int kind, bint python, bint users, int relay, bint behind):
    cdef c.mb_signal_use use
    use.kind = <c.mb_signal_kind>kind
    use.python = python
    use.users = users
    use.relay = relay
    checked(c.mb_setup_signal_take(number, use, behind))


def signal_give_back(int number):
    return c.mb_setup_signal_give_back(number)


def signal_in_force(int number):
    return c.mb_setup_signal_in_force(number)


def signal_is_before(int number):
    return c.mb_setup_signal_is_before(number)


def signal_is_default(int number):
    return c.mb_setup_signal_is_default(number)


def signal_is_pythons(int number):
    return c.mb_setup_signal_is_handled_in(number, <void *>c.Py_GetVersion)


def signal_default(int number):
    c.mb_setup_signal_default(number)


def signal_stack(bint wanted):
    if wanted:
        checked(c.mb_setup_signal_stack_take())
    else:
        c.mb_setup_signal_stack_give_back()


cdef list _undo = []  # what a forked child restores


def undo_in_child(entries):
    _undo[:] = entries


def before_fork():
    c.mb_setup_fork_begin()


def after_fork():
    c.py_fork_in_parent()


def in_child():
    try:
        c.py_fork_restore(_undo)
    finally:
        _undo.clear()
        c.mb_setup_fork_end()


cdef class BlockExit:
    def __exit__(self, kind, exception, traceback):
        cdef PyObject *arguments[1]
        arguments[0] = <PyObject *>exception
        c.py_call_until_done(self, b'end', arguments, 1)

    def __aexit__(self, kind, exception, traceback):
        self.__exit__(kind, exception, traceback)
        return c.py_phase_awaitable(state, None)


def call_until_done(target, str method not None, argument):
    cdef PyObject *arguments[1]
    arguments[0] = <PyObject *>argument
    c.py_call_until_done(target, method.encode(), arguments, 1)


def run_is_claimed(run):
    cdef c.mb_run *native
    cdef c.mb_mirror *mirror
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    native = &(<c.py_run *>run).native
    mirror = c.mb_run_own_mirror(native)
    return bool(native.claimed if mirror is NULL else mirror.state != c.MB_MIRROR_OPEN)


cdef class EmergencyWriter:
    cdef c.mb_emergency *last

    def __cinit__(self, run, targets, owner=None):
        cdef list paths = [os.fsencode(t) if isinstance(t, str) else t for t in targets]
        cdef c.mb_emergency_target *native
        cdef int i
        if not isinstance(run, OpenRun):
            raise TypeError('a run is needed')
        if (<c.py_run *>run).native.mirror is NULL:
            raise ValueError('no journal shows this run')
        native = <c.mb_emergency_target *>PyMem_Calloc(len(paths) + 1, sizeof(c.mb_emergency_target))
        if native is NULL:
            raise MemoryError
        try:
            for i in range(len(paths)):
                if isinstance(paths[i], bytes):
                    native[i].path = PyBytes_AS_STRING(paths[i])
                else:
                    native[i].fd = paths[i]
            self.last = c.mb_setup_install((<c.py_run *>run).native.mirror, native,
                                      len(paths), <size_t><PyObject *>(
                                          self if owner is None else owner))
        finally:
            PyMem_Free(native)
        if self.last is NULL:
            raise MemoryError

    def remove(self):
        c.mb_setup_remove(self.last)
        self.last = NULL

    def __dealloc__(self):
        c.mb_setup_remove(self.last)


# --- text --------------------------------------------------------------------------

def iso8601_text(int64_t wall_ns, int32_t offset_s):
    cdef c.mb_text text
    c.mb_text_heap(&text)
    c.mb_text_iso8601(&text, wall_ns, offset_s)
    if text.failed:
        c.mb_text_free(&text)
        raise ValueError('time or offset is out of range')
    return c.py_text_bytes(&text)


def string_text(str value not None):
    cdef c.mb_text text
    c.mb_text_heap(&text)
    c.py_text_put_str(&text, value)
    return c.py_text_bytes(&text)


def ascii_text(bytes json not None):
    cdef c.mb_text text
    if json.isascii():
        return json
    c.mb_text_heap(&text)
    c.mb_text_ascii(&text, PyBytes_AS_STRING(json), PyBytes_GET_SIZE(json))
    return c.py_text_bytes(&text)


def is_suspicious(bytes json not None):
    return c.mb_suspicious_text(PyBytes_AS_STRING(json), PyBytes_GET_SIZE(json))


def closed_text(bytes json not None, bint measured):
    cdef c.mb_text text
    c.mb_text_heap(&text)
    c.mb_closed(&text, PyBytes_AS_STRING(json), PyBytes_GET_SIZE(json), measured)
    return c.py_text_bytes(&text)


def has_digits(bytes text not None, size_t run):
    return c.mb_text_has_digits(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), run)


def call_text(str name not None):
    cdef c.mb_text text
    c.mb_text_heap(&text)
    c.py_template_put_call(&text, name)
    return c.py_text_bytes(&text)


cdef void fill(c.mb_mirror_opening *record, bytes head, bytes call, bytes tail,
               int32_t offset_s, bint secret) noexcept:
    record.serial = 0
    record.flags = c.MB_SLOT_SECRET if secret else 0
    record.offset_s = offset_s
    record.head, record.head_size = PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head)
    record.call, record.call_size = PyBytes_AS_STRING(call), PyBytes_GET_SIZE(call)
    record.tail, record.tail_size = PyBytes_AS_STRING(tail), PyBytes_GET_SIZE(tail)


def record_text(run, bytes head not None, bytes call not None, bytes tail not None,
                int32_t offset_s, bint secret=False):
    cdef c.mb_text text
    cdef c.py_run *native
    cdef c.mb_mirror_opening record
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    native = <c.py_run *>run
    fill(&record, head, call, tail, offset_s, secret)
    record.flags |= c.py_run_slot_flags(native)
    c.mb_text_heap(&text)
    c.mb_record_write(&text, &native.native, &record, native.native.stopped_ns)
    return c.py_text_bytes(&text)


# --- the journal -------------------------------------------------------------------

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

    def show(self, run, bytes head not None, bytes call not None, bytes tail not None,
             int32_t offset_s, bint secret=False):
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
                  bytes tail not None, int32_t offset_s):
        self.journal, self.sink, self.outfile = journal, sink, sink.outfile
        self.head, self.tail = head, tail
        c.py_template_init(&self.native, head, tail, offset_s)

    def __dealloc__(self):
        c.py_template_free(&self.native)

    def show(self, run, str name):
        if self.sink.outfile is not self.outfile:
            return False
        if not c.py_template_is_current(&self.native):
            return False
        if self.journal is not None:
            self.journal.put_template(run, &self.native, '' if name is None else name)
        return True


def close_files():
    cdef int closed = 0
    with nogil:
        while c.mb_files_close_one():
            closed += 1
    return closed


def remove_journals():
    c.mb_journals_remove()


def beat():
    c.mb_journals_beat(c.mb_clock_ns())


def watch_parent(int pid, bint is_job):
    return c.mb_parent_watch(pid, is_job)


def leave_parent():
    c.mb_parent_leave()


JOURNAL_NAME = c.MB_JOURNAL_NAME
JOURNAL_MOST = c.MB_JOURNAL_MOST


def owner_lives(int fd):
    return c.mb_description_is_locked(fd)


cdef c.mb_image image_of(bytes data) except *:
    cdef c.mb_image image
    image.base, image.size = PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)
    if c.mb_image_header(image) is NULL:
        raise ValueError('this is not a journal, or one of another version')
    return image


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


def journal_header(bytes data not None):
    cdef size_t size = 0
    cdef c.mb_image image = image_of(data)
    cdef const c.mb_journal_header *header = c.mb_image_header(image)
    cdef const char *output = c.mb_image_output(image, &size)
    return {
        'pid': header.pid,
        'start_ticks': header.start_ticks,
        'boot_id': header.boot_id.decode('utf-8', 'replace'),
        'host': header.host.decode('utf-8', 'replace'),
        'uid': header.uid,
        'made_wall_ns': header.made_wall_ns,
        'made_ns': header.made_ns,
        'output': None if output is NULL else PyBytes_FromStringAndSize(output, size),
        'signal': header.signal,
        'signal_wall_ns': header.signal_wall_ns,
        'signal_ns': header.signal_ns,
        'made_at': tuple_of(&header.made_at),
        'recovered_from': tuple_of(&header.recovered.from_) if header.recovered.begun else None,
        'parent_ns': header.parent_ns,
        'parent_is_job': bool(header.parent_is_job),
        'modified_ns': header.recovered.modified_ns,
        'last_ns': c.mb_image_last_ns(image),
        'end_is_marked': c.mb_image_end_is_marked(image),
    }


cdef tuple tuple_of(const c.mb_mark *mark):
    return mark.device, mark.inode, mark.end, mark.digest


def mark_of(int fd, int64_t end=-1):
    cdef c.mb_mark mark
    return tuple_of(&mark) if c.mb_mark_of(fd, end, &mark) else None


def note_recovery(int journal, mark):
    cdef c.mb_recovery_note note
    cdef bytes before = os.pread(journal, sizeof(note), c.RECOVERY_NOTE)
    note.begun = 0
    if len(before) == <Py_ssize_t>sizeof(note):
        note = (<c.mb_recovery_note *>PyBytes_AS_STRING(before))[0]
    if not note.begun:
        note.modified_ns = os.fstat(journal).st_mtime_ns
    note.begun = 1
    note.from_.device, note.from_.inode, note.from_.end, note.from_.digest = mark
    os.pwrite(journal, (<char *>&note)[:sizeof(note)], c.RECOVERY_NOTE)


def journal_records(bytes data not None, bytes more=b'', now_ns=None):
    cdef c.mb_image image = image_of(data)
    cdef c.mb_ending ending
    cdef const c.mb_slot *slot = NULL
    records = []
    ending.path = b'recovered'
    ending.signal = c.mb_image_signal(image)
    ending.now_ns = c.mb_image_last_ns(image) if now_ns is None else now_ns
    ending.more, ending.more_size = PyBytes_AS_STRING(more), PyBytes_GET_SIZE(more)
    while True:
        slot = c.mb_image_next(image, slot)
        if slot is NULL:
            return records
        if c.mb_slot_is_open(slot):
            records.append(record_of(image, slot, &ending))


def journal_claims(bytes data not None):
    cdef c.mb_image image = image_of(data)
    cdef const c.mb_slot *slot = NULL
    claims = []
    while True:
        slot = c.mb_image_next(image, slot)
        if slot is NULL:
            return claims
        if c.mb_slot_is_open(slot):
            claims.append(bool(c.mb_slot_is_claimed(slot)))


cdef tuple record_of(c.mb_image image, const c.mb_slot *slot, c.mb_ending *ending):
    """Return id and line of a slot; both, or the line alone, are empty if it is damaged."""
    cdef c.mb_slot_line line
    cdef size_t room = c.mb_slot_room(image, slot, ending)
    cdef bytearray buffer = bytearray(room)
    if not room or not c.mb_slot_record(image, slot, ending, buffer, room, &line):
        return b'', b''
    parts = [(<char *>line.parts[i].iov_base)[:line.parts[i].iov_len]
             for i in range(c.MB_SLOT_PARTS)]
    return slot.record_id[:c.MB_RECORD_ID_SIZE], b''.join(parts).rstrip(b'\n')


# --- plain values as JSON ----------------------------------------------------------

def is_deep(value):
    return c.py_json_is_deep(value)


def is_shallow(value, int levels):
    return c.py_json_is_shallow(value, levels)


def plain_text(value):
    return c.py_json_text(state, value)


# --- files -------------------------------------------------------------------------

cdef class Appender:
    cdef c.mb_append *native
    cdef object target

    def __cinit__(self, target):
        self.target = target
        if isinstance(target, int):
            self.native = c.mb_append_fd(target)
            if self.native is NULL:
                raise MemoryError
        else:
            path = os.fsencode(target)
            if b'\0' in path:
                raise ValueError(f'a path cannot hold a NUL: {target!r}')
            self.native = c.mb_append_new(path)
            if self.native is NULL:
                raise OSError(errno, os.strerror(errno), target)

    def __dealloc__(self):
        if self.native is not NULL:
            c.mb_append_free(self.native)

    def append(self, bytes line not None):
        cdef const char *data = PyBytes_AS_STRING(line)
        cdef size_t size = PyBytes_GET_SIZE(line)
        cdef int error
        with nogil:
            error = c.mb_append_record(self.native, data, size, c.py_handlers_raise)
        if error:
            c.py_handlers_raised()
            raise OSError(error, os.strerror(error), self.target)

    def sync(self):
        cdef int error
        with nogil:
            error = c.mb_append_sync(self.native)
        if error:
            raise OSError(error, os.strerror(error), self.target)

    def close(self):
        with nogil:
            c.mb_append_close(self.native)


# --- programs ------------------------------------------------------------------------

PROGRAM_PRINTED = c.MB_PROGRAM_PRINTED
PROGRAM_ENDED = c.MB_PROGRAM_ENDED


cdef class Program:
    cdef c.mb_program *native
    cdef char **strings
    cdef list kept

    def __cinit__(self, paths, words, env, directory, int64_t limit_ns):
        cdef c.mb_program_call call
        cdef Py_ssize_t i
        self.kept = [*paths, None, *words, None, *env, None, directory]
        self.strings = <char **>PyMem_Calloc(len(self.kept), sizeof(char *))
        if self.strings is NULL:
            raise MemoryError
        for i, text in enumerate(self.kept):
            if text is not None:
                if b'\0' in <bytes?>text:
                    raise ValueError('embedded null byte')
                self.strings[i] = PyBytes_AS_STRING(text)
        call.paths = self.strings
        call.words = call.paths + len(paths) + 1
        call.env = call.words + len(words) + 1
        call.directory = self.strings[len(self.kept) - 1]
        call.limit_ns = limit_ns
        self.native = c.mb_program_start(&call)
        if self.native is NULL:
            raise OSError(errno, os.strerror(errno))

    def __dealloc__(self):
        if self.native is not NULL:
            c.mb_program_end(self.native)
        PyMem_Free(self.strings)

    cdef c.mb_program *started(self) except NULL:
        if self.native is NULL:
            raise ValueError('the program has ended')
        return self.native

    def wait(self):
        cdef c.mb_program *native = self.started()
        cdef unsigned ready
        with nogil:
            ready = c.mb_program_wait(native)
        PyErr_CheckSignals()
        return ready

    def read(self, int stream):
        cdef char data[16384]
        if stream not in (1, 2):
            raise ValueError('streams are 1 and 2')
        size = c.mb_program_read(self.started(), stream, data, sizeof(data))
        return PyBytes_FromStringAndSize(data, size)

    def end(self):
        cdef c.mb_program *native = self.started()
        cdef c.mb_program_result result
        self.native = NULL
        with nogil:
            result = c.mb_program_end(native)
        return result.error, result.in_directory, result.overdue, result.status
