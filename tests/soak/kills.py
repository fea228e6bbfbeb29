"""Writers that are killed at random moments, and what their file holds then.

    python -m tests.soak.kills --count 10000 --seed 1

Each round forks a writer, which tells through a pipe whenever a record was written, and
kills it. Some writers are part of a batch job, and the shell that has started them is
killed right before. Every reported record has to be there, once; one more may be:
the one that was open, or written and not reported yet. Now and then the file is rotated. In
the end no line may be left that cannot be parsed, and no journal.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from microbench import FileOutput, MicroBench
from microbench.cli.view import recover

LONGEST = 0.004  # seconds until a writer is killed
MOST = 300  # records of a writer that a busy machine leaves alive for longer
SOON = 0.002  # seconds between the deaths of a shell and of its writer
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
ROUNDS = 10  # for each file


def write_records(path, pipe, number):
    """Write records until this process is killed."""
    signal.alarm(600)  # where its parent has died
    bench = MicroBench(path, writer=number)
    for nth in range(MOST):
        with bench.record(str(nth)), bench.time('phase'):
            pass
        os.write(pipe, b'.')
    while True:
        signal.pause()  # until it is killed: other signals come as well


def start_writer(path, writing, number):
    """Return its process, and that of no shell."""
    pid = os.fork()
    if pid == 0:
        try:
            write_records(path, writing, number)
        finally:
            os._exit(1)  # an error: never the end of a writer
    return pid, None


def start_job(path, writing, number):
    """Return the process of a writer, and that of the shell of its batch job."""
    reading, sending = os.pipe()
    shell = os.fork()
    if shell == 0:
        try:
            os.environ['SLURM_JOB_ID'] = '1'
            pid, _ = start_writer(path, writing, number)
            os.write(sending, str(pid).encode())
            os.close(writing)
            signal.pause()
        finally:
            os._exit(1)
    os.close(sending)
    with os.fdopen(reading, 'rb', buffering=0) as file:
        return int(file.read(20)), shell


def kill_a_writer(path, number, chance):
    """Return how many records it has reported.

    Args:
        path: of the file.
        number: of the writer.
        chance: decides when it is killed, and what else is.
    """
    delay, at_work = chance.uniform(0, LONGEST), chance.random() < 0.7
    start = start_job if chance.random() < 0.3 else start_writer
    reading, writing = os.pipe()
    pid, shell = start(path, writing, number)
    os.close(writing)
    first = os.read(reading, 1) if at_work else b''
    time.sleep(delay)
    if shell is not None:
        os.kill(shell, signal.SIGKILL)
        os.waitpid(shell, 0)
        time.sleep(chance.uniform(0, SOON))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f'writer {number} has ended by itself: {status}'
    with os.fdopen(reading, 'rb') as file:
        return len(first + file.read())


def check(records, reported):
    """Check that each writer's reported records are there once; the next may be."""
    found = {number: Counter() for number in reported}
    for record in records:
        found[record['writer']][int(record['call']['name'])] += 1
    for number, count in reported.items():
        written = found[number]
        assert set(written.values()) <= {1}, f'writer {number}: twice: {written}'
        wanted = set(range(count))
        assert set(written) in (wanted, wanted | {count}), (
            f'writer {number}: reported {count}, found {sorted(written)[-3:]}'
        )


def as_read(path):
    """Return what a reader sees before recovery; it may warn of fragments."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return FileOutput(path).get_results()


def as_recovered(path):
    """Return what the file itself holds after recovery: all of it can be parsed."""
    if not (path.exists() or list(path.parent.glob('.*'))):
        return []  # all were killed before they began, or the file was renamed
    sys.stdout.flush()
    assert recover.main([str(path)]) == 0
    *lines, last = path.read_bytes().split(b'\n') if path.exists() else [b'']
    assert last.strip() == b''  # at most, what a fragment was before
    records = [json.loads(line) for line in lines]  # none is empty
    assert len({record['mb']['record_id'] for record in records}) == len(records)
    return records


def rotate(path, number, copies):
    """Rename the file, or copy and truncate it, as logrotate does."""
    if not path.exists():
        return
    if copies:
        shutil.copyfile(path, f'{path}.{number}')
        os.truncate(path, 0)
    else:
        path.rename(f'{path}.{number}')


def as_rotated(path):
    """Return what is in the rotated files; they may end with a fragment."""
    return [r for old in path.parent.glob('*.jsonl.*') for r in as_read(old)]


def rounds(directory, count, chance):
    """Kill `count` writers of one file; check after each, and in the end."""
    path = Path(directory) / 'records.jsonl'
    reported = {}
    for number in range(count):
        reported[number] = kill_a_writer(path, number, chance)
        if chance.random() < 0.2:
            rotate(path, number, chance.random() < 0.5)
        check(as_read(path) + as_rotated(path), reported)
        if chance.random() < 0.3:  # else the next writer does it
            check(as_recovered(path) + as_rotated(path), reported)
    check(as_recovered(path) + as_rotated(path), reported)
    assert not [left for left in path.parent.iterdir() if left.name.startswith('.')]
    return sum(reported.values())


def soak(count, seed):
    """Kill that many writers; return how many records they reported."""
    chance = random.Random(seed)
    # a writer whose shell has died is a child of this process: its end can be waited for
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    total = 0
    for first in range(0, count, ROUNDS):
        with tempfile.TemporaryDirectory() as directory:
            total += rounds(directory, min(ROUNDS, count - first), chance)
    return total


def main():
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--count', type=int, default=300)
    parser.add_argument('--seed', type=int, default=random.randrange(2**32))
    asked = parser.parse_args()
    sys.stderr.write(f'seed {asked.seed}\n')
    total = soak(asked.count, asked.seed)
    sys.stderr.write(
        f'{asked.count} writers killed after {total} records: all there, once\n'
    )


if __name__ == '__main__':
    main()
