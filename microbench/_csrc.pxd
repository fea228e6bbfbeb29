# Transcribes csrc/*/*.h, and nothing else. Every extern states its error value and whether
# it needs the GIL.

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t

cdef extern from "Python.h":
    const char *Py_GetVersion() noexcept
    int PyErr_SetInterruptEx(int number) noexcept nogil
    bint PyObject_TypeCheck(object value, void *type) noexcept

cdef extern from "base/mb_platform.h":
    int mb_fork_watch() noexcept nogil
    unsigned int mb_fork_generation() noexcept nogil
    bint mb_description_is_locked(int fd) noexcept nogil

cdef extern from "base/mb_identity.h":
    enum:
        MB_RECORD_ID_SIZE
    int mb_identity_start() noexcept nogil
    const char *mb_identity_run_id() noexcept nogil

cdef extern from "base/mb_clock.h":
    ctypedef enum mb_clock_choice:
        pass
    ctypedef struct mb_clock_info:
        const char *name
        const char *source
        int64_t resolution_ns
        int64_t overhead_ns
    int64_t mb_clock_ns() noexcept nogil
    int64_t mb_clock_wall_ns() noexcept nogil
    bint mb_clock_setup(mb_clock_choice choice) noexcept nogil
    mb_clock_info mb_clock_measure() noexcept nogil

cdef extern from "run/mb_counters.h":
    enum:
        MB_COUNTERS_MOST
    ctypedef struct mb_counters_event:
        uint32_t type
        uint64_t config
    ctypedef struct mb_counters:
        uint32_t count
        uint32_t opened
        int *error
    ctypedef struct mb_counters_reading:
        uint64_t *enabled_ns
        uint64_t *running_ns
    ctypedef enum mb_counters_kind:
        MB_COUNTED_NOT
        MB_COUNTED
        MB_COUNTED_SCALED
    uint32_t mb_counters_open(mb_counters *counters, const mb_counters_event *events,
                              uint32_t count, bint of_children) noexcept nogil
    int mb_counters_read(const mb_counters *counters,
                         mb_counters_reading *reading) noexcept nogil
    mb_counters_kind mb_counters_count(const mb_counters_reading *before,
                                 const mb_counters_reading *after, uint32_t i,
                                 uint64_t *number) noexcept nogil
    void mb_counters_close(mb_counters *counters) noexcept nogil

cdef extern from "child/mb_child.h":
    int mb_child_end(int pid, bint block, int64_t *ended_ns) noexcept nogil
    bint mb_child_adopts() noexcept nogil

cdef extern from "child/mb_program.h":
    ctypedef struct mb_program:
        pass
    ctypedef struct mb_program_call:
        char **paths
        char **words
        char **env
        const char *directory
        int64_t limit_ns
    ctypedef struct mb_program_result:
        int error
        bint in_directory
        bint overdue
        int status
    enum:
        MB_PROGRAM_PRINTED
        MB_PROGRAM_ENDED
    mb_program *mb_program_start(const mb_program_call *call) noexcept nogil
    unsigned mb_program_wait(mb_program *program) noexcept nogil
    size_t mb_program_read(
        mb_program *program, int stream, char *data, size_t size
    ) noexcept nogil
    mb_program_result mb_program_end(mb_program *program) noexcept nogil

cdef extern from "base/mb_text.h":
    ctypedef struct mb_text:
        char *data
        size_t size
        bint failed
    void mb_text_heap(mb_text *text) noexcept nogil
    void mb_text_free(mb_text *text) noexcept nogil
    void mb_text_raw(mb_text *text, const char *bytes, size_t size) noexcept nogil
    void mb_text_iso8601(mb_text *text, int64_t wall_ns, int32_t offset_s) noexcept nogil
    void mb_text_string(mb_text *text, const char *utf8, size_t size) noexcept nogil
    void mb_text_ascii(mb_text *text, const char *json, size_t size) noexcept nogil
    bint mb_text_has_digits(const char *bytes, size_t size, size_t run) noexcept nogil

cdef extern from "reading/mb_json.h":
    enum:
        MB_JSON_BOOLEAN
        MB_JSON_NATURAL
        MB_JSON_NEGATIVE
        MB_JSON_REAL
        MB_JSON_STRING

