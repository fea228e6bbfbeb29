"""`microbench show` in groups: one row for all records of the same work."""

import csv
import io
import json
import random
import statistics
import sys
import time

import pytest

from microbench.cli.terminal import columns
from microbench.cli.view import groups as groups_module
from microbench.cli.view.groups import Groups
from microbench.cli.view.series import Figures
from microbench.cli.view.show import main
from tests.cli.conftest import in_zone, status_of
from tests.cli.samples import MODEL, PIPELINE, SIMULATION, SOLVE, write
from tests.cli.terminals import FakeTerminal

pytestmark = pytest.mark.usefixtures('in_utc')


@pytest.fixture(autouse=True)
def screen(monkeypatch):
    """Let a screen have 24 lines."""
    monkeypatch.delenv('LINES', raising=False)


@pytest.fixture
def file(tmp_path):
    """Write records to a file, and return its name."""
    return lambda records: write(tmp_path / 'records.jsonl', records)


def step(number, duration, name='step', **phases):
    """Return the record of a call that began `number` minutes after nine."""
    timings = [{'name': one, 'duration': seconds} for one, seconds in phases.items()]
    return {
        'host': {'hostname': 'node07'},
        'call': {
            'name': name,
            'durations': [duration],
            'start_time': f'2026-03-01T{9 + number // 60:02}:{number % 60:02}:00+00:00',
            'timings': timings,
        },
    }


# A pipeline of which one phase takes longer from call to call.
SLOWING = [
    step(n, 0.030 + n / 1e4, load=0.01, solve=0.02, history=n / 1e4 + 1e-4)
    for n in range(200)
]
TABLE = """\
200 records, 2026-03-01 09:00:00 to 12:19:00 UTC, host node07, all ok

name         n   median      p95        σ   total  share  over time     trend
step       200  39.9 ms  48.9 ms  5.79 ms  7.99 s         ▄▄▄▄▄▄▅▅▅▅▅▅  46 % slower
  load     200  10.0 ms  10.0 ms     0 ms  2.00 s   25 %  ▅▅▅▅▅▅▅▅▅▅▅▅
  solve    200  20.0 ms  20.0 ms     0 ms  4.00 s   50 %  ▅▅▅▅▅▅▅▅▅▅▅▅
  history  200  10.0 ms  19.0 ms  5.79 ms  2.01 s   25 %  ▁▂▂▃▃▄▅▅▆▆▇▇  6.9 × slower
"""


def rows_of(output):
    """Return the titles of a table and its lines, without what is above."""
    _, _, table = output.rpartition('\n\n')
    return table.splitlines()


def objects_of(output):
    """Return the objects on the lines of --json."""
    return [json.loads(line) for line in output.splitlines()]


def test_many_calls_are_a_group_with_its_phases(shown, file):
    """The table says which phase takes the time, and which one takes more and more."""
    assert shown(file(SLOWING)) == TABLE


@pytest.mark.parametrize(('count', 'is_group'), [(20, False), (21, True)])
def test_more_records_than_rows(count, is_group, shown, file):
    """As many records as fit on a screen of 24 lines are rows, also in a pipe."""
    output = shown(file(SLOWING[:count]))
    assert output.startswith(f'{count} records, ')
    assert (len(rows_of(output)) == count + 1) is not is_group


def test_the_lines_of_the_screen_decide(shown, file, monkeypatch):
    """A larger screen has room for more rows."""
    path = file(SLOWING[:50])
    assert len(rows_of(shown(path))) == 5
    monkeypatch.setenv('LINES', '60')
    assert len(rows_of(shown(path))) == 51


@pytest.mark.parametrize(
    'words', [['--each'], ['-c', 'host.hostname'], ['--sort', 'median'], ['--reverse']]
)
def test_rows_for_each(words, shown, file):
    """--each, and options that are about rows, give a row for each record."""
    assert len(rows_of(shown(file(SLOWING), *words))) == 201


