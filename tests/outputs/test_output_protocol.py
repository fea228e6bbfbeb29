"""Which objects are sinks, and which of their methods is called."""

import json
from unittest.mock import Mock

import pytest

from microbench import FileOutput, MicroBenchBase, Output
from microbench.outputs.base import writer_of
from tests.fakes import only

LINE = b'{"n":1}'


class Old(Output):
    """A sink as it was written for 2.1.0."""

    def __init__(self):
        self.got = []

    def write(self, bm_json_str):
        self.got.append(bm_json_str)


class New(Output):
    """A sink that takes bytes."""

    def __init__(self):
        self.got = []

    def write_record(self, record, timeout=None):
        self.got.append(record)


class OldBelowNew(New):
    """A subclass that redefines write(), the only method known to its author."""

    def write(self, bm_json_str):
        self.got.append(bm_json_str)


class NewBelowOld(Old):
    """A subclass that takes bytes where its base took a str."""

    def write_record(self, record, timeout=None):
        self.got.append(record)


class Plain:
    """A sink that is not derived from Output."""

    def __init__(self):
        self.got = []

    def write(self, text):
        self.got.append(text)


class Quacks(Plain):
    """A sink with both methods that is not derived from Output."""

    def write_record(self, record, timeout=None):
        self.got.append(record)


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        (Old, LINE.decode()),
        (New, LINE),
        (OldBelowNew, LINE.decode()),
        (NewBelowOld, LINE),
        (Plain, LINE.decode()),
        (Quacks, LINE),
    ],
)
def test_the_method_nearest_to_the_class_gets_the_record(kind, expected):
    """write_record gets bytes; a write() defined nearer to the class gets a str."""
    sink = kind()
    writer_of(sink)(LINE)
    assert sink.got == [expected]


@pytest.mark.parametrize('kind', [Old, New, OldBelowNew, NewBelowOld, Plain, Quacks])
def test_a_bench_gives_one_line_without_its_newline(kind):
    """Whatever the sink is, it gets the whole record, as one line of ASCII."""
    sink = kind()
    MicroBenchBase(outputs=[sink], text='\N{EURO SIGN}\n')(len)('')
    line = only(sink.got)
    assert line.isascii()
    assert line.splitlines(keepends=True) == [line.strip()]
    assert json.loads(line)['text'] == '\N{EURO SIGN}\n'


def test_a_subclass_of_file_output_that_overrides_write(tmp_path):
    """An overridden write() gets a str, and super().write() stores it."""

    class Marked(FileOutput):
        def write(self, bm_json_str):
            super().write(bm_json_str.replace('"n":1', '"n":2'))

    out = Marked(tmp_path / 'records.jsonl')
    MicroBenchBase(outputs=[out], n=1)(len)('')
    assert only(out.get_results())['n'] == 2


def test_a_subclass_of_file_output_that_overrides_write_record(tmp_path):
    """An overridden write_record() gets bytes, from write() as well."""

    class Marked(FileOutput):
        def write_record(self, record, timeout=None):
            super().write_record(record.replace(b'"n":1', b'"n":2'), timeout)

    out = Marked(tmp_path / 'records.jsonl')
    MicroBenchBase(outputs=[out], n=1)(len)('')
    out.write('{"n":1}')
    assert [record['n'] for record in out.get_results()] == [2, 2]


@pytest.mark.parametrize('sink', [FileOutput, Old, New])
def test_a_write_put_on_the_object_wins(sink):
    """A Mock in place of `write`, as tests put there, gets a str."""
    out = sink()
    out.write = Mock()
    MicroBenchBase(outputs=[out], n=1)(len)('')
    [(line,)] = [call.args for call in out.write.call_args_list]
    assert json.loads(line)['n'] == 1


def test_a_write_patched_in_later_is_honoured(monkeypatch):
    """The method is looked up at each record, on the class too."""
    out, lines = Old(), []
    work = MicroBenchBase(outputs=[out])(len)
    work('')
    monkeypatch.setattr(Old, 'write', lambda self, text: lines.append(text))
    work('')
    assert (len(out.got), len(lines)) == (1, 1)


def test_a_mock_is_a_sink():
    """A bare Mock is written to once a record."""
    sink = Mock(spec=['write'])
    MicroBenchBase(outputs=[sink])(len)('')
    [(line,)] = [call.args for call in sink.write.call_args_list]
    assert json.loads(line)['call']['name'] == 'len'


def test_write_reaches_write_record_of_a_file():
    """FileOutput takes a str as well, beyond ASCII too."""
    out = FileOutput()
    out.write('{"n":"\N{EURO SIGN}"}')
    out.write_record(LINE, timeout=1.0)
    assert out.get_results() == [{'n': '\N{EURO SIGN}'}, {'n': 1}]


class Empty(Output):
    """Defines nothing."""


def test_what_a_sink_does_not_define_names_its_class():
    """write, write_record and get_results of the base say which class lacks them."""
    sink = Empty()
    with pytest.raises(NotImplementedError, match=r'^Empty does not define write\(\)$'):
        sink.write('{}')
    with pytest.raises(NotImplementedError, match=r'^Empty does not define write\(\)$'):
        sink.write_record(b'{}')
    with pytest.raises(NotImplementedError, match='^Empty cannot read records back$'):
        sink.get_results()
    with pytest.raises(NotImplementedError, match='^Empty cannot'):
        sink.get_results(format='df', flat=True)


def test_flush_and_close_need_not_be_defined():
    """A sink without buffers needs no flush() and close()."""
    sink = Old()
    assert sink.flush() is None
    assert sink.flush(timeout=1.0) is None
    assert sink.close() is None


@pytest.mark.parametrize('wrong', [3, 'file.jsonl', None, object()])
def test_what_cannot_write_is_no_sink(wrong):
    """An object without write() is refused at construction, by name."""
    with pytest.raises(TypeError, match='outputs'):
        MicroBenchBase(outputs=[wrong])


@pytest.mark.parametrize('wrong', [3, 'file.jsonl', b'file.jsonl', FileOutput()])
def test_outputs_is_a_list(wrong):
    """Anything but an iterable of sinks is rejected, also a single sink and a path."""
    with pytest.raises(TypeError, match='outputs has to be a list of sinks'):
        MicroBenchBase(outputs=wrong)


def test_outputs_from_any_iterable():
    """A generator of sinks is read once, at construction."""
    sinks = [Old(), New()]
    work = MicroBenchBase(outputs=(sink for sink in sinks))(len)
    work('')
    work('')
    assert [len(sink.got) for sink in sinks] == [2, 2]


@pytest.mark.parametrize('sinks', [[], [New()], [Plain(), Empty()]])
def test_no_sink_that_can_be_read_back(sinks):
    """If no sink can be read back, get_results says so."""
    bench = MicroBenchBase(outputs=sinks)
    with pytest.raises(RuntimeError, match='get_results'):
        bench.get_results()


def test_the_first_sink_that_answers_is_asked_with_the_same_arguments():
    """A sink's own get_results gets format and flat, and its answer is given back."""

    class Reads(Old):
        def get_results(self, format='dict', flat=False):
            return format, flat

    bench = MicroBenchBase(outputs=[New(), Plain(), Reads(), FileOutput()])
    assert bench.get_results() == ('dict', False)
    assert bench.get_results('df', flat=True) == ('df', True)
    assert bench.get_results(format='df') == ('df', False)
