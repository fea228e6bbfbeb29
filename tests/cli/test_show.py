"""`microbench show`: many records as a table, one record in full."""

import io
import json
import sys

import pytest

from microbench import MicroBench
from microbench.cli.terminal import columns
from microbench.cli.view.show import main
from microbench.journal import listing
from tests.cli.conftest import status_of
from tests.cli.samples import MODEL, PIPELINE, SEVERAL, SIMULATION, SOLVE, write
from tests.cli.terminals import FakeTerminal, on_terminal

pytestmark = pytest.mark.usefixtures('in_utc')

TABLE = """\
4 records, 2026-03-01 UTC

#  start     name        host    n    median       min       max  outcome
0  09:30:00  solve       node07  2   0.041 s   0.040 s   0.041 s  ok
1  09:31:10  pipeline            1   1.734 s   1.734 s   1.734 s  ValueError
2  10:00:00  simulation          1  95.301 s  95.301 s  95.301 s  SIGTERM
3  11:00:00  model.sh    node08  1   1.204 s   1.204 s   1.204 s  {late}
""".format(late='timed out (1 of 2)')


# --- many -----------------------------------------------------------------------------


def test_many_records_are_a_table(shown, several):
    """Each record is a line: name, place, time, duration, outcome."""
    assert shown(several) == TABLE


def rows_of(output):
    """Return the titles of a table and its lines, without what is above."""
    _, _, table = output.rpartition('\n\n')
    return table.splitlines()


def names(output):
    """Return the column of names in a table."""
    heading, *lines = rows_of(output)
    place = heading.index('name')
    return [line[place:].split()[0] for line in lines]


@pytest.mark.parametrize(
    ('words', 'order'),
    [
        ('--sort name', 'model.sh pipeline simulation solve'),
        ('--sort median', 'solve model.sh pipeline simulation'),
        ('-s max --reverse', 'simulation pipeline model.sh solve'),
        ('--reverse', 'model.sh simulation pipeline solve'),
        ('--sort host', 'solve model.sh pipeline simulation'),
        ('--sort host.cpu_cores_logical', 'model.sh solve pipeline simulation'),
        ('--sort exit_status', 'solve pipeline simulation model.sh'),
    ],
)
def test_sorted_by_any_column_or_field(words, order, shown, several):
    """Records without the field come last."""
    assert names(shown(several, *words.split())) == order.split()


@pytest.mark.parametrize(
    ('condition', 'numbers'),
    [
        ('exception or exit_signal', ['1', '2']),
        ('host.hostname == "node08"', ['3']),
        ('max(call.durations) < 2', ['0', '1']),
        ('true', ['0', '1', '2', '3']),
    ],
)
def test_records_that_meet_a_condition(condition, numbers, shown, several):
    """Selected records keep their numbers in the file; a single one is a line too."""
    _, *lines = rows_of(shown(several, '--filter', condition))
    assert [line.split()[0] for line in lines] == numbers


def test_a_condition_that_holds_for_none(capsys, several):
    """The message differs from that for an empty file."""
    assert main([several, '--filter', 'call.name == "x"']) == 0
    output = f'{several}: the condition does not hold for any of 4 records\n'
    assert capsys.readouterr() == ('', output)


def test_a_condition_that_does_not_hold_for_the_only_record(capsys, tmp_path):
    """The message for a single record uses the singular."""
    path = write(tmp_path / 'x', [SOLVE])
    assert main([path, '--filter', 'call.name == "x"']) == 0
    output = f'{path}: the condition does not hold for the only record\n'
    assert capsys.readouterr() == ('', output)


def test_columns_of_fields(shown, several):
    """Any field can be a column, before the outcome."""
    heading, first, *_ = rows_of(shown(several, '-c', 'host.os', '-c', 'experiment'))
    assert heading.split()[-3:] == ['host.os', 'experiment', 'outcome']
    assert first.split()[-3:] == ['linux', 'baseline', 'ok']


def test_several_files_are_numbered_through(shown, tmp_path):
    """With several files, a column names the file."""
    a = write(tmp_path / 'a.jsonl', [SOLVE])
    b = write(tmp_path / 'b.jsonl', [MODEL, SOLVE])
    rows = [line.split() for line in rows_of(shown(a, b))[1:]]
    assert [row[:2] for row in rows] == [['0', a], ['1', b], ['2', b]]


def test_many_files_of_one_directory(shown, tmp_path, monkeypatch):
    """The journals of a directory are not listed anew for each of its files."""
    calls = []

    def names_in(directory):
        calls.append(directory)
        return [], 400

    monkeypatch.setattr(listing, 'names_in', names_in)
    for number in range(400):
        write(tmp_path / f'{number}.jsonl', [SOLVE])
    assert shown(tmp_path / '*.jsonl').startswith('400 records, ')
    assert len(calls) < 300  # twice a fifth of the files, and once for the pattern


