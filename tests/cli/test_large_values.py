"""Records with large values on the screen: short lines, whole JSON."""

import io
import json
import sys

import pytest

from microbench import MBFunctionCall, MicroBench
from microbench.cli import terminal as screen
from microbench.cli import values
from microbench.cli.main import subcommand
from microbench.cli.values import WHOLE, cut, in_full, in_short
from microbench.cli.view import detail
from microbench.cli.view.tables import PHASES
from microbench.results.large_values import in_words, is_summary
from tests.cli.samples import write
from tests.cli.terminals import FakeTerminal

MANY = 10**5
NUMBERS = [n / 8 for n in range(20_000)]
LONG = {
    'mb': {'run_id': 'a', 'record_id': 'b'},
    'call': {
        'name': 'n' * MANY,
        'args': [NUMBERS, 'a' * MANY, {'k' * MANY: NUMBERS}],
        'durations': [1.0],
        'timings': [{'name': 'p' * MANY, 'duration': 1.0}],
    },
    'exception': {'type': 'E' * MANY, 'message': 'm' * MANY},
    'note': 'x' * MANY,
    'k' * MANY: 1,
}
OTHER = {**LONG, 'note': 'y' * MANY}


def printed(monkeypatch, terminal, *words):
    """Return the lines that a subcommand prints, on a terminal or into a pipe."""
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr(sys, 'stdout', FakeTerminal() if terminal else io.StringIO())
    assert subcommand(words[0])(list(words[1:])) == 0
    return sys.stdout.getvalue().splitlines()


VIEWS = [
    *(['show'], ['show', '--each'], ['show', '0'], ['show', '0', '--all']),
    *(['show', '--by', 'name'], ['show', '-c', 'note', '--all'], ['show', '--markdown']),
    *(['diff', '0', '1'], ['diff', '0', '1', '--all'], ['tail', '--no-follow']),
]


@pytest.mark.parametrize('terminal', [True, False])
@pytest.mark.parametrize('view', VIEWS, ids=' '.join)
def test_no_line_is_long(view, terminal, tmp_path, monkeypatch):
    """Whatever a record holds, no view prints a line that is as long."""
    path = write(tmp_path / 'x', [LONG, OTHER])
    command, *words = view
    lines = printed(monkeypatch, terminal, command, path, *words)
    fits = terminal and '--markdown' not in view
    assert max(map(len, lines)) <= (80 if fits else 12 * WHOLE)


def test_the_length_is_said(tmp_path, monkeypatch):
    """A long text loses its middle; its length stands there, on a terminal as well."""
    path = write(tmp_path / 'x', [{'note': LONG['note']}])
    for terminal in (True, False):
        lines = printed(monkeypatch, terminal, 'show', path, '0')
        [line] = [line for line in lines if line.strip().startswith('note')]
        assert f'{"x" * 45}… 100000 characters …x' in line


def test_json_is_whole(tmp_path, monkeypatch):
    """--json prints all of a record."""
    path = write(tmp_path / 'x', [LONG, OTHER])
    [line] = printed(monkeypatch, False, 'show', path, '0', '--json')
    assert json.loads(line) == LONG


def test_summaries_are_one_line(tmp_path, monkeypatch):
    """A summary is printed as text, in fields as in arguments, with and without --all."""

    class Bench(MicroBench, MBFunctionCall):
        pass

    path = str(tmp_path / 'x.jsonl')
    bench = Bench(path, note='x' * 5000, data={'inner': memoryview(bytes(9000))})
    bench(lambda value: None)(list(range(20_000)))
    for words in ([], ['--all']):
        lines = printed(monkeypatch, False, 'show', path, '0', *words)
        values = dict(line.strip().split(maxsplit=1) for line in lines if '  ' in line)
        assert values['data.inner'] == 'memoryview 9000 B, 8.79 KiB'
        assert values['call.args'] == '["list of 20000"]'
        ends = f'{"x" * 64} … {"x" * 64}'
        assert values['note'] == f'str of 5000, 4.88 KiB, {ends}'


