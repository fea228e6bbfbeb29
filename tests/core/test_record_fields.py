"""Fields of one record: of a block, of a decorator, and by annotate()."""

import asyncio
import functools
import math
import threading
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import (
    FileOutput,
    JSONEncodeWarning,
    MBReturnValue,
    MicroBench,
    MicroBenchBase,
)
from tests.fakes import only, python

OWN = {'mb', 'call'}


class InPython(MicroBenchBase):
    """Its records are built as dicts."""

    def capture_nothing(self, bm_data):
        """Do nothing."""


FORMS = pytest.mark.parametrize('form', [MicroBenchBase, InPython], ids=['text', 'dict'])


def fields_of(bench):
    """Return the further fields of the last record."""
    return {k: v for k, v in bench.get_results()[-1].items() if k not in OWN}


# --- blocks ---------------------------------------------------------------------------


@FORMS
def test_a_block(form):
    """The first block is begun in Python, later ones in C."""
    bench = form(experiment='baseline')
    for number in range(4):
        with bench.record('sort', n=number) as record:
            record.annotate(residual=1e-9, tags=['a'])
        assert fields_of(bench) == {
            'experiment': 'baseline',
            'n': number,
            'residual': 1e-9,
            'tags': ['a'],
        }
        assert bench.get_results()[-1]['call']['name'] == 'sort'


@FORMS
def test_a_later_value_wins(form):
    """Also over a static field."""
    bench = form(n=1, other=1)
    for _ in range(3):
        with bench.record('sort', n=2) as record:
            record.annotate(n=3, k=1)
            bench.annotate(k=2)
        assert fields_of(bench) == {'n': 3, 'other': 1, 'k': 2}


@FORMS
def test_the_next_record_has_none(form):
    """They belong to one record."""
    bench = form()
    for _ in range(3):
        with bench.record('one', a=1):
            bench.annotate(b=1)
        with bench.record('two'):
            pass
        assert fields_of(bench) == {}


@FORMS
def test_the_present_state_is_stored(form):
    """What becomes of a value afterwards does not show."""
    bench, values = form(), [1]
    block = bench.record('block', given=values)
    for _ in range(2):
        values.append(2)
        with block:
            bench.annotate(seen=values)
            values.clear()
        assert fields_of(bench)['given'] == [1]
    assert [r['seen'] for r in bench.get_results()] == [[1, 2], [2]]


@FORMS
@pytest.mark.parametrize('name', ['call', 'mb'])
def test_reserved_names(form, name):
    """A dict is merged; anything else raises before the code runs."""
    bench = form()
    for _ in range(2):
        with bench.record('block', **{name: {'given': 1}}):
            bench.annotate(**{name: {'colour': 'red'}})
        found = bench.get_results()[-1]
        assert (found[name]['colour'], found[name]['given']) == ('red', 1)
        assert found['call']['name'] == 'block'
    with pytest.raises(ValueError, match='reserved'):
        bench.record('block', **{name: 1})
    with bench.record(), pytest.raises(ValueError, match='reserved'):
        bench.annotate(**{name: 1})


@FORMS
def test_a_value_that_cannot_be_encoded(form):
    """It becomes a placeholder, with one warning; the other fields are there."""
    bench = form()
    with pytest.warns(JSONEncodeWarning) as caught, bench.record():
        bench.annotate(odd=object(), a=1)
    assert len(caught) == 1
    assert fields_of(bench)['a'] == 1
    assert 'odd' in fields_of(bench)


@FORMS
def test_no_number(form):
    """Non-finite numbers are null, as everywhere."""
    bench = form()
    with bench.record():
        bench.annotate(x=math.nan)
    assert fields_of(bench) == {'x': None}


@FORMS
def test_a_block_that_raises(form):
    """Both the exception and the fields are in the record."""
    bench = form()
    for _ in range(3):
        with pytest.raises(KeyError), bench.record(a=1):
            bench.annotate(b=2)
            raise KeyError
        found = fields_of(bench)
        assert (found['a'], found['b'], found['exception']['type']) == (1, 2, 'KeyError')


def test_after_the_end():
    """There is one warning, at the line of the caller, and nothing is stored."""
    bench = MicroBenchBase()
    with bench.record('sort') as record:
        pass
    with pytest.warns(RuntimeWarning, match="'sort' is not open") as caught:
        record.annotate(a=1)
    assert [warning.filename for warning in caught] == [__file__]
    assert fields_of(bench) == {}


def test_outside_of_any_record():
    """bench.annotate() does nothing, as bench.time() does."""
    bench = MicroBenchBase()
    bench.annotate(a=1)
    with bench.record():
        pass
    assert fields_of(bench) == {}


