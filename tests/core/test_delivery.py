"""A sink that fails costs neither the result, nor the exception, nor other sinks."""

import asyncio
import inspect
import io
import json
import sys
import warnings

import pytest

from microbench import FileOutput, MicroBenchBase, Output
from tests.fakes import Failing, Kept, Ticking, only, python

pytestmark = pytest.mark.usefixtures('fresh_count')


class Sometimes(Kept):
    """A sink that fails while `failing` is true."""

    failing = True

    def __repr__(self):
        return 'Sometimes()'

    def write_record(self, record, timeout=None):
        if self.failing:
            raise OSError('no room')
        super().write_record(record)


@pytest.fixture
def caught():
    """The warnings of a test; every one is kept."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter('always')
        yield found


def here():
    """Return the line this is called at."""
    return inspect.currentframe().f_back.f_lineno


def only_line(text):
    """Return the record of a text that is one line."""
    assert text.endswith('\n')
    assert text.count('\n') == 1
    return json.loads(text)


FORMS = {'text': {}, 'dict': {'duration_counter': Ticking()}}


@pytest.mark.parametrize('form', FORMS)
def test_the_result_is_kept(form, caught, capsys):
    """The function returns; its record is on stderr as exactly one line."""
    sink = Failing()
    bench = MicroBenchBase(outputs=[sink], note='Zürich\n', **FORMS[form])
    assert bench(len)('abc') == 3
    out, err = capsys.readouterr()
    assert out == ''
    assert err.isascii()
    record = only_line(err)
    assert (record['call']['name'], record['note']) == ('len', 'Zürich\n')
    assert sink.tried == 1
    assert len(caught) == 1


@pytest.mark.parametrize('form', FORMS)
def test_the_exception_is_kept(form, caught, capsys):
    """The user's exception goes on, without the sink's, and is in the record."""
    bench = MicroBenchBase(outputs=[Failing()], **FORMS[form])
    exception = KeyError('mine')
    with pytest.raises(KeyError) as raised, bench.record('block'):
        raise exception
    assert raised.value is exception
    assert exception.__context__ is exception.__cause__ is None
    record = only_line(capsys.readouterr().err)
    assert record['exception'] == {'type': 'KeyError', 'message': "'mine'"}


def test_the_warning(caught, capsys):
    """One RuntimeWarning names the sink and the reason, at the line of the call."""
    work = MicroBenchBase(outputs=[Failing(OSError(28, 'No space left'))])(len)
    work('')
    line = here() - 1
    warning = only(caught)
    assert warning.category is RuntimeWarning
    assert (warning.filename, warning.lineno) == (__file__, line)
    message = str(warning.message)
    assert message.startswith('Failing()')
    assert 'OSError: [Errno 28] No space left' in message
    assert '\n' not in message


# --- before the first record ------------------------------------------------------------

WAYS_IN = {
    'call': lambda bench, work: bench(work)(),
    'call, dict form': lambda bench, work: bench(work)(),
    'block': lambda bench, work: within(bench.record(), work),
    'coroutine': lambda bench, work: asyncio.run(awaiting(bench, work)),
    'generator': lambda bench, work: list(bench(lambda: (yield work()))()),
}


def within(block, work):
    with block:
        work()


async def awaiting(bench, work):
    @bench
    async def coroutine():
        work()

    await coroutine()


@pytest.mark.parametrize('reaction', ['warn', 'raise'])
@pytest.mark.parametrize('way', WAYS_IN)
def test_warned_before_the_work(way, reaction, tmp_path, caught):
    """A missing directory is one warning when the bench is made; nothing is created."""
    clock = {'duration_counter': Ticking()} if 'dict' in way else {}
    path = tmp_path / 'missing' / 'below' / 'records.jsonl'
    bench = MicroBenchBase(path, on_output_error=reaction, **clock)
    bench.explain_path()
    assert len(caught) == 1
    seen = []

    def work():
        seen.append(str(only(caught).message))
        path.parent.parent.mkdir()

    WAYS_IN[way](bench, work)
    assert str(path) in only(seen)
    assert only(caught).category is RuntimeWarning
    assert only(caught).filename == __file__
    assert len(bench.get_results()) == 1


def test_a_failure_seen_in_advance_is_reported_once(tmp_path, caught, capsys):
    """A warning given before the work is not repeated after it."""
    work = MicroBenchBase(tmp_path / 'missing' / 'below' / 'records.jsonl')(len)
    work('')
    work('')
    assert 'No such file or directory' in str(only(caught).message)
    assert [json.loads(line)['call']['name'] for line in capsys.readouterr().err.split()]


def test_asked_once(caught):
    """A sink is asked before the first record of a bench, and not at each one."""
    asked = []

    class Asked(Kept):
        def look_ahead(self):
            asked.append(1)

    work = MicroBenchBase(outputs=[Asked()])(len)
    assert asked == []
    work('')
    work('')
    assert asked == [1]


def test_a_question_that_fails_otherwise(caught):
    """Any error of a sink's check in advance costs a warning only."""

    class Odd(Kept):
        def look_ahead(self, argument):
            raise AssertionError

    sink = Odd()
    assert MicroBenchBase(outputs=[sink])(len)('abc') == 3
    assert 'TypeError' in str(only(caught).message)
    assert len(sink.lines) == 1