def test_rows_as_json(shown, several):
    """With --json each line is an object of the columns, times in seconds."""
    rows = [json.loads(line) for line in shown(several, '--json').splitlines()]
    assert rows[3] == {
        'number': 3,
        'file': several,
        'record_id': MODEL['mb']['record_id'],
        'start': '2026-03-01T11:00:00.000000+00:00',
        'name': 'model.sh',
        'host': 'node08',
        'n': 1,
        'median': 1.204,
        'min': 1.204,
        'max': 1.204,
        'is_lower_bound': False,
        'outcome': 'timed out (1 of 2)',
    }
    assert [row['number'] for row in rows] == [0, 1, 2, 3]


@pytest.mark.parametrize('count', [1, 2])
def test_rows_as_json_have_one_shape(count, shown, tmp_path):
    """The shape of JSON does not depend on the number of records."""
    path = write(tmp_path / 'x', [MODEL] * count)
    rows = [json.loads(line) for line in shown(path, '--json').splitlines()]
    assert [row['number'] for row in rows] == list(range(count))
    assert {tuple(row) for row in rows} == {OWN_VALUES}


OWN_VALUES = (
    *('number', 'file', 'record_id', 'start', 'name', 'host', 'n', 'median', 'min', 'max'),
    *('is_lower_bound', 'outcome'),
)
# Fields with the name of a column, whose values could be mistaken for those of it.
LIKE_COLUMNS = {name: f'my {name}' for name in OWN_VALUES}


@pytest.mark.parametrize('name', OWN_VALUES)
@pytest.mark.parametrize('dot', ['', '.'])
def test_a_field_with_the_name_of_a_column(name, dot, shown, tmp_path):
    """A field named like a column is another column, with a dot before its name."""
    path = write(tmp_path / 'x', [{**MODEL, **LIKE_COLUMNS}, PIPELINE])
    [plain, _] = map(json.loads, shown(path, '--json').splitlines())
    words = ['-c', dot + name]
    [row, _] = map(json.loads, shown(path, '--json', *words).splitlines())
    assert row == {**plain, f'.{name}': f'my {name}'}
    heading, line, _ = rows_of(shown(path, *words))
    assert heading.split()[-2:] == [f'.{name}', 'outcome']
    assert line.startswith(rows_of(shown(path))[1].partition('timed')[0].rstrip())
    assert f'my {name}  timed out (1 of 2)' in line


def test_sorting_by_a_column_or_by_a_field_of_its_name(shown, tmp_path):
    """A dot selects the field, whatever columns there are."""
    call = {'name': 'a', 'durations': [1]}
    others = {'name': 'b', 'durations': [1, 2]}
    path = write(tmp_path / 'x', [{'n': 7, 'call': call}, {'n': 5, 'call': others}])
    assert names(shown(path, '--sort', 'n')) == ['a', 'b']
    assert names(shown(path, '--sort', 'n', '-c', 'n')) == ['a', 'b']
    assert names(shown(path, '--sort', '.n')) == ['b', 'a']
    assert names(shown(path, '--sort', '.n', '-c', 'n')) == ['b', 'a']


def test_a_column_is_shown_once(shown, several):
    """A column appears once, however often it is asked for."""
    words = ['-c', 'host.os', '-c', '.host.os', '--sort', 'host.os']
    assert rows_of(shown(several, *words))[0].split().count('host.os') == 1


def test_times_of_other_counters(shown, tmp_path):
    """Counters in nanoseconds are recognized by name; others have no unit."""
    nanoseconds = {
        'mb': {'duration_counter': 'perf_counter_ns'},
        'call': {'durations': [1500]},
    }
    unknown = {'mb': {'duration_counter': '<lambda>'}, 'call': {'durations': [7, 8.25]}}
    path = write(tmp_path / 'x', [nanoseconds, unknown])
    first, second = (line.split() for line in rows_of(shown(path))[1:])
    assert first[1:4] == ['1', '1.50', 'µs']
    assert second[1:5] == ['2', '7.62', '7', '8.25']
    assert json.loads(shown(path, '--json').splitlines()[0])['median'] == 1500 * 1e-9


def test_a_histogram_instead_of_durations(shown, tmp_path):
    """A histogram has exact number and range, but no exact median."""
    histogram = {'count': 1000, 'min': 0.001, 'max': 0.1, 'mean': 0.01}
    record = {'call': {'name': 'loop', 'durations': [], 'histogram': histogram}}
    path = write(tmp_path / 'x', [record, SOLVE])
    line = rows_of(shown(path))[1].split()
    assert line == ['0', 'loop', '1000', '1.0', 'ms', '100.0', 'ms']


