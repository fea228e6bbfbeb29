"""Processes killed by SIGKILL: the journal has their open records, and only those."""

import signal

from microbench import _core


def test_open_blocks_are_shown(program):
    """Nested blocks have their phases; a closed block is in the file only."""
    left = program("""
bench = MicroBench(path, experiment='x')
with bench.record('done'):
    pass
with bench.record('outer'):
    with bench.time('first'):
        with bench.time('inside'):
            pass
    with bench.record('inner'):
        phase = bench.time('open')
        phase.__enter__()
        die()
""")
    assert left.status == -signal.SIGKILL
    assert [r['call']['name'] for r in left.records] == ['done']
    outer, inner = left.shown['outer'], left.shown['inner']
    assert len(left.shown) == 2
    assert [t['name'] for t in outer['call']['timings']] == ['inside', 'first']
    assert 'open_timings' not in outer['call']
    assert [t['name'] for t in inner['call']['open_timings']] == ['open']
    for record in left.shown.values():
        assert record['exit_path'] == 'recovered'
        assert record['experiment'] == 'x'
        assert record['call']['invocation'] == 'Python'
        assert len(record['call']['durations']) == 1
    assert outer['call']['durations'] > inner['call']['durations']
    written = left.records[0]
    assert [k for k in written if k != 'resource_usage'] == [
        k for k in outer if k != 'exit_path'
    ]  # which is known at the end alone
    assert {**outer['mb'], 'record_id': ''} == {**written['mb'], 'record_id': ''}
    assert outer['python'] == written['python']


def test_records_built_as_dicts_are_shown(program):
    """Captures, hooks and fields are as they were when the block began."""
    left = program("""
class Bench(MicroBench):
    def capture_place(self, data):
        with self.time('captured'):
            data['place'] = {'pid': os.getpid()}
    def capturepost_end(self, data):
        data['end'] = True

bench = Bench(path, tags={'b', 'a'}, odd=object(), call={'more': [1]})
with bench.record('block'):
    with bench.time('p'):
        print(os.getpid(), flush=True)
        die()
""")
    record = left.shown['block']
    assert record['place'] == {'pid': int(left.out)}
    assert record['tags'] == ['a', 'b']
    assert 'odd' not in record
    assert 'end' not in record
    assert record['call']['more'] == [1]
    assert [t['name'] for t in record['call']['timings']] == ['captured']
    assert [t['name'] for t in record['call']['open_timings']] == ['p']


def test_threads_and_tasks_have_their_records(program):
    """Four threads and three tasks have open blocks at once, with a phase each."""
    left = program("""
bench = MicroBench(path)
opened = threading.Barrier(5)

def work(number):
    with bench.record(f'thread {number}'), bench.time(f'of {number}'):
        opened.wait()
        threading.Event().wait()

async def task(number, wait):
    async with bench.arecord(f'task {number}'):
        with bench.time(f'of {number}'):
            await wait.wait()

async def main():
    tasks = [asyncio.create_task(task(n, asyncio.Event())) for n in range(3)]
    await asyncio.sleep(0)
    opened.wait()
    die()

for number in range(4):
    threading.Thread(target=work, args=(number,), daemon=True).start()
asyncio.run(main())
""")
    expected = {f'thread {n}': f'of {n}' for n in range(4)}
    expected |= {f'task {n}': f'of {n}' for n in range(3)}
    assert {
        name: record['call']['open_timings'][0]['name']
        for name, record in left.shown.items()
    } == expected


def test_the_end_is_the_last_moment_that_is_known(program):
    """The latest moment of any record is a lower bound for all of the process."""
    left = program("""
bench = MicroBench(path)
with bench.record('outer'):
    begin = time.perf_counter_ns()
    while time.perf_counter_ns() - begin < 5_000_000:
        pass
    with bench.record('inner'):
        pass
    die()
""")
    assert list(left.shown) == ['outer']
    [duration] = left.shown['outer']['call']['durations']
    assert duration >= 0.005


