# The end of the process: signals, forks, and native code that writes the records.
# A part of _core.pyx, which includes it.


cdef int checked(int error) except -1:
    if error:
        raise OSError(error, os.strerror(error))
    return 0


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


def watch_parent(int pid, bint is_job):
    return c.mb_parent_watch(pid, is_job)


def leave_parent():
    c.mb_parent_leave()
