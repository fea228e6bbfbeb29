"""A clock that goes on by one second at each reading, below Python."""

import os
import shlex
import subprocess

import pytest

from tests.fakes import printed

SOURCE = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    static long readings;
    if (clock != CLOCK_MONOTONIC) {
        return (int)syscall(SYS_clock_gettime, clock, now);
    }
    now->tv_sec = __atomic_add_fetch(&readings, 1, __ATOMIC_RELAXED);
    now->tv_nsec = 0;
    return 0;
}
"""


def loaded_first(place, source):
    """Make a library for LD_PRELOAD from C; return its path."""
    (place / 'first.c').write_text(source)
    cc = shlex.split(os.environ.get('CC', 'cc'))
    command = [*cc, '-std=c11', '-shared', '-fPIC', '-o', 'first.so', 'first.c']
    done = subprocess.run(command, cwd=place, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place / 'first.so'


@pytest.fixture(scope='session')
def ticking_library(tmp_path_factory):
    """Return a library that, loaded first, replaces CLOCK_MONOTONIC of a process."""
    return loaded_first(tmp_path_factory.mktemp('clock'), SOURCE)


@pytest.fixture
def printed_ticking(ticking_library):
    """Return what code prints in a fresh process with that clock.

    What is loaded already, such as the run-time library of a sanitizer, stays first.
    """
    loaded = [os.environ.get('LD_PRELOAD', ''), str(ticking_library)]

    def run(code, *args):
        env = {'LD_PRELOAD': ' '.join(filter(None, loaded))}
        return printed(code, *args, env={**env, 'MICROBENCH_CLOCK': 'monotonic'})

    return run
