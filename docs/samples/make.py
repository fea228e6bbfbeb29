"""Measure the records that docs/reading-results.md shows.

    python -m docs.samples.make [NAME ...]

runs a small simulation, once hindered by another program, and two commands (grid.jsonl),
and two programs of examples/ (steps.jsonl, ranks.jsonl). Names of the machine and of its
directories are private: they are replaced, so that the runs appear to be those of two
nodes. Nothing else is changed.
"""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import microbench as mb

HERE = Path(__file__).parent
PLACES = {'prefix': '/opt/python', 'executable': '/opt/python/bin/python3'}


class Bench(mb.MicroBench, mb.MBHostInfo, mb.MBResourceUsage):
    """What the pages call a bench with a little of everything."""


def simulate(bench, steps):
    """Prepare, solve, save: three phases of arithmetic and of writing."""
    with bench.record('simulate'):
        with bench.time('prepare'):
            grid = [float(n % 97) for n in range(60_000)]
        with bench.time('solve'):
            for _ in range(steps):
                grid = [
                    0.5 * (a + b) for a, b in zip(grid, grid[1:] + grid[:1], strict=True)
                ]
        with bench.time('save'):
            Path('grid.txt').write_text('\n'.join(map(str, grid)), 'ascii')
        if not all(map(float.is_integer, grid)) and steps > 30:
            raise ArithmeticError('no solution after 31 steps')


def hinder():
    """Return a process that competes for our processor."""
    os.sched_setaffinity(0, {0})
    return subprocess.Popen([sys.executable, '-c', 'while True: pass'])


def measured():
    """Return the records of all runs, each with the node that it is said to be of."""
    bench = Bench('grid.jsonl', dataset='grid-60k')
    simulate(bench, 20)
    other = hinder()
    simulate(bench, 20)
    other.kill()
    other.wait()
    try:
        simulate(bench, 31)
    except ArithmeticError:
        pass
    command = [sys.executable, '-m', 'microbench', '-o', 'grid.jsonl', '-n', '5', '--']
    subprocess.run([*command, 'sort', '-g', '-o', 'sorted.txt', 'grid.txt'], check=True)
    subprocess.run([*command, 'grep', '-c', 'inf', 'grid.txt'], check=False)
    nodes = ('node07', 'node08', 'node08', 'node07', 'node07')
    lines = Path('grid.jsonl').read_text('ascii').splitlines()
    return zip(map(json.loads, lines), nodes, strict=True)


def anonymous(record, node):
    """Return a record without names of the machine and of its directories."""
    record['host']['hostname'] = node
    record['python'].update(PLACES)
    if 'working_dir' in record['call']:
        record['call']['working_dir'] = '/scratch/grid'
    return record


def of_example(name):
    """Return the records of a program of examples/, as if it had run on one node."""
    program = [sys.executable, '-m', f'examples.{name}']
    path = {'PYTHONPATH': str(HERE.parents[1])}
    subprocess.run(program, env={**os.environ, **path}, check=True)
    lines = Path(f'{name}.jsonl').read_text('ascii').splitlines()
    return zip(map(json.loads, lines), ['node07'] * len(lines), strict=True)


FILES = {
    'grid.jsonl': measured,
    'steps.jsonl': partial(of_example, 'steps'),
    'ranks.jsonl': partial(of_example, 'ranks'),
}


def write(name, records):
    """Write a file of records, without what is private."""
    with TemporaryDirectory() as directory:
        os.chdir(directory)
        lines = [
            json.dumps(anonymous(*pair), separators=(',', ':')) + '\n' for pair in records()
        ]
    (HERE / name).write_text(''.join(lines), 'ascii')


def main(names):
    """Measure the named files anew, or all."""
    for name in names or FILES:
        write(name, FILES[name])


if __name__ == '__main__':
    main(sys.argv[1:])