def test_rows_come_in_parts(shown, file):
    """Many rows come in tables of 500, each with what is the same in all of its rows."""
    records = [step(n % 60, 0.5, name=f'part {n // 500}') for n in range(1100)]
    parts = shown(file(records), '--each').split('\n\n')
    headings = parts[::2]
    assert [line.split(' records')[0].split('\n')[-1] for line in headings] == [
        *('500', '500', '100'),
    ]
    assert [f'name part {n}' in heading for n, heading in enumerate(headings)] == [True] * 3
    assert [len(part.splitlines()) for part in parts[1::2]] == [501, 501, 101]


# --- what is counted, and what is averaged ------------------------------------------------


LOST = {
    **step(1, 99.0, solve=99.0),
    'exit_path': 'recovered',
    'recovered': {'duration_is_lower_bound': True},
}
BAD = [
    ({**step(1, 99.0, solve=99.0), 'exception': {'type': 'ValueError'}}, 'ValueError'),
    ({**step(1, 99.0, solve=99.0), 'exit_signal': 'SIGTERM'}, 'SIGTERM'),
    ({**step(1, 99.0), 'exit_status': 3}, 'exit 3'),
    (LOST, 'lost and recovered'),
]


@pytest.mark.parametrize(('record', 'ending'), BAD)
def test_runs_that_failed_are_counted_only(record, ending, shown, file):
    """The times of a run that failed, or was killed, say nothing about the work."""
    records = [step(n, 0.5, solve=0.25) for n in range(30)]
    [plain] = objects_of(shown(file(records), '--by', 'name', '--json'))
    [one] = objects_of(shown(file([*records, record, record]), '--by', 'name', '--json'))
    assert (one['records'], one['failed'], one['endings']) == (32, 2, {ending: 2})
    for name in ('n', 'median', 'p95', 'stdev', 'min', 'max', 'total', 'phases'):
        assert one[name] == plain[name]
    [_, row, _] = rows_of(shown(file([*records, record, record])))
    assert row.endswith(f'2 failed: {ending}')


def test_runs_of_a_command_fail_one_by_one(shown, file):
    """Of a record with several runs, those that went well are averaged."""
    call = {'name': 'a', 'durations': [1, 2, 3, 4], 'returncode': [0, 1, -9, 0]}
    late = {'timed_out': True, 'timed_out_iterations': [False, False, False, True]}
    path = file([{'call': call}, {'call': {**call, 'name': 'b', **late}}])
    first, second = objects_of(shown(path, '--by', 'name', '--json'))
    assert [first['n'], first['total'], first['failed']] == [2, 5.0, 2]
    assert [second['n'], second['total'], second['failed']] == [1, 1.0, 3]
    assert second['endings'] == {'exit 1': 1, 'SIGKILL': 1, 'timed out': 1}
    assert '3 failed: 1 × exit 1, 1 × SIGKILL, 1 × timed out' in shown(path, '--by', 'name')


def test_an_interrupted_command(shown, file):
    """Runs before the signal that ended a command are averaged; the last one failed."""
    call = {'name': 'a', 'durations': [1, 2, 9], 'returncode': [0, 0, -15]}
    waited = {**call, 'name': 'b', 'returncode': [0, 0]}
    records = [{'call': one, 'exit_signal': 'SIGTERM'} for one in (call, waited)]
    found = objects_of(shown(file(records), '--by', 'name', '--json'))
    assert [[one['n'], one['total'], one['endings']] for one in found] == [
        [2, 3.0, {'SIGTERM': 1}],
        [2, 3.0, {'not finished': 1}],
    ]


@pytest.mark.parametrize(('record', 'ending'), BAD)
def test_all_have_failed(record, ending, shown, file):
    """A group without a single good run has a number of 0, and no times."""
    _, row = rows_of(shown(file([record] * 30)))
    assert row.split(maxsplit=2) == ['step', '0', f'30 failed: {ending}']