cdef extern from "reading/mb_fields.h":
    enum:
        MB_FIELD_LEFT_OUT
        MB_FIELD_NULL
        MB_FIELD_LATER
    ctypedef struct mb_fields:
        pass
    ctypedef struct mb_field:
        int leaf
        int inside
    mb_field *mb_fields_add(
        mb_fields *fields, mb_field *within, const char *name, size_t size
    ) noexcept nogil

cdef extern from "reading/mb_rows.h":
    ctypedef enum mb_rows_shape:
        MB_ROWS_RECORDS
        MB_ROWS_RUNS
        MB_ROWS_PHASES
        MB_ROWS_ITERATIONS
    ctypedef enum mb_rows_kind:
        MB_ROWS_RECORD
        MB_ROWS_PHASE
        MB_ROWS_ITERATION
        MB_ROWS_DURATION
        MB_ROWS_ZERO
        MB_ROWS_ONE
        MB_ROWS_FALSE
        MB_ROWS_FIELD
        MB_ROWS_TIME
    enum:
        MB_ROWS_DURATIONS
        MB_ROWS_TIMINGS
        MB_ROWS_NUMBERS
        MB_ROWS_COUNTER
        MB_ROWS_REFUSED
    ctypedef struct mb_rows_column:
        int leaf
        uint32_t kinds
    ctypedef bint (*mb_rows_take)(void *context, const mb_rows_column *columns, int count)
    ctypedef void (*mb_rows_drop)(void *context, int64_t rows)
    ctypedef struct mb_rows:
        mb_fields fields
        mb_text text
        mb_rows_take take
        mb_rows_drop drop
        void *context
        int64_t number
        bint has_durations
        int count
        mb_rows_column *columns
    void mb_rows_init(mb_rows *rows, mb_rows_shape shape) noexcept nogil
    void mb_rows_free(mb_rows *rows) noexcept nogil
    int mb_rows_add_column(
        mb_rows *rows, mb_rows_kind kind, const char *key, int leaf
    ) noexcept nogil
    const char *mb_rows_read(mb_rows *rows, const char *text, const char *end) noexcept nogil

cdef extern from "masking/mb_suspicious.h":
    bint mb_suspicious_text(const char *json, size_t size) noexcept nogil

cdef extern from "masking/mb_closed.h":
    void mb_closed(mb_text *text, const char *json, size_t size,
                   bint measured) noexcept nogil

cdef extern from "file/mb_append.h":
    ctypedef struct mb_append:
        pass
    mb_append *mb_append_new(const char *path) noexcept
    mb_append *mb_append_fd(int fd) noexcept
    int mb_append_record(mb_append *append, const char *line, size_t size,
                         bint (*give_up)() noexcept nogil) noexcept nogil
    int mb_append_sync(mb_append *append) noexcept nogil
    void mb_append_close(mb_append *append) noexcept nogil
    void mb_append_free(mb_append *append) noexcept nogil
    const char *mb_append_path(const mb_append *append) noexcept

cdef extern from "file/mb_batch.h":
    enum:
        MB_BATCH_SIZE
    ctypedef struct mb_batch_block:
        pass
    ctypedef struct mb_batch_limits:
        uint32_t records
        int64_t age_ns
        bint sync
    ctypedef struct mb_batch:
        pass
    mb_batch *mb_batch_new(mb_append *append, const mb_batch_limits *limits) noexcept
    bint mb_batch_is_stale(const mb_batch *batch) noexcept
    int mb_batch_renew(mb_batch *batch, mb_batch_block *block, uint32_t *open) noexcept
    void mb_batch_set_sync(mb_batch *batch, bint sync) noexcept nogil
    bint mb_batch_add(mb_batch *batch, const char *line, size_t size) noexcept nogil
    int mb_batch_record(mb_batch *batch, const char *line, size_t size) noexcept nogil
    int mb_batch_flush(mb_batch *batch) noexcept nogil
    size_t mb_batch_copy(mb_batch *batch, char *buffer, size_t room) noexcept
    void mb_batch_discard(mb_batch *batch) noexcept nogil
    void mb_batch_free(mb_batch *batch) noexcept nogil
    void mb_batches_flush() noexcept nogil
    int64_t mb_batches_flush_due(int64_t now_ns, void *waiting) noexcept nogil
    void mb_batches_end() noexcept nogil

