"""What `@bench` returns is a function, to all that ask what it is."""

import abc
import dis
import doctest
import functools
import gc
import inspect
import sys
import traceback
import types
import typing
import warnings
import weakref
from pathlib import Path
from unittest import mock

import pytest

from microbench import MBFunctionCall, MicroBench, MicroBenchBase
from tests.fakes import FREE_THREADED, Ticking, call_of, printed


@pytest.fixture
def bench():
    """A bench whose clock ticks once at each reading."""
    return MicroBenchBase(duration_counter=Ticking())


def plain(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Return the text.

    >>> plain(1)
    '1'
    """
    return str(a)


async def coroutine(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Return the text."""
    return str(a)


def generator(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Yield the text."""
    yield str(a)


async def async_generator(a: int, b: 'list[int]' = (), *, c: float = 1.5) -> 'str':
    """Yield the text."""
    yield str(a)


KINDS = [plain, coroutine, generator, async_generator]


def drain(made):
    """Run a call of any kind to its end; return its value, or all that it yields."""
    if inspect.isgenerator(made):
        return ''.join(made)
    if inspect.isasyncgen(made):
        made = _joined(made)
    if not inspect.iscoroutine(made):
        return made
    with pytest.raises(StopIteration) as stopped:
        made.send(None)
    return stopped.value.value


async def _joined(values):
    return ''.join([value async for value in values])


@pytest.mark.parametrize('func', KINDS)
def test_it_is_a_function_of_the_same_kind(bench, func):
    """Every predicate of inspect says of it what it says of the function."""
    timed = bench(func)
    assert type(timed) is types.FunctionType
    for name in dir(inspect):
        if name.startswith('is') and name != 'isabstract':
            predicate = getattr(inspect, name)
            assert predicate(timed) == predicate(func), name
    assert drain(timed(7)) == '7'
    assert call_of(bench)['name'] == func.__name__


@pytest.mark.parametrize('func', KINDS)
def test_what_it_says_of_itself(bench, func):
    """Signature, annotations, source, names and defaults are those of the function."""
    timed = bench(func)
    assert inspect.unwrap(timed) is func
    assert inspect.signature(timed) == inspect.signature(func)
    assert inspect.getfile(timed) == inspect.getfile(func)
    assert inspect.getsource(timed) == inspect.getsource(func)
    assert inspect.getmodule(timed) is inspect.getmodule(func)
    assert inspect.getdoc(timed) == inspect.getdoc(func)
    assert inspect.get_annotations(timed) == inspect.get_annotations(func)
    assert typing.get_type_hints(timed) == typing.get_type_hints(func)
    for name in ('__name__', '__qualname__', '__module__', '__globals__', '__builtins__'):
        assert getattr(timed, name) is getattr(func, name)
    for name in ('__defaults__', '__kwdefaults__', '__annotations__'):
        assert getattr(timed, name) is getattr(func, name)
    assert timed.__code__.co_firstlineno == func.__code__.co_firstlineno
    lines = {line for *_, line in timed.__code__.co_lines() if line is not None}
    assert lines == {func.__code__.co_firstlineno}


@pytest.mark.parametrize('func', KINDS)
def test_it_uses_no_global_name(bench, func):
    """The wrapper has the function's globals, where any name may mean anything."""
    timed = bench(func)
    opcodes = {instruction.opname for instruction in dis.get_instructions(timed)}
    assert not {'LOAD_GLOBAL', 'LOAD_NAME'} & opcodes


def test_type_parameters(bench):
    """Type parameters, where Python has them, are those of the function."""
    if sys.version_info < (3, 12):
        return
    scope = {}
    exec('def first[T](values: list[T]) -> T:\n    return values[0]', scope)
    timed = bench(scope['first'])
    assert timed.__type_params__ is scope['first'].__type_params__
    assert timed([3]) == 3


def test_what_is_no_function(bench):
    """A partial, a built-in, a class and an object become functions with a name."""

    class Callable:
        def __call__(self, value):
            return value

    for func, name in [
        (functools.partial(max, 3), 'max'),
        (len, 'len'),
        (Callable, 'Callable'),
        (Callable(), 'Callable'),
        ([].append, 'append'),
    ]:
        timed = bench(func)
        assert inspect.isfunction(timed)
        assert timed.__name__ == name
        assert timed.__wrapped__ is func
    assert bench([1].count)(1) == 1
    assert bench(functools.partial(max, 3))(2) == 3


def test_doctests_are_found(bench):
    """The doctest module finds the examples of a decorated function at their line."""
    module = types.ModuleType('decorated')
    text = Path(__file__).read_text(encoding='utf-8')
    start = text.index('def plain(')
    exec(compile(text[start : text.index('async def')], __file__, 'exec'), vars(module))
    module.plain = bench(module.plain)
    [found] = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert found.name == 'decorated.plain'
    assert doctest.DocTestRunner().run(found) == (0, 1)


def test_a_frame_of_microbench_shows_the_decorated_function(bench):
    """A traceback has lines of the user's file and of the recording of the call only."""

    @bench
    def failing():
        raise KeyError

    with pytest.raises(KeyError) as raised:
        failing()
    files = {entry.filename for entry in traceback.extract_tb(raised.value.__traceback__)}
    assert files == {__file__}


@pytest.mark.parametrize('func', [*KINDS, lambda: None, functools.partial(plain, 1), len])
def test_tools_can_define_a_function_by_the_name_of_its_code(bench, func):
    """Tools that generate wrappers, as makefun does, write `def` and that name."""
    name = bench(func).__code__.co_name
    scope = {}
    exec(f'def {name}(): return 1', scope)
    assert scope[name]() == 1
    assert name != getattr(func, '__name__', None)  # profilers would take both for one


def a_class(bench):
    """A class with a method of each kind that mentions it."""

    class Before:
        @bench
        def plain(self):
            return __class__

        @bench
        async def coroutine(self):
            return __class__

        @bench
        def generator(self):
            yield __class__

        @bench
        async def async_generator(self):
            yield __class__

        @bench
        @classmethod
        def of_the_class(cls):
            return __class__

    return Before


def test_a_class_that_is_made_anew(bench):
    """A class made anew, as by attrs for slots, replaces the one in `__class__`."""
    before = a_class(bench)
    after = type('After', (), dict(vars(before)))
    for member in vars(after).values():
        for cell in getattr(getattr(member, '__func__', member), '__closure__', ()) or ():
            if cell.cell_contents is before:
                cell.cell_contents = after
    made = after()
    assert made.plain() is made.of_the_class() is after
    assert list(made.generator()) == [after]
    with pytest.raises(StopIteration) as stopped:
        made.coroutine().send(None)
    assert stopped.value.value is after
    with pytest.raises(StopIteration) as stopped:
        made.async_generator().asend(None).send(None)
    assert stopped.value.value is after


def test_a_name_that_is_no_identifier(bench):
    """A name may be any text."""

    def func(): ...

    func.__name__ = 'GET /'
    timed = bench(func)
    assert timed.__name__ == 'GET /'
    assert timed.__code__.co_name.isidentifier()


@pytest.mark.parametrize('func', KINDS)
def test_warnings_point_to_the_caller(func):
    """A warning of microbench names the line of the call, not that of the decorator."""

    class Bench(MicroBenchBase, MBFunctionCall):
        pass

    timed = Bench()(func)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        drain(timed(object()))
    [entry] = caught
    assert entry.filename == __file__
    assert entry.lineno != func.__code__.co_firstlineno


# --- places in a class ----------------------------------------------------------------


def test_methods_are_found(bench):
    """Members of a class are functions to those who look for methods, such as Ray."""

    class Service:
        @bench
        def decorated(self):
            return 1

        @bench
        async def waits(self):
            return 2

        @bench
        @staticmethod
        def static():
            return 3

    found = [name for name, _ in inspect.getmembers(Service, inspect.isfunction)]
    assert found == ['decorated', 'static', 'waits']
    bound = [name for name, _ in inspect.getmembers(Service(), inspect.ismethod)]
    assert bound == ['decorated', 'waits']
    assert Service.decorated(Service()) == 1


def test_methods_that_python_treats_specially(bench):
    """`__new__`, `__init_subclass__` and `__class_getitem__` need no further decorator."""

    class Above:
        made = []

        @bench
        def __new__(cls):
            return super().__new__(cls)

        @bench
        def __init_subclass__(cls, **options):
            cls.made.append((cls.__name__, options))

        @bench
        def __class_getitem__(cls, item):
            return (cls, item)

    class Below(Above, option=1):
        pass

    assert Above.made == [('Below', {'option': 1})]
    assert Below[int] == (Below, int)
    assert type(Below()) is Below


def test_protocols_of_python(bench):
    """Special methods that Python looks up on the type are called."""

    class Field:
        @bench
        def __set_name__(self, owner, name):
            self.name = name

        @bench
        def __get__(self, instance, owner):
            return self.name

    class Thing:
        field = Field()

        @bench
        def __getitem__(self, key):
            return key

        @bench
        def __len__(self):
            return 3

        @bench
        def __eq__(self, other):
            return True

        __hash__ = None

        @bench
        def __enter__(self):
            return self

        @bench
        def __exit__(self, *exception):
            return True

        @bench
        def __getattr__(self, name):
            return name

    thing = Thing()
    with thing as entered:
        raise KeyError
    assert entered is thing
    for _ in range(20):  # long enough to be specialised
        assert thing[5] == 5
        assert thing.missing == 'missing'
        assert (len(thing), thing == 1, thing.field) == (3, True, 'field')


def test_decorators_of_functools(bench):
    """singledispatch, caches, partialmethod and wraps stand above and below."""

    @functools.singledispatch
    @bench
    def kind(value):
        return 'any'

    @kind.register
    @bench
    def _(value: int):
        return 'int'

    class Thing:
        @functools.cached_property
        @bench
        def once(self):
            return object()

        @functools.singledispatchmethod
        @bench
        def kind(self, value):
            return 'any'

        @kind.register
        @bench
        def _(self, value: int):
            return 'int'

        @bench
        def power(self, base, exponent):
            return base**exponent

        square = functools.partialmethod(power, exponent=2)

    cached = functools.lru_cache(bench(lambda value: object()))
    thing = Thing()
    assert (kind('x'), kind(1), thing.kind('x'), thing.kind(1)) == ('any', 'int') * 2
    assert thing.once is thing.once
    assert thing.square(3) == 9
    assert cached(1) is cached(1)
    assert bench(functools.lru_cache(int))('7') == 7

    @bench
    @functools.wraps(plain)
    def outer(*args, **kwargs):
        return bench(plain)(*args, **kwargs)

    assert outer(1) == '1'
    assert inspect.unwrap(outer) is plain


def test_a_generator_that_can_be_awaited(bench):
    """What types.coroutine() makes can be awaited, decorated below or above it."""

    def step():
        yield
        return 5

    async def main(func):
        return await func()

    for func in (bench(types.coroutine(step)), types.coroutine(bench(step))):
        waiting = main(func)
        waiting.send(None)
        with pytest.raises(StopIteration) as stopped:
            waiting.send(None)
        assert stopped.value.value == 5
    assert [r['call']['name'] for r in bench.get_results()] == ['step'] * 2


def test_a_proxy_of_a_class_method(bench):
    """An object that passes for a class method, as those of wrapt do, is bound as one."""

    class Proxy:
        __class__ = classmethod

        def __init__(self, method):
            self.__func__ = method.__func__
            self.method = method

        def __get__(self, instance, owner):
            return self.method.__get__(instance, owner)

    class Thing:
        @bench
        @Proxy
        @classmethod
        def made(cls, value):
            return (cls, value)

    assert Thing.made(1) == Thing().made(1) == (Thing, 1)
    assert bench.get_results()[-1]['call']['name'] == 'made'


def test_abstract_methods_stay_abstract(bench):
    """A class with a decorated abstract method cannot be made."""

    class Abstract(abc.ABC):
        @bench
        @abc.abstractmethod
        def step(self):
            pass

    with pytest.raises(TypeError, match='step'):
        Abstract()


def test_autospec(bench):
    """A specification of a decorated function or class checks the arguments of calls."""

    class Thing:
        @bench
        def method(self, value):
            return value

    double = mock.create_autospec(bench(plain), return_value='x')
    assert double(1, b=2) == 'x'
    with pytest.raises(TypeError):
        double(1, wrong=2)
    thing = mock.create_autospec(Thing, instance=True)
    thing.method(1)
    with pytest.raises(TypeError):
        thing.method()
    with mock.patch.object(Thing, 'method', autospec=True) as method:
        Thing().method(1)
    assert method.call_count == 1


def test_time_is_a_method_that_tools_know():
    """`bench.time` is a method descriptor of its class, with signature and docstring."""
    method = MicroBench.time
    assert isinstance(method, types.MethodDescriptorType)
    assert inspect.isroutine(method)
    assert list(inspect.signature(method).parameters) == ['self', 'name', 'sync']
    assert list(inspect.signature(MicroBench().time).parameters) == ['name', 'sync']
    assert method.__doc__.startswith('Time a named part')
    mock.create_autospec(MicroBench)().time('phase')


# --- what becomes of it ---------------------------------------------------------------


@pytest.mark.parametrize('func', KINDS)
def test_it_goes_with_its_last_reference(bench, func):
    """No cycle keeps a decorated function, or what it wraps, until a collection."""
    copied = types.FunctionType(func.__code__, func.__globals__)
    gone = weakref.ref(copied)
    timed = bench(copied)
    was = weakref.ref(timed)
    gc.disable()
    try:
        del copied, timed
        if FREE_THREADED:  # where any function of Python waits for a collection
            gc.collect()
        assert (was(), gone()) == (None, None)
    finally:
        gc.enable()


@pytest.mark.parametrize('func', KINDS)
def test_a_copy_of_it(bench, func):
    """A function made from the parts of a decorated one records too."""
    timed = bench(func)
    copied = types.FunctionType(
        timed.__code__, timed.__globals__, 'copied', None, timed.__closure__
    )
    del timed
    assert drain(copied(7, c=2)) == '7'
    assert call_of(bench)['name'] == func.__name__


def test_a_body_that_a_tool_replaced(bench):
    """Code that a tool puts into the function is what runs."""
    timed, within = bench(plain), None

    def with_these_cells():
        return timed and (within or 'replaced')

    timed.__code__ = with_these_cells.__code__
    assert timed() == 'replaced'
    assert next(iter(timed, 'the end')) == 'replaced'
    assert bench.get_results() == []


def test_an_emptied_closure(bench):
    """With an emptied closure the call raises, as Python does, and does not crash."""
    timed = bench(plain)
    timed.__closure__[0].cell_contents = max
    with pytest.raises(TypeError):
        timed(1)
    del timed.__closure__[0].cell_contents
    with pytest.raises(NameError):
        timed(1)


@pytest.mark.parametrize('func', KINDS)
def test_a_reload_that_copies_the_parts(bench, func):
    """Code and attributes of a new definition, put into the old function, are called.

    So does autoreload of IPython, which cannot copy the closure.
    """
    old = bench(func)
    for text in ('second', 'third'):
        other = MicroBenchBase(duration_counter=Ticking())
        scope = {}
        kind = 'async ' if func.__name__.startswith(('co', 'as')) else ''
        word = 'yield' if 'generator' in func.__name__ else 'return'
        exec(f'{kind}def new(a, **more):\n    {word} {text!r}', scope)
        new = other(scope['new'])
        for name in ('__code__', '__defaults__', '__doc__', '__dict__'):
            setattr(old, name, getattr(new, name))
        del new
        gc.collect()
        for _ in range(3):
            assert drain(old(1)) == text
            assert drain(next(map(old, [1]))) == text
        assert [r['call']['name'] for r in other.get_results()] == ['new'] * 6
    assert bench.get_results() == []


def test_a_real_autoreload(tmp_path):
    """After IPython's autoreload, functions and methods are the new ones."""
    pytest.importorskip('IPython')
    code = """
import os, warnings
warnings.simplefilter('ignore')
from IPython.core.interactiveshell import InteractiveShell
os.chdir(sys.argv[1])
sys.path.insert(0, '.')
sys.dont_write_bytecode = True
TEXT = '''
from microbench import MicroBench
bench = MicroBench('records.jsonl')
@bench
def work(): return VALUE
@bench
async def waits(): return VALUE
@bench
def yields(): yield VALUE
class Thing:
    @bench
    def method(self): return VALUE
    @bench
    @classmethod
    def made(cls): return VALUE
    @property
    @bench
    def prop(self): return VALUE
'''
def write(value):
    open('usersmodule.py', 'w').write(TEXT.replace('VALUE', str(value)) + '#' * value)
    os.utime('usersmodule.py', (value, value))
write(1)
shell = InteractiveShell()
def run(cell):
    shell.run_cell(cell).raise_error()
run('%load_ext autoreload')
run('%autoreload 2')
run('import usersmodule, asyncio')
run('from usersmodule import *')
run('thing = Thing()')
for value in (1, 2, 3):
    write(value)
    run('seen = work(), asyncio.run(waits()), list(yields()), thing.method(), '
        'Thing.made(), thing.prop')
    print(*shell.user_ns['seen'], len(shell.user_ns['bench'].get_results()))
"""
    bare = printed(code, tmp_path, env={'MICROBENCH': 'off', 'IPYTHONDIR': str(tmp_path)})
    timed = printed(code, tmp_path, env={'IPYTHONDIR': str(tmp_path)})
    expected = ''.join(f'{v} {v} [{v}] {v} {v} {v} ' + '{}\n' for v in (1, 2, 3))
    assert bare == expected.format(0, 0, 0)
    assert timed == expected.format(6, 12, 18)