@pytest.mark.parametrize('durations', [[], None, [None], ['1'], [float('nan')], [True]])
def test_no_runs(durations, shown, file):
    """Values of other types are not durations; a group without any has no times."""
    record = {'call': {'name': 'x', 'durations': durations}}
    output = shown(file([record] * 30))
    assert output == '30 records, all ok\n\nname  records  n\nx          30  0\n'


def test_a_value_that_is_no_number_costs_nothing_else(shown, file):
    """NaN among durations is left out of the number and of the median."""
    record = {'call': {'name': 'x', 'durations': [1, float('nan'), 3, float('inf')]}}
    [one] = objects_of(shown(file([record]), '--by', 'name', '--json'))
    assert [one[name] for name in ('n', 'median', 'total')] == [2, 2.0, 4.0]


def test_negative_durations_have_no_share(shown, file):
    """A clock that was set back gives no percentages."""
    path = file([step(n, -1.0, work=-2.0) for n in range(30)])
    assert '%' not in shown(path)
    [one] = objects_of(shown(path, '--by', 'name', '--json'))
    assert [one['median'], one['share'], one['phases'][0]['share']] == [-1.0, None, None]


def test_counters_of_several_units(shown, file):
    """Nanoseconds and seconds are one group; units that are unknown are another one."""

    def timed(counter, durations):
        return {
            'mb': {'duration_counter': counter},
            'call': {'name': 'x', 'durations': durations},
        }

    records = [timed('perf_counter', [2]), timed('time_ns', [10**9]), timed('mine', [7, 8])]
    seconds, other = objects_of(shown(file(records), '--by', 'name', '--json'))
    assert [seconds[name] for name in ('unit', 'n', 'median', 'share')] == ['s', 2, 1.5, 1]
    assert [other[name] for name in ('unit', 'n', 'median', 'share')] == [
        None,
        2,
        7.5,
        None,
    ]
    _, first, second = rows_of(shown(file(records), '--by', 'name'))
    assert first.split()[2:5] == ['2', '1.50', 's']
    assert second.split()[2:4] == ['2', '7.50']


# --- what a group is ----------------------------------------------------------------------


def test_names_commands_and_hosts_are_kept_apart(shown, file):
    """Commands of one name are kept apart, in the order of their total time."""

    def command(seconds, host):
        call = {'name': 'sleep', 'command': ['sleep', f'{seconds}'], 'durations': [seconds]}
        return {'call': call, 'host': {'hostname': host}}

    kinds = [command(1, 'a'), command(2, 'a'), command(2, 'b')]
    _, *rows = rows_of(shown(file(kinds * 10)))
    assert [row.split()[:4] for row in rows] == [
        ['sleep', '2', 'a', '10'],
        ['sleep', '2', 'b', '10'],
        ['sleep', '1', 'a', '10'],
    ]
    assert [row.split(' %')[0].split()[-1] for row in rows] == ['40', '40', '20']


def test_groups_by_fields(shown, file):
    """Any fields make groups; one with the name of a column has a dot."""
    records = [{**step(n, 1.0), 'n': n % 2, 'rank': n % 4} for n in range(40)]
    title, *rows = rows_of(shown(file(records), '--by', 'n, rank'))
    assert title.split()[:3] == ['.n', 'rank', 'n']
    assert sorted(row.split()[:3] for row in rows) == [
        *(['0', '0', '10'], ['0', '2', '10'], ['1', '1', '10'], ['1', '3', '10']),
    ]
    objects = objects_of(shown(file(records), '--by', 'rank', '--json'))
    assert sorted(one['by']['rank'] for one in objects) == [0, 1, 2, 3]


@pytest.mark.parametrize('name', ['name', 'host', 'command'])
def test_a_field_with_the_name_of_a_column(name, shown, file):
    """A dot selects the field of the record, not the column."""
    records = [{**step(n, 1.0), name: {'x': n % 2}} for n in range(40)]
    assert len(objects_of(shown(file(records), '--by', f'.{name}.x', '--json'))) == 2