def test_iterations_and_what_is_decorated(program):
    """With journal='on' calls have each finished iteration and the open one."""
    left = program("""
bench = MicroBench(path, journal='on', iterations=3, duration_counter=time.perf_counter_ns)
calls = []

@bench
def work():
    with bench.time('p'):
        calls.append(1)
    if len(calls) == 2:
        with bench.time('q'):
            die()

work()
""")
    call = left.shown['work']['call']
    assert [type(d) for d in call['durations']] == [int, int]
    assert [t['name'] for t in call['timings']] == ['p', 'p']
    assert call['timings_iteration'] == [0, 1]
    assert [t['name'] for t in call['open_timings']] == ['q']


def test_a_generator_that_waits_has_the_time_inside_its_body(program):
    """The time of the consumer does not count."""
    left = program("""
bench = MicroBench(path, journal='on', duration_counter=time.perf_counter_ns)

@bench
def items():
    yield 1

begin = time.perf_counter_ns()
for item in items():
    yielded = time.perf_counter_ns()
    print(yielded - begin, flush=True)
    while time.perf_counter_ns() <= yielded:
        pass
    with bench.record('later'):
        die()
""")
    [inside] = left.shown['items']['call']['durations']
    assert 0 < inside <= int(left.out)


def test_a_counter_that_c_does_not_read_leaves_times_only(program):
    """A duration in nanoseconds would be wrong for another unit."""
    left = program("""
bench = MicroBench(path, duration_counter=time.process_time)
plain = MicroBench(path)
with bench.record('foreign'), bench.time('p'):
    with plain.record('native'), bench.time('foreign phase'), plain.time('phase'):
        die()
""")
    call = left.shown['foreign']['call']
    assert call['durations'] == []
    assert call['start_time'] <= call['finish_time']
    assert 'open_timings' not in call
    call = left.shown['native']['call']
    assert len(call['durations']) == 1
    assert [t['name'] for t in call['open_timings']] == ['phase']


def test_record_on_exit_is_shown(program):
    """A registration is in the journal with its phases until it is cancelled."""
    left = program("""
bench, other = MicroBench(path), MicroBench(path)
bench.record_on_exit('process')
other.record_on_exit('taken back')
other.cancel_record_on_exit()
with bench.time('phase'):
    pass
die()
""")
    call = left.shown['process']['call']
    assert [t['name'] for t in call['timings']] == ['phase']
    assert list(left.shown) == ['process']


def test_what_execv_and_exit_leave_behind(program):
    """Neither execv() nor os._exit() ends a record."""
    for end in ("os.execv('/bin/true', ['true'])", 'os._exit(3)'):
        left = program(f"""
bench = MicroBench(path)
with bench.record('block'):
    {end}
""")
        assert list(left.shown) == ['block']
        left.journals[0].unlink()


def test_many_phases_survive(program):
    """A log of many pages, for which the file has grown, survives."""
    left = program("""
bench = MicroBench(path)
with bench.record('long'):
    for number in range(20_000):
        with bench.time(f'phase {number % 100}'):
            pass
    die()
""")
    timings = left.shown['long']['call']['timings']
    assert [t['name'] for t in timings] == [f'phase {n % 100}' for n in range(20_000)]
    assert left.journals[0].stat().st_size > 20_000 * 32


def test_who_it_was(program):
    """The header has the dead process's id, output and times."""
    left = program("""
with MicroBench(path).record('block'):
    print(os.getpid(), flush=True)
    die()
""")
    [journal] = left.journals
    header = _core.journal_header(journal.read_bytes())
    assert header['pid'] == int(left.out)
    assert header['output'] == bytes(journal.parent / 'records.jsonl')
    assert journal.name.startswith(f'.records.jsonl.{int(left.out)}-')


def test_the_command_is_shown(program, tmp_path):
    """A killed microbench command has its command and all iterations in the journal."""
    count = tmp_path / 'count'
    script = f'echo >> {count}; [ $(wc -l < {count}) -lt 3 ] || kill -9 $PPID'
    left = program(f"""
import subprocess
command = ['microbench', '--outfile', path, '--iterations', '5', '--', 'sh', '-c']
command = [sys.executable, '-m', *command, {script!r}]
sys.exit(subprocess.run(command).returncode != -9)
""")
    assert left.status == 0, left.err
    call = left.shown['sh']['call']
    assert call['invocation'] == 'CLI'
    assert call['command'][:2] == ['sh', '-c']
    assert len(call['durations']) == 3  # the last one was running
    assert call['start_time'] < call['finish_time']
