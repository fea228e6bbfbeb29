"""Writers that are killed at random moments: `make soak` does it ten thousand times."""

import subprocess
import sys

from tests.fakes import ROOT


def test_no_record_is_lost_and_none_is_there_twice():
    """Each record that its writer reported as written can be read, also after recovery."""
    done = subprocess.run(
        [sys.executable, '-m', 'tests.soak.kills', '--count', '300'],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # it begins with the seed
    assert done.stderr.splitlines()[-1].endswith('all there, once')
