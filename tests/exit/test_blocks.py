"""Blocks that are open when the process ends have records too."""

from typing import NamedTuple

import pytest

from microbench import FileOutput

from .conftest import BENCHES, NAMES, ONE, WHERE

# Nested blocks, one of a thread, those of two tasks, and a decorated call, all open.
BLOCKS = """
import asyncio
blocks, calls = MicroBench(path), MicroBench(path, journal='on')
opened = threading.Barrier(2)
def concurrent():
    with blocks.record('concurrent'), blocks.time('phase'):
        opened.wait()
        threading.Event().wait()
threading.Thread(target=concurrent, daemon=True).start()
opened.wait()

@calls
def decorated():
    with calls.time('phase'), blocks.record('inner'), blocks.time('phase'):
        {last}

async def task(name, others, work):
    async with blocks.arecord(name):
        with blocks.time('phase'):
            await asyncio.sleep(0)
            if others:
                await others
            work()

async def tasks():
    never_done = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(task('task', never_done, None))
    await asyncio.sleep(0)
    await task('outer', None, decorated)

def run():
    asyncio.run(tasks())
"""
OPEN = {'concurrent', 'task', 'outer', 'decorated', 'inner'}

WRITTEN, NATIVE, RECOVERED = None, 'native', 'recovered'


class End(NamedTuple):
    """How a program ends, and who writes what is open then.

    Attributes:
        last: the line that ends it.
        cause: the signal that the records tell.
        blocks: who writes those of the blocks.
        process: who writes those of `record_on_exit`.
        alone: who writes those of the blocks where nothing is registered.
    """

    last: str
    cause: str | None
    blocks: str | None
    process: str | None
    alone: str | None = RECOVERED


TERM = 'os.kill(os.getpid(), signal.SIGTERM)'
ENDS = {
    'SIGTERM': End(f'{TERM}; time.sleep(60)', 'SIGTERM', NATIVE, WRITTEN),
    'native code': End(
        'never.signal_and_hang(signal.SIGTERM, 1)', 'SIGTERM', NATIVE, NATIVE
    ),
    'a crash': End('os.abort()', 'SIGABRT', NATIVE, NATIVE),
    'SIGKILL': End('os.kill(os.getpid(), signal.SIGKILL)', None, RECOVERED, RECOVERED),
    'a signal, and SIGKILL': End(
        'never.signal_and_kill(signal.SIGTERM)', 'SIGTERM', RECOVERED, RECOVERED
    ),
    'os._exit()': End('os._exit(3)', None, RECOVERED, RECOVERED),
    'execv': End("os.execv('/bin/true', ['true'])", None, RECOVERED, RECOVERED),
}


def by_name(records):
    """Return the records by name, each of which is there once."""
    named = {record['call']['name']: record for record in records}
    assert len(named) == len(records)
    return named


@BENCHES
@WHERE
@pytest.mark.parametrize('name', ENDS)
def test_open_blocks(in_c, tmp_path, name, where, benches):
    """Each block has a record with its open phase and the cause."""
    end, registered = ENDS[name], NAMES[benches]
    ended = in_c(BLOCKS.format(last=end.last) + benches + where.format('run()'))
    records = by_name(FileOutput(tmp_path / 'records.jsonl').get_results())
    assert set(records) == {*OPEN, *registered}
    for block in OPEN:
        by = end.blocks if registered else end.alone
        assert records[block].get('exit_path') == by
        [phase] = records[block]['call']['open_timings']
        assert phase['name'] == 'phase'
    for process in registered:
        assert records[process].get('exit_path') == end.process
    for record in records.values():
        assert record.get('exit_signal') == (end.cause if registered else None)
    if 'SIG' not in name:
        assert ended.err == ''


def test_a_block_of_a_thread_that_is_open_at_a_normal_end(in_c, tmp_path):
    """A block that was never left is recovered as cut off."""
    ended = in_c(
        ONE
        + """
opened = threading.Barrier(2)
def concurrent():
    with bench.record('concurrent'):
        opened.wait()
        threading.Event().wait()
threading.Thread(target=concurrent, daemon=True).start()
opened.wait()
"""
    )
    assert (ended.status, ended.err) == (0, '')
    records = by_name(FileOutput(tmp_path / 'records.jsonl').get_results())
    assert records['simulation']['exit_status'] == 0
    assert records['concurrent']['exit_path'] == RECOVERED


def test_a_handler_of_the_program_that_goes_on(in_c):
    """Open blocks are not written before the program ends them."""
    own = 'signal.signal(signal.SIGTERM, lambda *args: sys.exit(3))\n'
    ended = in_c(own + BLOCKS.format(last=TERM) + ONE + 'run()\n')
    records = by_name(ended.records)
    assert records.pop('simulation')['exit_signal'] == 'SIGTERM'
    assert set(records) == OPEN - {'concurrent'}
    for name in ('outer', 'decorated', 'inner'):
        assert records[name]['exception']['type'] == 'SystemExit'
    assert ended.status == 3


def test_without_a_journal(in_c):
    """Without a journal native code knows only the process, not the open blocks."""
    code = BLOCKS.format(last='os.abort()') + ONE + 'run()\n'
    ended = in_c(code, env={'MICROBENCH_JOURNAL': 'off'})
    assert set(by_name(ended.records)) == {'simulation', 'decorated'}


def test_decorated_calls_are_shown_where_that_was_asked_for(in_c):
    """Decorated calls are in the journal only with journal='on'."""
    ended = in_c(ONE + 'bench(os.abort)()\n')
    assert set(by_name(ended.records)) == {'simulation'}