def test_sinks_of_before_are_not_asked(caught):
    """A sink that is not an Output may have a method of that name for its own purposes."""

    class Own:
        def write(self, text):
            pass

        def look_ahead(self):
            raise AssertionError

    assert MicroBenchBase(outputs=[Own()])(len)('abc') == 3
    assert caught == []


# --- where the warning points to --------------------------------------------------------


def by_record(bench):
    with bench.record():
        line = here()
        bench.time('last')
    return line + 1


def by_arecord(bench):
    async def main():
        async with bench.arecord():
            line = here()
            bench.time('last')
        return line + 1

    with pytest.raises(StopIteration) as stop:
        main().send(None)
    return stop.value.value


def by_coroutine(bench):
    @bench
    async def work():
        pass

    async def main():
        await work()
        return here() - 1

    with pytest.raises(StopIteration) as stop:
        main().send(None)
    return stop.value.value


def by_generator(bench):
    @bench
    def work():
        yield 1

    steps = work()
    next(steps)
    next(steps, None)
    return here() - 1


@pytest.mark.parametrize('way', [by_record, by_arecord, by_coroutine, by_generator])
def test_the_line_of_the_warning(way, caught, capsys):
    """The warning names the user's line, however the record came about."""
    line = way(MicroBenchBase(outputs=[Failing()]))
    warning = only(caught)
    assert warning.filename == __file__
    assert warning.lineno in (line, line - 2)  # CPython may name the line of the `with`


def test_warned_once(caught, capsys):
    """A sink that goes on failing warns once; stderr gets each of its records."""
    work = MicroBenchBase(outputs=[Failing()])(len)
    for _ in range(5):
        work('')
    assert len(caught) == 1
    assert len(capsys.readouterr().err.splitlines()) == 5


def test_warned_again_after_it_worked(caught, capsys):
    """A sink that worked in between is news when it fails again."""
    sink = Sometimes()
    work = MicroBenchBase(outputs=[sink])(len)
    for failing in (True, True, False, True, True):
        sink.failing = failing
        work('')
    assert len(caught) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4
    assert len(sink.lines) == 1


def test_each_sink_has_its_warning(caught, capsys):
    """Two failing sinks are two warnings; their record is one line."""
    first, second = Failing(OSError('first')), Failing(ValueError('second'))
    MicroBenchBase(outputs=[first, second])(len)('')
    messages = [str(warning.message) for warning in caught]
    assert [m.rpartition(': ')[2] for m in messages] == ['first', 'second']
    only_line(capsys.readouterr().err)


@pytest.mark.parametrize('failing_first', [True, False])
def test_two_sinks_one_failing(failing_first, caught, capsys):
    """A record that one sink took is not printed on stderr."""
    kept = Kept()
    sinks = [Failing(), kept] if failing_first else [kept, Failing()]
    assert MicroBenchBase(outputs=sinks)(len)('abc') == 3
    assert len(kept.lines) == 1
    assert capsys.readouterr().err == ''
    assert len(caught) == 1


def test_at_most_ten_lines(caught, capsys):
    """Ten records are printed in full; then counts, each time they have grown tenfold."""
    work = MicroBenchBase(outputs=[Failing()])(len)
    for _ in range(1000):
        work('')
    printed = capsys.readouterr().err.splitlines()
    assert all('"name":"len"' in line for line in printed[:10])
    assert printed[10:] == [
        'microbench: no sink took 100 records so far',
        'microbench: no sink took 1000 records so far',
    ]
    assert len(caught) == 1


def test_the_lines_are_those_of_the_process(caught, capsys):
    """The ten lines are shared by all benches."""
    for _ in range(6):
        for _ in range(2):
            MicroBenchBase(outputs=[Failing()])(len)('')
    assert len(capsys.readouterr().err.splitlines()) == 10