def recorded(path):
    """Write a record with a histogram of iterations and one of phases."""
    bench = MicroBench(str(path), durations='histogram', iterations=9)

    @bench
    def loop():
        with bench.time('step'):
            pass

    loop()
    return path


def test_histograms_of_a_record(shown, tmp_path):
    """Medians of iterations and phases come from the histograms, and are marked."""
    path = recorded(tmp_path / 'x')
    assert json.loads(shown(path, '--json'))['median'] > 0
    text = shown(path, '0')
    lines = [line.split()[:3] for line in text.splitlines()]
    assert ['durations', '9', '≈'] in lines
    assert ['step', '9', '≈'] in lines
    assert 'buckets' not in text
    _, row, _ = rows_of(shown(recorded(path)))
    assert '  ≈ ' in row


OUTCOMES = [
    ({}, 'ok'),
    ({'exit_status': 0}, 'ok'),
    ({'exit_status': 3}, 'exit 3'),
    ({'exit_signal': 'SIGUSR1', 'exception': {'type': 'OSError'}}, 'SIGUSR1'),
    ({'exit_path': 'recovered'}, 'lost and recovered'),
    ({'exit_path': 'native', 'exit_signal': 'SIGSEGV'}, 'SIGSEGV'),
    ({'exception': {'type': 'KeyError', 'message': 'x'}}, 'KeyError'),
    ({'exception': 'odd'}, 'exception'),
    ({'call': {'returncode': [0, 0]}}, 'ok'),
    ({'call': {'returncode': [3]}}, 'exit 3'),
    ({'call': {'returncode': [0, -9, -9]}}, 'SIGKILL (2 of 3)'),
    ({'call': {'returncode': [0, -9, 2]}}, 'SIGKILL, exit 2 (2 of 3)'),
    ({'call': {'returncode': [1, 2, 3, 4]}}, 'exit 1, exit 2, exit 3, … (4 of 4)'),
    ({'call': {'returncode': [-1000]}}, 'signal 1000'),
    ({'call': {'returncode': [-15], 'timed_out': True}}, 'timed out'),
]


@pytest.mark.parametrize(('fields', 'outcome'), OUTCOMES)
def test_how_it_ended(fields, outcome, shown, tmp_path):
    """The outcome is a few words; the first cause counts."""
    path = write(tmp_path / 'x', [fields, {'exception': {'type': 'Other'}}])
    assert rows_of(shown(path))[1].split(maxsplit=1)[1] == outcome
    assert f'outcome {outcome}'.replace('outcome ok', 'all ok') in shown(
        write(tmp_path / 'x', [fields, fields])
    )


# --- one ------------------------------------------------------------------------------


def test_all_about_a_call_with_phases(shown, several):
    """Outcome, surroundings and times come first."""
    assert (
        shown(several, 0)
        == """\
solve  ok

  not captured  capture_it: KeyError: 'IT'
  started       2026-03-01 09:30:00.120000+00:00
  host          node07, linux, 32 cores (64 threads), 252 GiB
  recorded by   microbench 2.1.0

               n   median      min      max    total
  durations    2  40.5 ms  39.8 ms  41.2 ms  81.0 ms
    factorise  2  10.5 ms  10.0 ms  11.0 ms  21.0 ms  26 %  █████
    iterate    2  39.5 ms  39.0 ms  40.0 ms  79.0 ms  98 %  ████████████████████

  run  duration    cpu     user   system  preempted
    0   41.2 ms  100 %  41.0 ms      0 s          2
    1   39.8 ms  101 %  39.0 ms  1.00 ms          1

also recorded
  experiment  "baseline"
  call.args   [12]
"""
    )


def test_all_about_an_exception(shown, several):
    """A record of one run needs no medians."""
    assert (
        shown(several, 1)
        == """\
pipeline  ValueError

  exception    ValueError: matrix is singular
  started      2026-03-01 09:31:10.000100+00:00
  python       3.12.4, /opt/envs/sim/bin/python
  recorded by  00000000000000aa-0000000000000001

  durations  1.73 s
    read     512 ms  30 %  ██████
    fit      1.22 s  70 %  ██████████████
"""
    )


def test_all_about_a_job_that_was_ended(shown, several):
    """The page has the signal, the job, the open phase, and the monitor's samples."""
    assert (
        shown(several, 2)
        == """\
simulation  SIGTERM

  ended by     SIGTERM
  started      2026-03-01 10:00:00.009000+00:00
  slurm        job 884120, partition short
  recorded by  00000000000000ab-0000000000000002

  durations            1.59 min
    setup (not ended)    12.2 s  13 %  ███

samples
       n       min   median      max
  rss  2  90.0 MiB  140 MiB  190 MiB

also recorded
  slurm.nodelist  "n[1-2]"
"""
    )


