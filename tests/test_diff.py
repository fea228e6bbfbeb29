"""The differences of two records: their structure, and how they are shown."""

import json
import sys
from html.parser import HTMLParser
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import FileOutput, MBPythonInfo, MicroBenchBase
from microbench.diff import Change, diff, envdiff
from microbench.results.leaves import numbers_in
from tests.fakes import printed

A = {
    'mb': {'run_id': '1', 'record_id': 'a', 'version': '3'},
    'call': {
        'name': 'fit',
        'durations': [1.0],
        'start_time': '2026-03-01T09:30:00+00:00',
        'finish_time': '2026-03-01T09:30:01+00:00',
        'timings': [{'name': 'read', 'duration': 0.5}],
    },
    'host': {'hostname': 'node07', 'cores': 8},
    'slurm': {},
}
B = {
    'slurm': {'job_id': '7'},
    'host': {'cores': 8, 'hostname': 'node<08>'},
    'call': {
        'timings': [{'duration': 0.7, 'name': 'read'}],
        'finish_time': '2026-03-01T10:30:01+00:00',
        'start_time': '2026-03-01T10:30:00+00:00',
        'durations': [2.0],
        'name': 'fit',
    },
    'mb': {'version': '3', 'record_id': 'b', 'run_id': '2'},
}
CHANGES = [
    Change('host.hostname', 'node07', 'node<08>', 'changed'),
    Change('slurm', {}, None, 'removed'),
    Change('slurm.job_id', None, '7', 'added'),
]


def found(a, b, **options):
    """Return the changes as a list."""
    return list(diff(a, b, **options))


def test_one_structure():
    """A difference has path, both values and kind; paths are in order."""
    difference = diff(A, B)
    assert list(difference) == CHANGES
    assert len(difference) == 3
    assert difference[0] == CHANGES[0]
    first = difference[0]
    assert (first.path, first.left, first.right) == ('host.hostname', 'node07', 'node<08>')
    assert [change.kind for change in difference] == ['changed', 'removed', 'added']


def test_no_difference():
    """A record and itself, in another order of names, differ in nothing."""
    turned = dict(reversed([(k, dict(reversed(v.items()))) for k, v in A.items()]))
    assert not diff(A, turned)
    assert str(diff(A, turned, everything=True)) == 'nothing differs'


def job(number, **more):
    """Return the record of a job, with fields that always differ, or that explain."""
    variables = {
        **dict.fromkeys(('job_id', 'jobid', 'task_pid', 'array_job_id'), str(number)),
        **dict.fromkeys(('srun_comm_port', 'step_launcher_port'), str(number + 40_000)),
        'job_start_time': str(number),
        'job_end_time': str(number + 60),
        'step_resv_ports': f'{number}-{number + 1}',
        'job_sluid': f's{number}',
        **dict.fromkeys(('step_id', 'stepid'), str(number % 7)),
    }
    return {'slurm': {**variables, 'job_partition': 'long', **more}}


def test_ids_of_two_jobs_are_hidden():
    """Ids are hidden, but not requests, nor that only one record is of a job."""
    assert found(job(1), job(2)) == []
    assert found(job(1), job(2, job_partition='short')) == [
        Change('slurm.job_partition', 'long', 'short', 'changed')
    ]
    assert len(found(job(1), {'slurm': {'job_partition': 'long'}})) == 12
    assert diff(job(1), job(2)).hidden == 12
    assert len(found(job(1), job(2), everything=True)) == 12


OTHER_JOBS = {
    'pbs': lambda n: {
        'jobid': f'{n}.server',
        'nodefile': f'/var/spool/pbs/aux/{n}.server',
        'jobdir': f'/tmp/pbs.{n}.server',
        'momport': str(n + 15000),
    },
    'lsf': lambda n: {
        'jobid': str(n),
        'jobfilename': f'/home/ann/.lsbatch/17{n}.{n}',
        'djob_hostfile': f'/home/ann/.lsbatch/17{n}.{n}.hostfile',
    },
    'sge': lambda n: {
        'job_id': str(n),
        'job_spool_dir': f'/opt/sge/spool/active_jobs/{n}.1',
        'stdout_path': f'/home/ann/fit.o{n}',
    },
}


