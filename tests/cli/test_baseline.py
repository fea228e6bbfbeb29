"""`microbench baseline`, and a baseline as a side of `microbench compare`."""

import json

import pytest

from microbench.cli.view.baseline import main
from microbench.cli.view.compare import main as compare
from tests.comparison.records import HOST, records


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """Write the records of two versions, and of another machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MICROBENCH_MACHINE', raising=False)
    for name, scale, host in (
        ('before', 1.0, HOST),
        ('after', 1.2, HOST),
        ('elsewhere', 1.2, {**HOST, 'hostname': 'elsewhere'}),
    ):
        rows = ({**row, 'host': host} for row in records(scale, after=1000 * scale))
        tmp_path.joinpath(f'{name}.jsonl').write_text('\n'.join(map(json.dumps, rows)))


@pytest.fixture
def said(capsys):
    """Return the status, the output and the message of a call."""

    def run(function, *words):
        status = function(list(words))
        return (status, *capsys.readouterr())

    return run


def test_save_list_and_show(said):
    """A result file is kept, listed with its machine, and shown as a file."""
    assert said(main, 'list')[1].startswith('there are no baselines: ')
    status, out, _ = said(main, 'save', 'main', 'before.jsonl')
    assert status == 0
    assert out.startswith('120 records saved as baseline:main in ')
    status, out, _ = said(
        main, 'save', 'some', 'before.jsonl', '--filter', 'call.name=="no"'
    )
    assert (status, out) == (2, '')
    titles, row = said(main, 'list')[1].splitlines()
    assert titles.split()[:3] == ['name', 'saved', 'records']
    assert (row.split()[0], row.split()[2]) == ('main', '120')
    assert HOST['hostname'] in row
    for words in (['show'], ['show', 'main']):
        status, out, _ = said(main, *words)
        assert status == 0
        assert out.startswith('baseline:main, saved ')
        assert out.splitlines()[2].startswith('120 records')


def test_compare_with_a_baseline(said):
    """It is a side like a file; one of another machine is refused without --force."""
    assert said(main, 'save', 'main', 'before.jsonl')[0] == 0
    status, out, err = said(compare, 'baseline:main', 'after.jsonl', '--fail-over', '10%')
    assert (status, err) == (1, '')
    assert out.startswith('base: baseline:main, 120 records; new: after.jsonl, 120 records')
    status, out, err = said(compare, 'baseline:', 'elsewhere.jsonl')
    assert (status, out) == (2, '')
    assert err.endswith('and not of elsewhere; --force compares them\n')
    status, out, _ = said(compare, 'baseline:main', 'elsewhere.jsonl', '--force')
    assert (status, 'the machines differ' in out) == (0, True)
    status, _, err = said(compare, 'baseline:none', 'after.jsonl')
    assert (status, err) == (
        2,
        "microbench compare: there is no baseline 'none': there are main\n",
    )


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['save', 'main'], 'save takes a name and a file'),
        (['save', 'a/b', 'before.jsonl'], "'a/b' cannot be the name of a baseline"),
        (['save', 'main', 'none.jsonl'], 'cannot read none.jsonl'),
        (['save', 'm', 'before.jsonl', 'elsewhere.jsonl'], 'of several machines'),
        (['list', 'main'], 'list takes neither'),
        (['show'], 'there are no baselines'),
        (['show', 'a', 'b'], 'show takes one name'),
    ],
)
def test_wrong_use(said, words, message):
    """Each is one sentence and status 2."""
    status, out, err = said(main, *words)
    assert (status, out) == (2, '')
    assert message in err