def test_values_that_look_alike(shown, file):
    """A number, a text and an object are different values, and keep their types."""
    values = [1, 1.5, '1', True, None, [1], {'a': 1}]
    records = [{**step(0, 1.0), 'value': value} for value in values * 5]
    objects = objects_of(shown(file(records), '--by', 'value', '--json'))
    assert [one['by']['value'] for one in objects] == values
    assert [type(one['by']['value']) for one in objects] == list(map(type, values))


def test_ten_thousand_names(shown, file, monkeypatch):
    """All groups are there in a pipe; a terminal has what takes most of the time."""
    records = [step(0, n + 1.0, name=f'name {n}') for n in range(10_000)]
    path = file(records)
    assert len(rows_of(shown(path))) == 10_001
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    assert main([path]) == 0
    lines = rows_of(sys.stdout.getvalue())
    assert len(lines) == 22
    assert lines[1].startswith('name 9999 ')
    assert lines[-1] == '9,980 more groups with 100 % of the time: --all shows them'


def test_more_names_than_are_kept_apart(shown, file, monkeypatch):
    """Names and phases beyond a limit are summed up; nothing is lost."""
    monkeypatch.setattr(groups_module, 'MOST_GROUPS', 3)
    monkeypatch.setattr(groups_module, 'MOST_PHASES', 2)
    phases = {f'phase {n}': 1.0 for n in range(5)}
    path = file([step(0, 1.0, name=f'name {n}', **phases) for n in range(30)])
    objects = objects_of(shown(path, '--by', 'name', '--json'))
    assert [one['by']['name'] for one in objects] == [
        *('(other names)', 'name 0', 'name 1', 'name 2'),
    ]
    assert [one['n'] for one in objects] == [27, 1, 1, 1]
    assert [phase['name'] for phase in objects[1]['phases']] == [
        *('phase 0', 'phase 1', '(other names)'),
    ]
    assert [phase['n'] for phase in objects[0]['phases']] == [27, 27, 81]


# --- statistics ---------------------------------------------------------------------------


