# Copies of journals, as recovery reads them.
# A part of _core.pyx, which includes it.


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
    cdef c.mb_slot_ending ending
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
        if c.mb_slot_is_open(slot) and not c.mb_batch_slot_is(slot):
            records.append(record_of(image, slot, &ending))


def journal_claims(bytes data not None):
    cdef c.mb_image image = image_of(data)
    cdef const c.mb_slot *slot = NULL
    claims = []
    while True:
        slot = c.mb_image_next(image, slot)
        if slot is NULL:
            return claims
        if c.mb_slot_is_open(slot) and not c.mb_batch_slot_is(slot):
            claims.append(bool(c.mb_slot_is_claimed(slot)))


def journal_batches(bytes data not None):
    cdef c.mb_image image = image_of(data)
    cdef c.mb_batch_slot_lines lines
    cdef const c.mb_slot *slot = NULL
    batches = []
    while True:
        slot = c.mb_image_next(image, slot)
        if slot is NULL:
            return batches
        if c.mb_slot_is_open(slot) and c.mb_batch_slot_is(slot):
            if c.mb_batch_slot_read(image, slot, &lines):
                batches.append((lines.bytes[:lines.size].splitlines(), lines.writing))
            else:
                batches.append(([b''], False))


cdef tuple record_of(c.mb_image image, const c.mb_slot *slot, c.mb_slot_ending *ending):
    """Return id and line of a slot; both, or the line alone, are empty if it is damaged."""
    cdef c.mb_slot_line line
    cdef size_t room = c.mb_slot_room(image, slot, ending)
    cdef bytearray buffer = bytearray(room)
    if not room or not c.mb_slot_record(image, slot, ending, buffer, room, &line):
        return b'', b''
    parts = [(<char *>line.parts[i].iov_base)[:line.parts[i].iov_len]
             for i in range(c.MB_SLOT_PARTS)]
    return slot.record_id[:c.MB_RECORD_ID_SIZE], b''.join(parts).rstrip(b'\n')
