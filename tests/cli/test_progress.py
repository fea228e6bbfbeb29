"""Progress of many runs, printed only on a terminal."""

import io
import os
import pty
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microbench import MicroBench
from microbench.cli.args.parser import Settings
from microbench.cli.run import progress
from microbench.cli.run.child import Child
from microbench.cli.run.live import Live, can_write, is_alone
from microbench.cli.run.progress import Progress, make_progress
from microbench.cli.run.runner import Measurement
from microbench.cli.terminal import Terminal
from tests.cli.conftest import ManualTimers, records_in
from tests.cli.terminals import FakeTerminal, Screen, on_terminal

SLOW_FIRST = 'test -e ran || { touch ran; sleep 1.1; }'
SECOND = 1_000_000_000
XTERM = {'TERM': 'xterm', 'COLUMNS': '80'}
RICH = {'rich', 'rich.console', 'rich.progress_bar'}


@pytest.fixture(autouse=True)
def _not_in_background(monkeypatch):
    """Draw although these tests may run in the background."""
    monkeypatch.setattr(progress, 'has_terminal', lambda: False)


@pytest.fixture(params=['rich', 'plain'])
def bar(request, monkeypatch):
    """Run a test with rich, and without it."""
    if request.param == 'rich':
        pytest.importorskip('rich')
    else:
        for name in RICH:
            monkeypatch.setitem(sys.modules, name, None)
    return request.param


def drawn(runs, *durations, environ=XTERM):
    """Return a progress after runs of these durations in seconds, and its stream."""
    stream = FakeTerminal()
    progress = Progress(runs, Terminal(stream, environ))
    for seconds in durations:
        progress.between(round(seconds * SECOND))
    return progress, stream


# --- between the runs -----------------------------------------------------------------


def test_it_stands_at_the_right_edge(bar):
    """The bar is at the right edge; the cursor stays where the command goes on."""
    _, stream = drawn(4, 1.0)
    screen = Screen().feed(stream.getvalue())
    [line] = screen.lines
    assert line.endswith('1 of 4, median 1.00 s, 3.00 s left')
    assert len(line) == 79
    assert line.split()[0] == {'rich': '━━━━━╺' + '━' * 14, 'plain': '█████'}[bar]
    assert (screen.row, screen.column) == (0, 0)


@pytest.mark.usefixtures('bar')
def test_the_command_prints_where_it_would_have():
    """The command prints as ever, in mid-line too; only the bar is removed."""
    progress, stream = Progress(3, Terminal(FakeTerminal(), XTERM)), FakeTerminal()
    progress.terminal.stream = stream
    for text in ('one', ' line\nand', ' another'):
        stream.write(text)
        progress.between(SECOND)
    progress.clear()
    assert Screen().feed(stream.getvalue()).lines[-1] == 'and another'


@pytest.mark.usefixtures('bar')
@given(st.lists(st.text('ab\n', max_size=12), min_size=1, max_size=8))
def test_a_screen_without_us_but_for_the_right_edge(texts):
    """Left of the bar the screen is as without it, whatever is printed."""
    stream = FakeTerminal()
    progress = Progress(len(texts), Terminal(stream, XTERM))
    for text in texts:
        stream.write(text)
        progress.between(SECOND)
    progress.clear()
    with_us = [line[:20].rstrip() for line in Screen().feed(stream.getvalue()).lines]
    bare = [line[:20].rstrip() for line in Screen(999).feed(''.join(texts)).lines]
    assert with_us[: len(bare)] == bare or max(map(len, ''.join(texts).split('\n'))) > 20


@pytest.mark.parametrize(
    ('runs', 'durations', 'environ', 'why'),
    [
        (1, [100.0], XTERM, 'it was the only one'),
        (10, [0.1], XTERM, 'over in a second'),
        (10, [9.0], {'TERM': 'dumb'}, 'a dumb terminal could not take it away'),
        (10, [9.0], {**XTERM, 'COLUMNS': '20'}, 'no room'),
    ],
)
def test_nothing_is_drawn(runs, durations, environ, why):
    """Nothing is drawn where it would not help."""
    _, stream = drawn(runs, *durations, environ=environ)
    assert '\0337' not in stream.getvalue(), why


def test_it_is_gone_before_anything_else_is_said():
    """The bar is removed after the last run, before any warning."""
    _, stream = drawn(2, 1.0, 1.0)
    assert Screen().feed(stream.getvalue()).lines == ['']
    assert stream.getvalue().count('\0337') == 1


