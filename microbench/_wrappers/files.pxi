# Files that records are appended to.
# A part of _core.pyx, which includes it.


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
