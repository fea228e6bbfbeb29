"""`call.module`, `call.qualname` and `call.line` of decorated functions."""

import functools
import math

import pytest

from microbench import MBFunctionCall, MicroBench, MicroBenchBase
from microbench.core.callables import place_of
from tests.fakes import only, printed

HERE = {'module': __name__}


def line_of(func):
    """Return the first line of a function."""
    return func.__code__.co_firstlineno


def work(value=1):
    return value


class Callable:
    def __call__(self):
        return 1

    def method(self):
        return 1


def wrapped(func):
    """Return what a decorator of a library makes."""

    @functools.wraps(func)
    def wrapper(*args):
        return func(*args)

    return wrapper


class Odd:
    """Answers to any attribute."""

    def __getattr__(self, name):
        return self

    def __call__(self):
        return 1


@pytest.mark.parametrize(
    ('func', 'place'),
    [
        (work, {**HERE, 'qualname': 'work', 'line': line_of(work)}),
        (functools.partial(work, 2), {**HERE, 'qualname': 'work', 'line': line_of(work)}),
        (wrapped(wrapped(work)), {**HERE, 'qualname': 'work', 'line': line_of(work)}),
        (
            functools.lru_cache(work),
            {**HERE, 'qualname': 'work', 'line': line_of(work)},
        ),
        (
            Callable().method,
            {**HERE, 'qualname': 'Callable.method', 'line': line_of(Callable.method)},
        ),
        (
            Callable(),
            {**HERE, 'qualname': 'Callable', 'line': line_of(Callable.__call__)},
        ),
        (Callable, {**HERE, 'qualname': 'Callable'}),
        (math.sqrt, {'module': 'math', 'qualname': 'sqrt'}),
        (len, {'module': 'builtins', 'qualname': 'len'}),
        ([].append, {'qualname': 'list.append'}),
        (Odd(), {**HERE, 'qualname': 'Odd', 'line': line_of(Odd.__call__)}),
    ],
    ids=[
        *('function', 'partial', 'wrapped', 'cached', 'method', 'object', 'class'),
        *('builtin', 'len', 'bound builtin', 'odd'),
    ],
)
def test_what_is_known(func, place):
    """Functions of any kind, and objects that can be called."""
    assert place_of(func) == place


def test_a_lambda():
    """Its qualified name says where it is."""
    func = lambda: 1  # noqa: E731
    place = place_of(func)
    assert place['qualname'] == 'test_a_lambda.<locals>.<lambda>'
    assert place['line'] == line_of(func)


def call_of(bench):
    """Return the place in the last record."""
    call = bench.get_results()[-1]['call']
    return {name: call[name] for name in ('module', 'qualname', 'line') if name in call}


def hooked(cls):
    """Return a subclass whose records are built as dicts."""
    return type('Hooked', (cls,), {'capture_own': lambda self, bm_data: None})


class Captured(MicroBench, MBFunctionCall):
    """C captures the arguments."""


@pytest.mark.parametrize(
    'cls', [MicroBench, Captured, hooked(MicroBench), hooked(Captured)]
)
@pytest.mark.parametrize('journal', ['off', 'on'])
@pytest.mark.parametrize('label', [None, 'other'])
def test_every_form_has_it(cls, journal, label, tmp_path):
    """Records of functions, from the first on; blocks have none."""
    bench = cls(tmp_path / 'out.jsonl', journal=journal)
    decorated = bench(work) if label is None else bench(name=label)(work)
    for _ in range(3):
        assert decorated(3) == 3
        assert call_of(bench) == place_of(work)
        assert bench.get_results()[-1]['call']['name'] == (label or 'work')
    with bench.record('work'):
        pass
    assert call_of(bench) == {}


@pytest.mark.parametrize('cls', [MicroBench, hooked(MicroBench)])
@pytest.mark.parametrize('odd', ['password=hunter2secret', 'token \ud800'])
def test_names_are_kept_as_they_are(cls, odd):
    """They come from the source code, as call.name does."""
    bench = cls()

    def named():
        pass

    named.__qualname__ = named.__module__ = odd
    decorated = bench(named)
    text = odd.encode(errors='backslashreplace').decode()  # JSON has no lone surrogates
    for _ in range(3):
        decorated()
        assert call_of(bench) == {'module': text, 'qualname': text, 'line': line_of(named)}
        assert 'masked' not in bench.get_results()[-1]['mb']