def test_many_short_runs_are_not_slowed():
    """There are at most ten drawings for a second of runs."""
    _, stream = drawn(3000, *[0.001] * 1000)
    assert 9 <= stream.getvalue().count('\0337') <= 11


def test_a_narrow_terminal_has_no_bar():
    """A narrow terminal shows figures without a bar."""
    _, stream = drawn(4, 1.0, environ={**XTERM, 'COLUMNS': '60'})
    [line] = Screen(60).feed(stream.getvalue()).lines
    assert line.strip() == '1 of 4, median 1.00 s, 3.00 s left'


def test_a_terminal_that_has_gone_away_is_left_alone():
    """A dead terminal raises no error and is not tried again."""

    class Gone(FakeTerminal):
        tried = 0

        def write(self, text):
            self.tried += 1
            raise OSError(5, 'Input/output error')

    stream = Gone()
    progress = Progress(5, Terminal(stream, XTERM))
    for _ in range(3):
        progress.between(9 * SECOND)
    progress.clear()
    assert stream.tried == 1


def test_a_job_in_the_background_draws_nothing(monkeypatch):
    """A background job could be stopped for writing to the terminal."""
    monkeypatch.setattr(progress, 'has_terminal', lambda: True)
    monkeypatch.setattr(progress, 'in_foreground', lambda: False)
    _, stream = drawn(5, 9.0)
    assert stream.getvalue() == ''


def test_a_wide_terminal_has_the_time_so_far():
    """The state is the median of the runs, the time so far, and the time left."""
    _, stream = drawn(9, 1.0, 4.0, 1.5, environ={**XTERM, 'COLUMNS': '120'})
    line = Screen(120).feed(stream.getvalue()).lines[0]
    assert line.endswith(' 3 of 9, median 1.50 s, 6.50 s so far, 13.0 s left')
    assert len(line) == 119


# --- while a run lasts ----------------------------------------------------------------


def running(runs, *durations, samples=(), environ=XTERM):
    """Return what a terminal shows 2 and 3 s after a run has begun, and after its end."""
    timers, child = ManualTimers(), Child(['x'])
    progress, stream = drawn(runs, *durations, environ=environ)
    live = Live(progress, timers)
    child.over, child.samples = False, list(samples)
    shown = []
    live.started(child)
    for _ in range(2):
        timers.run_next()
        shown.append(Screen().feed(stream.getvalue()).lines[-1].strip())
    child.over = True
    live.ended(child)
    assert timers.pending == []
    return [*shown, Screen().feed(stream.getvalue()).lines[-1].strip()]


def test_a_long_run():
    """After two seconds, and then each second, the terminal shows the time so far."""
    assert running(1) == ['2.00 s so far', '3.00 s so far', '']


def test_a_long_run_of_several():
    """The number of the run is shown, too."""
    shown = ['run 2 of 9, 2.00 s so far', 'run 2 of 9, 3.00 s so far', '']
    assert running(9, 0.01) == shown


def test_what_the_monitor_sees():
    """The last sample is shown."""
    samples = [
        {'cpu_percent': percent, 'rss_bytes': size << 20}
        for percent, size in [(5.0, 7), (131.0, 99)]
    ]
    assert running(1, samples=samples)[0] == '2.00 s so far, CPU 131 %, 99.0 MiB'


def test_nothing_is_drawn_after_the_end():
    """A timer that is late draws nothing."""
    progress, stream = drawn(1)
    timers, child = ManualTimers(), Child(['x'])
    Live(progress, timers).started(child)
    assert child.over
    timers.run_next()
    assert (stream.getvalue(), timers.pending) == ('', [])


@pytest.mark.parametrize(
    ('stdout', 'stderr', 'is_terminal', 'expected'),
    [
        ('suppress', 'suppress', True, True),
        (None, 'suppress', True, False),
        ('capture', 'suppress', True, False),
        ('suppress', 'capture', True, False),
        (None, 'suppress', False, True),
    ],
)
def test_only_where_the_command_prints_nothing(
    monkeypatch, stdout, stderr, is_terminal, expected
):
    """The command and the drawing never share a terminal."""
    terminals = {1: is_terminal, 2: True}
    monkeypatch.setattr(os, 'isatty', terminals.__getitem__)
    settings = Settings()
    settings.stdout, settings.stderr = stdout, stderr
    assert is_alone(settings) is expected