@pytest.mark.parametrize('scheduler', OTHER_JOBS)
@pytest.mark.parametrize('numbers', [(7, 8), (884120, 884133)])
def test_ids_of_two_jobs_of_other_schedulers(scheduler, numbers):
    """Names of files with such ids are hidden too, but not the queue."""
    one, two = map(OTHER_JOBS[scheduler], numbers)
    assert found({scheduler: one}, {scheduler: two}) == []
    a, b = ({scheduler: {**job, 'queue': q}} for job, q in ((one, 'long'), (two, 'short')))
    assert [change.path for change in found(a, b)] == [f'{scheduler}.queue']


def test_the_number_of_a_job_outside_of_its_variables():
    """A name with the number of the job is hidden, if no other number can be meant."""

    def record(number, size):
        call = {
            'working_dir': f'/scratch/job{number}',
            'command': ['fit', '-o', f'out-{number}.csv', '--size', size],
        }
        return {'slurm': {'job_id': number}, 'call': call}

    assert found(record('884120', '5'), record('884133', '5')) == []
    changes = found(record('884120', '884120'), record('884133', '8841330'))
    assert [change.path for change in changes] == ['call.command.4']
    paths = [change.path for change in found(record('12', '12'), record('13', '13'))]
    assert paths == ['call.command.2', 'call.command.4', 'call.working_dir']


MEASURED = [
    {'mb': {'clock': {'resolution_ns': '?', 'overhead_ns': '?'}}},
    {'call': {'peak_memory_bytes': '?', 'line_profiler': '?'}},
    {'call': {'line_profile': [{'line': 1, 'hits': 2, 'time': '?'}]}},
    {'call': {'open_timings': [{'name': 'a', 'duration': '?'}]}},
    {'gpus': [{'name': 'A100', 'power_w': '?', 'processes': [{'pid': '?'}]}]},
    {'nvidia': [{'uuid': 'GPU-1', 'memory.used': '?', 'utilization.gpu': '?'}]},
    {'recovered': {'by': '?', 'time': '?', 'duration_is_lower_bound': True}},
]


@pytest.mark.parametrize('form', MEASURED)
def test_what_was_measured_is_hidden(form):
    """Measurements are hidden; what they were made on or with is compared."""
    one, two = (json.loads(json.dumps(form).replace('"?"', n)) for n in '12')
    assert found(one, two) == []
    assert diff(one, two).hidden == json.dumps(form).count('?')


@pytest.mark.parametrize(
    ('path', 'value'),
    [
        ('mb.clock.name', 'CLOCK_BOOTTIME'),
        ('call.line_profile.0.hits', 3),
        ('call.monitor_scope', 'tree'),
        ('gpus.0.throttle_reasons.0', 'sw_power_cap'),
        ('nvidia.0.clocks.max.sm', '1980 MHz'),
        ('recovered.duration_is_lower_bound', True),
        ('slurm.array_task_id', '3'),
    ],
)
def test_what_surrounds_a_measurement_is_compared(path, value):
    """Surroundings may explain a difference."""
    assert [change.path for change in found({path: value}, {path: 'other'})] == [path]


@pytest.mark.parametrize(
    ('name', 'number'),
    [
        *(('pbs', 'jobid'), ('lsf', 'jobid'), ('sge', 'job_id'), ('flux', 'job_id')),
        *(('htcondor', 'job_id'), ('oar', 'job_id'), ('cobalt', 'jobid'), ('pjm', 'jobid')),
        *(('aws_batch', 'job_id'), ('kubernetes', 'uid'), ('torchrun', 'run_id')),
    ],
)
def test_ids_of_other_schedulers_are_hidden(name, number):
    """Ids are hidden wherever they appear in the job's fields."""
    one, two = ({name: {number: n, 'file': f'/spool/{n}', 'x': 1}} for n in ('12', '13'))
    assert found(one, two) == []
    assert len(found(one, two, everything=True)) == 2
    assert len(found(one, {name: {**one[name], 'x': 2}})) == 1


UV = '/home/ann/.cache/uv/{}/bin/python'