def test_texts_in_the_middle():
    """Begin and end of a text are shown, and how long it is."""
    assert cut('x' * 200) == 'x' * 200
    assert cut('a' * 100 + 'b' * 101) == f'{"a" * 45}… 201 characters …{"b" * 15}'
    assert cut('a' * 50 + 'b' * 50, 40) == f'{"a" * 30}… 100 characters …{"b" * 10}'


def test_lists_in_full():
    """--all shows the items at both ends of a long list, and how many there are."""
    found = json.loads(in_full(NUMBERS))
    assert (found[:2], found[-1]) == (NUMBERS[:2], NUMBERS[-1])
    assert '… 20000 items …' in found
    assert in_full([[1] * 1000, {'a': None}]) == json.dumps([[1] * 1000, {'a': None}])


def test_what_looks_like_a_summary():
    """A user's own object is none; odd members of a summary are left out."""
    assert not is_summary({'type': 'x', 'bytes': 1})
    assert not is_summary({'summarized': 1, 'type': 'x'})
    odd = {'summarized': True, 'type': 'x', 'shape': 3, 'bytes': 'many', 'dtype': [1]}
    assert is_summary(odd)
    assert in_words(odd) == in_short(odd) == 'x'


SIZE = 10_000
LARGE = {
    'mb': {'run_id': 'a', 'record_id': 'b'},
    'call': {
        'name': 'fit',
        'args': [{f'k{n}': n / 8 for n in range(SIZE)}],
        'durations': [float(SIZE)],
        'timings': [{'name': f'p{n}', 'duration': n / SIZE} for n in range(SIZE)],
    },
    'field': {f'k{n}': [n, {'x': f'{n}'}] for n in range(SIZE)},
    'note': 'x' * 1_000_000,
}


def larger(value):
    """Return the values of another record."""
    return {
        **LARGE,
        'mb': {'run_id': 'c', 'record_id': 'd'},
        'field': {f'k{n}': [n + 1, {'x': f'{n}'}] for n in range(SIZE)},
        'call': {**LARGE['call'], 'durations': [3.0 * SIZE], 'timings': value},
    }


@pytest.fixture
def texts(monkeypatch):
    """Return the lengths of the texts that are made for the screen."""
    made = []

    def watched(module, name):
        original = getattr(module, name)

        def function(*args, **options):
            text = original(*args, **options)
            made.append(len(text))
            return text

        monkeypatch.setattr(module, name, function)

    watched(json, 'dumps')
    watched(values, 'cut')
    watched(detail, 'in_full')
    watched(screen, 'clipped')
    return made


@pytest.mark.parametrize('words', [['show', '{}', '0'], ['diff', '{}', '0', '1']])
def test_no_text_of_a_large_value_is_made(words, texts, tmp_path, monkeypatch):
    """A screen costs what it shows, not what the record holds."""
    shifted = [{'name': f'p{n}', 'duration': 2 * n / SIZE} for n in range(SIZE)]
    path = write(tmp_path / 'x', [LARGE, larger(shifted)])
    texts.clear()
    lines = printed(monkeypatch, True, *(word.format(path) for word in words))
    assert len(lines) < 1_200
    assert len(texts) < 8 * 1_200
    assert sum(texts) < 500_000 + 2 * len(LARGE['note'])  # diff compares texts as JSON
    assert any('other ' in line for line in lines)


def test_the_phases_that_took_longest_are_listed(tmp_path, monkeypatch):
    """They keep their order; the number of the others stands below, and --all has all."""
    path = write(tmp_path / 'x', [LARGE, larger(LARGE['call']['timings'][::-1])])
    lines = printed(monkeypatch, True, 'show', path, '0')
    phases = [line.split()[0] for line in lines if line.startswith('    p')]
    assert phases == [f'p{n}' for n in range(SIZE - PHASES, SIZE)]
    assert f'    … {SIZE - PHASES} other names' in lines
    everything = printed(monkeypatch, True, 'show', path, '0', '--all')
    assert sum(line.startswith('    p') for line in everything) == SIZE
    lines = printed(monkeypatch, True, 'diff', path, '0', '1')
    assert f'  … {SIZE + 1 - PHASES} other phases' not in lines  # none has changed