@pytest.mark.parametrize(
    ('path', 'words'),
    [
        ('native', 'in C, when Python could not'),
        ('recovered', 'afterwards, from what the process had left behind'),
        ('of a later version', 'of a later version'),
    ],
)
def test_who_wrote_the_record(path, words, shown, tmp_path):
    """The writer is printed if it was not Python."""
    record = {'exit_signal': 'SIGSEGV', 'exit_path': path}
    output = shown(write(tmp_path / 'x', [record]))
    assert f'  ended by  SIGSEGV\n  written   {words}\n' in output


def lost(exact, **recovered):
    """Return a record that was recovered, with one open phase."""
    return {
        'call': {
            'name': 'simulation',
            'durations': [0.105],
            'start_time': '2026-03-01T09:30:00+00:00',
            'finish_time': '2026-03-01T09:30:00.105000+00:00',
            'open_timings': [{'name': 'load', 'duration': 0.104}],
        },
        'exit_path': 'recovered',
        'recovered': {'duration_is_lower_bound': not exact, **recovered},
    }


@pytest.mark.parametrize(
    ('cores', 'words'),
    [
        ({'cpu_cores_logical': 1}, '1 core'),
        ({'cpu_cores_physical': 1, 'cpu_cores_logical': 2}, '1 core (2 threads)'),
        ({'cpu_cores_physical': 2, 'cpu_cores_logical': 2}, '2 cores'),
    ],
)
def test_one_core_is_not_several(cores, words, shown, tmp_path):
    """A single core, and a single thread, are in the singular."""
    assert f'  host  {words}\n' in shown(write(tmp_path / 'x', [{'host': cores}]))


def test_a_lower_bound_has_a_sign_and_no_percentage(shown, tmp_path):
    """A recovered record's page has both bounds of the end."""
    bounds = {'ended_before': '2026-03-01T09:31:00+00:00'}
    output = shown(write(tmp_path / 'x', [lost(exact=False, **bounds)]))
    assert 'durations           ≥ 105 ms\n' in output
    assert 'load (not ended)  ≥ 104 ms\n' in output
    ended = 'found dead at 2026-03-01 09:31:00.000000+00:00'
    assert f'  lasted   at least 105 ms, at most 1.00 min ({ended})\n' in output
    assert '%' not in output


def test_an_end_that_is_known_is_like_any_other(shown, tmp_path):
    """The death of the parent is printed."""
    died = {'parent_died': '2026-03-01T09:30:00.104000+00:00'}
    output = shown(write(tmp_path / 'x', [lost(exact=True, **died)]))
    assert '≥' not in output
    assert '99 %' in output
    assert 'parent died  2026-03-01 09:30:00.104000+00:00' in output


def test_lower_bounds_in_a_table(shown, tmp_path):
    """Lower bounds have their sign in a table as well."""
    output = shown(write(tmp_path / 'x', [lost(exact=False), lost(exact=True)]))
    _, first, second = rows_of(output)
    assert first.count('≥ 105 ms') == 1
    assert '≥' not in second


def test_phases_that_are_hardly_there(shown, tmp_path):
    """Tiny phases have a visible bar."""
    phases = [{'name': 'tiny', 'duration': 1e-6}, {'name': 'none', 'duration': 0}]
    path = write(tmp_path / 'x', [{'call': {'durations': [1], 'timings': phases}}])
    tiny, none = (line.split() for line in shown(path).splitlines()[3:5])
    assert tiny == ['tiny', '1.00', 'µs', '<0.1', '%', '█']
    assert none == ['none', '0', 's', '0', '%']


def test_phases_that_are_summed_up(shown, tmp_path):
    """Count, range and total are of all phases, not only of the listed ones."""
    call = {
        'durations': [100],
        'timings': [{'name': 'read', 'duration': 2}],
        'timings_summary': [
            {'name': 'read', 'count': 40, 'sum': 50, 'min': 1, 'max': 2},
            {'name': None, 'count': 5, 'sum': 10, 'min': 2, 'max': 2},
        ],
    }
    seen = shown(write(tmp_path / 'x', [{'call': call}])).splitlines()
    [read] = [line.split() for line in seen if line.strip().startswith('read')]
    assert read[:2] == ['read', '40']
    assert {'1.00', '2.00', '50.0', '50'} <= set(read)
    assert any('(other names)' in line for line in seen)


