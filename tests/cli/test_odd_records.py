"""Records that no program should write, and those that have nothing to say.

Each has a sentence or a row in `show`, `tail` and `diff`, and none a wrong number.
"""

import json

import pytest

from microbench import JSONEncodeWarning, MicroBench, summary
from microbench.cli.terminal import columns
from microbench.cli.view.diff import main as diff
from microbench.cli.view.show import main as show
from microbench.cli.view.tail import main as tail
from tests.cli.samples import write
from tests.cli.terminals import FakeTerminal

pytestmark = pytest.mark.usefixtures('in_utc')


def record(*durations, **fields):
    """Return a record of a function with these durations."""
    call = {'name': 'fit', 'durations': list(durations), **fields.pop('call', {})}
    return {'call': {**call, 'start_time': '2026-03-01T11:00:00+00:00'}, **fields}


NAN = float('nan')
FAILED = record(1.0, 2.0, call={'returncode': [1, 1]})
LOST = record(1.0, exit_path='recovered', recovered={'duration_is_lower_bound': True})
NEGATIVE = record(-1.0, -2.0, call={'timings': [{'name': 'a', 'duration': -1.0}]})
HEAD = '2 records, 2026-03-01 11:00:00 UTC, name fit'

# Two records of each kind; the end of the heading of `show`, and the titles and a row.
KINDS = {
    'zero runs': (record(), ', 0 runs each, all ok', '#', ''),
    'one run': (record(1.0), ', all ok', '#  duration', '1.00 s'),
    'all failed': (
        FAILED,
        ', 2 runs each, outcome exit 1 (2 of 2)',
        *('#  median     min     max', '1.50 s  1.00 s  2.00 s'),
    ),
    'all killed': (LOST, ', outcome lost and recovered', '#  duration', '≥ 1.00 s'),
    'not a number': (record(NAN, NAN), ', 0 runs each, all ok', '#', ''),
    'negative': (
        NEGATIVE,
        ', 2 runs each, all ok',
        *('#   median      min      max', '-1.50 s  -2.00 s  -1.00 s'),
    ),
}
SENTENCES = {
    'all failed': 'Both failed: exit 1 (2 of 2).',
    'all killed': ' '.join(
        f'{name} did not end: its time is a lower bound.' for name in ('#0', '#1 (fit)')
    ),
}


def printed(capsys, main, *words):
    """Return what a subcommand prints, which has to be without an error."""
    assert main([str(word) for word in words]) == 0
    out, err = capsys.readouterr()
    assert err == ''
    return out


@pytest.mark.parametrize('kind', KINDS)
def test_rows(kind, capsys, tmp_path):
    """`show` has a row for each, with the times that are known."""
    one, heading, titles, row = KINDS[kind]
    path = write(tmp_path / 'x.jsonl', [one, one])
    first, blank, *table = printed(capsys, show, path).splitlines()
    assert (first, blank, table[0]) == (HEAD + heading, '', titles)
    assert [line.split(maxsplit=1) for line in table[1:]] == [
        [str(number), *filter(None, [row])] for number in (0, 1)
    ]
    assert len(printed(capsys, tail, path, '--no-follow').splitlines()) == 3


@pytest.mark.parametrize('kind', KINDS)
def test_sentences(kind, capsys, tmp_path):
    """`diff` names what keeps times from being compared, and finds no difference."""
    path = write(tmp_path / 'x.jsonl', [KINDS[kind][0]] * 2)
    said = SENTENCES.get(kind)
    expected = [said, '', 'nothing else differs'] if said else ['nothing differs']
    assert printed(capsys, diff, path).splitlines() == expected


def test_a_run_that_is_no_number_keeps_its_place(capsys, tmp_path):
    """A duration that is no number leaves its row empty; the others keep theirs."""
    one = record(NAN, 1.0, call={'returncode': [1, 0]})
    lines = printed(capsys, show, write(tmp_path / 'x', [one]), 0).splitlines()
    assert [line.split() for line in lines[-2:]] == [
        ['0', 'exit', '1'],
        ['1', '1.00', 's', 'ok'],
    ]
    assert '1  1.00 s' in ' '.join(lines[-5:-3])


def test_a_clock_that_went_back_has_no_shares(capsys, tmp_path):
    """Phases of a negative time are no part of it."""
    for one in (NEGATIVE, {**NEGATIVE, 'call': {**NEGATIVE['call'], 'durations': [3.0]}}):
        assert '%' not in printed(capsys, show, write(tmp_path / 'x', [one]), 0)


def test_runs_and_no_runs(capsys, tmp_path):
    """A record without runs beside one with a run has a 0."""
    path = write(tmp_path / 'x', [record(), record(1.0)])
    assert [line.split() for line in printed(capsys, show, path).splitlines()[2:]] == [
        ['#', 'n', 'duration'],
        ['0', '0'],
        ['1', '1', '1.00', 's'],
    ]


