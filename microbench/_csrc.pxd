# Transcribes csrc/*.h, and nothing else. Every extern states its error value and whether
# it needs the GIL.

from libc.stdint cimport int32_t, int64_t, uint32_t

cdef extern from "Python.h":
    """
    /* 0 where the type has none: then nothing may be kept for it. */
    static unsigned int
    mb_type_version(PyObject *type)
    {
        PyTypeObject *self = (PyTypeObject *)type;
    #if PY_VERSION_HEX < 0x030C0000
        if (!PyType_HasFeature(self, Py_TPFLAGS_VALID_VERSION_TAG)) {
            return 0;
        }
    #endif
        return self->tp_version_tag;
    }
    """
    unsigned int mb_type_version(object type) noexcept

cdef extern from "mb_platform.h":
    int mb_fork_watch() noexcept nogil
    unsigned int mb_fork_generation() noexcept nogil

cdef extern from "mb_identity.h":
    enum:
        MB_RECORD_ID_SIZE
    int mb_identity_start() noexcept nogil
    const char *mb_run_id() noexcept nogil
    void mb_record_id(char *out) noexcept nogil

cdef extern from "mb_clock.h":
    ctypedef struct mb_clock_info:
        const char *name
        int64_t resolution_ns
        int64_t overhead_ns
    int64_t mb_clock_ns() noexcept nogil
    int64_t mb_wall_ns() noexcept nogil
    mb_clock_info mb_clock_measure() noexcept nogil

cdef extern from "mb_child.h":
    int mb_child_end(int pid, bint block, int64_t *ended_ns) noexcept nogil

cdef extern from "mb_text.h":
    ctypedef struct mb_text:
        char *data
        size_t size
        bint failed
    void mb_text_heap(mb_text *text) noexcept nogil
    void mb_text_free(mb_text *text) noexcept nogil
    void mb_text_raw(mb_text *text, const char *bytes, size_t size) noexcept nogil
    void mb_text_int(mb_text *text, int64_t value) noexcept nogil
    void mb_text_seconds(mb_text *text, int64_t ns) noexcept nogil
    void mb_text_iso8601(mb_text *text, int64_t wall_ns, int32_t offset_s) noexcept nogil
    void mb_text_string(mb_text *text, const char *utf8, size_t size) noexcept nogil
    void mb_text_ascii(mb_text *text, const char *json, size_t size) noexcept nogil

cdef extern from "mb_append.h":
    ctypedef struct mb_append:
        pass
    mb_append *mb_append_new(const char *path) noexcept
    mb_append *mb_append_fd(int fd) noexcept
    int mb_append_record(mb_append *append, const char *line, size_t size) noexcept nogil
    int mb_append_sync(mb_append *append) noexcept nogil
    void mb_append_close(mb_append *append) noexcept nogil
    void mb_append_free(mb_append *append) noexcept nogil

cdef extern from "mb_run.h":
    ctypedef struct mb_run:
        int64_t stopped_ns
    uint32_t mb_runs_open

cdef extern from "mb_record.h":
    ctypedef struct mb_record_form:
        bint integers
        bint iterated
        int32_t offset_s
    void mb_record_call(mb_text *text, const mb_run *run, mb_record_form form,
                        int64_t now_ns) noexcept nogil

cdef extern from "py_state.h":
    ctypedef struct py_state:
        void *active
        void *muted
        void *time_type
        void *run_type
        void *timed_type
        unsigned long long lost
    object py_state_new()
    py_state *py_state_of(object module) noexcept

cdef extern from "py_run.h":
    ctypedef struct py_run:
        mb_run native
        bint integers
        Py_ssize_t iterations

cdef extern from "py_ending.h":
    int py_ending_set_in_type(object type, object name, object value) except -1
    void py_ending_make_exits(bint whole) noexcept
