# Counters of perf_event_open(2).
# A part of _core.pyx, which includes it.


cdef class CountersReading:
    cdef c.mb_counters_reading native
    cdef uint32_t count

    def since(self, CountersReading before not None):
        cdef uint64_t number
        cdef uint32_t i
        found = []
        for i in range(self.count):
            kind = c.mb_counters_count(&before.native, &self.native, i, &number)
            known = number if kind != c.MB_COUNTED_NOT else None
            found.append((known, kind == c.MB_COUNTED_SCALED))
        return found

    def times_ns(self, CountersReading before not None, uint32_t i):
        if i >= self.count:
            raise IndexError(i)
        return (self.native.enabled_ns[i] - before.native.enabled_ns[i],
                self.native.running_ns[i] - before.native.running_ns[i])


cdef class Counters:
    cdef c.mb_counters native

    def __cinit__(self, tuple events not None, bint of_children):
        cdef c.mb_counters_event wanted[c.MB_COUNTERS_MOST]
        if len(events) > c.MB_COUNTERS_MOST:
            raise ValueError(f'at most {c.MB_COUNTERS_MOST} events, not {len(events)}')
        for i, (kind, config) in enumerate(events):
            wanted[i].type, wanted[i].config = kind, config
        c.mb_counters_open(&self.native, wanted, len(events), of_children)

    def __dealloc__(self):
        c.mb_counters_close(&self.native)

    @property
    def errors(self):
        return tuple([self.native.error[i] for i in range(self.native.count)])

    def read(self):
        cdef CountersReading reading = CountersReading.__new__(CountersReading)
        cdef int error = c.mb_counters_read(&self.native, &reading.native)
        if error:
            raise OSError(error, os.strerror(error))
        reading.count = self.native.count
        return reading

    def close(self):
        c.mb_counters_close(&self.native)
