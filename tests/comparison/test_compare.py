"""`microbench.compare`: rows, what differs around them, and what gets no verdict."""

import copy
import json
from html.parser import HTMLParser
from math import nan
from random import Random

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import microbench
from microbench import FileOutput, Histogram, MicroBench, compare
from microbench.comparison import compare as module
from microbench.comparison.rows import FIELDS
from microbench.comparison.surroundings import HAPPENED
from microbench.comparison.text import values_of
from microbench.comparison.words import STRETCHES
from microbench.mixins.advice import EVENTS
from tests.comparison.records import FIRST, HOST, record, records

BASE, SLOW = records(1.0), records(1.2, after=1000)


def only(found):
    """Return the row of the only group."""
    (row,) = (row for row in found if row.phase is None)
    return row


def with_durations(durations, **fields):
    """Return a record with these durations."""
    found = record(1.0, **fields)
    found['call'] = {'name': 'fit', 'durations': list(durations)}
    return [found]


# --- rows ------------------------------------------------------------------------------


def test_a_slower_version_is_slower():
    """There is a row for the runs, and one for their phase."""
    found = compare(BASE, SLOW)
    assert [(row.name, row.phase, row.verdict) for row in found] == [
        ('fit', None, 'slower'),
        ('fit', 'solve', 'slower'),
    ]
    whole = only(found)
    assert whole.low < 1.2 < whole.high
    assert (whole.base_runs, whole.new_runs) == (120, 120)
    assert only(compare(SLOW, BASE)).verdict == 'faster'
    assert only(compare(BASE, records(1.0, spread=0.001, after=1000))).why == ''


def test_records_are_ordered_by_time():
    """The order in the file does not matter."""
    assert compare(BASE[::-1], SLOW)[0].as_dict() == compare(BASE, SLOW)[0].as_dict()


def test_records_that_take_turns():
    """What meets both sides cancels out: ten runs of each are enough."""
    speeds = [1, 1.3, 0.8, 1.1, 1.4, 0.9, 1.2, 1.05, 0.7, 1.25]
    base = [r for n, v in enumerate(speeds) for r in records(v, 1, after=2 * n, spread=0)]
    new = [
        r
        for n, v in enumerate(speeds)
        for r in records(v * 1.05, 1, after=2 * n + 1, spread=0)
    ]
    row = only(compare(base, new))
    assert (row.is_interleaved, row.verdict) == (True, 'slower')
    for one in new:
        one['host'] = {**HOST, 'hostname': 'node08'}
    row = only(compare(base, new))
    assert (row.is_interleaved, row.verdict) == (False, 'inconclusive')


def test_iterations_of_a_record_follow_each_other():
    """Each begins when the one before it has ended."""
    durations = [row['call']['durations'][0] for row in BASE]
    row = only(compare(with_durations(durations), SLOW))
    assert (row.base_runs, row.verdict) == (120, 'slower')


def test_stretches_at_two_speeds_are_named():
    """Hundreds of runs that met two speeds say as much as four: one sentence of advice."""
    random = Random(4)

    def runs(*stretches):
        speeds = [speed for speed, count in stretches for _ in range(count)]
        times = [speed * random.gauss(1, 0.03) for speed in speeds]
        return [{'call': {'name': 'work', 'durations': times}}]

    base = runs((1.0, 50), (2.0, 100), (1.0, 50))
    found = compare(base, runs((2.0, 120), (1.0, 240), (2.0, 120)))
    assert found[0].verdict == 'inconclusive'
    assert found.warnings == [STRETCHES]
    assert compare(runs((1.0, 200)), runs((1.0, 480))).warnings == []


@given(st.text(), st.text(), st.integers(12, 40))
def test_values_that_differ_are_seen_to_differ(one, other, most):
    """However long what they begin with is."""
    assume(one != other)
    common = '/opt' * most
    base, new = values_of(f'{common}{one}', f'{common}{other}', most)
    assert max(len(base), len(new)) <= most
    assert base != new


def test_a_drift_is_named():
    """Records that get slower all the time need turns, not more runs."""
    drifting = [
        row for n in range(60) for row in records(1 + 0.01 * n, 1, after=n, spread=0.01)
    ]
    found = compare(drifting[:30], drifting[30:])
    assert only(found).verdict == 'inconclusive'
    assert only(found).more_runs is None
    assert found.warnings[-1].startswith('runs that drift have to take turns')