@pytest.mark.parametrize('count', [1, 2, 3, 20, 21, 1000])
def test_figures(count, shown, file):
    """They are those of the module statistics; p95 is the duration of that rank."""
    chance = random.Random(count)
    values = [chance.lognormvariate(0, 1) for _ in range(count)]
    records = [step(0, value) for value in values]
    [one] = objects_of(shown(file(records), '--by', 'name', '--json'))
    assert one['n'] == count
    assert one['median'] == pytest.approx(statistics.median(values), rel=1e-12)
    assert one['total'] == pytest.approx(sum(values), rel=1e-12)
    assert [one['min'], one['max']] == [min(values), max(values)]
    if count > 1:
        assert one['stdev'] == pytest.approx(statistics.stdev(values), rel=1e-9)
        assert one['p95'] == sorted(values)[-(-95 * count // 100) - 1]
    else:
        assert [one['stdev'], one['p95']] == [None, None]


def test_the_memory_does_not_grow_with_the_records(monkeypatch):
    """Beyond a limit durations are counted in histograms, right to 0.1 %."""
    monkeypatch.setattr(groups_module, 'MOST_EXACT', 1000)
    chance, exact = random.Random(7), []
    found = Groups()
    for number in range(30_000):
        exact.append(chance.lognormvariate(0, 0.3))
        found.add(step(number // 40, exact[-1], work=1.0))
    [group] = found.found()
    assert sum(len(series) for series in group.series()) <= 1000
    figures = Figures(group.runs)
    assert figures.is_rough
    assert figures.count == 30_000
    assert figures.median == pytest.approx(statistics.median(exact), rel=2e-3)
    assert figures.p95 == pytest.approx(statistics.quantiles(exact, n=20)[-1], rel=2e-3)
    assert figures.deviation == pytest.approx(statistics.stdev(exact), rel=1e-6)
    assert [figures.least, figures.most] == pytest.approx([min(exact), max(exact)])
    assert len(figures.chart) == 12
    found.add(step(0, 1.0))  # an earlier one, whose place is not known any more
    assert Figures(group.runs).chart == []


def test_a_trend_is_found_in_any_number_of_records(monkeypatch):
    """Also the medians of parts that stand for a histogram have an order."""
    monkeypatch.setattr(groups_module, 'MOST_EXACT', 1000)
    found = Groups()
    for number in range(20_000):
        found.add(step(number // 40, 1.0 + number / 20_000))
    [group] = found.found()
    trend = Figures(group.runs).trend
    assert trend.ratio == pytest.approx(1.875 / 1.125, rel=0.02)


def test_the_order_is_that_of_time(shown, file):
    """Records of several processes are put in order for the chart and the trend."""
    slowing = [step(n, 1 + n / 100) for n in range(100)]
    mixed = random.Random(1).sample(slowing, 100)
    figures = [rows_of(shown(file(records)))[1] for records in (slowing, mixed)]
    assert figures[0] == figures[1]
    assert figures[0].endswith('67 % slower')


@pytest.mark.parametrize('seed', range(20))
def test_noise_has_no_trend(seed, shown, file):
    """Nothing is said about an order that chance gives."""
    chance = random.Random(seed)
    path = file([step(n, chance.gauss(1, 0.2)) for n in range(200)])
    assert 'trend' not in shown(path)


def test_a_small_trend_is_none(shown, file):
    """What amounts to less than five percent is not worth a word."""
    assert 'trend' not in shown(file([step(n, 1 + n / 1e5) for n in range(200)]))


def test_faster_and_faster(shown, file):
    """A trend may be good news."""
    row = rows_of(shown(file([step(n, 10 / (n + 10)) for n in range(200)])))[1]
    assert row.endswith(' × faster')


def test_histograms_are_merged(shown, file):
    """Records with histograms, and phases with them, join those with durations."""
    buckets = {'unit': 's', 'digits': 3, 'variance': 0.0, 'count': 4}
    one = {'sum': 4.0, 'min': 1.0, 'max': 1.0, 'mean': 1.0, 'buckets': [[11193, 4]]}
    call = {
        'name': 'x',
        'durations': [],
        'histogram': {**buckets, **one},
        'timings_summary': [
            {'name': 'full', **buckets, **one},
            {'name': 'sum', 'count': 5, 'sum': 2.0, 'min': 0.1, 'max': 1.0},
        ],
    }
    plain = {'call': {'name': 'x', 'durations': [1.0, 2.0]}}
    path = file([{'call': call}, plain] * 20)
    [group] = objects_of(shown(path, '--by', 'name', '--json'))
    assert [group[f] for f in ('n', 'total', 'is_rough')] == [120, 140.0, True]
    assert group['median'] == pytest.approx(1.0, rel=1e-3)
    full, total = group['phases']
    assert [full['n'], full['total']] == [80, 80.0]
    assert [total[f] for f in ('n', 'total', 'median')] == [100, 40.0, None]
    assert '≈ 1.00 s' in shown(path)


# --- forms --------------------------------------------------------------------------------


def test_json_has_one_shape(shown, file):
    """Without --by, an object is a record, however many there are; with it, a group."""
    names = [
        set(objects_of(shown(file(SLOWING[:count]), *words, '--json'))[0])
        for count in (1, 2, 200)
        for words in ([], ['--by', 'name'])
    ]
    assert names[0] == names[2] == names[4]
    assert names[1] == names[3] == names[5]
    assert {'by', 'records', 'failed', 'n', 'median', 'unit', 'trend', 'phases'} < names[1]


def test_comma_separated_values(shown, file):
    """--csv gives records, or with --by groups and their phases."""
    rows = list(csv.DictReader(io.StringIO(shown(file(SLOWING), '--csv'))))
    assert len(rows) == 200
    assert rows[7]['median'] == repr(SLOWING[7]['call']['durations'][0])
    text = shown(file([*SLOWING, step(1, 1.0, name='a,"b')]), '--csv', '--by', 'name')
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row['name'], row['phase'], row['n']) for row in rows] == [
        *(('step', phase, '200') for phase in ('', 'load', 'solve', 'history')),
        ('a,"b', '', '1'),
    ]
    assert float(rows[3]['trend']) == pytest.approx(6.9, rel=0.01)


def test_markdown(shown, file):
    """--markdown gives the same table, for a page."""
    output = shown(file([*SLOWING, step(1, 1.0, name='a|b')]), '--markdown')
    heading, empty, titles, rule, *rows = output.splitlines()
    assert (heading.split()[0], empty) == ('201', '')
    assert titles.startswith('| name | n | median | p95 |')
    assert rule.startswith('| --- | --: | --: | --: |')
    assert [row.split(' | ')[0] for row in rows] == [
        *('| step', '| load', '| solve', '| history', '| a\\|b'),
    ]
    assert len({row.replace('\\|', '').count('|') for row in [titles, rule, *rows]}) == 1


def test_one_form_at_a_time(several):
    """Two forms at once are wrong use."""
    assert status_of(main, [several, '--json', '--csv']) == 2


@pytest.mark.parametrize(
    ('words', 'sentence'),
    [
        (
            ['--by', 'name', '-c', 'host.os'],
            '--column is for records, not for groups: type --by',
        ),
        (['--by', 'host.oz'], 'no record has the field host.oz: did you mean host.os?\n'),
        (['--by', 'name', '--sort', 'host'], 'groups are sorted by one of: n, median, p95'),
    ],
)
def test_wrong_options_of_groups(words, sentence, several, capsys):
    """Options that do not go together are reported in a sentence."""
    assert main([several, *words]) == 2
    assert capsys.readouterr().err.startswith(f'microbench show: {sentence}')


@pytest.mark.parametrize(
    ('words', 'order'),
    [([], 'b a c'), (['--sort', 'median'], 'a b c'), (['--sort=n', '--reverse'], 'b a c')],
)
def test_the_order_of_groups(words, order, shown, file):
    """The largest total is first, unless --sort names another figure."""
    lost = {**step(1, 9.0, name='c'), 'exit_signal': 'SIGTERM'}
    records = [step(1, 1.0, name='a'), *[step(1, 2.0, name='b')] * 3, lost]
    _, *rows = rows_of(shown(file(records), '--by', 'name', *words))
    assert [row.split()[0] for row in rows] == order.split()


# --- which records ------------------------------------------------------------------------


def test_the_last_ones(shown, file):
    """--last counts records that meet the condition; they keep their numbers."""
    path = file(SLOWING)
    _, *rows = rows_of(shown(path, '--last', 3))
    assert [row.split()[0] for row in rows] == ['197', '198', '199']
    _, *rows = rows_of(shown(path, '--last', 2, '--filter', 'max(call.durations) < 0.04'))
    assert [row.split()[0] for row in rows] == ['98', '99']
    assert shown(path, '--last', 100).startswith('100 records, 2026-03-01 10:40:00 to ')


def test_since_a_time(shown, file, monkeypatch):
    """--since takes a date, in the local zone, or a time ago."""
    path = file([*SLOWING, {'call': {'name': 'no start'}}])
    _, *rows = rows_of(shown(path, '--since', '2026-03-01T12:15'))
    assert [row.split()[0] for row in rows] == ['195', '196', '197', '198', '199']
    monkeypatch.setattr(time, 'time', lambda: 1772367600.0)  # 12:20
    for word in ('300s', '5min', '5m', '0.084h'):
        assert len(rows_of(shown(path, '--since', word))) == 6
    assert shown(path, '--since', '1d').startswith('200 records')


@pytest.mark.parametrize('word', ['yesterday', '2 fortnights', '-3h', ''])
def test_no_time(word, several, capsys):
    """What is neither a date nor a time ago is wrong use."""
    assert status_of(main, [several, f'--since={word}']) == 2
    assert 'type for instance 90s, 30min, 2h, 3d' in capsys.readouterr().err


def test_the_local_zone(shown, file, monkeypatch):
    """Times are local, and their zone is said; --utc gives UTC."""
    path = file(SLOWING[:30])
    in_zone(monkeypatch, 'EST5EDT')
    assert '2026-03-01 04:00:00 to 04:29:00 EST' in shown(path)
    assert '2026-03-01 09:00:00 to 09:29:00 UTC' in shown(path, '--utc')
    heading, *_ = shown(path, '--each').splitlines()
    assert heading.startswith('30 records, 2026-03-01 EST, ')
    assert rows_of(shown(path, '--each'))[1].split()[1] == '04:00:00'
    assert 'started  2026-03-01 04:00:00.000000-05:00' in shown(path, 0)
    assert 'started  2026-03-01 09:00:00.000000+00:00' in shown(path, 0, '--utc')


# --- on a terminal ------------------------------------------------------------------------

NAMES = [
    *('SimulationEngine.run_until_converged', 'SimulationEngine.run_until_stopped'),
    *('測定' * 40, 'x' * 300, '\033[2J\u202e\n', 'é\u0301' * 30),
]


@pytest.mark.parametrize('width', [1, 20, 40, 80, 120])
@pytest.mark.parametrize('words', [[], ['--each'], ['--by', 'host,name']])
def test_any_width(width, words, file, monkeypatch):
    """No line is wider than the terminal, and nothing can steer it."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('COLUMNS', str(width))
    records = [
        {**step(n, 1.0 + n, name=NAMES[n % 6], **{NAMES[n % 6]: 0.5}), 'host': host}
        for n in range(60)
        for host in ({'hostname': f'compute-a-{n % 6:04}.cluster.example.org'},)
    ]
    assert main([file(records), *words]) == 0
    output = sys.stdout.getvalue()
    assert max(map(columns, output.splitlines())) <= width
    assert output.replace('\n', '').isprintable()


@pytest.mark.parametrize('words', [[], ['--each']])
def test_what_distinguishes_names_is_not_cut_away(words, file, monkeypatch):
    """Names that begin and end alike differ in what is left of them."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '60')
    hosts = [f'compute-a-{n:04}.cluster.example.org' for n in (123, 124)]
    records = [
        {**step(n, 1.0, name=NAMES[n % 2]), 'host': {'hostname': host}}
        for n in range(30)
        for host in hosts
    ]
    assert main([file(records), *words]) == 0
    rows = rows_of(sys.stdout.getvalue())[1:]
    shown = {tuple(row.split()[:2] if not words else row.split()[2:4]) for row in rows}
    assert len(shown) == 4
    assert len({host for _, host in shown}) == 2


def test_the_accent(file, monkeypatch):
    """The medians of groups are bold, what is the same everywhere is dim."""
    monkeypatch.setattr(sys, 'stdout', FakeTerminal())
    monkeypatch.delenv('NO_COLOR', raising=False)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('COLUMNS', '120')
    failed = {**step(1, 1.0), 'exception': {'type': 'KeyError'}}
    assert main([file([*SLOWING, failed])]) == 0
    output = sys.stdout.getvalue()
    assert output.startswith('\033[2m201 records, ')
    assert '\033[1m39.9 ms\033[0m' in output
    assert '\033[33m6.9 × slower\033[0m' in output
    assert '\033[31m1 failed: KeyError\033[0m' in output


def test_records_of_any_kind_in_one_table(shown, file):
    """Records of commands, of 2.1.0, and those that ended badly go together."""
    old = {'function_name': 'old', 'run_durations': [0.5], 'hostname': 'node01'}
    path = file([SOLVE, PIPELINE, SIMULATION, MODEL, old] * 5)
    names = [row.split()[0] for row in rows_of(shown(path))[1:] if row[0] != ' ']
    assert sorted(names) == ['./model.sh', 'old', 'pipeline', 'simulation', 'solve']
