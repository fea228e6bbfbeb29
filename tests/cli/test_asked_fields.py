"""Fields that no record has, in --filter, --sort and --column; columns as fields."""

import json

import pytest

from microbench.cli.view import asked_fields
from microbench.cli.view.show import main
from microbench.cli.view.tail import main as tail
from tests.cli.samples import SEVERAL, SOLVE, write


def status_and_texts(words, capsys):
    """Run `show`, and return status, standard output and standard error."""
    status = main([str(word) for word in words])
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    ('words', 'problem'),
    [
        ('--filter call.nayme=="fit"', 'call.nayme: did you mean call.name?'),
        ('--filter hostname', 'hostname: did you mean host.hostname?'),
        ('--filter nayme=="fit"', 'nayme: did you mean name or call.name?'),
        ('--filter exprimnt=="x"', 'exprimnt: did you mean experiment?'),
        ('--filter exeption', 'exeption: did you mean exception?'),
        ('--filter call.timigns[0].duration>1', 'call.timigns.0.duration'),
        ('--filter nothing_like_it>1', 'nothing_like_it'),
        ('--filter name==work', 'work; a text is in quotes: name == "work"'),
        ('--filter call.name==fit', 'fit; a text is in quotes: call.name == "fit"'),
        ('--sort meidan', 'meidan: did you mean median?'),
        ('--sort host.hostnam', 'host.hostnam: did you mean host.hostname?'),
        ('--column expriment', 'expriment: did you mean experiment?'),
        ('-c host.os -c nosuch', 'nosuch'),
        ('-c .n', 'n'),
        ('0 -c expriment', 'expriment: did you mean experiment?'),
        ('--json -c expriment', 'expriment: did you mean experiment?'),
    ],
)
def test_a_field_that_no_record_has(words, problem, several, capsys):
    """It is named with the near ones; the status is 2, and nothing is shown."""
    status, out, err = status_and_texts([several, *words.split()], capsys)
    assert (status, out) == (2, '')
    assert err == f'microbench show: no record has the field {problem}\n'


@pytest.mark.parametrize(
    'words',
    [
        '--filter exception',
        '--filter exception.type=="KeyError"',
        '--filter call.timed_out',
        '--filter recovered.by',
        '--filter call.returncode[0]>0',
        '-c exception.type',
        '--sort exit_status',
        '-c name -c .call.name',
        '--sort name',
    ],
)
def test_what_records_have_only_of_a_failure(words, capsys, tmp_path):
    """Failures are asked for where there are none; columns are there always."""
    record = {'mb': {'run_id': 'a'}, 'call': {'name': 'fit', 'durations': [1]}}
    path = write(tmp_path / 'well.jsonl', [record, record])
    assert status_and_texts([path, *words.split()], capsys)[0] == 0


@pytest.mark.parametrize('condition', ['not failed', 'failed is None', 'failed == null'])
def test_asking_whether_there_is_a_field(condition, several, capsys):
    """A condition may ask whether a record has a field."""
    status, out, err = status_and_texts([several, '--filter', condition], capsys)
    assert (status, err) == (0, '')
    assert len(out.splitlines()) == 3 + len(SEVERAL)  # heading and titles


def test_one_record_is_enough(capsys, tmp_path):
    """A field that the last record has is no mistake."""
    call = {'name': 'fit', 'durations': [1]}
    records = [{'call': call}] * 3 + [{'call': call, 'late': None}]
    path = write(tmp_path / 'late.jsonl', records)
    words = [path, '--filter', 'late == 1', '--sort', 'late', '-c', 'late']
    status, out, err = status_and_texts(words, capsys)
    assert (status, out) == (0, '')
    assert err.endswith('the condition does not hold for any of 4 records\n')


def test_no_records(capsys, tmp_path):
    """Of a file without records, no field is missing."""
    path = write(tmp_path / 'empty.jsonl', [])
    status, out, err = status_and_texts([path, '--filter', 'nothing'], capsys)
    assert (status, out) == (0, '')
    assert err.endswith('empty.jsonl holds no records\n')


def rows(several, capsys, *words):
    """Return the rows of a table as objects."""
    status, out, err = status_and_texts([several, '--json', *words], capsys)
    assert (status, err) == (0, '')
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize('column', ['host', *sorted(asked_fields.VALUES)])
def test_what_is_shown_can_be_filtered(column, several, capsys):
    """Each column has the value in a condition that its row has."""
    for row in rows(several, capsys):
        text = f'{column} == {json.dumps(row[column])}'
        found = rows(several, capsys, '--filter', text)
        assert row['number'] in [other['number'] for other in found]
        assert {json.dumps(other[column]) for other in found} == {json.dumps(row[column])}


def test_every_column_is_known(several, capsys):
    """What `--json` prints for a row are the columns."""
    assert {*rows(several, capsys)[0]} == asked_fields.COLUMNS