def test_nanoseconds_are_compared_with_seconds():
    """The medians are in seconds; both are a wall clock."""
    fields = [{**row, 'mb': {'duration_counter': 'monotonic_ns'}} for row in SLOW]
    in_ns = [
        {**row, 'call': {'name': 'fit', 'durations': [row['call']['durations'][0] * 1e9]}}
        for row in fields
    ]
    row = only(compare(BASE, in_ns))
    assert row.verdict == 'slower'
    assert row.new_median == pytest.approx(1.2, rel=0.05)


def test_groups_of_one_side_are_named():
    """They have no row."""
    found = compare([*BASE, *records(1.0, name='old')], SLOW)
    assert {row.name for row in found} == {'fit'}
    assert found.warnings == ['only in base: old']


def test_one_group_of_each_side_may_have_another_name():
    """As with two programs that are compared."""
    row = only(compare(BASE, records(1.2, name='fit2', after=1000)))
    assert (row.name, row.verdict) == ('fit → fit2', 'slower')


def test_all_rows_share_one_chance_of_a_false_alarm():
    """The chance of each is multiplied by the number of those that are not smaller."""
    one = only(compare(BASE, records(1.0, after=1000)))
    names = [f'g{number}' for number in range(4)]
    sides = [
        [row for name in names for row in records(1.0, name=name, after=after)]
        for after in (0, 1000)
    ]
    for row in compare(*sides):
        assert row.phase is not None or row.chance == min(1.0, 4 * one.chance)


# --- failures --------------------------------------------------------------------------


def test_failed_runs_are_counted_and_left_out():
    """Neither an exception, a return code, nor a killed process changes the median."""
    killed = record(9.0, exit_path='recovered')
    killed['recovered'] = {'duration_is_lower_bound': True}
    failed = [record(9.0, exception={'type': 'ValueError'}), killed]
    partly = with_durations([9.0, 9.0])
    partly[0]['call']['returncode'] = [1, -9]
    row, clean = only(compare(BASE, [*SLOW, *failed, *partly])), only(compare(BASE, SLOW))
    assert (row.new_failed, clean.new_failed) == (4, 0)
    assert (row.new_runs, row.ratio) == (clean.new_runs, clean.ratio)


# --- no verdict ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('new', 'why'),
    [
        (records(1.0, 2), 'fewer than three runs of the new version'),
        (with_durations([1.0] * 5), 'the new runs are all equal: they say nothing about'),
        (with_durations([0.0, 1.0, 2.0]), 'the new runs have a time of 0: the clock is'),
        (with_durations([-1.0, 1.0, 2.0]), 'the new runs have a time below 0: the clock'),
        (with_durations([nan, None, 'a']), 'fewer than three runs of the new version'),
        (
            with_durations([1.0, 2.0, 3.0], counter='process_time'),
            'different counters: process_time, wall clock',
        ),
        (
            [{'call': {'name': 'fit', 'durations': [], 'histogram': {'count': 9}}}] * 3,
            'not all durations are single ones, or in histograms that can be read',
        ),
    ],
)
def test_what_gets_no_verdict(new, why):
    """One sentence says why, and no number is made up."""
    row = only(compare(BASE, new))
    assert row.why.startswith(why)
    assert (row.verdict, row.ratio, row.low, row.more_runs) == (None, None, None, None)
    assert f'no verdict: {why}' in str(compare(BASE, new))


def test_what_is_no_number_is_left_out():
    """The rest is compared, and a warning counts what is not."""
    durations = [row['call']['durations'][0] for row in SLOW]
    found = compare(BASE, with_durations([nan, *durations, None]))
    assert only(found).new_runs == 120
    assert 'new: 2 values left out: no finite number' in found.warnings


def test_a_file_and_itself():
    """No statistics is needed to see that there is no difference."""
    row = only(compare(BASE, BASE))
    assert (row.verdict, row.why) == (None, 'both sides are the same runs')
    assert row.base_median == row.new_median


def test_a_newer_schema_is_left_out():
    """What a later version writes may mean something else."""
    newer = [{**row, 'mb': {'schema': 4}} for row in SLOW]
    found = compare(BASE, newer)
    assert len(found) == 0
    assert found.warnings[0] == 'new: 120 records of a newer schema left out, so upgrade'


@pytest.mark.parametrize(
    ('new', 'warning'),
    [
        ([], 'nothing to compare: new holds no records'),
        (
            [*records(1.0, name='a'), *records(1.0, name='b')],
            'nothing to compare: one side has fit, the other one a, b',
        ),
    ],
)
def test_nothing_in_common(new, warning):
    """One sentence says what there is."""
    found = compare(BASE, new)
    assert (list(found), found.warnings) == ([], [warning])
    assert str(found).startswith(warning)


# --- surroundings ----------------------------------------------------------------------


