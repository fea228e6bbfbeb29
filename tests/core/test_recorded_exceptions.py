"""Exceptions in the records of calls without Python: the same text, where there is one."""

import _thread
import functools
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBench
from tests.core.test_recorder import NAMES, comparable, written

pytestmark = pytest.mark.usefixtures('fresh_count')  # some records are lost


class Hooked(MicroBench):
    """A bench whose records are dicts."""

    def capture_nothing(self, bm_data):
        """Add nothing."""


class Text(str):
    """No plain text: it may have a `__str__`."""

    __slots__ = ()

    def __str__(self):
        return 'what it says'


class Said(Exception):
    """Has a text of its own."""

    def __str__(self):
        return f'said {self.args}'


class Failing(Exception):
    """Has none."""

    def __str__(self):
        raise ValueError('no text')


class Interrupting(Exception):
    """Its text takes long."""

    def __str__(self):
        raise KeyboardInterrupt


class NoText(Exception):
    """Its text is none."""

    def __str__(self):
        return 7  # noqa: PLE0307


class Named(type):
    """Its classes have a name of their own."""

    @property
    def __name__(cls):
        return 'a name of its own'


class Other(Exception, metaclass=Named):
    """Has another name than its definition."""


class Plain(KeyError):
    """Has the text of a built-in one."""


def changed(error, **fields):
    """Return an exception with other fields."""
    for name, value in fields.items():
        setattr(error, name, value)
    return error


def renamed(name):
    """Return an exception of a class of this name."""
    return type(name, (ValueError,), {})('renamed')


PLAIN = {
    'nothing': ValueError,
    'a text': lambda: ValueError('text'),
    'any text': lambda: ValueError('\0 "\\ \u2028 \U0001f600 \ud800 ü'),
    'a number': lambda: ValueError(7),
    'several': lambda: ValueError(1, 'two', None),
    'a key': lambda: KeyError("it's"),
    'no key': KeyError,
    'two keys': lambda: KeyError('a', 'b'),
    'a file': lambda: OSError(2, 'No such file', 'name'),
    'two files': lambda: OSError(18, 'Cross-device link', 'a', None, 'b'),
    'only a text': lambda: OSError('text'),
    'a changed file': lambda: changed(OSError(2, 'x', 'y'), filename=7, strerror=None),
    'of Python': lambda: Plain('key'),
    'an interruption': KeyboardInterrupt,
    'an exit': lambda: SystemExit(3),
    'a generator': GeneratorExit,
    'renamed': lambda: renamed('Ü ber.'),
    'other arguments': lambda: changed(ValueError('a'), args=('b', 'c')),
    'as long as it gets': lambda: ValueError('x' * 4096),
}
ODD = {
    'a text of its own': lambda: Said('more'),
    'a failing text': Failing,
    'an interrupting text': Interrupting,
    'no text': NoText,
    'an odd text': lambda: ValueError(Text('text')),
    'an odd key': lambda: KeyError(Text('text')),
    'an odd file': lambda: OSError(2, 'No such file', Text('name')),
    'an odd field': lambda: changed(OSError(2, 'x', 'y'), strerror=Text('name')),
    'an odd number': lambda: ValueError(True),
    'a list': lambda: ValueError([1]),
    'a class with a name': Other,
    'too long': lambda: ValueError('x' * 4097),
    'too many digits': lambda: ValueError(10**5000),
    'unicode': lambda: UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'invalid'),
    'syntax': lambda: SyntaxError('bad', ('file', 1, 2, 'text')),
    'a password': lambda: ValueError('https://user:hunter2@host/'),
    'a token': lambda: OSError(2, 'x', 'Authorization: Bearer abcdefghijkl'),
}


def recorded(make, cls=MicroBench, **settings):
    """Return the last of three records of a function that raises, and how many C wrote."""
    bench = cls(**settings)

    @bench
    def function():
        raise error

    for _ in range(3):
        error = make()
        with pytest.raises(type(error)) as raised:
            function()
        assert raised.value is error
    record = comparable(bench.get_results()[-1])
    record['mb'].pop('duration_counter')
    record['mb'].pop('clock', None)
    return record, written(function)


def is_the_same(make):
    """Return whether C has written the record, which is the one that Python writes."""
    found, count = recorded(make)
    expected, none = recorded(make, duration_counter=lambda: 2.5)
    assert none == 0
    assert found == expected
    assert list(found) == list(expected)
    assert list(found['exception'].items()) == list(expected['exception'].items())
    return count == 2