cdef extern from "journal/mb_mark.h":
    ctypedef struct mb_mark:
        uint64_t device
        uint64_t inode
        uint64_t end
        uint64_t digest
    bint mb_mark_of(int fd, int64_t end, mb_mark *mark) noexcept nogil

cdef extern from "journal/mb_format.h":
    enum:
        MB_JOURNAL_MOST
        MB_SLOT_INTEGERS
        MB_SLOT_SECRET
        MB_SLOT_ITERATED
        MB_SLOT_UNTIMED
    ctypedef struct mb_recovery_note:
        uint64_t begun
        mb_mark from_ "from"
        int64_t modified_ns
    ctypedef struct mb_journal_header:
        uint32_t version
        int32_t pid
        uint32_t uid
        uint64_t start_ticks
        const char *boot_id
        const char *host
        int64_t made_wall_ns
        int64_t made_ns
        uint32_t signal
        int64_t signal_wall_ns
        int64_t signal_ns
        mb_mark made_at
        mb_recovery_note recovered
        int64_t alive_ns
        int64_t parent_ns
        uint32_t parent_is_job
    size_t RECOVERY_NOTE "offsetof(mb_journal_header, recovered)"
    ctypedef struct mb_slot:
        const char *record_id

cdef extern from "journal/mb_image.h":
    ctypedef struct mb_image:
        const char *base
        size_t size
    const mb_journal_header *mb_image_header(mb_image image) noexcept nogil
    const char *mb_image_output(mb_image image, size_t *size) noexcept nogil
    const mb_slot *mb_image_next(mb_image image, const mb_slot *slot) noexcept nogil
    int64_t mb_image_last_ns(mb_image image) noexcept nogil
    bint mb_image_end_is_marked(mb_image image) noexcept nogil
    int mb_image_signal(mb_image image) noexcept nogil

cdef extern from "journal/mb_slot.h":
    ctypedef struct mb_slot_ending:
        const char *path
        int signal
        int64_t now_ns
        const char *more
        size_t more_size
    ctypedef struct iovec:
        void *iov_base
        size_t iov_len
    ctypedef struct mb_slot_line:
        iovec *parts
        size_t size
    enum:
        MB_SLOT_PARTS
    bint mb_slot_is_open(const mb_slot *slot) noexcept nogil
    bint mb_slot_is_claimed(const mb_slot *slot) noexcept nogil
    size_t mb_slot_room(mb_image image, const mb_slot *slot,
                        const mb_slot_ending *ending) noexcept nogil
    bint mb_slot_record(mb_image image, const mb_slot *slot, const mb_slot_ending *ending,
                        char *buffer, size_t capacity, mb_slot_line *line) noexcept nogil

cdef extern from "journal/mb_journal.h":
    enum:
        MB_JOURNAL_NAME
    ctypedef struct mb_journal:
        mb_journal *next
        const char *path
        const char *output
        unsigned int generation
        uint32_t open
    mb_journal *mb_journal_file(const char *output, const char *directory,
                                bint local) noexcept nogil
    mb_journal *mb_journal_memory() noexcept nogil
    void mb_journal_release(mb_journal *journal) noexcept nogil
    bint mb_journal_is_own(const mb_journal *journal) noexcept nogil
    void mb_journals_beat(int64_t now_ns) noexcept nogil
    void mb_journals_remove() noexcept nogil
    mb_journal *mb_journals() noexcept nogil

cdef extern from "journal/mb_mirror.h":
    enum:
        MB_MIRROR_OPEN
    ctypedef struct mb_mirror:
        uint32_t state
    ctypedef struct mb_mirror_opening:
        uint64_t serial
        const char *head
        const char *call
        const char *tail
        size_t head_size
        size_t call_size
        size_t tail_size
        uint32_t flags
        int32_t offset_s
    bint mb_mirror_refresh(mb_mirror *mirror, const mb_mirror_opening *record) noexcept

