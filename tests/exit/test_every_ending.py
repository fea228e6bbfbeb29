"""Each way to end x {main thread, worker} x {no, one, two benches}: record, cause, exit.

What has no row here, since it needs more than a program of a few lines: crashes, with the
core dump as part of the wait status (test_crashes.py), blocks that are open
(test_blocks.py), children (test_children.py), and real schedulers (tests/services).
"""

import re
import signal
from typing import NamedTuple

import pytest

from microbench import FileOutput
from tests.fakes import PATIENT

from .conftest import (
    BENCHES,
    NAMES,
    SHORT,
    TIME_IS_OVER,
    WHERE,
    cause_of,
    strict,
)

HERE = 'os.kill(os.getpid(), signal.{0})'
TERM = HERE.format('SIGTERM')
THEN = '; time.sleep(60)'  # it is over by then


class Row(NamedTuple):
    """A way to end a program.

    Attributes:
        last: the line that ends it.
        status: its wait status with a record; None: the one without microbench.
        cause: what each record says of the end.
        worker: the cause if the line is run by a worker, where that is another one.
        before: what the program does before it registers.
        printed: whether the records are on standard error.
    """

    last: str
    cause: dict
    status: int | None = None
    worker: dict | None = None
    before: str = ''
    printed: bool = False


WELL = {'exit_status': 0}
ZERO = {'type': 'ZeroDivisionError', 'message': 'division by zero'}
CTRL_C = {'exception': {'type': 'KeyboardInterrupt', 'message': ''}, 'exit_status': 1}
NATIVE = {'exit_path': 'native'}
RECOVERED = {'exit_path': 'recovered'}
BY_TERM = {'exit_signal': 'SIGTERM'}


def leaving(last, status):
    """Return a row whose line exits with this status; a worker ends only itself."""
    return Row(last, {'exit_status': status}, worker=WELL)


CAUGHT = """
def caught(function, *args):
    try:
        function(*args)
    except BaseException:
        pass
"""
NORMAL = {
    'end of script': Row('pass', WELL),
    'sys.exit()': leaving('sys.exit()', 0),
    'sys.exit(0)': leaving('sys.exit(0)', 0),
    'sys.exit(3)': leaving('sys.exit(3)', 3),
    'sys.exit(True)': leaving('sys.exit(True)', 1),
    'sys.exit(text)': leaving('sys.exit("what went wrong")', 1),
    'raise SystemExit': leaving('raise SystemExit(4)', 4),
    'a subclass': leaving('raise type("Own", (SystemExit,), {})(6)', 6),
    'exit() of site': leaving('exit(5)', 5),
    'a caught exit': Row('caught(sys.exit, 7)', WELL, before=CAUGHT),
    'exception': Row('1 / 0', {'exception': ZERO, 'exit_status': 1}, worker=WELL),
    'a caught exception': Row('caught(divmod, 1, 0)', WELL, before=CAUGHT),
    'Ctrl-C': Row(HERE.format('SIGINT') + THEN, CTRL_C),
}
SIGNALS = {
    name: Row(HERE.format(name) + THEN, {'exit_signal': name})
    for name in ('SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2')
}
SIGNALS['SIGTERM twice'] = Row(f'{TERM}; {TERM}{THEN}', BY_TERM)
# To the thread itself: else the system chooses which of the two comes first. The last one
# wakes the main thread, if it waits for a worker.
RAISED = 'signal.raise_signal(signal.SIGTERM); signal.raise_signal(signal.SIGHUP)'
SIGNALS['SIGTERM and SIGHUP'] = Row(f'{RAISED}; {TERM}{THEN}', BY_TERM)

OWN = """
def own(number, frame):
    print(os.path.getsize(path) > 0 if os.path.exists(path) else 'cancelled')
    {0}
    threading.Event().wait(0.1)
    print('done', flush=True)
signal.signal(signal.SIGTERM, own)
"""
SOON = """
from microbench.process import registry
registry.END_TIMEOUT = 0.2  # seconds, in place of two
"""
BLOCKING = """
class Bench(MicroBench):
    def capture_blocked(self, bm_data):
        {0}
"""
HANGING = """
class Hanging:
    def write(self, text):
        threading.Event().wait()
Bench = lambda path, **fields: MicroBench(outputs=[Hanging() for _ in range(3)], **fields)
"""
LOCK = 'lock = threading.Lock()\nlock.acquire()\n'

