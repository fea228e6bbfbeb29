"""What a bench looks like: its repr, and its table in a notebook."""

import io
import re
import time

import pytest

from microbench import FileOutput, MicroBench, MicroBenchBase, NullOutput, Output, display


class Bench(MicroBench):
    """A class of a user."""


def ticks():
    """Return a reading."""
    return 7


@pytest.mark.parametrize(
    ('bench', 'text'),
    [
        (MicroBench(), 'MicroBench()'),
        (Bench(iterations=3, warmup=1), 'Bench(iterations=3, warmup=1)'),
        (MicroBench('a.jsonl'), "MicroBench(outputs=[FileOutput('a.jsonl')])"),
        (MicroBench(outputs=[NullOutput()]), 'MicroBench(outputs=[NullOutput()])'),
        (MicroBench(outputs=[]), 'MicroBench(outputs=[])'),
        (MicroBench(every=10), 'MicroBench(every=10)'),
        (MicroBench(sample=0.5), 'MicroBench(sample=0.5)'),
        (MicroBench(durations='histogram'), "MicroBench(durations='histogram')"),
        (MicroBench(duration_counter=ticks), 'MicroBench(duration_counter=ticks)'),
        (
            MicroBench(duration_counter=time.monotonic),
            'MicroBench(duration_counter=monotonic)',
        ),
    ],
    ids=repr,
)
def test_the_line(bench, text):
    """It has what differs from the defaults."""
    assert repr(bench) == text


def test_no_value_of_a_field_is_shown():
    """Fields may be confidential or long: only their names are shown."""
    bench = MicroBench(token='secret')
    bench.add_fields(more=['secret'])
    assert repr(bench) == 'MicroBench(token=..., more=...)'
    assert 'secret' not in bench._repr_html_()


def test_before_the_constructor():
    """A debugger may print a bench that is not ready."""
    bench = object.__new__(Bench)
    assert re.fullmatch(r'<.*Bench object at 0x\w+>', repr(bench))
    assert 'Bench object' in bench._repr_html_()


def cells(html):
    """Return the texts of the rows of a table."""
    rows = re.findall(r'<tr>(.*?)</tr>', html)
    return [re.findall(r'<t[hd]>(.*?)</t[hd]>', row) for row in rows]


def test_a_table_of_results(tmp_path):
    """Each name has a row with its figures; characters of HTML are escaped."""
    bench = MicroBenchBase(tmp_path / 'records.jsonl', iterations=2, duration_counter=ticks)
    assert bench._repr_html_().endswith('<p>no records yet</p>')
    bench(len)('')
    bench(len)('')
    with bench.record('<b>'):
        pass
    head, *rows = cells(bench._repr_html_())
    assert head == ['name', 'n', 'min', 'mean', 'median', 'max', 'stdev', 'p95', 'p99']
    assert rows == [['len', '4', *'0000000'], ['&lt;b&gt;', '1', *'0000', 'nan', *'00']]


def test_many_names():
    """The table has so many names at most."""
    bench = MicroBench()
    for number in range(display.MOST_NAMES + 2):
        with bench.record(str(number)):
            pass
    html = bench._repr_html_()
    assert len(cells(html)) == display.MOST_NAMES + 1
    assert html.endswith('<p>and 2 more</p>')


class Unread(Output):
    """A sink that must not be read."""

    def get_results(self, format='dict', flat=False):
        """Fail."""
        raise AssertionError


def test_what_is_not_read(tmp_path, monkeypatch):
    """A large file, other sinks, and what cannot be read, are not."""
    with (tmp_path / 'x').open('w', encoding='utf-8') as file:
        for sinks in ([Unread()], [], [FileOutput(file)]):
            bench = MicroBench(outputs=sinks)
            assert '<table>' not in bench._repr_html_()
    bench = MicroBench(tmp_path / 'y')
    bench(len)('')
    assert '<table>' in bench._repr_html_()
    monkeypatch.setattr(display, 'MOST_BYTES', 10)
    assert '<table>' not in bench._repr_html_()


def test_memory_is_read():
    """The buffer of a bench without an output is read."""
    bench = MicroBench(outputs=[FileOutput(io.StringIO())])
    bench(len)('')
    assert '<table>' in bench._repr_html_()