def test_phases_of_a_record_without_durations(shown, tmp_path):
    """Phases without durations to compare with have no share."""
    phases = [{'name': 'load', 'duration': 1}]
    path = write(tmp_path / 'x', [{'call': {'open_timings': phases}}])
    assert '    load (not ended)  1.00 s\n' in shown(path)


def test_all_about_a_program(shown, several):
    """A program's page has the command to type again, and the end of each run."""
    assert (
        shown(several, -1)
        == """\
model.sh  timed out (1 of 2)

  command      ./model.sh --steps '100 000'
  directory    /scratch/runs/42
  started      2026-03-01 11:00:00.000000+00:00
  host         node08, linux, 8 cores
  git          4f0c2a3, main, dirty
  recorded by  00000000000000ab-0000000000000003

             n  median     min     max   total
  durations  1  1.20 s  1.20 s  1.20 s  1.20 s

  run  duration   cpu    user   system    memory        end
    0    1.20 s  99 %  1.17 s  20.0 ms  61.0 MiB         ok
    1    3.01 s  99 %  2.95 s  30.0 ms  56.0 MiB  timed out

samples
               n       min    median       max
  cpu_percent  1      98.7      98.7      98.7
  rss_bytes    1  40.0 MiB  40.0 MiB  40.0 MiB
"""
    )


@pytest.mark.parametrize(
    'words',
    [
        ('-r', '1'),
        ('--record', '-3'),
        ('--rec=-3',),
        ('1',),
        ('-3',),
        ('00000000000000aa',),
        ('--all', '1'),
    ],
)
def test_a_record_is_chosen_by_number_or_id(words, shown, several):
    """Numbers are those of the table and get_results(), ids may be abbreviated."""
    assert shown(several, *words).startswith('pipeline  ')


def test_several_records_are_shown_whole(shown, several):
    """Several records are shown one after another, in the order of the words."""
    both = shown(several, 2, 0)
    assert both == f'{shown(several, 2)}\n{shown(several, 0)}'
    assert both == shown(several, '-r', 2, '--record', 0) == shown(several, 2, '-r0')
    records = [json.loads(line) for line in shown(several, 2, 0, '--json').splitlines()]
    assert records == [SIMULATION, SOLVE]


def test_chosen_records_can_be_a_table(shown, several):
    """Selected records are a table if columns are asked for."""
    assert names(shown(several, 3, 0, '-c', 'host.os')) == ['solve', 'model.sh']


def test_a_condition_on_chosen_records(shown, several, capsys):
    """A condition applies to selected records too."""
    condition = ['--filter', 'call.name == "solve"']
    assert shown(several, 2, 0, *condition) == shown(several, 0)
    assert main([several, '1', '2', *condition]) == 0
    output = f'{several}: the condition does not hold for what was chosen\n'
    assert capsys.readouterr() == ('', output)


def test_one_record_as_json(shown, several):
    """With --json one record is itself, on one line."""
    line = shown(several, 2, '--json')
    assert (json.loads(line), line.count('\n')) == (SIMULATION, 1)


def test_the_only_record_needs_no_choice(shown, tmp_path):
    """A file with one record is not worth a table, unless columns are asked for."""
    path = write(tmp_path / 'x', [PIPELINE])
    assert shown(path).startswith('pipeline  ValueError\n')
    assert rows_of(shown(path, '-c', 'python.version'))[0].startswith('#')


def test_many_runs_and_large_objects_are_counted(shown, tmp_path):
    """Many runs and large objects are counted unless --all is given."""
    packages = {f'package{n}': '1.0' for n in range(300)}
    record = {
        'call': {'durations': [1] * 30, 'returncode': [0] * 30},
        'python': {'installed_packages': packages},
        'sizes': list(range(20)),
    }
    path = write(tmp_path / 'x', [record])
    short, whole = shown(path), shown(path, '--all')
    assert '    …   20 more\n' in short
    assert '  python.installed_packages  300 entries\n' in short
    assert '  sizes                      20 items\n' in short
    assert len(short.splitlines()) < 25
    assert 'package299  "1.0"\n' in whole
    assert '   29    1.00 s   ok\n' in whole


NUMBERS = [n / 8 for n in range(200_000)]
LARGE = {
    'call': {
        'name': 'fit',
        'args': [NUMBERS, [NUMBERS], 3, {'x': NUMBERS}],
        'command': ['ls', *map(str, range(100_000))],
        'durations': NUMBERS,
        'return_value': [[1.5] * 1000] * 1000,
        'stdout': ['x' * 10**6],
    },
    'exception': {'type': 'ValueError', 'message': 'y' * 10**6},
    'text': 'é' * 10**6,
    'deep': [[[[[[[[1] * 8] * 8] * 8] * 8] * 8]]],
    f'{"long " * 30}name': 1,
}