@pytest.mark.parametrize('field', ['prefix', 'executable'])
@pytest.mark.parametrize(
    'kind', ['builds-v0/.tmp{}', 'archive-v0/{}', 'environments-v2/x-{}']
)
def test_environments_that_are_made_for_a_run(field, kind):
    """`uv run` draws names of environments; other places are a difference."""
    a, b = ({'python': {field: UV.format(kind.format(drawn))}} for drawn in ('aB3', 'xY7'))
    assert found(a, b) == []
    assert diff(a, b).hidden == 1
    assert len(found(a, {'python': {field: '/usr/bin/python'}})) == 1
    assert len(found({'python': {field: 7}}, b)) == 1
    assert diff(a, a).hidden == 0


def test_times_and_ids_are_hidden_unless_asked():
    """Differences of any two records are counted, and shown on demand."""
    assert diff(A, B).hidden == 6
    whole = diff(A, B, everything=True)
    assert whole.hidden == 0
    assert [change.path for change in whole] == [
        *('call.durations.0', 'call.finish_time', 'call.start_time'),
        *('call.timings.0.duration', 'host.hostname'),
        *('mb.record_id', 'mb.run_id', 'slurm', 'slurm.job_id'),
    ]


def test_two_records_of_one_bench():
    """Records of one bench differ in times and ids only."""
    bench, other = MicroBenchBase(), type('Other', (MBPythonInfo, MicroBenchBase), {})()
    work = bench(len)
    work('')
    work('')
    other(len)('')
    one, two = bench.get_results()
    assert not diff(one, two)
    assert {c.path.split('.')[0] for c in diff(one, other.get_results()[0])} == {'python'}


@pytest.mark.parametrize(
    ('left', 'right', 'change'),
    [
        ([1, 2], [1, 3], Change('x.1', 2, 3, 'changed')),
        ([1], [1, 2], Change('x.1', None, 2, 'added')),
        ([1, 2], [1], Change('x.1', 2, None, 'removed')),
        ([{'a': 1}], [{'a': 2}], Change('x.0.a', 1, 2, 'changed')),
        (1, True, Change('x', 1, True, 'changed')),
        (0, False, Change('x', 0, False, 'changed')),
        (None, 0, Change('x', None, 0, 'changed')),
        ('1', 1, Change('x', '1', 1, 'changed')),
        (1, 2.5, Change('x', 1, 2.5, 'changed')),
    ],
)
def test_values(left, right, change):
    """Lists are compared item by item, and types count."""
    assert found({'x': left}, {'x': right}) == [change]


@pytest.mark.parametrize(
    ('left', 'right'),
    [(1, 1.0), (True, True), (float('nan'), float('nan')), ((1,), [1]), (None, None)],
)
def test_equal_values(left, right):
    """Numbers count by value, and what reads the same in JSON is the same."""
    assert found({'x': left}, {'x': right}) == []


def test_many_items_are_in_order():
    """Items of lists are sorted by number."""
    changes = found({'x': list(range(12))}, {'x': [-1] * 12})
    assert [change.path for change in changes] == [f'x.{n}' for n in range(12)]


ARRAY = [n / 8 for n in range(100_000)]
OTHER = [*ARRAY[:-1], True]


@pytest.mark.parametrize(
    ('left', 'right', 'text'),
    [
        (ARRAY, OTHER, '~ x.0: 100000 items -> 100000 items, 1 of them different'),
        (ARRAY, [*ARRAY, 1], '~ x.0: 100000 items -> 100001 items'),
        (ARRAY, [[5]], '~ x.0: 100000 items -> 1 item'),
        (ARRAY, {'a': {'b': 1}}, '~ x.0: 100000 items -> 1 entry'),
        (ARRAY, [], '~ x.0: 100000 items -> []'),
        (ARRAY, 7, '~ x.0: 100000 items -> 7'),
        ([ARRAY] * 20, [OTHER] * 20, '20 items -> 20 items, 20 of them different'),
        ([[1] * 40] * 40, [[2] * 40] * 40, '40 items, 1600 of them different'),
        ([1] * 1001, [True] * 1001, '1001 items, 1001 of them different'),
    ],
)
def test_arrays(left, right, text):
    """Arrays are compared as a whole, and counted in text and in HTML."""
    difference = diff({'x': [left, 'y']}, {'x': [right, 'y']})
    assert list(difference) == [Change('x.0', left, right, 'changed')]
    assert text in str(difference)
    red = Cells(difference.html().partition('<p>')[0]).cells[1:3]
    assert [is_red for _, is_red in red] == [True, True]
    assert not diff({'x': left}, {'x': left})
    [turned] = diff({'x': [right]}, {'x': [left]})
    assert (turned.left, turned.right) == (right, left)


