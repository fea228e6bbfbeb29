"""The arguments of a bench: what is refused, what goes first, what can change later."""

import datetime as dt
import inspect
import io
import json
import time

import pytest

from microbench import FileOutput, JSONEncoder, MicroBench, MicroBenchBase
from tests.fakes import Kept, Ticking, call_of, only

PARAMETERS = [
    *('outfile', 'json_encoder', 'tz', 'iterations', 'warmup', 'duration_counter'),
    *('outputs', 'on_output_error', 'journal', 'durations', 'every', 'sample'),
    *('max_value', 'min_time', 'max_time', 'precision', 'spool', 'static_fields'),
]

# parameter, wrong value, exception
WRONG = [
    *[('iterations', value, TypeError) for value in ('3', 1.0, None, True, [], int)],
    *[('iterations', value, ValueError) for value in (-1, 2**70)],
    *[('warmup', value, TypeError) for value in ('3', 1.0, None, False, [], int)],
    *[('warmup', value, ValueError) for value in (-1, 2**70)],
    *[('durations', value, ValueError) for value in ('histo', None, True, ['list'])],
    *[('tz', value, TypeError) for value in ('UTC', 0, dt.timezone, dt.timedelta(0))],
    *[('duration_counter', value, TypeError) for value in (None, 5, 'perf_counter')],
    *[('json_encoder', value, TypeError) for value in ('x', int, JSONEncoder())],
    *[('json_encoder', value, TypeError) for value in (json.dumps, json.JSONDecoder)],
    *[('outputs', value, TypeError) for value in ('a.jsonl', b'a', 5, FileOutput())],
    *[('outputs', value, TypeError) for value in ([None], ['a.jsonl'], {'write': 1})],
    *[('outfile', value, TypeError) for value in (5, 1.5, [], object(), str)],
    *[('outfile', value, ValueError) for value in ('', 'a\0b', b'a\0b')],
    *[('on_output_error', value, ValueError) for value in ('', 'WARN', None, 5, [])],
    *[('journal', value, ValueError) for value in ('', 'AUTO', 5, [], '/no/directory')],
    *[('max_value', v, TypeError) for v in ('4096', 1.0, True, [], int, 'AUTO')],
    *[('max_value', value, ValueError) for value in (-1, 2**70)],
    *[('mb', value, ValueError) for value in (None, 5, 'x', [])],
    *[('call', value, ValueError) for value in (None, 5, 'x', [('a', 1)])],
]


def identified(value):
    """Return a value as the id of a test, the same in each process."""
    return repr(value).partition(' at 0x')[0][:30]


@pytest.mark.parametrize('cls', [MicroBenchBase, MicroBench])
@pytest.mark.parametrize(('name', 'value', 'error'), WRONG, ids=identified)
def test_a_wrong_argument_is_named(cls, name, value, error):
    """Mistakes raise at construction, in one line that names the parameter."""
    with pytest.raises(error) as caught:
        cls(**{name: value})
    message = str(caught.value)
    assert type(caught.value) is error
    assert name in message
    assert '\n' not in message


def test_an_output_class_is_no_sink():
    """The constructor rejects a class where an object is meant."""
    with pytest.raises(TypeError, match='outputs'):
        MicroBenchBase(outputs=[FileOutput])


def test_too_many_positional_arguments():
    """The seven parameters of 2.1.0 go by position; fields go by keyword."""
    seven = [None, JSONEncoder, dt.timezone.utc, 1, 0, time.perf_counter, []]
    MicroBenchBase(*seven)
    with pytest.raises(ValueError, match='keyword'):
        MicroBenchBase(*seven, 'eighth')


def test_positional_arguments_arrive():
    """The seven positional arguments are the parameters of 2.1.0."""
    kept, tz, counter = Kept(), dt.timezone(dt.timedelta(hours=3)), Ticking()
    bench = MicroBenchBase(None, JSONEncoder, tz, 2, 1, counter, [kept])
    calls = []
    bench(lambda: calls.append(1))()
    record = only(kept.records)
    assert (len(calls), record['call']['durations']) == (3, [1.0, 1.0])
    assert record['mb']['timezone'] == 'UTC+03:00'


@pytest.mark.parametrize('outputs', [[], [FileOutput()]])
def test_outfile_and_outputs(outputs, tmp_path):
    """An outfile and outputs together are rejected, also where one is empty."""
    with pytest.raises(ValueError, match='mutually exclusive'):
        MicroBenchBase(outfile=tmp_path / 'a.jsonl', outputs=outputs)


def test_a_failed_construction_leaves_no_file(tmp_path):
    """Building a bench, well or not, makes no file."""
    path = tmp_path / 'a.jsonl'
    MicroBenchBase(path)
    with pytest.raises(TypeError, match='warmup'):
        MicroBenchBase(path, warmup='x')
    assert list(tmp_path.iterdir()) == []


def test_formats_of_results():
    """An unknown format is refused with a message that says `format`."""
    with pytest.raises(ValueError, match='format'):
        MicroBenchBase().get_results(format='csv')