cdef extern from "journal/mb_batch_slot.h":
    ctypedef struct mb_batch_slot_lines:
        const char *bytes
        size_t size
        bint writing
    mb_batch_block *mb_batch_slot_take(mb_journal *journal) noexcept
    void mb_batch_slot_release(mb_journal *journal, const mb_batch_block *block) noexcept
    bint mb_batch_slot_is(const mb_slot *slot) noexcept
    bint mb_batch_slot_read(mb_image image, const mb_slot *slot,
                            mb_batch_slot_lines *lines) noexcept

cdef extern from "dying/mb_emergency.h":
    ctypedef struct mb_emergency_target:
        const char *path
        int fd
    ctypedef struct mb_emergency:
        pass
    void mb_emergency_write(int signal, int64_t now_ns, bint dying) noexcept nogil

cdef extern from "dying/mb_watchdog.h":
    void mb_watchdog_set(int64_t grace_ns, int64_t patience_ns) noexcept nogil
    int mb_watchdog_death() noexcept nogil
    int64_t mb_watchdog_death_ns() noexcept nogil
    bint mb_watchdog_exit_begin() noexcept nogil
    int mb_watchdog_exit_end() noexcept nogil

cdef extern from "dying/mb_seen.h":
    void mb_seen_note(int number) noexcept nogil
    int mb_seen_signal() noexcept nogil
    bint mb_seen_came_directly(int number) noexcept nogil

cdef extern from "dying/mb_signals.h":
    ctypedef enum mb_signal_kind:
        pass
    ctypedef struct mb_signal_use:
        mb_signal_kind kind
        bint python
        bint users
        int relay
    int (*mb_signals_relay)(int number) noexcept nogil

cdef extern from "dying/mb_setup.h":
    int mb_setup_prepare() noexcept
    void mb_setup_release() noexcept nogil
    void mb_setup_fork_begin() noexcept
    void mb_setup_fork_end() noexcept
    mb_emergency *mb_setup_install(mb_mirror *mirror, const mb_emergency_target *targets,
                         unsigned count, size_t owner) noexcept
    void mb_setup_remove(mb_emergency *last) noexcept
    int mb_setup_signal_take(int number, mb_signal_use use, bint behind) noexcept
    bint mb_setup_signal_give_back(int number) noexcept
    bint mb_setup_signal_in_force(int number) noexcept
    bint mb_setup_signal_is_before(int number) noexcept
    bint mb_setup_signal_is_default(int number) noexcept
    bint mb_setup_signal_is_handled_in(int number, const void *address) noexcept
    void mb_setup_signal_default(int number) noexcept
    int mb_setup_signal_stack_take() noexcept
    void mb_setup_signal_stack_give_back() noexcept

cdef extern from "dying/mb_parent.h":
    bint mb_parent_watch(int parent, bint is_job) noexcept nogil
    void mb_parent_leave() noexcept nogil

cdef extern from "run/mb_phases.h":
    uint32_t mb_phases_kept
    uint32_t mb_phases_names
    uint64_t mb_phases_most

cdef extern from "run/mb_run.h":
    ctypedef struct mb_run:
        int64_t stopped_ns
        bint claimed
        mb_mirror *mirror
    uint32_t mb_runs_open
    const char *mb_run_record_id(mb_run *run) noexcept
    bint mb_run_mirror(mb_run *run, mb_journal *journal, mb_mirror_opening *record) noexcept
    mb_mirror *mb_run_own_mirror(mb_run *run) noexcept
    bint mb_run_keep(mb_run *run, const char *line, size_t size) noexcept

cdef extern from "run/mb_record.h":
    ctypedef struct mb_record_piece:
        const char *data
        size_t size
    ctypedef struct mb_record_more:
        mb_record_piece after, tail
    void mb_record_write_with(mb_text *text, mb_run *run, const mb_mirror_opening *record,
                              const mb_record_more *more, int64_t now_ns) noexcept nogil

cdef extern from "py/py_module.h":
    object py_module_new()

cdef extern from "py/py_state.h":
    ctypedef struct py_state:
        void *active
        void *muted
        void *run_type
        void *timed_type
        void *flat_type
        void *decoder_type
        void *recorder_type
        void *sampler_type
        void *finder_type
        void *block_type
        void *captures_type
        void *sources_type
        unsigned long long lost
    py_state *py_state_of(object module) noexcept

cdef extern from "py/py_text.h":
    object py_text_bytes(mb_text *text)
    int py_text_put_str(mb_text *text, str string) except -1