def test_what_is_no_array_is_taken_apart():
    """Up to 1000 values, and lists with objects, are compared by item."""
    changes = found({'x': [1] * 1000}, {'x': [2] * 1000})
    assert [change.path for change in changes] == [f'x.{n}' for n in range(1000)]
    objects = [{'name': n} for n in range(2000)]
    [change] = found({'x': objects}, {'x': [*objects[:-1], {'name': 'other'}]})
    assert change == Change('x.1999.name', 1999, 'other', 'changed')


def test_long_lists_of_measurements_are_one_difference():
    """Comparing each item would take a second."""
    records = [{'resource_usage': [{'utime': n}] * 2000} for n in range(2)]
    assert found(*records) == []
    assert diff(*records).hidden == 1


@given(st.recursive(st.sampled_from([1, 2, True]), lambda v: st.lists(v, max_size=30)))
def test_numbers_in_nested_lists(array):
    """Numbers in nested lists are those of the JSON, in their order."""
    if isinstance(array, list):
        text = json.dumps(array).replace('[', ' ').replace(']', ' ').replace(',', ' ')
        assert list(map(json.dumps, numbers_in(array))) == text.split()


FLAT = {
    'mb.version': '3',
    'call.name': 'fit',
    'call.durations': [1.0],
    'call.timings': [{'name': 'read', 'duration': 0.5}],
    'host.hostname': 'node07',
    'host.cores': 8,
    'slurm': {},
}


TEXT = json.dumps(A)


@pytest.mark.parametrize('form', [A, TEXT, TEXT.encode(), bytearray(TEXT.encode())])
def test_forms(form):
    """Dicts, and JSON as str and bytes, are records."""
    assert not diff(form, A, everything=True)
    assert list(diff(form, B)) == CHANGES


def test_nested_and_flat_records_can_be_compared():
    """Names joined by dots are the same fields."""
    assert found(FLAT, B) == CHANGES


@pytest.mark.parametrize('wrong', [None, 3, [A], '[1]', '3', object()])
def test_what_is_no_record(wrong):
    """Anything but a record is a TypeError that names its type."""
    with pytest.raises(TypeError, match='a record is a dict, a row or a JSON object'):
        diff(A, wrong)


def test_text_that_is_no_json():
    """Text that is not JSON is a ValueError, as from json."""
    with pytest.raises(ValueError, match='Expecting|unexpected'):
        diff(A, 'nonsense')


def test_text():
    """Each difference has a line, and hidden ones have one together."""
    assert str(diff(A, B)).splitlines() == [
        'The second is 2.0 times slower than the first.',
        '~ host.hostname: "node07" -> "node<08>"',
        '- slurm: {}',
        '+ slurm.job_id: "7"',
        '6 differences in times and ids are not shown',
    ]
    assert repr(diff(A, B)) == str(diff(A, B))
    assert repr(CHANGES[1]) == "Change('slurm', {}, None, 'removed')"


def test_times_are_compared():
    """The median and each phase have both values and a ratio, also of flat records."""
    flat = {'call.durations': [2.0], 'call.timings': B['call']['timings']}
    for other in (B, flat):
        median, phase = diff(A, other).times
        assert (median.name, median.left, median.right) == ('median', 1.0, 2.0)
        assert (median.ratio, median.is_significant) == (2.0, None)
        assert (phase.name, phase.left, phase.right) == ('phases.read', 0.5, 0.7)
        assert phase.ratio == pytest.approx(1.4)
    assert diff(A, B).sentence == 'The second is 2.0 times slower than the first.'
    assert diff(A, A).sentence == ''
    assert diff({}, {}).times == []


