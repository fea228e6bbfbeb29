"""Ids of processes and records: unique across threads, forks and processes."""

import re
import threading
import uuid

from microbench import MicroBenchBase, _core
from tests.fakes import ROOT, Kept, dict_reasons, printed

FORKS = ('-W', 'ignore::DeprecationWarning')  # 3.12: about fork with threads


def test_the_run_id_is_a_random_uuid():
    """The id of a process is a UUID 4 in its usual form."""
    found = uuid.UUID(_core.RUN_ID)
    assert (found.version, found.variant) == (4, uuid.RFC_4122)
    assert str(found) == _core.RUN_ID


def test_the_record_id_has_one_form():
    """A record id is two times 16 hexadecimal digits: seed and count."""
    first, second = _core.OpenRun().record_id, _core.OpenRun().record_id
    assert re.fullmatch('[0-9a-f]{16}-[0-9a-f]{16}', first)
    assert first[:16] == second[:16]
    assert int(second[17:], 16) == int(first[17:], 16) + 1


def test_threads_share_no_record_id():
    """Eight threads that begin together get 8000 different ids."""
    together, found = threading.Barrier(8), [[] for _ in range(8)]

    def take(ids):
        together.wait(timeout=60)
        ids.extend(_core.OpenRun().record_id for _ in range(1000))

    threads = [threading.Thread(target=take, args=(ids,)) for ids in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({i for ids in found for i in ids}) == 8000


def test_both_forms_of_a_record_draw_from_one_count():
    """Records written as text and built as dicts have different ids, and one run id."""
    kept = Kept()
    text, data = MicroBenchBase(outputs=[kept]), MicroBenchBase(outputs=[kept], field=[])
    assert (dict_reasons(text), len(dict_reasons(data))) == ([], 1)
    for bench in (text, data, text, data):
        bench(len)('')
    counts = [int(r['mb']['record_id'][17:], 16) for r in kept.records]
    assert counts == list(range(counts[0], counts[0] + 4))
    assert {r['mb']['run_id'] for r in kept.records} == {_core.RUN_ID}


FORKED = """
import os
from microbench import _core

def report(*values):
    os.write(1, ' '.join(map(str, values)).encode() + b'\\n')

report(_core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation())
for _ in range(3):
    child = os.fork()
    if child == 0:
        for _ in range(2):
            report(_core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation())
        grandchild = os.fork()
        if grandchild == 0:
            report(_core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation())
            os._exit(0)
        os.waitpid(grandchild, 0)
        os._exit(0)
    os.waitpid(child, 0)
report(_core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation())
"""


def test_forks_share_the_run_id_and_no_record_id():
    """Children and grandchildren keep the run id; all their record ids differ."""
    lines = [line.split() for line in printed(FORKED).splitlines()]
    assert [int(line[2]) for line in lines] == [0, *[1, 1, 2] * 3, 0]
    assert len({line[0] for line in lines}) == 1
    assert len({line[1] for line in lines}) == len(lines)
    seeds = [line[1][:16] for line in lines]
    assert len(set(seeds)) == 1 + 3 + 3  # the parent's, and each child's own


SPAWNED = """
import multiprocessing
from microbench import _core

def identity(_):
    from microbench import _core
    return _core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation()

if __name__ == '__main__':
    print(_core.RUN_ID, _core.OpenRun().record_id, _core.fork_generation())
    with multiprocessing.get_context('spawn').Pool(2, maxtasksperchild=1) as pool:
        for found in pool.map(identity, range(2), chunksize=1):
            print(*found)
"""


def test_a_spawned_process_has_a_run_id_of_its_own(tmp_path):
    """A process that is started afresh is a run of its own."""
    script = tmp_path / 'spawned.py'
    script.write_text(SPAWNED)
    run = f'import runpy; runpy.run_path({str(script)!r}, run_name="__main__")'
    lines = [
        line.split() for line in printed(run, env={'PYTHONPATH': str(ROOT)}).splitlines()
    ]
    assert [len({line[column] for line in lines}) for column in range(3)] == [3, 3, 1]


def test_a_fork_while_threads_draw_ids():
    """A child forked in the middle of it draws ids that no other process has."""
    code = """
import os, threading
from microbench import _core

going = True
drawn = set()
def draw():
    while going:
        drawn.add(_core.OpenRun().record_id)
threads = [threading.Thread(target=draw) for _ in range(2)]
for thread in threads:
    thread.start()
reader, writer = os.pipe()
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        os.write(writer, ''.join(_core.OpenRun().record_id for _ in range(50)).encode())
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
going = False
for thread in threads:
    thread.join()
os.close(writer)
text = os.fdopen(reader).read()
of_children = [text[i:i + 33] for i in range(0, len(text), 33)]
print(len(of_children), len(set(of_children)), len(drawn & set(of_children)))
"""
    assert printed(code, flags=FORKS) == '250 250 0\n'
