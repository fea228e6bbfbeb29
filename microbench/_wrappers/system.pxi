# Clocks, children, types and threads: what the interpreter or the system has.
# A part of _core.pyx, which includes it.


cdef object timedelta = _datetime.timedelta
cdef object utc = _datetime.timezone.utc
cdef object EPOCH = _datetime.datetime(1970, 1, 1, tzinfo=utc)


def moment(int64_t wall_ns, tz):
    found = EPOCH + timedelta(0, 0, wall_ns // 1000)
    if tz is not utc:
        found = found.astimezone(tz)
    return found if tz is not None else found.replace(tzinfo=None)


def clock_ns():
    return c.mb_clock_ns()


def wall_ns():
    return c.mb_clock_wall_ns()


def clock_info(int choice=0):
    c.mb_clock_setup(<c.mb_clock_choice>choice)
    cdef c.mb_clock_info info = c.mb_clock_measure()
    return {
        'name': info.name.decode('ascii'),
        'source': info.source.decode('ascii'),
        'resolution_ns': info.resolution_ns,
        'overhead_ns': info.overhead_ns,
    }


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


def close_files():
    cdef int closed = 0
    with nogil:
        while c.mb_files_close_one():
            closed += 1
    return closed
