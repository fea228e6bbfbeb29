"""Several writers on one file; in one test, some are killed every few milliseconds."""

import contextlib
import json
import os
import random
import subprocess
import sys
from collections import Counter

from microbench.results.reading import Lines
from tests.fakes import ROOT

WRITERS, RECORDS = 6, 2000
KILLS = 40

WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from microbench import FileOutput
path, name, first, last = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
out = FileOutput(path)
head = '{"mb":{"run_id":"%s","n":' % name
for n in range(first, last):
    out.write_record(b'%b%d},"text":"%b"}' % (head.encode(), n, b'x' * (n * 37 % 3000)))
    sys.stdout.write('.')  # acknowledged
    sys.stdout.flush()
sys.stdout.write('end')
"""


class Writer:
    """A writer that restarts after its last acknowledged record when it is killed.

    The record that it was about to write may or may not be in the file, so its number is
    left out.
    """

    def __init__(self, name, path, log):
        self.name, self.path, self.log = name, path, log
        self.acknowledged, self.unsure, self.next = set(), set(), 0
        self.start()

    def start(self):
        """Start a process that goes on with the next number."""
        self.log.write_bytes(b'')
        words = [sys.executable, '-c', WRITER, ROOT, self.path, self.name]
        with self.log.open('wb') as log:
            self.process = subprocess.Popen(
                [*map(str, words), str(self.next), str(RECORDS)], stdout=log
            )

    def kill(self):
        """Kill the process, and note the records that it has acknowledged."""
        self.process.kill()
        self.collect()

    def collect(self):
        """Wait for the end of the process."""
        self.process.wait(timeout=60)
        said = self.log.read_bytes()
        count = said.count(b'.')
        self.acknowledged |= {*range(self.next, self.next + count)}
        self.next += count
        if not said.endswith(b'end'):
            self.unsure.add(self.next)
            self.next += 1


def test_writers_that_are_killed(tmp_path):
    """All acknowledged records are there once, with no empty line between them."""
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    path = tmp_path / 'records.jsonl'
    writers = [Writer(f'w{n}', path, tmp_path / f'log{n}') for n in range(WRITERS)]
    for _ in range(KILLS):
        unlucky = dice.choice(writers[1:])  # the first is never killed
        with contextlib.suppress(subprocess.TimeoutExpired):
            writers[0].process.wait(timeout=dice.uniform(0.001, 0.1))
        if unlucky.next < RECORDS:
            unlucky.kill()
            unlucky.start()
    for writer in writers:
        writer.collect()
    *lines, last = path.read_bytes().split(b'\n')
    assert all(line.strip() for line in lines), seed
    records = list(Lines([*lines, last]))
    found = Counter((r['mb']['run_id'], r['mb']['n']) for r in records)
    assert max(found.values()) == 1, seed
    for writer in writers:
        mine = {n for name, n in found if name == writer.name}
        assert writer.acknowledged <= mine <= writer.acknowledged | writer.unsure, seed
    assert len(writers[0].acknowledged) == RECORDS


TOGETHER = """
import multiprocessing, sys
from microbench import MicroBench

bench = MicroBench(sys.argv[1], note='x' * 300)

def work(name):
    for number in range(400):
        with bench.record(f'{name}.{number}'):
            pass

if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    workers = [context.Process(target=work, args=(n,)) for n in range(24)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
"""


def test_writers_that_are_not_killed(tmp_path):
    """Each line is a record: no half-written one is taken for torn."""
    program = tmp_path / 'program.py'
    program.write_text(TOGETHER)
    path = tmp_path / 'records.jsonl'
    env = os.environ | {'PYTHONPATH': str(ROOT)}
    subprocess.run([sys.executable, program, path], env=env, check=True)
    names = [json.loads(line)['call']['name'] for line in path.read_bytes().splitlines()]
    assert sorted(names) == sorted(f'{n}.{m}' for n in range(24) for m in range(400))