@pytest.mark.parametrize('make', PLAIN.values(), ids=PLAIN)
def test_plain_ones(make):
    """C writes them, as Python would."""
    assert is_the_same(make)


@pytest.mark.parametrize('make', ODD.values(), ids=ODD)
def test_odd_ones(make):
    """Python writes them."""
    assert not is_the_same(make)


def test_secrets():
    """A message is masked, in C or in Python."""
    record, _ = recorded(ODD['a password'])
    assert 'hunter2' not in record['exception']['message']
    assert record['mb']['masked'] == ['exception.message']


@pytest.mark.parametrize(
    ('redact', 'expected', 'by_c'),
    [(['*message*'], '***', False), (['a field'], 'text', False), (None, 'text', True)],
)
def test_patterns(redact, expected, by_c):
    """They may match the message, so Python writes it."""
    cls = type('Bench', (MicroBench,), {'redact': redact})
    record, count = recorded(PLAIN['a text'], cls)
    assert record['exception']['message'] == expected
    assert (count == 2) == by_c


ARGUMENTS = st.none() | st.booleans() | st.integers() | NAMES | st.floats(allow_nan=False)
TYPES = [ValueError, KeyError, OSError, Said, Plain, StopIteration, ZeroDivisionError]


CLASS_NAMES = st.text(st.characters(exclude_categories=['Cs'], exclude_characters='\0'))


@given(st.sampled_from(TYPES), st.lists(ARGUMENTS, max_size=3), CLASS_NAMES)
def test_any_arguments(kind, arguments, name):
    """Whatever they are, the record is the same."""

    def make():
        return type(name, (kind,), {})(*arguments)

    is_the_same(make)


def test_blocks():
    """They are as calls are."""
    bench = MicroBench()
    for _ in range(3):
        with pytest.raises(KeyError), bench.record('block'):
            raise KeyError('key')
    expected = {'type': 'KeyError', 'message': "'key'"}
    assert [record['exception'] for record in bench.get_results()] == [expected] * 3
    assert bench._bench_config.blocks.recorder.records == 2


def test_iterations():
    """The first that raises is the last; those before it count."""
    bench = MicroBench(iterations=3)

    @bench
    def function(numbers):
        return 1 // next(numbers)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            function(iter([1, 0, 1]))
    durations = [record['call']['durations'] for record in bench.get_results()]
    assert [len(found) for found in durations] == [2, 2, 2]
    assert written(function) == 2


# --- signals --------------------------------------------------------------------------

CALL = operator.methodcaller('__call__')


def interrupted(function):
    """Call a function with SIGINT pending: nothing from here to it runs bytecode."""
    with pytest.raises(KeyboardInterrupt):
        list(map(CALL, [_thread.interrupt_main, function]))


@pytest.mark.parametrize('error', [ValueError('x', 1), KeyError('x'), OSError(2, 'x')])
def test_an_interrupt_while_a_block_writes_its_exception_is_raised(error):
    """CPython runs handlers of signals in str(): what they raise is raised by the block."""
    bench = MicroBench()
    for _ in range(2):
        with bench.record('usual'):
            pass
    block = bench.record('interrupted')
    block.__enter__()
    interrupted(functools.partial(block.__exit__, type(error), error, None))
    *_, record = bench.get_results()
    assert record['call']['name'] == 'interrupted'
    assert record['exception'] == {'type': type(error).__name__, 'message': str(error)}
    assert len(bench.get_results()) == 3


def test_an_interrupt_while_a_call_writes_its_exception_is_raised():
    """The call of a function of C, in which no handler runs."""
    bench = MicroBench()
    function = bench(operator.index)
    for _ in range(2):
        function(1)
    interrupted(functools.partial(function, 'x'))
    *_, record = bench.get_results()
    assert record['exception']['type'] == 'TypeError'
    assert len(bench.get_results()) == 3
    assert written(function) == 1


@pytest.mark.parametrize(
    'number',
    [2**63 - 1, -(2**63), 2**63, pytest.param(10**5000, id='of 5001 digits')],
)
def test_an_integer_of_any_size_in_a_message(number):
    """Those of more than 64 bits become text in Python; too many digits have none."""
    texts = []
    for cls in (MicroBench, Hooked):
        bench = cls()
        for _ in range(3):
            with pytest.raises(LookupError), bench.record('integer'):
                raise LookupError(number)
        texts += [record['exception'] for record in bench.get_results()]
    assert all(text == texts[0] for text in texts)