def many(*durations, **phases):
    """Return a record with some iterations."""
    timings = [{'name': n, 'duration': d} for n, found in phases.items() for d in found]
    return {'call': {'durations': list(durations), 'timings': timings}}


SENTENCES = [
    (
        many(1.0),
        many(1.1),
        'about as long as the first: 10 % more, with too few runs',
    ),
    (many(2.0), many(1.9), 'takes about as long as the first: 5 % less, with too few runs'),
    (many(*range(1, 20)), many(*range(1, 19)), 'a difference of 5 % is within noise'),
    (many(*range(900, 910)), many(*range(910, 920)), 'of 1 % is too little to matter'),
    (many(*range(90, 100)), many(*range(45, 55)), 'is 48 % faster than the first'),
    (many(1.0, a=[0.5]), many(3.0, a=[2.0]), "first: 1.50 of the 2.00 s more are in 'a'."),
    (many(3.0, a=[2.0]), many(1.0), "first: all of the 2.00 s less is in 'a'."),
    (many(1.0, a=[0.5]), many(3.0, a=[0.6]), '3.0 times slower than the first.'),
]


@pytest.mark.parametrize(('left', 'right', 'part'), SENTENCES)
def test_the_sentence_about_the_times(left, right, part):
    """It names the phase that makes the difference, and is silent about noise."""
    assert part in diff(left, right).sentence


def test_times_that_cannot_be_compared():
    """Other units, zero and no number have no ratio and no sentence."""
    other = {**many(1.0), 'mb': {'duration_counter': 'mine'}}
    for record in (other, many(0.0), many(-1.0), many(), many(float('nan')), {}):
        for pair in ((many(7.0), record), (record, many(7.0))):
            assert diff(*pair).sentence == ''
    assert diff(many(7.0), {**many(14.0), 'mb': {'duration_counter': 'time_ns'}}).sentence


def ended(*codes, **fields):
    """Return a record of runs of 1, 2, 3 ... s with these return codes."""
    durations = [float(second) for second in range(1, len(codes) + 1)]
    return {'call': {'durations': durations, 'returncode': list(codes)}, **fields}


FAILED = {'exception': {'type': 'ValueError'}}
BOUND = {'recovered': {'duration_is_lower_bound': True}}


@pytest.mark.parametrize(
    ('left', 'right', 'sentence'),
    [
        (ended(0), ended(3), 'The second failed: exit 3.'),
        (
            ended(0, 0, 3, -9, -9),
            ended(0, 0),
            'Failed runs of the first are left out: exit 3, SIGKILL (3 of 5).',
        ),
        (ended(3, 3), ended(3, 3), 'Both failed: exit 3 (2 of 2).'),
        (
            ended(0, **FAILED),
            ended(1),
            'The first failed: ValueError. The second failed: exit 1.',
        ),
        (
            ended(0, 0, 3, exit_signal='SIGTERM'),
            ended(0, 0),
            'Failed runs of the first are left out: SIGTERM.',
        ),
        (ended(0), ended(0, **BOUND), 'The second did not end: its time is a lower bound.'),
        (
            {'call': {'name': 'x'}, **FAILED},
            ended(0),
            'The first failed: ValueError.',
        ),
        ({'call': {'name': 'x'}, **FAILED}, {'call': {'name': 'x'}}, ''),
    ],
)
def test_failed_runs_are_named_and_left_out(left, right, sentence):
    """Runs that failed are not averaged with others; if all failed, that is said."""
    assert diff(left, right).sentence == sentence


def test_usage_and_times_are_those_of_the_same_runs():
    """The time on a processor is that of the runs that went well."""
    usage = [{'utime': seconds, 'stime': 0.0} for seconds in (0.5, 1.0, 99.0)]
    left = {**ended(0, 0, 7), 'resource_usage': usage}
    [median] = diff(left, {**left, 'call': {'durations': [3.0]}}).times
    assert (median.left, median.right) == (1.5, 3.0)
    assert diff(left, left).comparison.left.busy == 0.5


