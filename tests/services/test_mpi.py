"""Programs of four ranks under a real Open MPI, with mpi4py: no rank's record is lost."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from microbench import FileOutput
from tests.cli.conftest import is_gone, wait_until

ROOT = Path(__file__).parents[2]
RANKS = 4
PROGRAM = """
import os, signal, sys
from pathlib import Path
from mpi4py import MPI
from microbench import MBSlurmInfo, MicroBench

class Bench(MicroBench, MBSlurmInfo):
    pass

comm = MPI.COMM_WORLD
bench = Bench('records.jsonl', rank=comm.Get_rank())
bench.record_on_exit('rank')
with bench.time('setup'):
    Path(f'{{os.getpid()}}.pid').touch()
    comm.Barrier()
with bench.time('work'):
    print('u', end='', flush=True)
    {work}
"""


class Left(NamedTuple):
    """The status of mpirun, its records by rank, and its standard error."""

    status: int
    records: list
    err: str

    def each(self, name):
        """Return this field of each record."""
        return [record.get(name) for record in self.records]


@pytest.fixture
def mpirun(tmp_path):
    """Run a program on four ranks; mpirun is sent SIGTERM when all are up, if asked."""
    if shutil.which('mpirun') is None:
        pytest.skip('needs mpirun (Debian: apt install openmpi-bin)')
    environment = {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'OMPI_ALLOW_RUN_AS_ROOT': '1',
        'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
    }

    def run(work, end=None):
        (tmp_path / 'program.py').write_text(PROGRAM.format(work=work))
        words = ['mpirun', '--oversubscribe', '-n', str(RANKS), sys.executable]
        process = subprocess.Popen(
            [*words, 'program.py'],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout.read(RANKS) == 'u' * RANKS
        if end is not None:
            process.send_signal(end)
        _, err = process.communicate(timeout=60)
        ranks = [int(path.stem) for path in tmp_path.glob('*.pid')]
        wait_until(lambda: all(map(is_gone, ranks)))  # mpirun may be faster
        records = FileOutput(tmp_path / 'records.jsonl').get_results()
        return Left(process.returncode, sorted(records, key=lambda r: r['rank']), err)

    return run


def test_the_end_of_the_program(mpirun):
    """Each rank writes one record into the file that they share."""
    left = mpirun('pass')
    assert left.status == 0, left.err
    assert left.each('rank') == list(range(RANKS))
    assert left.each('exit_status') == [0] * RANKS
    assert [process['rank'] for process in left.each('process')] == list(range(RANKS))
    assert {process['ranks'] for process in left.each('process')} == {RANKS}
    for record in left.records:
        assert [timing['name'] for timing in record['call']['timings']] == ['setup', 'work']


def check_those_killed(records):
    """Check that each rank has its open phase; mpirun may kill one before SIGTERM."""
    for record in records:
        recovered = record.get('exit_path') == 'recovered'
        assert recovered or record['exit_signal'] == 'SIGTERM'
        assert [t['name'] for t in record['call']['open_timings']] == ['work']
    assert len({record['mb']['record_id'] for record in records}) == len(records)


def test_mpirun_is_ended(mpirun):
    """SIGTERM to mpirun reaches all ranks: all four records are there."""
    left = mpirun('while True: pass', signal.SIGTERM)
    assert left.each('rank') == list(range(RANKS)), left.err
    check_those_killed(left.records)


@pytest.mark.parametrize(
    'end', ['comm.Abort(3)', 'os._exit(3)', 'os.kill(os.getpid(), signal.SIGKILL)']
)
def test_one_rank_ends(mpirun, end):
    """Mpirun kills the other ranks then: their records are there."""
    all_are_up = 'comm.Barrier()\n    '
    left = mpirun(all_are_up + f'{end} if comm.Get_rank() == 0 else signal.pause()')
    assert left.status != 0
    assert left.each('rank') == list(range(RANKS)), left.err
    check_those_killed(left.records)