NO_DESCRIPTOR = """
import io, resource, sys, threading
from microbench import MicroBench
class Hooked(MicroBench):
    def capture_own(self, bm_data):
        pass
bench = {'text': MicroBench, 'dict': Hooked}[sys.argv[1]](io.StringIO())
labelled, plain = bench(name='labelled')(int), bench(int)
@bench(name='generator')
def generator():
    yield 0
def block():
    with bench.record('block'):
        return 0
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
results = []
for call in (labelled, plain, block, lambda: next(generator())):
    for run in (call, call):
        thread = threading.Thread(target=lambda: results.append(run()))
        thread.start()
        thread.join()
    results.append(call())
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
print(results == [0] * 12, len(bench.get_results()))
"""


@pytest.mark.parametrize('form', ['text', 'dict'])
def test_without_descriptors(form):
    """Places and threads need no module that is not loaded yet."""
    assert printed(NO_DESCRIPTOR, form) == 'True 12\n'


def test_a_function_that_wraps_another_one_later():
    """C does not look for `__wrapped__` at each call; any other change makes it look."""
    bench = MicroBench()

    def outer():
        pass

    decorated = bench(outer)
    lines = []
    for name, value in [('a', 1), ('a', 2), ('__wrapped__', work), ('__name__', 'other')]:
        setattr(outer, name, value)
        decorated()
        lines.append(call_of(bench)['line'])
    assert lines == [*[line_of(outer)] * 3, line_of(work)]


def test_annotated_calls():
    """Python completes their records."""
    bench = MicroBench()

    @bench
    def annotated():
        bench.annotate(rows=1)

    for _ in range(3):
        annotated()
        assert call_of(bench) == place_of(annotated.__wrapped__)


def test_generators_and_coroutines():
    """They have their own line."""
    bench = MicroBench()

    @bench
    def generator():
        yield 1

    @bench
    async def coroutine():
        pass

    for _ in range(3):
        list(generator())
        assert call_of(bench) == place_of(generator.__wrapped__)
        with pytest.raises(StopIteration):
            coroutine().send(None)
        assert call_of(bench) == place_of(coroutine.__wrapped__)


def test_bare_benches():
    """MicroBenchBase has none, nor has a bench without surroundings."""
    bare = type('Bare', (MicroBench,), {'surroundings': False})
    for cls in (MicroBenchBase, bare):
        bench = cls()
        decorated = bench(work)
        for _ in range(3):
            decorated()
            assert call_of(bench) == {}


def test_a_function_that_moves():
    """The next record has its new place, also where C writes it."""
    bench = MicroBench()

    def moving():
        pass

    decorated = bench(moving)
    for _ in range(3):
        decorated()
    for name, value in [
        ('__qualname__', 'Elsewhere.moving'),
        ('__module__', 'elsewhere'),
        ('__code__', moving.__code__.replace(co_firstlineno=7)),
    ]:
        setattr(moving, name, value)
        for _ in range(2):
            decorated()
            assert call_of(bench) == place_of(moving)
    assert call_of(bench) == {
        'module': 'elsewhere',
        'qualname': 'Elsewhere.moving',
        'line': 7,
    }


def test_sampled_calls():
    """So have those that are chosen, and the counts that are left at the end."""
    bench = MicroBench(every=2)
    decorated = bench(work)
    for _ in range(4):
        decorated()
    bench.flush()
    places = [call_of_record(record) for record in bench.get_results()]
    assert places == [place_of(work)] * len(places)
    assert len(places) == 3
    assert only({record['call']['name'] for record in bench.get_results()}) == 'work'


def call_of_record(record):
    """Return the place in a record."""
    names = ('module', 'qualname', 'line')
    return {name: record['call'][name] for name in names if name in record['call']}