cdef extern from "py/py_json.h":
    ctypedef struct py_json_limits:
        size_t text
        size_t container
    py_json_limits PY_JSON_ANY_SIZE
    object py_json_text(py_state *state, object value, py_json_limits limits)
    bint py_json_is_deep(object value) noexcept
    bint py_json_is_shallow(object value, int levels) noexcept

cdef extern from "py/py_phase.h":
    object py_phase_active(py_state *state, object bench)
    object py_phase_awaitable(py_state *state, object value)
    object py_phase_time_method(object type, const char *doc)

cdef extern from "py/py_record_method.h":
    object py_record_method(object type, object function, const char *doc)

cdef extern from "py/py_call_until_done.h":
    int py_call_until_done(object object, const char *method, PyObject **arguments,
                  size_t count) except *

cdef extern from "file/mb_files.h":
    bint mb_files_close_one() noexcept nogil

cdef extern from "py/py_thread.h":
    bint py_thread_is_main() noexcept
    void py_thread_look_for_greenlets(py_state *state) noexcept
    int py_thread_start(object function) except -1

cdef extern from "py/py_gate.h":
    ctypedef struct py_gate:
        bint is_open
    int py_gate_init(py_gate *gate) except -1
    void py_gate_free(py_gate *gate) noexcept
    void py_gate_open(py_gate *gate) noexcept
    bint py_gate_wait(py_gate *gate, double seconds) noexcept

cdef extern from "py/py_fork.h":
    void py_fork_in_parent() noexcept
    int py_fork_restore(list entries) except -1

cdef extern from "py/py_type.h":
    unsigned int py_type_version(object type) noexcept
    int py_type_set(object type, object name, object value) except -1

cdef extern from "py/py_handlers.h":
    bint py_handlers_raise() noexcept nogil
    int py_handlers_raised() except -1

cdef extern from "py/py_cells.h":
    ctypedef struct py_cells:
        int count
    void py_cells_init(py_cells *cells) noexcept
    void py_cells_free(py_cells *cells) noexcept
    void py_cells_add(py_cells *cells, object list) noexcept
    bint py_cells_take(void *context, const mb_rows_column *columns, int count) noexcept
    void py_cells_drop(void *context, int64_t rows) noexcept

cdef extern from "py/py_copy.h":
    object py_copy_value(object value)
    int py_copy_merge(object record, object fields) except -1

cdef extern from "py/py_headroom.h":
    object py_headroom_call(object func, object args, object kwargs)

cdef extern from "py/py_captured.h":
    ctypedef struct py_captured:
        pass
    int64_t py_captured_short_ns
    bint py_captured_pieces(py_captured *captured, mb_record_more *more) noexcept

cdef extern from "py/py_run.h":
    ctypedef struct py_run:
        mb_run native
        bint foreign
        bint integers
        Py_ssize_t iterations
        py_captured *captured
    uint32_t py_run_slot_flags(const py_run *run) noexcept

cdef extern from "py/py_loops.h":
    list py_loops_samples(object func, tuple args, dict kwargs, Py_ssize_t loops,
                          Py_ssize_t count, object counter)

cdef extern from "py/py_template.h":
    ctypedef struct py_template:
        pass
    void py_template_init(py_template *template, bytes head, bytes tail,
                          int32_t offset_s, Py_ssize_t thread_at) noexcept
    void py_template_free(py_template *template) noexcept
    bint py_template_is_current(const py_template *template) noexcept
    int py_template_open(py_template *template, mb_journal *journal, py_run *run,
                         str name) except -1
    int py_template_put_call(mb_text *text, str name) except -1
    object py_template_all(const py_run *run, str name)

cdef extern from "py/py_ending.h":
    void py_ending_make_exits(bint whole) noexcept

cdef extern from "py/py_recorder.h":
    ctypedef enum py_recorder_kind:
        PY_RECORDER_NULL
        PY_RECORDER_FILE
        PY_RECORDER_MEMORY
    ctypedef struct py_recorder_sink:
        py_recorder_kind kind
        PyObject *target
        mb_append *file
        mb_batch *batch
        bint syncs
    void py_recorder_note_change() noexcept
    int py_recorder_add(object recorder, object sink, const py_recorder_sink *how) except -1