def test_an_unfair_comparison_is_a_warning():
    """The most suspicious difference comes first, and noise is left out."""
    new = records(1.2, after=1000, git={'commit': 'b'}, experiment=2)
    base = records(1.0, git={'commit': 'a'}, experiment=1)
    for row in new:
        row['host'] = {**HOST, 'cpu_model': 'Xeon', 'container': 'docker'}
    found = compare(base, new)
    container = 'one side ran in a container, or in another kind of one'
    assert [one.path for one in found.surroundings] == [
        *('host.cpu_model', 'host.container', 'git.commit', 'experiment'),
    ]
    assert found.warnings == [
        'unfair: the processors differ: EPYC and Xeon (host.cpu_model)',
        f'unfair: {container}: None and docker (host.container)',
    ]


def test_a_busier_machine_is_unfair():
    """Both the load and the waiting for a CPU are compared with the other side's."""
    for row in (busy := records(1.2, after=1000)):
        row['call'] |= {'load_average': 7.5, 'run_delay': 0.5}
    for row in (calm := records(1.0)):
        row['call'] |= {'load_average': 0.5, 'run_delay': 0.001}
    found = compare(calm, busy)
    assert [one.path for one in found.surroundings] == [
        *('call.load_average', 'call.run_delay'),
    ]
    assert all(one.is_unfair for one in found.surroundings)
    assert compare(busy, busy).surroundings == []


def stable(after=0.0, **fields):
    """Return records with the field `stability`."""
    own = {'elapsed': 1.0, 'throttled': 0.0, 'disturbed_by': [], 'warnings': ['ASLR is on']}
    return records(1.0, after=after, stability={**own, **fields})


def test_a_disturbed_side_is_unfair():
    """What happened to one side only, or longer there, and settings that differ."""
    new = stable(1000, throttled=0.5, disturbed_by=['throttled', 'new', 7], turbo=True)
    found = compare(stable(turbo=False), new)
    texts = ('0 % of the runs', '100 % of the runs')
    by_quota = 'one side was throttled by a CPU quota'
    assert [(one.path, one.base, one.new, one.why) for one in found.surroundings] == [
        ('stability.turbo', False, True, 'turbo is on for one side only'),
        ('stability.disturbed_by.new', *texts, 'one side was disturbed (new)'),
        ('stability.disturbed_by.throttled', *texts, by_quota),
        (
            'stability.throttled',
            *('0 %', '50 %', 'one side was throttled longer, in shares of its time'),
        ),
    ]
    assert found.warnings[2] == (
        f'unfair: {by_quota}: {texts[0]} and {texts[1]} (stability.disturbed_by.throttled)'
    )


def test_disturbances_alike():
    """What happened to both sides alike makes nothing unfair, nor what is not known."""
    both = {'disturbed_by': ['throttled'], 'throttled': 0.5}
    assert compare(stable(**both), stable(1000, **both)).surroundings == []
    new = records(1.0, after=1000, stability={'elapsed': 1.0})
    assert compare(stable(**both), new).warnings == []


def test_each_event_has_words():
    """A new event of MBStability gets a sentence here."""
    assert list(HAPPENED) == list(EVENTS)


def test_what_one_side_does_not_record_is_unknown():
    """A missing object is named once, and makes nothing unfair."""
    bare = [{name: v for name, v in row.items() if name != 'host'} for row in SLOW]
    found = compare(BASE, bare)
    assert [(one.path, one.new) for one in found.surroundings] == [('host', None)]
    assert found.warnings == []


# --- sources ---------------------------------------------------------------------------


def test_all_that_holds_records(tmp_path):
    """Records, frames, flat or not, files, sinks and benches give the same rows."""
    path = tmp_path / 'slow.jsonl'
    path.write_text(''.join(f'{json.dumps(row)}\n' for row in SLOW))
    sink = FileOutput(path)
    flat = sink.get_results(format='df', flat=True)
    wanted = only(compare(BASE, SLOW)).as_dict()
    bench = MicroBench(outputs=[sink])
    sources = [path, str(path), [path], sink, bench, flat, pd.DataFrame(SLOW), iter(SLOW)]
    for source in sources:
        assert only(compare(BASE, source)).as_dict() == wanted


@pytest.mark.parametrize('source', [7, None, [1, 2], [{'call': {}}, 'a path']])
def test_what_holds_no_records(source):
    """It is a TypeError that says what is needed."""
    with pytest.raises(TypeError, match=r'is needed, not|a record is a dict, not'):
        compare(BASE, source)


