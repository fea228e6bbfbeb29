# Text: JSON of values, times, and which text may hold a secret.
# A part of _core.pyx, which includes it.


def within_stack(func, *args, **kwargs):
    return c.py_headroom_call(func, args, kwargs)


def copied(value):
    return c.py_copy_value(value)


def merge(dict record not None, fields):
    c.py_copy_merge(record, fields)


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


def is_deep(value):
    return c.py_json_is_deep(value)


def is_shallow(value, int levels):
    return c.py_json_is_shallow(value, levels)


def plain_text(value):
    return c.py_json_text(state, value, c.PY_JSON_ANY_SIZE)


def plain_text_within(value, Py_ssize_t text, Py_ssize_t container):
    cdef c.py_json_limits limits
    limits.text, limits.container = text, container
    return c.py_json_text(state, value, limits)
