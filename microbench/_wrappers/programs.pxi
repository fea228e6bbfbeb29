# Programs that captures run.
# A part of _core.pyx, which includes it.


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