@pytest.mark.parametrize(
    ('text', 'numbers'),
    [
        ('median > 1.7', [1, 2]),
        ('n == 2 and max < 1', [0]),
        ('host == "node07"', [0]),
        ('host in ["node07", "node08"]', [0, 3]),
        ('"hostname" in host', [0, 3]),
        ('host is None', [1, 2]),
    ],
)
def test_conditions_on_columns(text, numbers, several, capsys):
    """Times are in seconds; `host` is the name where it is compared, else the object."""
    found = rows(several, capsys, '--filter', text)
    assert [row['number'] for row in found] == numbers


ODD = {
    'call': {'name': 'fit', 'start_time': '2026-03-01T09:30:00Z', 'durations': [1.5]},
    'k': 5,
    'level': '5',
    'tags': ['a'],
}
LIST = 'call.durations is a list: compare max(call.durations), or call.durations[0]'


@pytest.mark.parametrize(
    ('condition', 'hint'),
    [
        ('call.durations > 1', LIST),
        ('1 < call.durations < 5', LIST),
        ('median == "1.5"', 'median is a number: compare it with 1.5'),
        ('k == "5"', 'k is a number: compare it with 5'),
        ('k == "five"', 'k is a number'),
        ('level >= 5', 'level is a text: compare it with "5"'),
        ('-5 < level', 'level is a text: compare it with "-5"'),
        ('tags == "a"', 'tags is a list: try "a" in tags'),
        ('call == "fit"', 'call is an object: compare call.name'),
        ('call.start_time > 2026', 'call.start_time is a text: compare it with a time, '),
        ('max(call.durations) > "1"', 'max(call.durations) is a number: compare it with 1'),
        ('k > 9', None),
        ('k == "5" or exception > 3', 'k is a number: compare it with 5'),
        ('"b" in tags', None),
    ],
)
def test_a_comparison_that_never_holds(condition, hint, capsys, tmp_path):
    """Each way to say that no record meets a condition says why, if types are why."""
    path = write(tmp_path / 'odd.jsonl', [ODD, {'call': {'name': 'other'}}])
    nothing = f'{path}: the condition does not hold for '
    for words, count in ([], 'any of 2 records'), (['0'], 'what was chosen'):
        status, out, err = status_and_texts([path, *words, '--filter', condition], capsys)
        assert (status, out) == (0, '')
        assert err.startswith(nothing + count + (f': {hint}' if hint else '\n'))
    assert tail([path, '--no-follow', '--filter', condition]) == 0
    assert capsys.readouterr().err.startswith(f'microbench tail: {hint}' if hint else '')


@pytest.mark.parametrize('more', ['', ' or k == 6', ' or name == "fit"'])
def test_one_comparison_that_holds_is_enough(more, capsys, tmp_path):
    """A field has values of several types in a file, or another part is met."""
    path = write(tmp_path / 'odd.jsonl', [ODD, {**ODD, 'k': '5'}, {**ODD, 'k': 6}])
    status, out, err = status_and_texts([path, '--filter', f'k == "5"{more}'], capsys)
    assert (status, bool(out), err) == (0, True, '')
    assert tail([path, '--no-follow', '--filter', f'k == "7"{more}']) == 0
    assert capsys.readouterr().err == ''


def test_a_field_goes_before_a_column(capsys, tmp_path):
    """A record's own field `n` is what `n` means for that record."""
    call = {'name': 'fit', 'durations': [1]}
    path = write(tmp_path / 'n.jsonl', [{'n': 1000, 'call': call}, {'call': call}])
    found = rows(path, capsys, '--filter', 'n == 1000')
    assert [row['number'] for row in found] == [0]
    found = rows(path, capsys, '--filter', 'n == 1')
    assert [row['number'] for row in found] == [1]


def test_columns_in_tail(several, capsys):
    """`tail` knows the columns as well."""
    assert tail([str(several), '--no-follow', '--json', '--filter', 'n == 2']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert list(map(json.loads, lines)) == [SOLVE]


def test_a_text_with_a_dash(several, capsys):
    """A text without quotes need not look like a name."""
    with pytest.raises(SystemExit):
        main([str(several), '--filter', 'name == fit-2'])
    assert 'fit - 2 is not known here; a text is in quotes' in capsys.readouterr().err


def test_few_names_are_collected():
    """However many records lack a field, the near ones come from a few of them."""
    asked = asked_fields.AskedFields(
        type('asked', (), {'filter': None, 'column': ['x'], 'sort': None})
    )
    for number in range(asked_fields.EXAMINED + 10):
        asked.look_at({f'field {number}': 1})
    assert len(asked.seen) == asked_fields.EXAMINED
    asked.look_at({'x': 0})
    assert not asked.missing
