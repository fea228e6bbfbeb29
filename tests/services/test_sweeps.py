"""Sweeps by executors that need a launcher: MPI, and jobs of SLURM."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from microbench import FileOutput, ranks

ROOT = Path(__file__).parents[2]
SWEEP = """
import microbench

def work(n):
    return n * n

if __name__ == '__main__':
    {executor}
    with executor:
        points = {{'n': range({points})}}
        result = microbench.sweep(work, points, executor, output='r.jsonl')
    assert [p.value for p in result] == [n * n for n in range({points})], result
"""


@pytest.fixture
def mpirun(tmp_path):
    """Run a program on some ranks."""
    if shutil.which('mpirun') is None:
        pytest.skip('needs mpirun (Debian: apt install openmpi-bin)')
    pytest.importorskip('mpi4py')
    allowed = {'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1'}

    def run(text, *options, count=2):
        (tmp_path / 'program.py').write_text(textwrap.dedent(text))
        words = ['mpirun', '--oversubscribe', '-n', str(count), sys.executable, *options]
        done = subprocess.run(
            [*words, 'program.py'],
            cwd=tmp_path,
            env={**os.environ, **allowed, 'PYTHONPATH': str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return FileOutput(tmp_path / 'r.jsonl').get_results()

    return run


def test_mpi_executors(mpirun):
    """Rank 0 writes the records that the others make."""
    executor = 'from mpi4py.futures import MPIPoolExecutor; executor = MPIPoolExecutor()'
    text = SWEEP.format(executor=executor, points=20)
    records = mpirun(text, '-m', 'mpi4py.futures')
    assert sorted(r['sweep']['index'] for r in records) == list(range(20))
    assert {r['process']['rank'] for r in records} == {1}


def test_the_slow_rank_of_a_program(mpirun):
    """Rank 1 does more work in one phase, and is named with it."""
    records = mpirun("""
        from mpi4py import MPI
        from microbench import MicroBench
        comm = MPI.COMM_WORLD
        bench = MicroBench('r.jsonl')
        comm.Barrier()
        with bench.record('step'):
            with bench.time('solve'):
                sum(range([10, 5_000_000][comm.Get_rank()]))
            with bench.time('wait'):
                comm.Barrier()
    """)
    found = ranks(records)
    solve = next(row for row in found if row.phase == 'solve')
    assert found.answer.startswith('Rank 1 of step was slow in solve: ')
    assert (solve.slowest, sorted(solve.seconds)) == (1, [0, 1])


SUBMIT = """
import microbench, submitit
from tests.sweeps.functions import double

executor = submitit.AutoExecutor('jobs', cluster='slurm')
executor.update_parameters(timeout_min=1, slurm_mem='200M')
microbench.sweep(double, {'n': [1, 2]}, executor, output='r.jsonl')
"""


def test_jobs_of_slurm(slurm, tmp_path):
    """Each call is a job, by submitit; the program that sweeps writes their records."""
    pytest.importorskip('submitit')
    done = subprocess.run(
        [sys.executable, '-c', SUBMIT],
        cwd=tmp_path,
        env={**slurm.environment, 'PYTHONPATH': str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    records = FileOutput(tmp_path / 'r.jsonl').get_results()
    assert sorted(record['sweep']['index'] for record in records) == [0, 1]
    assert {record['call']['name'] for record in records} == {'double'}