@pytest.mark.parametrize('words', [['0'], ['-c', 'call.args', '-c', 'text', '-c', 'deep']])
@pytest.mark.parametrize('terminal', [True, False])
def test_a_million_numbers_have_short_lines(words, terminal, tmp_path, monkeypatch):
    """Lines are short on a terminal and in a pipe; few of the numbers are formatted."""
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr(sys, 'stdout', FakeTerminal() if terminal else io.StringIO())
    path = write(tmp_path / 'x', [LARGE])
    assert main([path, *words]) == 0
    lines = sys.stdout.getvalue().splitlines()
    assert max(map(columns, lines)) <= (80 if terminal else 2100)
    assert len(lines) < 25


def test_arrays_inside_of_lists_are_counted(shown, tmp_path):
    """Texts and objects are cut and counted as well; --all shows more of them."""
    path = write(tmp_path / 'x', [{**LARGE, 'one': [{'a': [1]}]}])
    output = shown(path, 0)
    args = '[[200000 items], [[200000 items]], 3, {"x": [200000 items]}]'
    [line] = [line for line in output.splitlines() if 'call.args' in line]
    assert line.split(maxsplit=1)[1] == args
    assert '1000 items\n' in output
    assert f'["{"x" * 45}… 1000000 characters …{"x" * 15}"]\n' in output
    assert f'"{"é" * 45}… 1000000 characters …{"é" * 15}"\n' in output
    assert '[[[[8 items]]]]\n' in output
    assert '[{"a": [1]}]\n' in output
    whole = shown(path, 0, '--all')
    assert f'["{"x" * 15_000}… 1000000 characters …{"x" * 5000}"]\n' in whole
    assert '24999.75, 24999.875]' in whole


def test_columns_of_arrays_are_counted(shown, tmp_path):
    """--all shows them whole, as --json does."""
    path = write(tmp_path / 'x', [{'a': [[1] * 9, 2]}, {'a': [0] * 9, 'exit_status': 1}])
    short, whole = shown(path, '-c', 'a'), shown(path, '-c', 'a', '--all')
    assert '[[9 items], 2]  ok\n' in short
    assert '9 items         exit 1\n' in short
    assert f'{[[1] * 9, 2]}  ok\n' in whole
    assert json.loads(shown(path, '-c', 'a', '--json').splitlines()[1])['a'] == [0] * 9


LONG = {
    **MODEL,
    'call': {**MODEL['call'], 'name': 'SimulationEngine.run_until_converged測定測定'},
    'host': {'hostname': 'compute-a-0123.cluster.example.org'},
    'exception': {'type': 'SolverDidNotConvergeError'},
    'recovered': {'duration_is_lower_bound': True},
}


@pytest.mark.parametrize('width', [80, 66, 50])
@pytest.mark.parametrize(
    'words', [[], ['-c', 'host.hostname', '-c', 'call.command'], ['0']]
)
def test_long_names_fit(width, words, tmp_path, monkeypatch):
    """Long names fit in tables and pages; times are complete or left out."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('COLUMNS', str(width))
    assert main([write(tmp_path / 'x', [LONG] * 12), *words]) == 0
    shown = sys.stdout.getvalue()
    assert max(map(columns, shown.splitlines())) <= width
    assert '2.11 s' in shown


def test_what_is_sorted_by_is_not_left_out(tmp_path, monkeypatch):
    """The sorted column stays, however narrow the terminal is."""
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '66')
    path = write(tmp_path / 'x', [LONG, SOLVE])
    for column, there in (('n', False), ('max', True)):
        monkeypatch.setattr(sys, 'stdout', FakeTerminal())
        assert main([path, '--sort', column]) == 0
        assert ('max' in sys.stdout.getvalue().split()) is there


def test_what_seldom_explains_anything(shown, several):
    """Fields that seldom explain anything appear with --all."""
    seldom = ['call.invocation', '"Python"', 'mb.duration_counter', '"perf_counter"']
    assert not set(seldom) & set(shown(several, 0).split())
    assert set(seldom) <= set(shown(several, 0, '--all').split())


def test_jobs_and_containers(shown, tmp_path):
    """Schedulers, rank, container and usable cores are shown."""
    record = {
        'host': {
            'hostname': 'node07',
            'cpu_cores_physical': 64,
            'cpu_cores_usable': 4,
            'container': 'apptainer',
            'container_image': '/images/solver.sif',
        },
        'lsf': {'jobid': '34'},
        'torchrun': {'run_id': 'r1'},
        'process': {'rank': 3, 'ranks': 8, 'local_rank': 1},
    }
    output = shown(write(tmp_path / 'x', [record]))
    assert '  host  node07, 64 cores, 4 usable, in apptainer\n' in output
    assert '  job   lsf 34, torchrun r1\n' in output
    assert '  rank  3 of 8\n' in output
    assert output.endswith("""also recorded
  host.container_image  "/images/solver.sif"
  process.local_rank    1