@pytest.mark.parametrize(('elapsed', 'share'), [(0.001, None), (0.006, 0.5)])
def test_short_runs_have_no_share_of_the_cpu(elapsed, share):
    """Their CPU time is mostly that of reading it."""
    usage = [{'utime': 0.002, 'stime': 0.001}]
    record = {'call': {'durations': [elapsed]}, 'resource_usage': usage}
    assert diff(record, record).comparison.left.busy == share


class Cells(HTMLParser):
    """A parser of the two columns' cells: text, and whether it is red."""

    def __init__(self, html):
        super().__init__()
        self.cells, self.red, self.open = [], False, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.open += 1
        if tag == 'div':
            self.cells.append(('', False))
        self.red = 'color: red' in dict(attrs).get('style', '')

    def handle_endtag(self, tag):
        self.open -= 1

    def handle_data(self, data):
        self.cells[-1] = (self.cells[-1][0] + data, self.red)


def test_html():
    """Two columns are side by side, escaped, with differences in red."""
    html = diff(A, B).html()
    assert '<08>' not in html
    assert 'grid-template-columns: 1fr 1fr;' in html
    cells = Cells(html.partition('<p>')[0])
    assert cells.open == 0
    [_, *cells] = cells.cells
    assert list(zip(cells[::2], cells[1::2], strict=True)) == [
        (('call.name: "fit"', False), ('call.name: "fit"', False)),
        (('call.timings.0.name: "read"', False),) * 2,
        (('host.cores: 8', False),) * 2,
        (('host.hostname: "node07"', True), ('host.hostname: "node<08>"', True)),
        (('mb.version: "3"', False),) * 2,
        (('slurm: {}', True), ('', False)),
        (('', False), ('slurm.job_id: "7"', True)),
    ]


def test_html_of_names_that_look_like_it():
    """Names are escaped as well as values, quotes too."""
    html = diff({'<b>': 1}, {'<b>': '"&'}).html()
    assert '&lt;b&gt;: <span style="color: red;">1</span>' in html
    assert '&lt;b&gt;: <span style="color: red;">&quot;\\&quot;&amp;&quot;</span>' in html


def test_words_of_html():
    """Words that the other text lacks in their place are red."""
    html = diff({'a': 'one two'}, {'a': 'one 2 <'}).html()
    assert '<div>a: &quot;one <span style="color: red;">two&quot;</span></div>' in html
    red = [f'<span style="color: red;">{word}</span>' for word in ('2', '&lt;&quot;')]
    assert f'<div>a: &quot;one {" ".join(red)}</div>' in html


def test_of_a_value_that_has_lost_its_last_words():
    """The last words of the longer text are red."""
    html = diff({'a': 'one two'}, {'b': 'three'}).html()
    assert html.count('color: red') == 3


def test_a_notebook_shows_it_by_itself():
    """The last value of a cell is asked for its HTML."""
    assert diff(A, B)._repr_html_() == diff(A, B).html()


# --- rows of pandas ----------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    """Return a file of three records, of which each has a field of its own."""
    path = tmp_path / 'results.jsonl'
    third = {**A, 'n': 3, 'when': '2026-03-01'}
    with path.open('w') as lines:
        for record in (A, B, third):
            lines.write(json.dumps(record) + '\n')
    return path


def test_rows_of_get_results(file):
    """Fields that a row of a flat frame lacks are missing, not NaN."""
    pandas = pytest.importorskip('pandas')
    table = pandas.DataFrame(FileOutput(file).get_results(flat=True))
    assert found(table.iloc[0], table.iloc[1]) == CHANGES
    assert found(table.iloc[0], A, everything=True) == []
    assert [change.path for change in diff(table.iloc[0], table.iloc[2])] == ['n', 'when']


def test_rows_of_a_nested_frame(file):
    """Rows of get_results(format='df') can be compared."""
    table = FileOutput(file).get_results(format='df')
    assert found(table.iloc[0], table.iloc[1]) == CHANGES