@pytest.mark.parametrize('margin', [0, 1, -0.1, nan])
def test_a_margin_is_a_share(margin):
    """Anything else is a ValueError."""
    with pytest.raises(ValueError, match='between 0 and 1'):
        compare(BASE, SLOW, margin=margin)


def test_without_scipy_one_sentence_says_what_to_install(monkeypatch):
    """Nothing else of microbench needs it."""
    monkeypatch.setitem(module.__dict__, '__package__', 'microbench.comparison')
    monkeypatch.setitem(__import__('sys').modules, 'microbench.comparison.report', None)
    error = ImportError('no', name='scipy.special')
    monkeypatch.setattr('builtins.__import__', raising(error))
    with pytest.raises(ImportError, match='pip install numpy scipy'):
        module.compared(None, None)


def raising(error):
    """Return an `__import__` that cannot import the report."""
    real = __import__

    def imported(name, *args, **kwargs):
        if name == 'report':
            raise error
        return real(name, *args, **kwargs)

    return imported


# --- forms -----------------------------------------------------------------------------


def test_the_text_has_a_line_for_each_row():
    """It shows medians, ratio, interval and verdict, then what differs."""
    found = compare(BASE, [{**row, 'experiment': 2} for row in SLOW])
    lines = str(found).splitlines()
    assert ' '.join(lines[0].split()) == 'name base new ratio 95 % verdict runs'
    assert lines[1].startswith('fit      ')
    assert lines[1].split()[-2:] == ['slower', '120']
    assert lines[2].startswith('  solve  ')
    assert lines[3:] == ['~ experiment: (none) -> 2']
    assert repr(found) == str(found)
    assert (len(found), found[0].phase, found.is_slower_by(0.1)) == (2, None, True)
    assert not found.is_slower_by(0.5)


def test_the_html_escapes_and_has_a_row_for_each_row():
    """Names are data of a file."""
    found = compare(records(1.0, name='<b>'), records(1.2, name='<b>', after=1000))
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append(tag)
    parser.feed(found._repr_html_())
    assert (tags.count('tr'), tags.count('b')) == (3, 0)
    assert 'color: red' in found.html()


def test_a_row_as_a_dict():
    """It has all attributes, and JSON can hold it."""
    row = compare(BASE, SLOW)[0]
    assert list(json.loads(json.dumps(row.as_dict()))) == list(FIELDS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(['name', 'durations', 'timings', 'x']), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.sampled_from(['call', 'mb', 'host', 'x']), JSON)))
def test_any_records_have_a_text(some):
    """Records of other programs are shown, and never raise."""
    found = compare([*BASE[:5], *some], [*SLOW[:5], *some])
    assert str(found)
    assert found.html()


def test_it_is_public():
    """`microbench.compare` is the function, also after its module was imported."""
    assert microbench.compare is compare
    assert FIRST.year == 2026


# --- histograms ------------------------------------------------------------------------


def in_histograms(records, phase=None):
    """Return the records with their durations, or those of their phase, in histograms."""
    changed = copy.deepcopy(records)
    for one in changed:
        call = one['call']
        if phase is None:
            call['histogram'] = Histogram(call.pop('durations')).as_dict()
            call['durations'] = []
        else:
            times = [entry['duration'] for entry in call.pop('timings')]
            call['timings_summary'] = [{'name': phase, **Histogram(times).as_dict()}]
    return changed


def test_a_histogram_counts_once():
    """Its median is one run: that says that it is slower, and how it was found."""
    row = only(compare(in_histograms(BASE), in_histograms(SLOW)))
    plain = compare(BASE, SLOW).rows[0]
    assert (row.verdict, row.base_runs, row.is_of_histograms) == ('slower', len(BASE), True)
    assert row.ratio == pytest.approx(plain.ratio, rel=2e-3)  # three digits
    assert row.as_dict()['is_of_histograms']
    found = compare(in_histograms(BASE), in_histograms(SLOW))
    assert 'slower: medians of histograms' in str(found)


def test_a_histogram_of_phases():
    """Phases that are in histograms are compared, too."""
    phase = BASE[0]['call']['timings'][0]['name']
    found = compare(in_histograms(BASE, phase), in_histograms(SLOW, phase))
    [row] = [row for row in found.rows if row.phase == phase]
    assert row.is_of_histograms
    assert row.verdict == compare(BASE, SLOW).rows[1].verdict


def test_single_durations_against_histograms():
    """They are different numbers, so there is no verdict."""
    row = compare(BASE, in_histograms(SLOW)).rows[0]
    assert (row.verdict, row.is_of_histograms) == (None, False)
    assert row.why.startswith('not all durations are single ones')
