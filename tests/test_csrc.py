"""Builds and runs the C tests in csrc/tests: one case a program.

With MICROBENCH_SANITIZE=address or =thread they are built with that sanitizer; with
MICROBENCH_COVERAGE=1 they count which lines run (csrc/tests/counters.c).
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[1] / 'csrc'
PROGRAMS = sorted(source.stem for source in CSRC.glob('tests/test_*.c'))

ADDRESS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
SANITIZERS = {
    '': [],
    'address': ADDRESS,
    'thread': ['-fsanitize=thread'],  # of what runs without the GIL
}
CC = [
    *shlex.split(os.environ.get('CC', 'cc')),
    *['-std=c11', '-D_GNU_SOURCE', '-O1', '-g', '-pthread'],
    *['-Wall', '-Wextra', '-Werror', f'-I{CSRC}'],
]
# mb_platform.h does not declare free() itself under MB_TEST_ALLOC.
TESTED = ['-DMB_TEST_ALLOC']
TESTED += SANITIZERS[os.environ.get('MICROBENCH_SANITIZE', '')]
# As in setup.py: counters of threads are exact, and have sections that counters.ld names.
COUNTED = os.environ.get('MICROBENCH_COVERAGE') == '1'
if COUNTED:
    TESTED += ['--coverage', '-fprofile-update=atomic', '-fdata-sections', '-O0']
COUNTERS = [
    *[CSRC / 'tests/counters.c', f'-Wl,-T,{CSRC}/tests/counters.ld'],
    '-Wl,--wrap=__gcov_dump,--wrap=__gcov_reset,--wrap=__gcov_exit',
]
LINKED = {
    'test_mb_append': [
        '-Wl,--wrap=write,--wrap=writev,--wrap=pwrite,--wrap=clock_gettime',
        '-Wl,--wrap=fsync,--wrap=mb_sync_file_system',
    ],
    'test_mb_append_many': ['-Wl,--wrap=writev'],
    'test_mb_batch': ['-Wl,--wrap=writev,--wrap=fsync,--wrap=pthread_create'],
    'test_mb_journal': ['-Wl,--wrap=posix_fallocate,--wrap=statfs,--wrap=fcntl'],
}


def run(command: list, cwd: Path) -> subprocess.CompletedProcess:
    """Run a program to its end, whatever its status."""
    return subprocess.run(
        command,
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        errors='replace',
        timeout=300,
    )


def build(command: list, cwd: Path) -> None:
    """Run a command, which has to succeed."""
    built = run(command, cwd)
    assert built.returncode == 0, built.stderr


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    """Build all of csrc/ that needs no Python, and the allocator that can fail."""
    where = tmp_path_factory.mktemp('csrc')
    sources = [*CSRC.glob('*/mb_*.c')]
    build([*CC, *TESTED, '-c', *sources], where)
    build(['ar', 'rcs', 'libmb.a', *where.glob('*.o')], where)
    return where / 'libmb.a'


@pytest.mark.parametrize('program', PROGRAMS)
def test_c_program(program, library, tmp_path):
    """All checks of a C test program hold, and no sanitizer complains."""
    source = CSRC / 'tests' / f'{program}.c'
    flags = [*TESTED, *LINKED.get(program, [])]
    counters = [f'-DCOUNTERS="{tmp_path}/counters"', *COUNTERS] if COUNTED else []
    build([*CC, *flags, source, library, *counters, '-o', program], tmp_path)
    ran = run([tmp_path / program], tmp_path)
    assert ran.returncode == 0, ran.stderr
    if COUNTED:
        build(['env', 'MICROBENCH_COVERAGE_WRITE=1', tmp_path / program], tmp_path)


def test_the_sanitizer_catches_a_planted_overflow(tmp_path):
    """A build with AddressSanitizer stops at a heap overflow in memory of csrc/."""
    (tmp_path / 'empty.c').write_text('int main(void) { return 0; }\n')
    if run([*CC, *ADDRESS, 'empty.c'], tmp_path).returncode != 0:
        pytest.skip('this compiler has no AddressSanitizer')
    sources = [CSRC / 'tests/planted_overflow.c', CSRC / 'run/mb_samples.c']
    build([*CC, *ADDRESS, *sources, '-o', 'planted'], tmp_path)
    ran = run([tmp_path / 'planted'], tmp_path)
    assert ran.returncode != 0
    assert 'heap-buffer-overflow' in ran.stderr