def test_results_without_a_sink_that_reads():
    """The message of the RuntimeError names `get_results`."""
    with pytest.raises(RuntimeError, match='get_results'):
        MicroBenchBase(outputs=[Kept()]).get_results()


# --- whole numbers --------------------------------------------------------------------


def test_integers_of_other_kinds():
    """Integers of other types, such as numpy's, are accepted."""
    numpy = pytest.importorskip('numpy')
    bench = MicroBenchBase(iterations=numpy.int64(2), warmup=numpy.uint8(1))
    assert (bench.iterations, bench.warmup) == (2, 1)
    assert type(bench.iterations) is type(bench.warmup) is int


# --- where records go -----------------------------------------------------------------


def lines(path):
    """Return how many records a file has; 0 if it does not exist."""
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_order_of_preference(tmp_path):
    """Outputs go before the class attribute, and so does the argument."""
    of_class, of_call = tmp_path / 'class.jsonl', tmp_path / 'call.jsonl'

    class Bench(MicroBenchBase):
        outfile = of_class

    kept = Kept()
    Bench(outputs=[kept])(len)('')
    assert (len(kept.lines), lines(of_class)) == (1, 0)
    Bench(of_call)(len)('')
    assert (lines(of_call), lines(of_class)) == (1, 0)
    Bench()(len)('')
    assert (lines(of_call), lines(of_class)) == (1, 1)


@pytest.mark.parametrize('kind', [str, lambda path: path, lambda p: str(p).encode()])
def test_kinds_of_paths(tmp_path, kind):
    """A path is a str, bytes or any os.PathLike, as argument and class attribute."""
    path = tmp_path / 'a.jsonl'

    class Bench(MicroBenchBase):
        outfile = kind(path)

    MicroBenchBase(kind(path))(len)('')
    Bench()(len)('')
    assert lines(path) == 2


def test_outfile_of_the_class_can_be_a_file_object():
    """A file object as class attribute is shared by the benches of the class."""

    class Bench(MicroBenchBase):
        outfile = io.StringIO()

    Bench()(len)('')
    Bench()(len)('')
    assert Bench.outfile.getvalue().count('\n') == 2


def test_a_wrong_outfile_of_the_class():
    """The constructor raises, as for a wrong argument."""

    class Bench(MicroBenchBase):
        outfile = 5

    with pytest.raises(TypeError, match='outfile'):
        Bench()


def test_memory_is_private():
    """Without any destination each bench has a memory of its own."""
    first, second = MicroBenchBase(), MicroBenchBase()
    first(len)('')
    assert len(first.get_results()) == 1
    assert second.get_results() == []


def test_no_outputs():
    """With `outputs=[]` the code runs and nothing is stored, without a word."""
    bench = MicroBenchBase(outputs=[])
    assert bench(len)('abc') == 3
    with bench.record('block'), bench.time('part'):
        pass


@pytest.mark.parametrize('collection', [tuple, iter, lambda sinks: (s for s in sinks)])
def test_outputs_of_any_kind(collection):
    """Any iterable of sinks will do; each gets every record."""
    first, second = Kept(), Kept()
    bench = MicroBenchBase(outputs=collection([first, second]))
    bench(len)('')
    bench(len)('')
    assert first.lines == second.lines
    assert len(first.lines) == 2


def test_a_list_of_outputs_is_copied():
    """A list that the caller changes later changes nothing."""
    kept, given = Kept(), []
    bench = MicroBenchBase(outputs=given)
    given.append(kept)
    bench(len)('')
    assert kept.lines == []


# --- signatures -----------------------------------------------------------------------


@pytest.mark.parametrize('cls', [MicroBenchBase, MicroBench])
def test_signature(cls):
    """The signature shows the parameters of 2.1.0 with the defaults readers know."""
    parameters = inspect.signature(cls).parameters
    assert list(parameters) == PARAMETERS
    defaults = {n: p.default for n, p in parameters.items() if p.default is not p.empty}
    assert defaults == {
        'outfile': None,
        'json_encoder': JSONEncoder,
        'tz': dt.timezone.utc,
        'iterations': 1,
        'warmup': 0,
        'duration_counter': time.perf_counter,
        'outputs': None,
        'on_output_error': 'warn',
        'journal': None,
        'durations': 'list',
        'every': None,
        'sample': None,
        'max_value': 'auto',
        **dict.fromkeys(['min_time', 'max_time', 'precision', 'spool']),
    }
    assert parameters['on_output_error'].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters['static_fields'].kind is inspect.Parameter.VAR_KEYWORD


class Bound(MicroBench):
    """A subclass with a constructor of its own."""

    def __init__(self, path, tag='x'):
        super().__init__(outputs=[Kept()], path=path, tag=tag)


def test_signature_of_a_subclass():
    """A subclass shows its own constructor, or else the inherited one."""

    class Plain(MicroBench):
        pass

    assert str(inspect.signature(Bound)) == "(path, tag='x')"
    assert inspect.signature(Plain) == inspect.signature(MicroBench)


def test_signature_with_an_encoder_of_ones_own():
    """A subclass's own default is shown, not the one of microbench."""

    class Mine(JSONEncoder):
        pass

    class Bench(MicroBench):
        def __init__(self, json_encoder=Mine):
            super().__init__(json_encoder=json_encoder)

    assert inspect.signature(Bench).parameters['json_encoder'].default is Mine