def test_switched_off(monkeypatch, capsys):
    """The same program runs, and no value is encoded."""
    monkeypatch.setenv('MICROBENCH', 'off')
    bench = MicroBenchBase()

    @bench(name='fit', dataset=object())
    def work():
        bench.annotate(a=1)
        return 5

    with bench.record('block', n=1) as record:
        record.annotate(b=1)
    assert work() == 5
    assert bench.get_results() == []
    assert capsys.readouterr().err == ''  # where the warning of a value would be


def test_fields_named_as_the_object():
    """A field may have the name of the first argument of a method."""
    bench = MicroBenchBase()
    for _ in range(3):
        with bench.record('work', self=1) as record:
            record.annotate(block=2)
        assert bench.get_results()[-1]['self'] == 1
        with bench.record('work') as record:
            record.annotate(self=3)
        assert bench.get_results()[-1]['self'] == 3


NO_DESCRIPTOR = """
import os, resource, warnings
from microbench import MicroBench, NullOutput
bench = MicroBench(outputs=[NullOutput()])
with bench.record('warm up'):
    pass
bench(len)('')
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
try:
    while True:
        os.open('/dev/null', os.O_RDONLY)
except OSError:
    pass
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    with bench.record('block', n=1) as record:
        record.annotate(a=1)
        bench.annotate(b=1)
    print(bench(name='other', k=1)(len)('abc'), {str(w.message)[:26] for w in caught})
"""


def test_without_descriptors():
    """The program goes on, with a warning: the module cannot be loaded."""
    done = python(NO_DESCRIPTOR)
    assert (done.stdout, done.stderr) == ("3 {'nothing is recorded here: '}\n", '')


# --- where annotate() goes ------------------------------------------------------------


@FORMS
def test_the_innermost_record(form):
    """Whichever bench it belongs to, as with phases."""
    outer, inner = form(), form()
    for _ in range(3):
        with outer.record('outer') as record:
            outer.annotate(a=1)
            with inner.record('inner'):
                outer.annotate(b=1)
                record.annotate(c=1)
            outer.annotate(d=1)
        assert fields_of(outer) == {'a': 1, 'c': 1, 'd': 1}
        assert fields_of(inner) == {'b': 1}