LATE = {
    'native code that never returns': Row(
        'never.signal_and_hang(signal.SIGTERM, 1)', BY_TERM | NATIVE
    ),
    'a hundred signals, and it never returns': Row(
        'never.signal_and_hang(signal.SIGTERM, 100)', BY_TERM | NATIVE
    ),
    'a capture that blocks in C': Row(
        TERM + THEN, BY_TERM | NATIVE, before=SOON + BLOCKING.format('never.hang()')
    ),
    'a capture that waits for a lock of the main thread': Row(
        TERM + THEN,
        BY_TERM | NATIVE,
        before=SOON + LOCK + BLOCKING.format('lock.acquire()'),
    ),
    'three sinks that hang': Row(
        TERM + THEN, BY_TERM | NATIVE, before=SOON + HANGING, printed=True
    ),
    "a handler of the program's": Row(
        TERM, BY_TERM, -signal.SIGTERM, before=OWN.format(TIME_IS_OVER)
    ),
}
SAVED = {
    f'{name}, from which the program recovers': Row(
        f'never.fault_and_recover(signal.{name})',
        WELL,
        before=f'never.install_recovery(signal.{name})\n',
    )
    for name in ('SIGSEGV', 'SIGFPE')
}
KILLED = {
    'SIGKILL': Row(HERE.format('SIGKILL'), RECOVERED),
    'SIGTERM, and SIGKILL before anybody reacts': Row(
        'never.signal_and_kill(signal.SIGTERM)', BY_TERM | RECOVERED, -signal.SIGKILL
    ),
    'os._exit()': Row('os._exit(3)', RECOVERED),
    'execv': Row("os.execv('/bin/true', ['true'])", RECOVERED),
}
ROWS = {**NORMAL, **SIGNALS, **LATE, **SAVED, **KILLED}


@pytest.fixture(scope='module')
def controls():
    """Return the results without microbench, by code."""
    return {}


@pytest.fixture
def control(in_c, controls):
    """Run a program without microbench, unless that was done before."""

    def run(code):
        if code not in controls:
            controls[code] = in_c(code, env={'MICROBENCH': 'off'})
        return controls[code]

    return run


def outside_threading(text):
    """Return a traceback without lines of `threading`, any of which Ctrl-C may hit."""
    return re.sub(r'  File ".*/threading\.py", .*\n(    .*\n|\n)*', '', text)


def records_of(ended, row, path):
    """Return the records in the file, recovered ones included, or on standard error."""
    if row.printed:
        assert ended.records == []
        return [strict(line.encode()) for line in ended.err.splitlines()]
    return FileOutput(path).get_results()


@BENCHES
@WHERE
@pytest.mark.parametrize('name', ROWS)
def test_a_program(in_c, control, tmp_path, name, where, benches):
    """Each bench has one complete record with the cause; the exit is unchanged."""
    row = ROWS[name]
    code = row.before + benches + where.format(row.last)
    grace = SHORT if NATIVE.items() <= row.cause.items() else PATIENT
    without, ended = control(code), in_c(code, grace=grace, flags=['-W', 'ignore'])
    records = records_of(ended, row, tmp_path / 'records.jsonl')
    cause = row.worker if row.worker and 'worker' in where else row.cause
    assert [record['call']['name'] for record in records] == NAMES[benches]
    for record in records:
        assert cause_of(record) == cause
        assert record['experiment'] == 'baseline'
        assert [timing['name'] for timing in record['call']['timings']] == ['setup']
        [still_open] = record['call']['open_timings']
        assert still_open['name'] == 'solve'
        assert record['call']['durations'][0] >= still_open['duration'] >= 0
    with_record = row.status is not None and records
    assert ended.status == (row.status if with_record else without.status)
    assert ended.out.replace('True', 'cancelled') == without.out
    assert row.printed or outside_threading(ended.err) == outside_threading(without.err)


@pytest.mark.parametrize('name', [*NORMAL, *SIGNALS])
def test_registered_by_a_worker(program, name):
    """After a signal the record is native; after any other end it is complete."""
    begin = """
bench = MicroBench(path)
thread = threading.Thread(target=bench.record_on_exit)
thread.start()
thread.join()
"""
    row = ROWS[name]
    ended = program(row.before + begin + row.last, flags=['-W', 'ignore'])
    assert ended.cause == row.cause | (NATIVE if name in SIGNALS else {})