def test_rows_of_read_json(file):
    """Rows that pandas itself has read can be compared; times stay readable."""
    pandas = pytest.importorskip('pandas')
    table = pandas.read_json(file, lines=True)
    assert found(table.iloc[0], table.iloc[1]) == CHANGES
    table['when'] = pandas.to_datetime(['2026-03-01', '2026-03-02', None], utc=True)
    [*_, when] = diff(table.iloc[0], table.iloc[1])
    assert when.left == '2026-03-01T00:00:00.000000+00:00'
    assert 'when' not in [c.path for c in diff(table.iloc[2], A) if c.kind == 'changed']


def test_a_whole_frame_is_no_record(file):
    """A frame is rejected: one row has to be selected."""
    table = FileOutput(file).get_results(format='df')
    with pytest.raises(TypeError, match='DataFrame'):
        diff(table, A)


# --- envdiff -----------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    """Return what is displayed, by a stub of IPython."""

    class HTML:
        def __init__(self, data):
            self.data = data

    things = []
    display = ModuleType('IPython.display')
    display.HTML, display.display = HTML, things.append
    monkeypatch.setitem(sys.modules, 'IPython', ModuleType('IPython'))
    monkeypatch.setitem(sys.modules, 'IPython.display', display)
    return things


@pytest.mark.parametrize('everything', [False, True])
def test_envdiff_displays_html(shown, everything):
    """IPython gets one HTML object; as text it is the difference; nothing is returned."""
    assert envdiff(json.dumps(A), B, everything=everything) is None
    [thing] = shown
    difference = diff(A, B, everything=everything)
    assert isinstance(thing, sys.modules['IPython.display'].HTML)
    assert thing.data == difference.html()
    assert repr(thing) == str(difference)


def test_envdiff_without_ipython(monkeypatch):
    """Without IPython an ImportError is raised: nothing else could display it."""
    monkeypatch.setitem(sys.modules, 'IPython', None)
    monkeypatch.setitem(sys.modules, 'IPython.display', None)
    with pytest.raises(ImportError):
        envdiff(A, B)


def test_envdiff_in_a_plain_program():
    """Outside of a notebook the text is printed."""
    pytest.importorskip('IPython')
    code = 'from microbench.diff import envdiff; envdiff({"x": "<1>"}, {"x": 2})'
    assert printed(code) == '~ x: "<1>" -> 2\n'


def test_nothing_heavy_is_imported():
    """The module needs neither pandas nor IPython."""
    code = """
from microbench.diff import diff
print(diff({'x': 1}, {'x': 2}))
print({'pandas', 'IPython', 'numpy'} & set(sys.modules))
"""
    assert printed(code) == '~ x: 1 -> 2\nset()\n'


def test_a_difference_cannot_steer_the_terminal():
    """Names and values come from files: escape sequences in them are text."""
    evil = '\033]0;owned\007\u202e\n\x9b31m'
    text = str(diff({evil: evil, 'x': 1}, {evil: 'other', 'x': evil}))
    assert text.replace('\n', '').isprintable()
    assert text.count('\n') == 1


def test_distributions_that_are_written_anew():
    """Names are compared as in PEP 503, versions as they are."""
    names = 'PyYAML', 'zope.interface', 'gone'
    others = 'pyyaml', 'zope-interface', 'new'
    left, right = (
        {'python': {'installed_packages': dict.fromkeys(written, '1.0')}}
        for written in (names, others)
    )
    right['python']['installed_packages']['pyyaml'] = '2.0'
    changes = [(c.path, c.left, c.right, c.kind) for c in diff(left, right)]
    field = 'python.installed_packages'
    assert changes == [
        (f'{field}.PyYAML', '1.0', '2.0', 'changed'),
        (f'{field}.gone', '1.0', None, 'removed'),
        (f'{field}.new', None, '1.0', 'added'),
    ]


def test_only_what_differs_is_sorted(monkeypatch):
    """A record with many equal values costs what they cost to compare."""
    sorted_paths = []

    def in_order(path):
        sorted_paths.append(path)
        return path

    monkeypatch.setattr(sys.modules[diff.__module__], '_in_order', in_order)
    one = {f'k{number}': number for number in range(100)}
    [change] = diff(one, {**one, 'k7': 'other'})
    assert change.path == 'k7'
    assert sorted_paths == ['k7']
