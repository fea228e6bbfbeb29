"""The decoder in C is safe and exact for files that were made to harm it."""

import json
import math
import tracemalloc

import pytest

from microbench import _core
from microbench.results import shapes


def decoded_twice(line, *, flat=False):
    """Return what a decoder reads from a line; it does the same again, from its memory."""
    decoder = _core.Decoder(flat)
    found = decoder.decode(line)
    for _ in range(3):
        assert repr(decoder.decode(line)) == repr(found)
    return found


# --- numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize('zeros', [9_997, 9_998, 9_999, 10_000, 12_000])
@pytest.mark.parametrize('exponent', [9_997, 9_998, 9_999, 10_000, 10_001, 12_001])
def test_long_fractions_with_large_exponents(zeros, exponent):
    """However long they are, fraction and exponent are added up exactly."""
    number = f'0.{"0" * zeros}7e{exponent}'
    found = decoded_twice(b'{"n":%b}' % number.encode())
    value = float(number)
    assert repr(found) == repr(None if math.isinf(value) else [{'n': value}])


# --- names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    'line',
    [
        *(b'{"a":{"b":1},"a":{"c":2}}', b'{"a":{"b":1},"a":2}', b'{"a":1,"a":{"b":2}}'),
        *(b'{"a":{},"a":{"b":2}}', b'{"a":{"b":1},"x":0,"\\u0061":{"c":2}}'),
        b'{"x":{"a":{"b":1},"a":{"c":2}}}',
    ],
)
def test_flat_names_of_an_object_that_comes_twice(line):
    """The last of two objects of one name counts, as for Python; they are not mixed."""
    decoder = _core.Decoder(True)
    # The decoder knows the names of the first object, and that another one may follow.
    for known in (b'{"a":{"b":1},"x":0}', b'{"a":1,"x":{"b":1}}', b'{"a":{"c":2}}'):
        assert decoder.decode(known) == [shapes.flattened(json.loads(known))]
        assert decoder.decode(line) is None


@pytest.mark.parametrize(('count', 'is_read'), [(4_000, True), (5_000, False)])
def test_the_number_of_flat_names_is_limited(count, is_read):
    """Each flat name is compared with those before it, so there may not be too many."""
    record = {f'k{n}': n for n in range(count)}
    found = decoded_twice(json.dumps(record).encode(), flat=True)
    assert found == ([record] if is_read else None)


@pytest.mark.parametrize('size', [4_000, 5_000])
@pytest.mark.parametrize('flat', [False, True])
def test_long_names_are_not_remembered(size, flat):
    """A name that is hardly one is read each time, or left to Python if names are flat."""
    record = {'k' * size: 1, 'n': {'k' * size: [2]}}
    found = decoded_twice(json.dumps(record).encode(), flat=flat)
    expected = shapes.flattened(record) if flat else record
    assert found == (None if flat and size > 4_096 else [expected])


@pytest.mark.parametrize('flat', [False, True])
def test_the_bytes_of_names_are_limited(flat):
    """Once many long names are remembered, others are not; Python reads flat ones."""
    decoder = _core.Decoder(flat)
    records = [{f'{n}-{m}{"k" * 4000}': m for m in range(20)} for n in range(100)]
    found = [decoder.decode(json.dumps(record).encode()) for record in records]
    read = len(found) - found.count(None)
    assert found == [[record] for record in records[:read]] + [None] * (100 - read)
    assert (15 < read < 50) is flat
    assert decoder.decode(json.dumps(records[0]).encode()) == [records[0]]


# --- memory ----------------------------------------------------------------------------


def nested(n):
    """Return a line of which each level could be kept; in memory it is much larger."""
    return b'{"%d":%b%b%b}' % (n, b'[' * 50, b','.join([b'[]'] * 20_000), b']' * 50)


def texts(n):
    """Return a line whose texts could be kept under names of their own."""
    each = (b'"%d":"%b"' % (9 * n + k, b'x' * 1_000_000) for k in range(9))
    return b'{%b}' % b','.join(each)


@pytest.mark.parametrize('line', [nested, texts])
def test_little_memory_is_kept(line):
    """A decoder keeps less than 70 MB of records that are made to fill its memory."""
    decoder = _core.Decoder()
    tracemalloc.start()
    try:
        for n in range(10):
            assert decoder.decode(line(n)) is not None
        assert tracemalloc.get_traced_memory()[0] < 70e6
    finally:
        tracemalloc.stop()


def test_long_texts_are_not_remembered():
    """Equal short texts of several records are one object; long ones are not."""
    decoder = _core.Decoder()
    for size, is_one in ((1_000, True), (2_000, False)):
        line = b'{"n%d":"%b"}\n' % (size, b'x' * size)
        texts = [next(iter(record.values())) for record in decoder.decode(line * 9)]
        assert len(set(map(id, texts[2:]))) == (1 if is_one else 7)


MEMORY_ERRORS = [
    (b'{"mb":{"id":"x1","t":[1.5,{"a":[]}]},"n":123456789,"e":"\\u00e9x"}\n' * 4),
    (b'{"n":99999999999999999999,"m":1.234567890123456789e-7,"l":[[2],[3]]}\n' * 4),
    (b'{"a":{"b":{"c":1},"d":{}},"e":null}\n{"a":{"d":"xy"},"f":[{"g":7}]}\n' * 4),
]


@pytest.mark.parametrize('flat', [False, True])
@pytest.mark.parametrize('lines', MEMORY_ERRORS)
def test_each_allocation_may_fail(lines, flat):
    """MemoryError is raised, or Python reads the lines; afterwards, all goes on."""
    failures = pytest.importorskip('_testcapi', reason='a build of CPython with its tests')
    expected = _core.Decoder(flat).decode(lines)
    outcomes = []
    for nth in range(300):
        decoder, found = _core.Decoder(flat), 'failed'
        failures.set_nomemory(nth, nth + 1)
        try:
            found = decoder.decode(lines)
        except MemoryError:
            pass
        finally:
            failures.remove_mem_hooks()
        outcomes.append(found)
        assert found in ('failed', None, expected)
        assert decoder.decode(lines) == expected
    assert outcomes.count('failed') > 20
    assert outcomes[-1] == expected