@FORMS
def test_a_worker_thread(form):
    """A thread that opened no record adds to the one that is open elsewhere."""
    bench = form()
    for number in range(3):
        with bench.record():
            threads = [
                threading.Thread(target=bench.annotate, kwargs={f'of_{i}': number})
                for i in range(4)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert fields_of(bench) == {f'of_{i}': number for i in range(4)}


@FORMS
def test_every_way_in(form):
    """Functions, coroutine functions, generators and async generators."""
    bench = form()

    @bench
    def function():
        bench.annotate(way='function')

    @bench
    async def coroutine():
        await asyncio.sleep(0)
        bench.annotate(way='coroutine')

    @bench
    def generator():
        yield bench.annotate(way='generator')

    @bench
    async def async_generator():
        yield bench.annotate(way='async generator')

    async def consume():
        async for _ in async_generator():
            pass

    async def block():
        async with bench.arecord('block', given=1):
            bench.annotate(way='block')

    for _ in range(3):
        function()
        assert fields_of(bench) == {'way': 'function'}
        asyncio.run(coroutine())
        assert fields_of(bench) == {'way': 'coroutine'}
        list(generator())
        assert fields_of(bench) == {'way': 'generator'}
        asyncio.run(consume())
        assert fields_of(bench) == {'way': 'async generator'}
        asyncio.run(block())
        assert fields_of(bench) == {'given': 1, 'way': 'block'}


def test_beside_a_return_value():
    """What is captured after the code is there."""
    bench = type('Bench', (MicroBench, MBReturnValue), {'surroundings': False})()

    @bench
    def work(x):
        bench.annotate(x=x)
        return x + 1

    for number in range(3):
        assert work(number) == number + 1
        record = bench.get_results()[-1]
        assert (record['x'], record['call']['return_value']) == (number, number + 1)


def test_iterations():
    """Each iteration adds to the one record."""
    bench = MicroBenchBase(iterations=3)
    calls = []

    @bench
    def work():
        calls.append(None)
        bench.annotate(last=len(calls))

    for number in (3, 6):
        work()
        assert fields_of(bench) == {'last': number}
        assert len(bench.get_results()[-1]['call']['durations']) == 3


# --- decorators -----------------------------------------------------------------------


@FORMS
def test_a_decorator_with_a_name_and_fields(form):
    """The function stays what it is."""
    bench = form()

    @bench(name='fit', dataset='iris')
    def work(x):
        """Work."""
        return x

    for number in range(3):
        assert work(number) == number
        assert bench.get_results()[-1]['call']['name'] == 'fit'
        assert fields_of(bench) == {'dataset': 'iris'}
    assert (work.__name__, work.__doc__) == ('work', 'Work.')


@FORMS
def test_a_decorator_without_a_name(form):
    """It decorates as the bench itself does."""
    bench = form()
    for decorator in (bench(), bench(name=None), bench(name=None, k=1)):
        assert decorator(len)('abc') == 3
        with pytest.raises(TypeError, match='cannot be called'):
            decorator(None)
    records = bench.get_results()
    assert [record['call']['name'] for record in records] == ['len'] * 3
    assert [record.get('k') for record in records] == [None, None, 1]


def test_a_function_by_keyword():
    """It is decorated, as by 2.1.0; a field of that name is a field."""
    bench = MicroBenchBase()
    assert bench(func=len)('abc') == 3
    assert bench(name='named', func=len)('abc') == 3
    assert bench(func='a text')(len)('abc') == 3
    first, second, third = bench.get_results()
    assert [r['call']['name'] for r in (first, second, third)] == ['len', 'named', 'len']
    assert third['func'] == 'a text'


def test_a_name_costs_nothing():
    """C writes the records of whatever can be called, under that name."""
    bench = MicroBenchBase()
    for func in (functools.partial(max, 1), lambda x: x, max):
        work = bench(name='other')(func)
        for _ in range(3):
            assert work(2, 3) == 3 if func is max else work(2) == 2
        assert bench.explain_path(work) == []
        assert work.__timed__.recorder.records > 0
    names = {record['call']['name'] for record in bench.get_results()}
    assert names == {'other'}


def test_fields_are_explained():
    """With fields, Python completes the record."""
    bench = MicroBenchBase()
    work = bench(colour='red')(lambda: None)
    work(), work()
    [reason] = bench.explain_path(work)
    assert 'its decorator has fields' in reason


def test_methods():
    """Methods, class methods and static methods."""
    bench = MicroBenchBase()

    class Solver:
        @bench(name='method')
        def method(self):
            return 1

        @bench(name='class')
        @classmethod
        def of_class(cls):
            return 2

        @staticmethod
        @bench(name='static', k=1)
        def static():
            return 3

    solver = Solver()
    for _ in range(3):
        assert (solver.method(), Solver.of_class(), solver.static()) == (1, 2, 3)
    names = [record['call']['name'] for record in bench.get_results()]
    assert names == ['method', 'class', 'static'] * 3
    assert bench.get_results()[-1]['k'] == 1


def test_suspended_functions():
    """Coroutine functions and generators have names and fields, too."""
    bench = MicroBenchBase()

    @bench(name='co', k=1)
    async def coroutine():
        pass

    @bench(name='gen', k=2)
    def generator():
        yield

    for _ in range(2):
        asyncio.run(coroutine())
        list(generator())
    found = [(r['call']['name'], r['k']) for r in bench.get_results()]
    assert found == [('co', 1), ('gen', 2)] * 2


def test_every():
    """A record that stands for many calls has them."""
    bench = MicroBenchBase(every=2)
    work = bench(name='many', colour='red')(lambda: None)
    for _ in range(4):
        work()
    bench.flush()
    found = [(r['call']['name'], r['colour']) for r in bench.get_results()]
    assert set(found) == {('many', 'red')}


# --- equality -------------------------------------------------------------------------

NAMES = st.sampled_from(['a', 'b', 'exception', 'host', 'é', 'n.m', '_hidden'])
PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5)
INNER = PLAIN | st.lists(PLAIN, max_size=2)
VALUES = INNER | st.dictionaries(st.text(), INNER, max_size=2)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(
    st.fixed_dictionaries({}, optional={'a': VALUES, 'k': VALUES}), FIELDS, st.lists(FIELDS)
)
def test_both_forms_are_equal(static, given_fields, later):
    """Any fields, of a bench, a block and annotate(), in any order."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', JSONEncodeWarning)
        found = []
        for form in (MicroBenchBase, InPython):
            bench = form(**static)
            for _ in range(2):
                with bench.record('block', **given_fields):
                    for fields in later:
                        bench.annotate(**fields)
                found.append(fields_of(bench))
        expected = {**static, **given_fields}
        for fields in later:
            expected.update(fields)
        expected.pop('_hidden', None)
    assert found == [expected] * 4
    assert [list(fields) for fields in found] == [list(expected)] * 4


class Captured(MicroBench):
    """C records what is captured, the Python."""


class CapturedInPython(Captured):
    """Its records are built as dicts."""

    def capturepost_more(self, bm_data):
        """Add a field behind all others."""
        bm_data['more'] = 1


@pytest.mark.parametrize('name', ['python', 'host', 'static', 'k'])
def test_fields_of_a_record_come_before_what_is_captured(name):
    """A decorator's, a block's and later ones take the place of others of their name."""
    for form in Captured, CapturedInPython:
        bench = form(static=1)

        @bench(name='work', **{name: 'given', 'z': 2})
        def work(bench=bench):
            bench.annotate(y=3)

        for _ in range(3):
            work()
            with bench.record('work', **{name: 'given', 'z': 2}):
                bench.annotate(y=3)
        common = ['mb', 'call', 'host', 'process', 'static']
        expected = dict.fromkeys([*common, name, 'z', 'y', 'python'])
        for record in bench.get_results():
            assert record[name] == 'given'
            more = {'resource_usage', 'more'} & set(record)
            assert list(record)[: len(record) - len(more)] == [*expected]


# --- the end --------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from microbench import MBWorkingDir, MicroBench
class Bench(MicroBench, MBWorkingDir):
    pass
bench = Bench(sys.argv[1], experiment='e', journal=sys.argv[2])
for number in range(3):
    with bench.record('block', given=number) as record:
        record.annotate(early=number)
        with bench.time('step'):
            bench.annotate(late=[number], experiment='f')
            if number == 2:
                {last}
"""
KILL = 'os.kill(os.getpid(), signal.SIGKILL)'


