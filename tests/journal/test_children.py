"""Forked and multiprocessing children do not use their parent's journal."""

import pytest


def test_a_child_that_leaves_the_block_of_its_parent(program):
    """Parent and child each write the record, with an id each, in either form."""
    left = program("""
class Bench(MicroBench):
    def capture_x(self, data):
        data['x'] = 1

for bench in (MicroBench(path), Bench(path)):
    with bench.record('block'):
        with bench.time('phase'):
            child = os.fork()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
del bench
assert journals() == []
""")
    assert left.status == 0, left.err
    assert len(left.records) == 4
    assert len({r['mb']['record_id'] for r in left.records}) == 4
    assert all(len(r['call']['timings']) == 1 for r in left.records)


def test_a_hook_that_forks(program):
    """Parent and child both write the record, with an id each."""
    left = program("""
children = []
class Bench(MicroBench):
    def capturepost_fork(self, data):
        children.append(os.fork())

bench = Bench(path)
with bench.record('block'):
    pass
if children[0] == 0:
    os._exit(0)
assert os.waitpid(children[0], 0)[1] == 0
del bench
assert journals() == []
""")
    assert left.status == 0, left.err
    assert len({r['mb']['record_id'] for r in left.records}) == len(left.records) == 2


def test_a_child_has_a_journal_of_its_own(program):
    """A killed child leaves its own blocks for its parent to find, and no others."""
    left = program("""
bench = MicroBench(path)
with bench.record('of the parent'):
    with bench.time('before'):
        child = os.fork()
        if child == 0:
            with bench.record('of the child'), bench.time('inside'):
                assert len(journals()) == 2
                die()
    os.waitpid(child, 0)
""")
    assert left.status == 0, left.err
    kept = {r['call']['name']: r for r in left.records} | left.shown
    assert len(left.records) + len(left.shown) == len(kept) == 2
    [phase] = kept['of the child']['call']['open_timings']
    assert phase['name'] == 'inside'
    assert 'exit_path' not in kept['of the parent']


def test_a_parent_that_dies_first(program):
    """A child that lives on does not keep its parent's journal locked."""
    left = program("""
import fcntl, struct
bench = MicroBench(path)
with bench.record('block'):
    up, down = os.pipe()
    child = os.fork()
    if child:
        os.read(up, 1)
        die()
    parent = os.getppid()
    os.write(down, b'x')
    while os.getppid() == parent:
        time.sleep(0.001)
    [name] = journals()
    file = os.open(os.path.join(os.path.dirname(path), name), os.O_RDWR)
    lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)
    print('not locked', flush=True)
    os._exit(0)
""")
    assert left.out == 'not locked\n'
    assert list(left.shown) == ['block']


def test_the_owner_is_seen_to_be_alive(program):
    """While the owner lives, no process gets the lock, not even the owner."""
    left = program("""
import subprocess
code = '''
import fcntl, os, struct, sys
file = os.open(sys.argv[-1], os.O_RDWR)
lock = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0)
for command in (fcntl.F_SETLK, fcntl.F_OFD_SETLK):
    try:
        fcntl.fcntl(file, command, lock)
    except OSError:
        continue
    sys.exit('locked')
os.close(file)
'''
with MicroBench(path).record('block'):
    sys.argv.append(os.path.join(os.path.dirname(path), journals()[0]))
    for _ in range(2):
        exec(code)
        subprocess.run([sys.executable, '-c', code, sys.argv[-1]], check=True)
""")
    assert (left.status, left.err) == (0, '')


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
def test_workers_of_multiprocessing(tmp_path, program, method):
    """Records of workers survive without journals, however the pool ends."""
    (tmp_path / 'work.py').write_text("""
import multiprocessing, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1])

def work(number):
    with bench.record(f'block {number}'):
        return number

def main(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        with bench.record('parent'):
            assert pool.map(work, range(6)) == list(range(6))
        pool.close()
        pool.join()
    processes = [context.Process(target=work, args=(n,)) for n in (6, 7)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0

if __name__ == '__main__':
    main(sys.argv[2])
""")
    left = program(f"""
import subprocess
command = [sys.executable, os.path.dirname(path) + '/work.py', path, {method!r}]
subprocess.run(command, check=True)
""")
    assert left.status == 0, left.err
    names = sorted(r['call']['name'] for r in left.records)
    assert names == [*(f'block {n}' for n in range(8)), 'parent']
    assert left.journals == []
