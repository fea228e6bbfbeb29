"""Blocks that are open when the process ends: each has its record too."""

import signal

import pytest

BLOCKS = """
bench, other = MicroBench(path), MicroBench(path)
bench.record_on_exit('process')
opened = threading.Barrier(2)
def concurrent():
    with other.record('concurrent'):
        opened.wait()
        threading.Event().wait()
threading.Thread(target=concurrent, daemon=True).start()
with bench.record('outer'), bench.time('phase'), other.record('inner'):
    opened.wait()
    {0}
"""
OPEN = {'outer', 'inner', 'concurrent'}


def by_name(ended):
    """The records by name, each of which is there once."""
    records = {record['call']['name']: record for record in ended.records}
    assert len(records) == len(ended.records)
    return records


@pytest.mark.parametrize(
    ('last', 'name', 'native'),
    [
        ('os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)', 'SIGTERM', OPEN),
        ('never.signal_and_hang(signal.SIGTERM, 1)', 'SIGTERM', {*OPEN, 'process'}),
        ('os.abort()', 'SIGABRT', {*OPEN, 'process'}),
    ],
    ids=['Python', 'native code', 'crash'],
)
def test_nested_and_concurrent_blocks(in_c, last, name, native):
    """Python writes the record of the process, native code those that are still open."""
    ended = in_c(BLOCKS.format(last))
    records = by_name(ended)
    assert set(records) == {*OPEN, 'process'}
    assert {record['exit_signal'] for record in records.values()} == {name}
    assert {n for n, record in records.items() if 'exit_path' in record} == native
    [phase] = records['outer']['call']['open_timings']
    assert phase['name'] == 'phase'
    assert ended.status == -getattr(signal, name)


def test_a_handler_of_the_program_that_goes_on(in_c):
    """Its blocks are not written before they end: it may leave them as it likes."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: sys.exit(3))\n'
    ended = in_c(own + BLOCKS.format('os.kill(os.getpid(), signal.SIGTERM)'))
    records = by_name(ended)
    assert records['process']['exit_signal'] == 'SIGTERM'
    for name in ('outer', 'inner'):
        assert records[name]['exception']['type'] == 'SystemExit'
    assert ended.status == 3


def test_without_a_journal(in_c):
    """What no journal shows is not known to native code; the process is."""
    ended = in_c(BLOCKS.format('os.abort()'), env={'MICROBENCH_JOURNAL': 'off'})
    assert set(by_name(ended)) == {'process'}


def test_decorated_calls(in_c):
    """They are shown where that was asked for."""
    code = """
bench = MicroBench(path, journal={0!r})
bench.record_on_exit('process')
@bench
def work():
    os.abort()
work()
"""
    for journal, names in [('on', {'process', 'work'}), ('auto', {'process'})]:
        assert set(by_name(in_c(code.format(journal)))) == names