@pytest.mark.parametrize('journal', ['auto', 'on'])
@pytest.mark.parametrize(
    ('begin', 'path'),
    [('', 'recovered'), ('bench.record_on_exit()', 'native')],
    ids=['SIGKILL', 'SIGSEGV'],
)
def test_a_process_that_is_killed(tmp_path, journal, begin, path):
    """The recovered record has what was annotated before."""
    last = KILL if path == 'recovered' else f'{begin}; {KILL.replace("KILL", "SEGV")}'
    python(KILLED.format(last=last), tmp_path / 'out.jsonl', journal)
    records = FileOutput(tmp_path / 'out.jsonl').get_results()
    [found] = [r for r in records if r.get('exit_path') and r['call']['name'] == 'block']
    assert found['exit_path'] == path
    assert (found['given'], found['early'], found['late']) == (2, 2, [2])
    assert found['experiment'] == 'f'
    assert found['call']['open_timings'][0]['name'] == 'step'
    assert found['call']['working_dir']


FUNCTION = """
import os, signal, sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1], journal='on')
@bench(name='fit', dataset='iris')
def work(number):
    bench.annotate(number=number)
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
for number in range(9):
    work(number)
"""


def test_a_function_that_is_killed(tmp_path):
    """With journal='on' the record of a call comes back under its name."""
    python(FUNCTION, tmp_path / 'out.jsonl')
    records = FileOutput(tmp_path / 'out.jsonl').get_results()
    assert [record['number'] for record in records] == [0, 1, 2, 3]
    last = records[-1]
    assert (last['exit_path'], last['call']['name']) == ('recovered', 'fit')
    assert last['dataset'] == 'iris'


PROCESS = """
import os, signal, sys
from microbench import MicroBench
bench = MicroBench(sys.argv[1], early=1)
bench.record_on_exit('job')
bench.annotate(rows=5, early=2)
bench.add_fields(static=1)
with bench.record('block'):
    bench.annotate(inner=1)
bench.annotate(rows=6)
{last}
"""


@pytest.mark.parametrize(
    ('last', 'path'),
    [
        ('', None),
        ('os.kill(os.getpid(), signal.SIGTERM)', None),
        ('os.kill(os.getpid(), signal.SIGSEGV)', 'native'),
        (KILL, 'recovered'),
    ],
    ids=['normal', 'SIGTERM', 'SIGSEGV', 'SIGKILL'],
)
def test_the_record_of_the_process(tmp_path, last, path):
    """Outside any other record it gets the fields, in each of its forms."""
    python(PROCESS.format(last=last), tmp_path / 'out.jsonl')
    records = FileOutput(tmp_path / 'out.jsonl').get_results()
    job = only([r for r in records if r['call']['name'] == 'job'])
    assert job.get('exit_path') == path
    assert (job['rows'], job['early'], job['static']) == (6, 2, 1)
    assert 'inner' not in job
