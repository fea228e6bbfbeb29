"""Ends of pool workers, and of processes of packages like multiprocessing."""

import sys

import pytest

from microbench import FileOutput

PROCESS = """
import importlib, sys
mp = importlib.import_module(sys.argv[1]).get_context(sys.argv[2])
from microbench import MicroBench
bench = MicroBench('records.jsonl')

class Error(Exception):
    pass

def work(how):
    bench.record_on_exit('worker')
    with bench.record('block'):
        pass
    sys.stderr = open('errors', 'w')
    if how == 'exit':
        sys.exit(3)
    if how == 'message':
        sys.exit('message')
    if how == 'bare':
        sys.exit()
    if how == 'raise':
        raise Error('boo')

if __name__ == '__main__':
    process = mp.Process(target=work, args=(sys.argv[3],))
    process.start()
    process.join()
    print(process.exitcode)
"""


@pytest.mark.parametrize('how', ['end', 'exit', 'message', 'bare', 'raise'])
@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
@pytest.mark.parametrize('package', ['multiprocessing', 'multiprocess', 'billiard'])
def test_a_process(same, tmp_path, package, method, how):
    """The record has the status, and the exception that ended the process.

    The parent sees that status, unless the fork server of billiard sends it another one.
    """
    pytest.importorskip(package)
    ran = same(PROCESS, package, method, how)
    if ran.status != 0:
        return  # multiprocess 0.70.19 on Python 3.13: no fork server, with us or without
    block, record = ran.records
    assert (block['call']['name'], record['call']['name']) == ('block', 'worker')
    status = 1 if (package, method) == ('billiard', 'forkserver') else int(ran.out)
    assert (record['exit_status'], 'exit_path' in record) == (status, False)
    raised = record.get('exception', {}).get('type')
    # From 3.13 on, multiprocessing has handled it before microbench is called.
    known = how == 'raise' and (package == 'billiard' or sys.version_info < (3, 13))
    assert raised == ('Error' if known else None)
    assert [path.name for path in tmp_path.glob('.*.journal')] == []


WORK = """
from microbench import MicroBench
bench = MicroBench('records.jsonl')

def begin():
    bench.record_on_exit('worker')

def work(number):
    with bench.time('step'):
        return 2 * number
"""
BEGIN = 'from work import begin, work\n'  # not of __main__: loky would copy it
FORKED = """
import {module}
if __name__ == '__main__':
    pool = {pool}(2, begin)
    print(pool.map(work, range(4), chunksize=1))
    pool.close()
    pool.join()
"""
POOLS = {
    'multiprocessing': FORKED.format(
        module='multiprocessing', pool="multiprocessing.get_context('fork').Pool"
    ),
    'multiprocess': FORKED.format(
        module='multiprocess', pool="multiprocess.get_context('fork').Pool"
    ),
    'billiard': FORKED.format(module='billiard.pool', pool='billiard.pool.Pool'),
    'concurrent.futures': """
from concurrent.futures import ProcessPoolExecutor
if __name__ == '__main__':
    with ProcessPoolExecutor(2, initializer=begin) as pool:
        print(list(pool.map(work, range(4))))
""",
    'loky': """
import loky
if __name__ == '__main__':
    with loky.ProcessPoolExecutor(2, initializer=begin) as pool:
        print(list(pool.map(work, range(4))))
""",
}


@pytest.mark.parametrize('pool', POOLS)
def test_a_pool(same, tmp_path, pool):
    """Workers end in their own ways, and all leave their records."""
    pytest.importorskip(pool)
    (tmp_path / 'work.py').write_text(WORK)
    ran = same(BEGIN + POOLS[pool])
    assert {record['call']['name'] for record in ran.records} == {'worker'}
    steps = [len(record['call'].get('timings', ())) for record in ran.records]
    assert sum(steps) == 4
    for record in ran.records:
        assert record['exit_status'] == 0
        assert 'exit_path' not in record


def test_joblib(same):
    """The workers of joblib live on between calls, and end with the program."""
    pytest.importorskip('joblib')
    ran = same("""
        import os, sys
        from joblib import Parallel, delayed
        from microbench import MicroBench

        def work(number):
            bench = MicroBench('records.jsonl')
            with bench.record('block'):
                return 2 * number

        if __name__ == '__main__':
            print(Parallel(n_jobs=2)(delayed(work)(n) for n in range(4)))
    """)
    assert [record['call']['name'] for record in ran.records] == ['block'] * 4


EXITS = """
import multiprocessing, os, threading
from microbench import MicroBench
bench = MicroBench('records.jsonl')

def work():
    before = os._exit
    bench.record_on_exit('worker')
    if {cancelled}:
        bench.cancel_record_on_exit()
        print(os._exit is before, flush=True)
    if {thread}:
        thread = threading.Thread(target=os._exit, args=(4,))
        thread.start()
        thread.join()
    os._exit(5)

process = multiprocessing.get_context('fork').Process(target=work)
process.start()
process.join()
print(process.exitcode)
"""


def test_a_worker_that_leaves_at_once(same):
    """The main thread of a worker may call os._exit() itself."""
    [record] = same(EXITS.format(cancelled=False, thread=False)).records
    assert (record['exit_status'], 'exit_path' in record) == (5, False)


def test_another_thread_ends_a_worker(same, tmp_path):
    """If another thread ends a worker, the record is in the journal."""
    same(EXITS.format(cancelled=False, thread=True))
    [record] = FileOutput(str(tmp_path / 'records.jsonl')).get_results()
    assert record['exit_path'] == 'recovered'


def test_a_worker_that_cancels(run):
    """After cancelling, os._exit() is the original."""
    text = EXITS.format(cancelled=True, thread=False)
    ran = run(text.replace("'records.jsonl'", ''))  # without a journal to remove
    assert (ran.out, ran.records) == ('True\n5\n', [])


def test_a_program_that_is_no_worker(run):
    """In other programs os._exit() is not replaced."""
    ran = run("""
        import os
        from microbench import MicroBench
        before = os._exit
        MicroBench('records.jsonl').record_on_exit()
        print(os._exit is before)
    """)
    assert ran.out == 'True\n'
