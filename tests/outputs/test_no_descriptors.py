"""Programs without free descriptors, or with many benches, get their results."""

import json
import resource

import pytest

from microbench import FileOutput
from microbench.encoding import json_text
from tests.conftest import SANITIZED
from tests.fakes import printed, python

# All descriptors are taken; what is recorded goes to a file that was never opened.
BEGIN = """
import asyncio, os, resource, sys
from microbench import MicroBench, MicroBenchBase, Output

class Slower(MicroBench):
    env_vars = ('HOME',)
    def capture_x(self, bm_data):
        bm_data['x'] = 1

class Odd(MicroBench):
    def capture_x(self, bm_data):
        bm_data['x'] = object()

bench = {'text': MicroBench, 'dict': Slower, 'odd': Odd}[sys.argv[2]](sys.argv[1])
asyncio.run(asyncio.sleep(0))
asyncio.set_event_loop(asyncio.new_event_loop())
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
taken = []
try:
    while True:
        taken.append(os.open('/dev/null', os.O_RDONLY))
except OSError:
    pass
"""
WAYS = {
    'call': """
print(bench(lambda: 5)())
""",
    'failing call': """
def work():
    raise ValueError('boo')
try:
    bench(work)()
except ValueError as error:
    print(5, error)
""",
    'block': """
with bench.record('work'):
    with bench.time('step'):
        print(5)
""",
    'coroutine': """
@bench
async def work():
    return 5
print(asyncio.get_event_loop().run_until_complete(work()))
""",
    'generator': """
@bench
def work():
    yield 5
print(*work())
""",
    'process': """
bench.record_on_exit('work')
print(5)
""",
}


@pytest.mark.parametrize('form', ['text', 'dict', 'odd'])
@pytest.mark.parametrize('way', WAYS)
def test_no_descriptor_is_left(tmp_path, way, form):
    """Modules that cannot be loaded any more are not needed."""
    path = tmp_path / 'records.jsonl'
    done = python(BEGIN + WAYS[way], path, form)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('5'), done.stderr
    assert 'Traceback' not in done.stderr


DECORATED_BEFORE = BEGIN.replace(
    'resource.setrlimit', 'work = bench(lambda: 5)\nresource.setrlimit', 1
)


@pytest.mark.parametrize('form', ['text', 'dict', 'odd'])
def test_each_record_is_on_standard_error(tmp_path, form):
    """A record that no file takes is a line on stderr, with one warning for each sink."""
    last = 'print(work())\nprint(work())\n'
    done = python(DECORATED_BEFORE + last, tmp_path / 'records.jsonl', form)
    lines = [line for line in done.stderr.splitlines() if line.startswith('{')]
    assert [json.loads(line)['call']['name'] for line in lines] == ['<lambda>'] * 2
    assert (done.stdout, done.returncode) == ('5\n5\n', 0)
    assert done.stderr.count('did not take a record') == 1


AFTERWARDS = (
    BEGIN
    + """
work = bench(original := lambda: 5)
for fd in taken:
    os.close(fd)
print(work(), work is original)
bench(original)()
"""
)


def test_what_is_decorated_meanwhile_stays_as_it_is(tmp_path):
    """Functions decorated meanwhile stay bare; later ones have records."""
    path = tmp_path / 'records.jsonl'
    done = python(AFTERWARDS, path, 'text')
    assert (done.stdout, done.returncode) == ('5 True\n', 0), done.stderr
    assert done.stderr.count('nothing is recorded here') == 1
    assert len(FileOutput(str(path)).get_results()) == 1


def test_values_without_an_encoder():
    """Values are as by json; type names stand for others and for deep ones."""
    keys = {'a': 1, 2: 2, 1.5: 3, True: 4, None: 5}
    assert json_text.simplified(keys) == json.loads(json.dumps(keys))
    assert json_text.simplified({(1,): [{2}, (3,)]}) == {'<tuple>': ['<set>', [3]]}
    own = [1]
    own += [own, {'own': own}]
    assert json_text.simplified(own) == [1, '<list>', {'own': '<list>'}]
    deep = []
    for _ in range(100_000):
        deep = [deep]
    text = json_text.plain(json_text.simplified(deep))
    assert text == b'[' * 50 + b'"<list>"' + b']' * 50
    while deep:  # else the interpreter frees it all at once
        [deep] = deep


MANY = """
import os, resource, sys
from microbench import MicroBench

resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
benches = [MicroBench(os.path.join(sys.argv[1], f'{n}.jsonl')) for n in range(300)]
for turn in range(2):
    for bench in benches:
        bench(len)(())
print(len(os.listdir('/proc/self/fd')))
for bench in benches[:3]:
    bench._bench_config.delivery.sinks[0].flush()
from microbench import _core
print(_core.close_files() > 0, len(os.listdir('/proc/self/fd')))
benches[0](len)(())
"""


@pytest.mark.parametrize('limit', [1024, 64])
def test_a_program_with_many_benches(tmp_path, limit):
    """The least recently used files are closed, and opened again."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= limit
    first, second, _ = printed(MANY, tmp_path, limit).replace('\n', ' ').split(maxsplit=2)
    assert int(first) <= min(limit // 4, 100) + 10
    assert second == 'True'
    counts = [
        len(FileOutput(str(tmp_path / f'{number}.jsonl')).get_results())
        for number in range(300)
    ]
    assert counts == [3, *[2] * 299]


FORKS = """
import os, sys, threading
from microbench import MicroBench

benches = [MicroBench(os.path.join(sys.argv[1], f'{n}.jsonl')) for n in range(150)]

benches[0](len)(())  # a child that is born while a thread imports waits for ever

def write():
    for _ in range(5):
        for bench in benches:
            bench(len)(())

threads = [threading.Thread(target=write) for _ in range(4)]
for thread in threads:
    thread.start()
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        write()
        os._exit(0)
    children.append(child)
for thread in threads:
    thread.join()
print({os.waitpid(child, 0)[1] for child in children})
"""


@pytest.mark.skipif(SANITIZED, reason='a fork copies the locked allocator of sanitizers')
def test_threads_and_forks_beside_it(tmp_path):
    """No record is lost, and no child waits for a lock that its parent held."""
    flags = ['-W', 'ignore::DeprecationWarning']
    done = python(FORKS, tmp_path, flags=flags, timeout=120)
    assert done.stdout == '{0}\n', done.stderr
    for number in range(150):
        path = str(tmp_path / f'{number}.jsonl')
        assert len(FileOutput(path).get_results()) == 9 * 5 + (number == 0)