""")


def test_a_large_namespace_is_counted(shown, tmp_path):
    """A large namespace, such as a job's, is counted; its main fields are above."""
    job = {'job_id': '7', **{f'variable_{n}': 'x' for n in range(40)}}
    output = shown(write(tmp_path / 'x', [{'slurm': job}]))
    assert '  slurm  job 7\n' in output
    assert output.endswith('also recorded\n  slurm  41 entries\n')


def test_a_file_may_be_called_like_a_number(shown, tmp_path, monkeypatch):
    """A word that names an existing file is a file."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / '7', [SOLVE])
    write(tmp_path / 'a', [MODEL])
    assert names_of_files(shown('a', '7')) == ['a', '7']
    assert shown('a', '7', '0').startswith('model.sh')


def names_of_files(table):
    """Return the second column of a table."""
    return [line.split()[1] for line in rows_of(table)[1:]]


# --- what is wrong --------------------------------------------------------------------


def refused(capsys, *words):
    """Return the sentence with which the words are rejected."""
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count('\n')) == ('', 1)
    return err.removeprefix('microbench show: ')


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (['nope'], 'cannot read nope: No such file or directory\n'),
        (['.'], 'there are no result files (*.jsonl) in .\n'),
        (['\0'], 'cannot read \\x00: it is not a path\n'),
        (['several', '-r', ''], 'choose a record by its number, or by the beginning of'),
        (['several', '4'], 'there is no record 4: several holds 4, numbered from 0 to 3\n'),
        (
            ['several', '-5'],
            'there is no record -5: several holds 4, numbered from 0 to 3\n',
        ),
        (['one', '1'], 'there is no record 1: one holds one, number 0\n'),
        (['empty', '0'], 'there is no record 0: empty holds no records\n'),
        (['empty', 'empty', '0'], 'there is no record 0: 2 files hold no records\n'),
        (['several', '--record', 'x\033'], 'there is no record x\\x1b: several holds 4, '),
        (['several', '00000'], '3 records have ids that begin with 00000: type more'),
        (['several', 'one', '9'], 'there is no record 9: 2 files hold 5, numbered'),
        (['0', 'several'], 'there is no file 0; type numbers after the files\n'),
        (['one', '0', 'several'], 'there is no file 0; type numbers after the files\n'),
        (['one', '0', 'x'], 'cannot read 0: No such file or directory\n'),
        (['7'], 'cannot read 7: No such file or directory\n'),
    ],
)
def test_wrong_input_is_reported_in_a_sentence(
    words, sentence, capsys, tmp_path, monkeypatch
):
    """Wrong input is status 2 and nothing else."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / 'several', SEVERAL)
    write(tmp_path / 'one', [SOLVE])
    write(tmp_path / 'empty', [])
    assert refused(capsys, *words).startswith(sentence)


def test_what_holds_no_record_at_all(capsys, tmp_path):
    """The message for a wrong file differs from that for an empty one."""
    path = write(tmp_path / 'x', ['no', 'json', '[1]'])
    assert main([path]) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == (
        '',
        [
            f'microbench: {path}: 3 damaged lines were skipped or salvaged',
            f'microbench show: {path} holds no record that can be read',
        ],
    )


@pytest.mark.parametrize('words', [[], ['--json']])
def test_an_empty_file_is_reported(words, capsys, tmp_path):
    """An empty file is no error: perhaps nothing has run yet."""
    path = write(tmp_path / 'x', [])
    assert main([path, *words]) == 0
    assert capsys.readouterr() == ('', f'{path} holds no records\n')


@pytest.mark.parametrize(
    'words',
    [[], ['--nonsense', 'x'], ['x', '--sort'], ['--record'], ['x', '--filter', 'a = 1']],
)
def test_wrong_options_are_usage_errors(words, capsys):
    """Wrong options are reported as by argparse, with the subcommand's name."""
    assert status_of(main, words) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert err.splitlines()[-1].startswith('python -m microbench show: error: ')


def test_damaged_lines_are_skipped_and_counted(capsys, tmp_path):
    """A torn line costs nothing but itself."""
    path = write(tmp_path / 'x', [SOLVE, '{"mb":{"run_id":"torn', MODEL])
    assert main([path]) == 0
    out, err = capsys.readouterr()
    assert names(out) == ['solve', 'model.sh']
    assert err == f'microbench: {path}: 1 damaged line was skipped or salvaged\n'