def test_several_units(capsys, tmp_path):
    """Times have a unit wherever it is known, and numbers have none."""
    counters = ('perf_counter_ns', 'perf_counter', '<lambda>')
    values = (2_000_000, 0.5, 7)
    records = [
        record(value, mb={'duration_counter': counter})
        for value, counter in zip(values, counters, strict=True)
    ]
    lines = printed(capsys, show, write(tmp_path / 'x', records)).splitlines()
    assert [line.split()[1:] for line in lines[3:]] == [
        ['2.0', 'ms'],
        ['500.0', 'ms'],
        ['7'],
    ]


@pytest.mark.parametrize('width', [20, 40, 80, None])
@pytest.mark.parametrize('words', [['0'], ['--by', 'name'], ['--each'], []])
def test_names_of_any_length_and_kind(words, width, tmp_path, monkeypatch):
    """Names of 300 characters, wide ones and control characters fit, and steer nothing."""
    names = ['x' * 300, '測' * 300, 'a\x1b[31m\r\n\u202e' * 30, '\0']
    records = [record(0.1, call={'name': name}) for name in names]
    path = write(
        tmp_path / 'x', [{**one, 'host': {'hostname': '測' * 99}} for one in records]
    )
    stream = FakeTerminal()
    monkeypatch.setenv('COLUMNS', str(width or 80))
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr('sys.stdout', stream)
    if width is None:
        monkeypatch.setattr(stream, 'isatty', lambda: False)
    assert show([path, *words]) == 0
    text = stream.getvalue()
    assert not {'\x1b', '\r', '\u202e', '\0'} & {*text}
    assert width is None or max(map(columns, text.splitlines())) <= width


@pytest.mark.parametrize('width', [20, 40])
def test_a_narrow_terminal_has_name_duration_and_outcome(width, tmp_path, monkeypatch):
    """`tail` leaves out the host and the start before it cuts names to nothing."""
    stream = FakeTerminal()
    monkeypatch.setenv('COLUMNS', str(width))
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr('sys.stdout', stream)
    path = write(tmp_path / 'x', [record(0.1, host={'hostname': 'node07'})] * 2)
    assert tail([path, '--no-follow']) == 0
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ['name', 'duration', 'outcome' if width > 20 else 'out…'],
        *[['fit', '100', 'ms', 'ok']] * 2,
    ]


def test_fields_with_the_names_of_columns(capsys, tmp_path):
    """Fields called n, name, median and host change no column."""
    fields = {'n': 7, 'name': 'mine', 'median': 'x', 'host': 'text', 'outcome': [1]}
    path = write(tmp_path / 'x', [record(0.5, **fields), record(0.5, **fields)])
    assert printed(capsys, show, path) == (
        f'{HEAD}, all ok\n\n#  duration\n0    500 ms\n1    500 ms\n'
    )
    row = json.loads(printed(capsys, show, path, '--json').splitlines()[0])
    assert [row[name] for name in ('n', 'name', 'median', 'host')] == [1, 'fit', 0.5, None]


@pytest.mark.parametrize('call', ['text', None, ['a'], 3])
def test_a_field_called_call(call, capsys, tmp_path):
    """A record whose `call` is no object has no name and no times."""
    path = write(tmp_path / 'x', [{'call': call, 'n': 1}] * 2)
    assert printed(capsys, show, path) == '2 records, 0 runs each, all ok\n\n#\n0\n1\n'
    assert printed(capsys, diff, path) == 'nothing differs\n'


def test_annotations_that_cannot_be_encoded(capsys):
    """Such a value is a placeholder, and the record is whole otherwise."""
    bench = MicroBench()
    with pytest.warns(JSONEncodeWarning, match='object cannot be encoded as JSON'):
        with bench.record('fit') as block:
            block.annotate(bad=object(), good=1)
    with pytest.warns(RuntimeWarning, match="the record 'fit' is not open"):
        block.annotate(late=1)
    bench.annotate(outside=1)
    [result] = bench.get_results()
    assert (result['bad'], result['good']) == ('__unencodable_as_json__', 1)
    assert not {'late', 'outside'} & {*result}
    summary([result])
    assert capsys.readouterr().out.startswith('n=1  ')


def test_a_journal_that_cannot_be_read_is_that_of_a_file(tmp_path, monkeypatch, capsys):
    """The warning names the file, not the pattern; control characters are escaped."""
    monkeypatch.chdir(tmp_path)
    for name in ('run-1', 'run-2\x1b'):
        write(tmp_path / f'{name}.jsonl', [record(1.0)])
        (tmp_path / f'.{name}.jsonl.999999-abc.journal').write_bytes(b'no journal')
    assert show(['run-*.jsonl']) == 0
    said = [line.split(': ')[:2] for line in capsys.readouterr().err.splitlines()]
    expected = ['run-1.jsonl', 'run-2\\x1b.jsonl']
    assert said == [[name, 'a journal was left alone'] for name in expected]
