"""`microbench convert`: files of before 2.0."""

import contextlib
import io
import itertools
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBench
from microbench.cli.view import convert
from microbench.cli.view.convert import main
from tests.cli.samples import PIPELINE, SOLVE, write
from tests.fakes import python
from tests.results.test_flat_schema import NEW, OLD


def test_old_records_are_converted_and_others_passed_on(capsys, tmp_path):
    """Records keep their order; the count goes to another stream."""
    path = write(tmp_path / 'x', [OLD, SOLVE, OLD])
    assert main([path]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [NEW, SOLVE, NEW]
    assert err == 'microbench: 2 converted, 1 unchanged\n'


def test_a_new_file_that_can_be_read_as_any_other(capsys, tmp_path):
    """A bench and the other subcommands find the fields where they are today."""
    paths = [write(tmp_path / 'a', [OLD]), write(tmp_path / 'b', [PIPELINE])]
    new = str(tmp_path / 'new')
    assert main([*paths, '-o', new]) == 0
    assert capsys.readouterr() == ('', 'microbench: 1 converted, 1 unchanged\n')
    assert MicroBench(new).get_results() == [NEW, PIPELINE]


def test_converting_again_changes_nothing(tmp_path, capsys):
    """A file that is still being written can be converted again later."""
    once, twice = tmp_path / 'once', tmp_path / 'twice'
    assert main([write(tmp_path / 'x', [OLD, SOLVE]), '-o', str(once)]) == 0
    assert main([str(once), '-o', str(twice)]) == 0
    assert once.read_bytes() == twice.read_bytes()
    assert capsys.readouterr().err.endswith('microbench: 0 converted, 2 unchanged\n')


def test_damage_is_counted(capsys, tmp_path):
    """Complete records on a damaged line are kept; the rest of the line is left out."""
    torn = json.dumps({'mb': {'run_id': '1'}, 'call': 'tor'})[:-5]
    whole = json.dumps({'mb': {'run_id': '2'}, 'n': 1}, separators=(',', ':'))
    path = write(tmp_path / 'x', [OLD, torn + whole, 'nothing'])
    assert main([path]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [NEW, json.loads(whole)]
    counts = '1 converted, 1 unchanged, 2 damaged lines were skipped or salvaged'
    assert err == f'microbench: {counts}\n'


def test_the_counts_as_json(capsys, tmp_path):
    """Scripts get the counts as JSON, apart from the records."""
    assert main([write(tmp_path / 'x', [OLD, '?']), '--json']) == 0
    counted = json.loads(capsys.readouterr().err)
    assert counted == {'converted': 1, 'cleaned': 0, 'unchanged': 0, 'damaged': 1}


def test_strict_json_for_nan(capsys, tmp_path):
    """The tokens NaN and Infinity of older versions become strict JSON."""
    old = json.dumps({**OLD, 'return_value': float('nan')})
    assert 'NaN' in old
    assert main([write(tmp_path / 'x', [old])]) == 0
    assert json.loads(capsys.readouterr().out)['call']['return_value'] is None


RECORD = '{"mb": {"run_id": "1"}, "call": {"name": "f"}}'
CLEAN = {'mb': {'run_id': '1'}, 'call': {'name': 'f'}}
START = '"start_time": "2026-03-01T09:30:00'


@pytest.mark.parametrize(
    ('line', 'expected', 'cleaned', 'damaged'),
    [
        (RECORD, CLEAN, 0, 0),
        ('\ufeff' + RECORD, CLEAN, 0, 0),
        ('\t\t' + RECORD + ' \r', CLEAN, 0, 0),
        ('\0' * 4096 + RECORD, CLEAN, 0, 1),
        (RECORD + '\0' * 10, CLEAN, 0, 1),
        (RECORD[:-20] + RECORD, CLEAN, 0, 1),
        (RECORD[1:] + RECORD, CLEAN, 0, 1),
        ('{"mb": {"run_id": "1"}, "x": NaN}', {'mb': CLEAN['mb'], 'x': None}, 1, 0),
        ('{"x": [-Infinity, 1]}', {'x': [None, 1]}, 1, 0),
        ('{"x": "a\\udc80"}', {'x': r'a\x80'}, 1, 0),
        ('{"x": 18446744073709551617}', {'x': 2**64 + 1}, 0, 0),
        ('{"x": {"y": 1e10}}', {'x': {'y': 1e10}}, 0, 0),
        *(
            (
                f'{{"call": {{{START}{written}"}}}}',
                {'call': {'start_time': f'2026-03-01T09:30:00.{becomes}'}},
                int(written != '.' + becomes),
                0,
            )
            for written, becomes in [
                ('+00:00', '000000+00:00'),
                ('', '000000'),
                ('Z', '000000Z'),
                ('.000001+00:00', '000001+00:00'),
                ('.5', '5'),
            ]
        ),
        (
            '{"call": {"monitor": [{"timestamp": "2026-03-01T09:30:00+00:00"}, 3]}}',
            {'call': {'monitor': [{'timestamp': '2026-03-01T09:30:00.000000+00:00'}, 3]}},
            1,
            0,
        ),
        ('{"call": {"monitor": 3, "start_time": null}}', None, 0, 0),
    ],
)
def test_it_cleans_for_other_readers(line, expected, cleaned, damaged, capsys, tmp_path):
    """Files of any version become strict JSON, a record a line, and are counted."""
    expected = json.loads(line) if expected is None else expected
    path = tmp_path / 'x'
    path.write_bytes((RECORD + '\r\n\n' + line + '\n').encode())
    assert main([str(path), '--json']) == 0
    out, err = capsys.readouterr()
    assert out.isascii()
    assert [strictly(text) for text in out.splitlines()] == [CLEAN, expected]
    counts = {'cleaned': cleaned, 'unchanged': 2 - cleaned, 'damaged': damaged}
    assert json.loads(err) == {'converted': 0, **counts}


def strictly(line):
    """Return the value of a line, by a reader that accepts nothing but JSON."""
    return json.loads(line, parse_constant=pytest.fail)


def test_what_was_cleaned_in_a_sentence(capsys, tmp_path):
    """The sentence names cleaned records between converted and unchanged ones."""
    path = write(tmp_path / 'x', [OLD, '{"x": NaN}', SOLVE, 'torn'])
    assert main([path]) == 0
    counts = '1 converted, 1 cleaned, 1 unchanged, 1 damaged line was skipped or salvaged'
    assert capsys.readouterr().err == f'microbench: {counts}\n'


@given(
    st.lists(
        st.sampled_from(
            [RECORD, '{"x": NaN}', RECORD[:-9], '\0', '[1]', '\ufeff{}', json.dumps(OLD)]
        )
    ),
    st.sampled_from(['\n', '\r\n', '\n\n']),
)
def test_any_lines(lines, newline):
    """Each line of the result is strict JSON; a second pass changes nothing."""
    with tempfile.TemporaryDirectory() as place:
        paths = [f'{place}/{number}' for number in range(3)]
        Path(paths[0]).write_text(newline.join([RECORD, *lines]), 'utf-8')
        with contextlib.redirect_stderr(io.StringIO()):
            for before, after in itertools.pairwise(paths):
                assert main([before, '-o', after]) == 0
        once, twice = (Path(path).read_bytes() for path in paths[1:])
    assert once == twice
    assert all(isinstance(strictly(line), dict) for line in once.splitlines())


def test_nothing_but_damage(capsys, tmp_path):
    """A file with nothing but damage is of another kind: no new file is left."""
    (tmp_path / 'x').write_bytes(b'\x89PNG\n\0\0\n')
    assert main([str(tmp_path / 'x'), '-o', str(tmp_path / 'new')]) == 2
    assert 'holds no record that can be read' in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ['x']
    (tmp_path / 'x').write_bytes(b'')
    assert main([str(tmp_path / 'x')]) == 0


@pytest.mark.parametrize(
    ('words', 'status', 'sentence'),
    [
        (['nope'], 2, 'cannot read nope: No such file or directory'),
        (['x', '-o', 'x'], 2, 'x exists: name a new file'),
        (['x', '-o', 'no/new'], 1, 'cannot write no/new: No such file or directory'),
        (['x', '-o', 'x.gz'], 2, 'x.gz would not be compressed: pipe to a program for it'),
        (['x', 'nope', '-o', 'new'], 2, 'cannot read nope: No such file or directory'),
    ],
)
def test_wrong_input_is_reported_in_a_sentence(
    words, status, sentence, capsys, tmp_path, monkeypatch
):
    """After an error nothing is overwritten, and no partial file is left."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'x', [OLD])
    assert main(words) == status
    assert capsys.readouterr() == ('', f'microbench convert: {sentence}\n')
    assert [entry.name for entry in tmp_path.iterdir()] == ['x']
    assert json.loads((tmp_path / 'x').read_text()) == OLD


def test_a_hyphen_is_standard_output(capsys, tmp_path, monkeypatch):
    """A hyphen stands for standard output, as for files that are read."""
    monkeypatch.chdir(tmp_path)
    assert main([write(tmp_path / 'x', [SOLVE]), '-o', '-']) == 0
    assert json.loads(capsys.readouterr().out) == SOLVE
    assert [entry.name for entry in tmp_path.iterdir()] == ['x']


def test_names_that_begin_with_a_hyphen(capsys, tmp_path, monkeypatch):
    """Names that begin with a hyphen stand behind `--`, as everywhere."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / '-x', [SOLVE])
    write(tmp_path / '--', [SOLVE])
    assert main(['-o', 'new', '--', '-x', '--', '-*']) == 0
    assert capsys.readouterr().err == 'microbench: 0 converted, 4 unchanged\n'


def test_killed_in_the_middle(tmp_path):
    """No partial file has the new name, and the next attempt succeeds."""
    path, new = write(tmp_path / 'x', [SOLVE] * 9), tmp_path / 'new'
    code = (
        'import os, sys; from microbench.cli.view import convert\n'
        'clean, left = convert.clean_line, list("12345")\n'
        'def clean_line(*args):\n'
        '    if not left: os.kill(os.getpid(), 9)\n'
        '    left.pop()\n'
        '    return clean(*args)\n'
        'convert.clean_line = clean_line\n'
        f'convert.main([{path!r}, "-o", {str(new)!r}])'
    )
    assert python(code).returncode == -9
    assert not new.exists()
    assert main([path, '-o', str(new)]) == 0
    assert len(new.read_bytes().splitlines()) == 9


def test_another_file_of_that_name_meanwhile(tmp_path, monkeypatch, capsys):
    """A file that appears meanwhile stays, and no other is left."""
    path, new = write(tmp_path / 'x', [SOLVE]), tmp_path / 'new'
    monkeypatch.setattr(convert, '_write', lambda *_: new.write_text('other'))
    assert main([path, '-o', str(new)]) == 2
    assert capsys.readouterr().err == f'microbench convert: {new} exists: name a new file\n'
    assert new.read_text() == 'other'
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['new', 'x']


def test_a_file_system_without_links(tmp_path, monkeypatch, capsys):
    """Without hard links, the new file is renamed."""

    def refused(*_):
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'link', refused)
    assert main([write(tmp_path / 'x', [SOLVE]), '-o', str(tmp_path / 'new')]) == 0
    assert json.loads((tmp_path / 'new').read_text()) == SOLVE
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ['new', 'x']


def test_a_full_disk(tmp_path, command):
    """A full disk is status 1 and one sentence."""
    path = write(tmp_path / 'x', [OLD])
    with Path('/dev/full').open('wb') as full:
        done = command('convert', path, stdout=full)
    assert done.status == 1
    assert done.stderr == 'microbench convert: cannot write: No space left on device\n'