def test_records_of_before_2_0_are_shown_too(shown, tmp_path):
    """Old records are shown with their fields at the places of today."""
    old = {
        'function_name': 'old',
        'run_durations': [0.5],
        'start_time': '2019-01-01T00:00:00+00:00',
        'hostname': 'node01',
    }
    line = rows_of(shown(write(tmp_path / 'x', [old, SOLVE])))[1]
    assert line.split()[:6] == ['0', '2019-01-01', '00:00:00', 'old', 'node01', '1']


# --- where it is shown ----------------------------------------------------------------


def test_values_cannot_steer_the_terminal(tmp_path, monkeypatch):
    """Escape sequences in a file are text, in a table and in the whole record."""
    evil = '\033]0;owned\007\033[2J\u202e\n\r\x9b31m'
    record = {
        'call': {
            'name': evil,
            'durations': [1],
            'command': [evil],
            'timings': [{'name': evil, 'duration': 1}],
            'start_time': evil,
            'capture_errors': [{'method': evil, 'error': evil}],
        },
        'host': {'hostname': evil, 'os': evil},
        'exception': {'type': evil, 'message': evil},
        evil: evil,
        'deep': {evil: {evil: [evil]}},
    }
    path = write(tmp_path / 'x', [record, record])
    for words in ([path], [path, '0'], [path, '--json'], [path, '-c', evil]):
        monkeypatch.setattr(sys, 'stdout', FakeTerminal())
        monkeypatch.setenv('NO_COLOR', '1')
        assert main(words) == 0
        assert sys.stdout.getvalue().replace('\n', '').isprintable()


def test_on_a_real_terminal(several, environment, tmp_path):
    """A terminal gets colours, and no line wider than it."""
    status, screen = on_terminal(
        ['show', several], environment=environment, cwd=tmp_path, columns=76
    )
    assert status == 0
    assert '\033[1moutcome\033[0m' in screen
    assert '\033[31mSIGTERM\033[0m' in screen
    plain = screen.replace('\033[1m', '').replace('\033[31m', '').replace('\033[0m', '')
    plain = plain.replace('\033[2m', '')
    assert max(map(len, plain.splitlines())) <= 76
    assert 'timed out…' in plain


@pytest.mark.parametrize('variable', [{'NO_COLOR': '1'}, {'TERM': 'dumb'}])
def test_a_terminal_without_colours(variable, several, environment, tmp_path):
    """A variable such as NO_COLOR switches colours off."""
    status, screen = on_terminal(
        ['show', several],
        environment={**environment, **variable},
        cwd=tmp_path,
        columns=100,
    )
    assert (status, screen) == (0, TABLE)


def test_standard_input(command):
    """`-` is a file like others."""
    lines = ''.join(f'{json.dumps(record)}\n' for record in SEVERAL)
    done = command('show', '-', '-1', input=lines)
    assert (done.status, done.stderr) == (0, '')
    assert done.stdout.startswith('model.sh  timed out')


@pytest.fixture
def shell(ended):
    """Run a line of bash in which $show is the subcommand."""
    show = {'show': f'{sys.executable} -m microbench show'}
    return lambda script: ended('bash', '-c', script, env=show)


def test_a_reader_that_goes_away(shell, tmp_path):
    """A closed pipe is status 0 and prints nothing."""
    path = write(tmp_path / 'x', [SOLVE] * 5000)
    done = shell(f'set -o pipefail; $show --each {path} | head -n 1')
    assert (done.status, done.stderr) == (0, '')
    assert done.stdout.startswith('500 records, 2026-03-01 09:30:00 UTC, ')


@pytest.mark.parametrize(
    ('redirection', 'sentence'),
    [
        ('>/dev/full', 'cannot write: No space left on device'),
        ('>&-', 'standard output is closed'),
    ],
)
def test_an_output_that_cannot_be_written(redirection, sentence, several, shell):
    """A failed write is status 1 and one sentence."""
    done = shell(f'$show {several} {redirection}')
    assert (done.status, done.stderr) == (1, f'microbench show: {sentence}\n')


def test_a_closed_standard_input(shell):
    """A closed standard input cannot be read."""
    done = shell('$show - <&-')
    assert (done.status, done.stdout) == (2, '')
    assert done.stderr == 'microbench show: standard input is closed\n'


def test_ctrl_c_while_reading(monkeypatch, several):
    """Ctrl-C gives the status that shells expect, and no traceback."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr('microbench.cli.view.entries.lines_of', interrupted)
    monkeypatch.setattr(sys, 'stdout', io.StringIO())
    assert main([several]) == 130