def test_a_terminal_that_has_been_stopped():
    """After Ctrl-S a write would block, and with it a time-out: nothing is drawn."""
    master, slave = pty.openpty()
    with os.fdopen(slave, 'w') as terminal:
        assert can_write(terminal)
        termios.tcflow(slave, termios.TCOOFF)
        assert not can_write(terminal)
        termios.tcflow(slave, termios.TCOON)
        assert can_write(terminal)
    os.close(master)


def test_a_long_run_on_a_real_terminal(environment, tmp_path):
    """A suppressed run of more than two seconds is shown, and erased at its end."""
    words = ['--stdout=suppress', '--stderr=suppress', '--', 'sleep', '2.2']
    _, sent = on_terminal(words, environment=environment, cwd=tmp_path)
    assert sent.count('2.00 s so far\0338\033[K') == 1


# --- where it prints ------------------------------------------------------------------


@pytest.mark.parametrize(
    ('stream', 'quiet', 'is_drawn'),
    [
        (FakeTerminal(), False, True),
        (FakeTerminal(), True, False),
        (io.StringIO(), False, False),
        (None, False, False),
    ],
)
def test_progress_is_drawn_only_for_a_person(stream, quiet, is_drawn, monkeypatch):
    """Progress is shown on a terminal only, and not with --quiet."""
    monkeypatch.setattr(sys, 'stderr', stream)
    settings = Settings()
    settings.quiet = quiet
    assert (make_progress(settings) is not None) is is_drawn


@pytest.mark.parametrize('streams', [('stdout', 'stderr'), ('stderr',)])
def test_on_a_real_terminal(streams, environment, tmp_path):
    """Progress appears after the first run and goes after the second."""
    words = ['-n', '2', '-o', 'out.jsonl', '--', 'sh', '-c', f'{SLOW_FIRST}; echo said']
    status, sent = on_terminal(
        words, environment=environment, cwd=tmp_path, columns=100, streams=streams
    )
    assert status == 0
    assert sent.count('1 of 2, ') == sent.count('\0337') == 1
    lines = Screen(100).feed(sent).lines
    said = [line[:20].rstrip() for line in lines[: lines.index('')]]
    assert said == ['said', 'said'] * ('stdout' in streams)
    assert lines[-2:] == ['recorded in out.jsonl', '']
    assert len(records_in(tmp_path / 'out.jsonl')) == 1


def test_quiet(environment, tmp_path):
    """--quiet shows neither progress nor an answer."""
    words = ['-q', '-n', '2', '-o', 'out.jsonl', '--', 'sh', '-c', SLOW_FIRST]
    outcome = on_terminal(words, environment=environment, cwd=tmp_path)
    assert outcome == (0, '')


def test_a_failed_file_is_not_reported_as_success(environment, tmp_path):
    """The record is where the warning says."""
    words = ['-o', 'out/put', '--', 'sh', '-c', 'rm -r out; touch out']
    (tmp_path / 'out').mkdir()
    _, sent = on_terminal(words, environment=environment, cwd=tmp_path, streams=['stderr'])
    assert 'recorded in' not in sent
    assert 'out/put' in sent


def test_a_log_gets_nothing(command):
    """A log gets not a byte, unless something is wrong."""
    outcome = command('-n', '2', '-o', 'out.jsonl', '--', 'sh', '-c', SLOW_FIRST)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, '', '')


def test_never_while_a_run_is_timed():
    """Whenever progress is drawn, the child has ended and its duration is taken."""

    class Recorder:
        seen = []

        def between(self, duration_ns):
            self.seen.append((measurement.child.status, measurement.child.duration_ns))
            assert duration_ns == measurement.child.duration_ns

        def clear(self):
            self.seen.append('cleared')

    settings = Settings()
    settings.command, settings.iterations, settings.warmup = ['sh', '-c', 'exit 3'], 2, 1
    measurement = Measurement(settings)
    measurement.progress = Recorder()
    bench = MicroBench()
    measurement.record(bench)
    durations = [round(s * SECOND) for s in bench.get_results()[0]['call']['durations']]
    *between, end = Recorder.seen
    assert between == [(3 << 8, duration) for duration in durations]
    assert end == 'cleared'
