"""`microbench compare`: sides, forms and exit statuses."""

import csv
import json

import pytest

from microbench.cli.view import compare as view
from microbench.cli.view.compare import main
from tests.comparison.records import HOST, records


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """Write three files: a slower one, and one like the first one but 5 % slower."""
    monkeypatch.chdir(tmp_path)
    for name, commit, rows in (
        ('base', 'b', records(1.0)),
        ('slow', 'a', records(1.2, after=1000)),
        ('near', 'a', records(1.05, after=1000)),
    ):
        lines = [json.dumps({**row, 'git': {'commit': commit}}) for row in rows]
        tmp_path.joinpath(f'{name}.jsonl').write_text('\n'.join(lines) + '\n')


@pytest.fixture
def said(capsys):
    """Return the status, the lines and the message of a call."""

    def run(*words):
        status = main(list(words))
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


def test_two_files(said):
    """A heading, a row for each group and phase, and what differs."""
    status, lines, err = said('base.jsonl', 'slow.jsonl')
    assert (status, err) == (0, '')
    assert lines[0] == 'base: base.jsonl, 120 records; new: slow.jsonl, 120 records'
    assert ' '.join(lines[2].split()) == 'name base new ratio 95 % verdict runs'
    assert lines[3].split()[:2] == ['fit', '1.00']
    assert lines[3].split()[-2:] == ['slower', '120']
    assert lines[4].startswith('  solve')
    assert lines[6] == '~  git.commit  "b"  ->  "a"'


@pytest.mark.parametrize(
    ('new', 'over', 'status'),
    [
        ('slow', '10%', 1),
        ('slow', '10', 1),
        ('slow', '50 %', 0),
        ('near', '10%', 0),
        ('near', '1%', 1),
        ('base', '0.1%', 0),
    ],
)
def test_fail_over(said, new, over, status):
    """The status is 1 only for a slow-down that is certain, and larger."""
    assert said('base.jsonl', f'{new}.jsonl', '--fail-over', over)[0] == status


def test_a_faster_version_does_not_fail(said):
    """However much faster it is."""
    assert said('slow.jsonl', 'base.jsonl', '--fail-over', '1%')[0] == 0


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['base.jsonl'], 'name two files, BASE and NEW; or one, and divide it'),
        (['base.jsonl', 'slow.jsonl', 'near.jsonl'], 'name two files, BASE and NEW'),
        (['-', '-'], 'standard input can be read once: name a file for one side'),
        (['base.jsonl', 'none.jsonl'], 'cannot read none.jsonl: No such file or directory'),
        (['base.jsonl', '--by', 'git.commit'], 'git.commit has one value, not two: b'),
        (['base.jsonl', '--by', 'git.commits'], 'no record has the field git.commits: did'),
        (['base.jsonl', 'slow.jsonl', '--filter', 'x == 1'], 'no record has the field x'),
        (
            ['base.jsonl', 'slow.jsonl', '--filter-new', 'git.commit == "z"'],
            'nothing to compare: slow.jsonl holds no records',
        ),
        (
            [
                'base.jsonl',
                'slow.jsonl',
                '--by',
                'git.commit',
                '--filter-new',
                'name == "fit"',
            ],
            '--by divides the records: use it with --filter',
        ),
    ],
)
def test_wrong_use(said, words, sentence):
    """One sentence and status 2."""
    status, lines, err = said(*words)
    assert (status, lines) == (2, [])
    assert err.startswith(f'microbench compare: {sentence}')


@pytest.mark.parametrize('word', ['much', '0', '-5%', 'nan', '1e9'])
def test_a_percentage_is_needed(capsys, word):
    """Any other limit is wrong use."""
    with pytest.raises(SystemExit) as raised:
        main(['base.jsonl', 'slow.jsonl', f'--fail-over={word}'])
    assert raised.value.code == 2
    assert 'it is a percentage, such as 10%' in capsys.readouterr().err


def test_parts_of_one_file_by_a_field(said):
    """The value that began first is the base."""
    words = ['slow.jsonl', 'base.jsonl', '--by', 'git.commit']
    status, lines, _ = said(*words)
    heading = 'base: git.commit b, 120 records; new: git.commit a, 120 records'
    assert (status, lines[0]) == (0, heading)
    assert 'slower' in lines[3]


def test_parts_of_one_file_by_conditions(said, tmp_path):
    """Each side has its own, and --filter is for both."""
    parts = [tmp_path.joinpath(f'{name}.jsonl').read_text() for name in ('base', 'slow')]
    tmp_path.joinpath('both').write_text(''.join(parts))
    words = ['--filter-base', 'git.commit == "b"', '--filter-new', 'git.commit == "a"']
    lines = said('both', *words, '--filter', 'name == "fit"')[1]
    assert lines[0] == 'base: base (both), 120 records; new: new (both), 120 records'
    assert 'slower' in lines[3]


def test_json(said):
    """An object for each row, each field that differs, and each warning."""
    lines = list(map(json.loads, said('base.jsonl', 'slow.jsonl', '--json')[1]))
    assert [line['kind'] for line in lines] == ['row', 'row', 'field']
    assert (lines[0]['verdict'], lines[1]['phase']) == ('slower', 'solve')
    assert lines[2]['path'] == 'git.commit'


def test_csv(said):
    """A line for each row, with all that --json has."""
    rows = list(csv.DictReader(said('base.jsonl', 'slow.jsonl', '--csv')[1]))
    assert [(row['name'], row['phase'], row['verdict']) for row in rows] == [
        ('fit', '', 'slower'),
        ('fit', 'solve', 'slower'),
    ]


def test_markdown(said, tmp_path):
    """A table for a pull request, and lists of what differs, without accidental markup."""
    text = tmp_path.joinpath('slow.jsonl').read_text().replace('EPYC', 'a_b `*c')
    tmp_path.joinpath('slow.jsonl').write_text(text.replace('"fit"', '"f|t"'))
    lines = said('base.jsonl', 'slow.jsonl', '--markdown')[1]
    assert lines[0] == '| name | base | new | ratio | 95 % | verdict | runs |'
    assert lines[2].startswith('| fit → f\\|t |')
    assert (
        '- unfair: the processors differ: EPYC and a\\_b \\`\\*c (host.cpu\\_model)'
        in lines
    )
    assert lines[-1] == '- `git.commit: "b" -> "a"`'


def test_every_field_that_differs(said, tmp_path):
    """--all lists them; otherwise the most suspicious ones are shown."""
    rows = [{**row, 'tag': {str(n): 'x' for n in range(30)}} for row in records(1.2)]
    for row in rows:
        row['host'] = {**HOST, 'os': 'other'}
    more = [{**row, 'tag': {'0': 'y'}} for row in rows]
    for name, some in (('one', rows), ('two', more)):
        tmp_path.joinpath(name).write_text(''.join(f'{json.dumps(row)}\n' for row in some))
    few, full = said('one', 'two')[1], said('one', 'two', '--all')[1]
    assert few[-1] == '15 more fields: --all shows what differs'
    assert len([line for line in full if line.startswith('~')]) == 30


def test_without_scipy(said, monkeypatch):
    """One sentence says what to install."""

    def missing(*_):
        raise ImportError('compare needs NumPy and SciPy: pip install numpy scipy')

    monkeypatch.setattr(view, 'compared', missing)
    status, _, err = said('base.jsonl', 'slow.jsonl')
    assert (status, 'pip install' in err) == (2, True)
