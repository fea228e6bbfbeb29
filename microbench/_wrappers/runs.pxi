# Runs, their phases and their records.
# A part of _core.pyx, which includes it.


def time_method(cls):
    text = cls.time.__doc__ or ''  # python -OO leaves it out
    return c.py_phase_time_method(cls, text.encode())


def record_method(cls):
    text = cls.record.__doc__ or ''
    return c.py_record_method(cls, cls.record, text.encode())


def mute():
    """Discard phases made in this context until `unmute(token)`."""
    return (<object>state.active).set(<object>state.muted)


def unmute(token):
    try:
        (<object>state.active).reset(token)
    except ValueError:
        pass  # left in another context than it was entered in


def keep_phases(uint32_t kept, uint32_t names, uint64_t most=100_000):
    before = c.mb_phases_kept, c.mb_phases_names, c.mb_phases_most
    c.mb_phases_kept, c.mb_phases_names, c.mb_phases_most = kept, names, most
    return before


def observe_from(int64_t ns):
    """Observe blocks of so many nanoseconds and more; return what it was before."""
    before = c.py_captured_short_ns
    c.py_captured_short_ns = ns
    return before


def samples(func, tuple args not None, dict kwargs not None, Py_ssize_t loops,
            Py_ssize_t count, counter=None):
    return c.py_loops_samples(func, args, kwargs, loops, count, counter)


def active_run(bench):
    return c.py_phase_active(state, bench)


def runs_open():
    return c.mb_runs_open


def phases_lost():
    return state.lost


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


def call_text(str name not None):
    cdef c.mb_text text
    c.mb_text_heap(&text)
    c.py_template_put_call(&text, name)
    return c.py_text_bytes(&text)


def pieces(run, str name not None):
    cdef c.mb_record_more more
    cdef c.py_run *native
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    native = <c.py_run *>run
    memset(&more, 0, sizeof(more))
    if native.captured is not NULL and not c.py_captured_pieces(native.captured, &more):
        raise MemoryError
    # No `try`, for which Cython looks through all coroutines that wait for each other.
    return c.py_template_all(native, name), bytes_of(more.after), bytes_of(more.tail)


cdef bytes bytes_of(c.mb_record_piece piece):
    return piece.data[:piece.size] if piece.size else b''


def record_text(run, bytes head not None, bytes call not None, bytes tail not None,
                int32_t offset_s, bint secret=False, bytes after not None=b''):
    cdef c.mb_text text
    cdef c.mb_record_more more
    cdef c.py_run *native
    cdef c.mb_mirror_opening record
    if not isinstance(run, OpenRun):
        raise TypeError('a run is needed')
    native = <c.py_run *>run
    fill(&record, head, call, tail, offset_s, secret)
    record.flags |= c.py_run_slot_flags(native)
    c.mb_text_heap(&text)
    memset(&more, 0, sizeof(more))
    more.after.data = PyBytes_AS_STRING(after)
    more.after.size = PyBytes_GET_SIZE(after)
    c.mb_record_write_with(&text, &native.native, &record, &more, native.native.stopped_ns)
    return c.py_text_bytes(&text)