def test_old_sinks_that_fail(caught, capsys):
    """A failing object with `write(str)`, a sink of 2.1.0, is handled the same way."""

    class Old:
        def write(self, bm_json_str):
            raise ConnectionError(type(bm_json_str).__name__)

        def __repr__(self):
            return 'Old()'

    MicroBenchBase(outputs=[Old()])(len)('')
    assert 'Old() did not take a record: ConnectionError: str' in str(only(caught).message)
    only_line(capsys.readouterr().err)


def test_a_file_that_cannot_be_written(tmp_path, caught, capsys):
    """The warning names a directory that does not exist; later it may be there."""
    path = tmp_path / 'no' / 'such' / 'place.jsonl'
    work = MicroBenchBase(path)(len)
    assert work('abc') == 3
    assert str(path) in str(only(caught).message)
    path.parent.parent.mkdir()
    work('abc')
    assert len(path.read_text().splitlines()) == 1


# --- warnings as errors ---------------------------------------------------------------

STRICT = """
import microbench
class Bad:
    def write(self, line):
        raise OSError('no room')
    def __repr__(self):
        return 'Bad()'
class Good:
    def write(self, line):
        print('good')
"""


def test_warnings_as_errors():
    """Under `-W error` result and record are kept; the warning is a line on stderr."""
    code = STRICT + 'print(microbench.MicroBenchBase(outputs=[Bad()])(len)("abc"))'
    done = python(code, flags=['-W', 'error'])
    assert (done.returncode, done.stdout) == (0, '3\n')
    said, record = done.stderr.splitlines()
    assert said == 'RuntimeWarning: Bad() did not take a record: OSError: no room'
    assert json.loads(record)['call']['name'] == 'len'


def test_warnings_as_errors_with_two_sinks():
    """Under `-W error` the next sink has its turn, and the user's exception goes on."""
    code = (
        STRICT
        + """
with microbench.MicroBenchBase(outputs=[Bad(), Good()]).record():
    raise SystemExit(7)
"""
    )
    done = python(code, flags=['-W', 'error'])
    assert (done.returncode, done.stdout) == (7, 'good\n')
    assert done.stderr.count('\n') == 1


# --- on_output_error='raise' ----------------------------------------------------------


@pytest.mark.parametrize('form', FORMS)
def test_raised_after_the_others(form, caught, capsys):
    """The sink's own error is raised once all sinks have had their turn."""
    failing, kept = Failing(), Kept()
    settings = {'on_output_error': 'raise', **FORMS[form]}
    bench = MicroBenchBase(outputs=[failing, kept], **settings)
    with pytest.raises(OSError, match='no room') as raised:
        bench(len)('')
    assert raised.value is failing.error
    assert len(kept.lines) == 1
    assert capsys.readouterr().err == ''
    assert caught == []


def test_raised_after_stderr(caught, capsys):
    """A record that no sink took is on stderr before the first error is raised."""
    first, second = Failing(ValueError('first')), Failing(OSError('second'))
    bench = MicroBenchBase(outputs=[first, second], on_output_error='raise')
    with pytest.raises(ValueError, match='first'), bench.record('block'):
        pass
    assert second.tried == 1
    assert only_line(capsys.readouterr().err)['call']['name'] == 'block'
    assert caught == []


def test_raised_each_time(caught, capsys):
    """The error is raised at each record, also if it has been raised before."""
    work = MicroBenchBase(outputs=[Failing()], on_output_error='raise')(len)
    for _ in range(2):
        with pytest.raises(OSError, match='no room'):
            work('')


def test_the_users_exception_wins(caught, capsys):
    """With `raise`, too, the user's own exception is the one that goes on."""
    bench = MicroBenchBase(outputs=[Failing()], on_output_error='raise')

    @bench
    def work():
        raise KeyError('mine')

    with pytest.raises(KeyError, match='mine'):
        work()
    assert only_line(capsys.readouterr().err)['exception']['type'] == 'KeyError'


def test_raised_out_of_a_coroutine(caught, capsys):
    """An awaited call raises the sink's error where its result would have come."""
    bench = MicroBenchBase(outputs=[Failing()], on_output_error='raise')

    @bench
    async def work():
        return 1

    with pytest.raises(OSError, match='no room'):
        asyncio.run(work())


# --- worse sinks ----------------------------------------------------------------------