def test_signature_of_a_bench():
    """A bench takes a function, or a name and fields; blocks and phases may wait."""
    bench = MicroBench()
    assert list(inspect.signature(bench).parameters) == ['func', 'name', 'fields']
    assert list(inspect.signature(bench.time).parameters) == ['name', 'sync']
    assert list(inspect.signature(bench.record).parameters) == ['name', 'sync', 'fields']
    assert not hasattr(bench, '__signature__')


# --- what can change later ------------------------------------------------------------

FORMS = {'text': {}, 'dict': {'duration_counter': Ticking()}}


@pytest.mark.parametrize('form', FORMS)
def test_time_zone_changed_later(form):
    """A new `tz` holds from the next record on, on benches that exist."""
    bench = MicroBenchBase(**FORMS[form])
    work = bench(len)
    work('')
    bench.tz = dt.timezone(dt.timedelta(hours=-7, minutes=-30))
    work('')
    with bench.record():
        pass
    bench.tz = None
    work('')
    records = bench.get_results()
    shown = [record['mb']['timezone'] for record in records]
    assert shown == ['UTC', 'UTC-07:30', 'UTC-07:30', 'None']
    for field in ('start_time', 'finish_time'):
        times = [dt.datetime.fromisoformat(r['call'][field]) for r in records]
        offsets = [moment.utcoffset() for moment in times]
        late = dt.timedelta(hours=-7, minutes=-30)
        assert offsets == [dt.timedelta(0), late, late, None]


@pytest.mark.parametrize('form', FORMS)
def test_repetition_changed_later(form):
    """New `iterations` and `warmup` hold from the next call on."""
    bench = MicroBenchBase(**FORMS[form])
    calls = []
    work = bench(lambda: calls.append(1))
    work()
    bench.iterations, bench.warmup = 2, 3
    work()
    counts = [len(record['call']['durations']) for record in bench.get_results()]
    assert (counts, len(calls)) == ([1, 2], 1 + 5)


LATER = [row for row in WRONG if row[0] in ('iterations', 'warmup', 'tz')]


@pytest.mark.parametrize(('name', 'value', 'error'), LATER, ids=identified)
def test_a_wrong_attribute_is_named(name, value, error):
    """Attributes set later are checked before the code runs, as in the constructor."""
    bench, ran = MicroBenchBase(), []
    setattr(bench, name, value)
    with pytest.raises(error, match=name):
        bench(lambda: ran.append(1))()
    with pytest.raises(error, match=name), bench.record():
        ran.append(1)
    assert ran == bench.get_results() == []


def test_class_attributes_are_overwritten():
    """Class attributes `tz`, `iterations`, `warmup` give way to the defaults."""

    class Bench(MicroBenchBase):
        tz, iterations, warmup = None, 5, 5

    bench = Bench()
    assert (bench.tz, bench.iterations, bench.warmup) == (dt.timezone.utc, 1, 0)


def test_attributes_before_the_constructor():
    """A file, a hook and a number set before `super().__init__()` do what they say."""
    file = io.StringIO()

    class Bench(MicroBenchBase):
        def __init__(self):
            self.outfile = file
            self.capture_early = lambda bm_data: bm_data.update(early=True)
            self.iterations = 7
            super().__init__()

    bench = Bench()
    bench(len)('')
    assert json.loads(file.getvalue())['early'] is True
    assert len(call_of(bench)['durations']) == 1


def test_arguments_by_the_class_of_a_subclass():
    """A subclass that passes static fields on has them in its records."""
    bench = Bound('/data', tag='y')
    bench(len)('')
    record = only(bench._bench_config.delivery.sinks[0].records)
    assert (record['path'], record['tag']) == ('/data', 'y')


NAMES = ['iterations', 'outfile', 'self', 'name', 'tz', 'on_output_error']


@pytest.mark.parametrize('form', FORMS)
def test_fields_with_the_names_of_parameters(form):
    """`add_fields` takes any name, from the next record on; it is copied like any field."""
    value = {'n': [1]}
    bench = MicroBenchBase(**FORMS[form], field=1)
    bench(len)('')
    bench.add_fields(**dict.fromkeys(NAMES, 'x'), field=2, more=value, _scratch=3)
    bench(len)('')
    value['n'].append(2)
    bench(len)('')
    first, second, third = bench.get_results()
    assert (set(first), first['field']) == ({'mb', 'call', 'field'}, 1)
    assert set(second) == {'mb', 'call', 'field', 'more', *NAMES}
    assert (second['field'], {second[name] for name in NAMES}) == (2, {'x'})
    assert (second['more'], third['more']) == ({'n': [1]}, {'n': [1, 2]})
    assert bench.iterations == 1
    with pytest.raises(ValueError, match="'call' is reserved"):
        bench.add_fields(call='x')


def test_benches_have_few_attributes():
    """With 30 or more attributes, CPython would not specialise `bench.time`."""
    assert len(vars(MicroBench())) < 30
