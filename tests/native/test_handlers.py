"""What runs in a dying process calls nothing that a signal handler must not call."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / 'csrc'

# Of signal-safety(7); and clone, which makes a thread and keeps no books of it.
SAFE = {'clock_gettime', 'memchr', 'memcpy', 'memset', 'sigaction', 'strlen', 'write'}
SAFE |= {'sigaddset', 'sigemptyset', 'sigfillset', '__errno_location', 'clone'}
# What SIGRTMIN and SIGRTMAX are: numbers that never change in a process.
SAFE |= {'__libc_current_sigrtmin', '__libc_current_sigrtmax'}
# Not calls: what position-independent and hardened code refers to.
SAFE |= {'_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail'}

# Files of which all code is for handlers; and those of which some is, as the headers say.
HANDLERS = ['mb_lastwords', 'mb_line', 'mb_pieces', 'mb_signals', 'mb_slot', 'mb_watchdog']
PARTLY = ['mb_call', 'mb_clock', 'mb_identity', 'mb_journal', 'mb_mirror', 'mb_text']


@pytest.fixture(scope='module')
def symbols(tmp_path_factory):
    """What each object file defines and what it needs, by the name of its source."""
    where = tmp_path_factory.mktemp('objects')
    compiler = shlex.split(os.environ.get('CC', 'cc'))
    flags = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-fPIC', '-c']
    found = {}
    for name in HANDLERS + PARTLY:
        made = where / f'{name}.o'
        subprocess.run([*compiler, *flags, CSRC / f'{name}.c', '-o', made], check=True)
        found[name] = tuple(
            set(_nm(made, option)) for option in ('--defined-only', '--undefined-only')
        )
    return found


def _nm(made, option):
    listed = subprocess.run(
        ['nm', option, '--format=posix', made], check=True, capture_output=True, text=True
    )
    return [line.split()[0] for line in listed.stdout.splitlines()]


@pytest.mark.parametrize('name', HANDLERS)
def test_handlers_need_only_what_is_safe(symbols, name):
    """Each symbol that is not safe by the book is defined by another of these files."""
    ours = {symbol for defined, _ in symbols.values() for symbol in defined}
    assert symbols[name][1] - ours <= SAFE