@pytest.mark.parametrize('error', [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
@pytest.mark.parametrize('reaction', ['warn', 'raise'])
def test_an_interrupt_in_a_sink(error, reaction, caught, capsys):
    """Ctrl-C in a sink goes on after the other sinks have had their turn."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[Failing(error), kept], on_output_error=reaction)
    with pytest.raises(type(error)) as raised:
        bench(len)('')
    assert raised.value is error
    assert len(kept.lines) == 1


def test_an_interrupt_in_the_only_sink(caught, capsys):
    """After Ctrl-C in the only sink, its record is on stderr."""
    with pytest.raises(KeyboardInterrupt):
        MicroBenchBase(outputs=[Failing(KeyboardInterrupt())])(len)('')
    assert only_line(capsys.readouterr().err)['call']['name'] == 'len'


class Nameless(Failing):
    """A sink without a text."""

    def __repr__(self):
        raise RuntimeError('repr')


def test_a_sink_without_repr(caught, capsys):
    """A sink without a repr is named after its class; the next one has its turn."""
    kept = Kept()
    assert MicroBenchBase(outputs=[Nameless(), kept])(len)('abc') == 3
    assert len(kept.lines) == 1
    assert 'Nameless' in str(only(caught).message)


class Mute(Exception):
    """An error without a text."""

    def __str__(self):
        raise RuntimeError('str')


def test_an_error_without_text(caught, capsys):
    """An error without a text is named after its class."""
    assert MicroBenchBase(outputs=[Failing(Mute())])(len)('abc') == 3
    assert 'Mute' in str(only(caught).message)


def test_an_output_that_writes_nothing(caught, capsys):
    """The write() of the base class raises, and warns like any other failure."""
    assert MicroBenchBase(outputs=[Output()])(len)('abc') == 3
    assert 'does not define write()' in str(only(caught).message)


def test_a_sink_that_records_itself(caught, capsys):
    """A sink may use a bench of its own, also to fail with."""
    inner = MicroBenchBase(outputs=[Failing(OSError('inner'))], on_output_error='raise')

    class Timed(Output):
        def write_record(self, record, timeout=None):
            with inner.record('inner'):
                pass

        def __repr__(self):
            return 'Timed()'

    MicroBenchBase(outputs=[Timed()])(len)('')
    names = [json.loads(r)['call']['name'] for r in capsys.readouterr().err.splitlines()]
    assert names == ['inner', 'len']
    assert 'Timed()' in str(only(caught).message)


# --- no standard error ----------------------------------------------------------------


class Broken(io.StringIO):
    """A stderr of the program's own, whose write() fails."""

    def write(self, text):
        raise RuntimeError('broken')


def closed():
    """A stderr that was closed."""
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize('make', [closed, Broken, lambda: None, object])
@pytest.mark.parametrize('action', ['always', 'error'])
def test_no_stderr(make, action, monkeypatch):
    """Where stderr cannot be written either, the program still gets its result."""
    bench = MicroBenchBase(outputs=[Failing()])
    with warnings.catch_warnings(record=True):
        warnings.simplefilter(action)
        monkeypatch.setattr(sys, 'stderr', make())
        assert bench(len)('abc') == 3
        monkeypatch.undo()


def shown(message, *details, **more):
    raise ValueError('cannot be shown')


def test_a_warning_that_cannot_be_shown(monkeypatch, capsys):
    """If the program's showwarning() fails, the result and the other sinks are unharmed."""
    kept = Kept()
    with warnings.catch_warnings():
        warnings.simplefilter('always')
        monkeypatch.setattr(warnings, 'showwarning', shown)
        assert MicroBenchBase(outputs=[Failing(), kept])(len)('abc') == 3
    assert len(kept.lines) == 1


@pytest.mark.parametrize('change', ['del sys.stderr', 'sys.stderr = None'])
def test_no_stderr_in_a_process(change):
    """A process without sys.stderr, as under pythonw, goes on."""
    code = f'{STRICT}\nimport sys\n{change}\n'
    code += 'print(microbench.MicroBenchBase(outputs=[Bad()])(len)("abc"))'
    done = python(code)
    assert (done.returncode, done.stdout) == (0, '3\n')


# --- to_json and output_result of a subclass ------------------------------------------


def with_json(function):
    """Return a bench whose to_json is this function, and what its sinks get."""

    class Bench(MicroBenchBase):
        def to_json(self, obj):
            return function(self, obj)

    old = io.StringIO()
    new = Kept()
    return Bench(outputs=[new, FileOutput(old)], note='Zürich \ud800'), new, old


def raw_json(self, obj):
    """Encode JSON as many programs do: not in ASCII."""
    return json.dumps(obj, ensure_ascii=False, default=str)


@pytest.mark.parametrize('decorated', [True, False])
def test_to_json_that_is_not_ascii(decorated, caught):
    """Text of to_json() that is not ASCII reaches every sink as one ASCII line."""
    bench, new, old = with_json(raw_json)
    if decorated:
        bench(len)('')
    else:
        with bench.record('len'):
            pass
    [line] = new.lines
    assert line.isascii()
    assert json.loads(line)['note'] == r'Zürich \ud800'
    assert old.getvalue().encode() == line + b'\n'
    assert caught == []


def test_to_json_of_several_lines(caught):
    """An indented text becomes one line: a record is a line."""
    bench, new, old = with_json(lambda s, obj: json.dumps(obj, indent=1, default=str))
    bench(len)('')
    [line] = new.lines
    assert b'\n' not in line
    assert json.loads(line)['call']['name'] == 'len'
    assert old.getvalue().count('\n') == 1


def test_to_json_that_writes_nan():
    """json.dumps writes NaN by default: null takes its place, the rest stays."""

    class Bench(MicroBenchBase):
        def to_json(self, obj):
            return json.dumps(obj, default=str)

    kept = Kept()
    field = {'a': [float('nan'), float('inf')], 'text': 'NaN', 'large': 10**30, 'c': 1j}
    Bench(outputs=[kept], field=field)(len)('')
    assert b'"text":"NaN"' in only(kept.lines)
    assert only(kept.records)['field'] == {**field, 'a': [None, None], 'c': '1j'}


def test_to_json_that_writes_no_json():
    """Text of to_json() that only looks like NaN is left alone."""

    class Bench(MicroBenchBase):
        def to_json(self, obj):
            return 'a table, with NaN'

    kept = Kept()
    Bench(outputs=[kept])(len)('')
    assert kept.lines == [b'a table, with NaN']


@pytest.mark.parametrize(
    'function',
    [
        lambda self, obj: json.dumps(obj),  # datetimes
        lambda self, obj: 1 / 0,
        lambda self, obj: None,
        lambda self, obj: b'{}',
    ],
)
def test_to_json_that_fails(function, caught, capsys):
    """The standard encoder writes the record, and one warning says so."""
    bench, new, _ = with_json(function)
    assert bench(len)('abc') == 3
    line = here() - 1
    assert only(new.records)['call']['name'] == 'len'
    warning = only(caught)
    assert warning.category is RuntimeWarning
    assert 'to_json() failed' in str(warning.message)
    assert (warning.filename, warning.lineno) == (__file__, line)
    assert capsys.readouterr().err == ''


def test_to_json_of_the_bench(caught):
    """A function set on the bench itself counts as well."""
    kept = Kept()
    bench = MicroBenchBase(outputs=[kept])
    bench.to_json = lambda obj: '{"mine":1}'
    bench(len)('')
    assert kept.records == [{'mine': 1}]


def test_output_result_that_changes_the_record():
    """An override sees the cleaned dict, may change it, and passes it on."""

    class Bench(MicroBenchBase):
        def output_result(self, bm_data):
            assert set(bm_data) == {'mb', 'call', 'field'}
            super().output_result({'name': bm_data['call']['name']})

    kept = Kept()
    Bench(outputs=[kept], field=1)(len)('')
    assert kept.records == [{'name': 'len'}]


class Refusing(MicroBenchBase):
    """A bench whose own output_result fails."""

    def output_result(self, bm_data):
        raise OSError('refused')


def test_output_result_that_fails(capsys):
    """A failing output_result warns, and the record is on standard error."""
    bench = Refusing(outputs=[Kept()])
    with (
        pytest.warns(RuntimeWarning, match='refused'),
        pytest.raises(KeyError, match='mine'),
        bench.record(),
    ):
        raise KeyError('mine')
    with pytest.warns(RuntimeWarning, match='refused'), bench.record():
        pass
    assert [
        json.loads(x)['call']['name'] for x in capsys.readouterr().err.splitlines()
    ] == [
        '<record>',
        '<record>',
    ]


def test_output_result_that_fails_and_is_to_be_raised():
    """With on_output_error='raise' its error is raised, unless the code raised."""
    bench = Refusing(outputs=[Kept()], on_output_error='raise')
    with pytest.raises(KeyError, match='mine'), bench.record():
        raise KeyError('mine')
    with pytest.raises(OSError, match='refused'), bench.record():
        pass
