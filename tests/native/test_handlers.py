"""Code that runs in a dying process calls nothing that a signal handler must not call."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[2] / 'csrc'

# Of signal-safety(7); and clone, which makes a thread and keeps no books of it.
SAFE = {'clock_gettime', 'memchr', 'memcpy', 'memset', 'sigaction', 'strlen', 'write'}
SAFE |= {
    'sigaddset',
    'sigemptyset',
    'sigfillset',
    'sigismember',
    '__errno_location',
    'clone',
}
# What SIGRTMIN and SIGRTMAX are: numbers that never change in a process.
SAFE |= {'__libc_current_sigrtmin', '__libc_current_sigrtmax'}
# Not calls: what position-independent and hardened code refers to.
SAFE |= {'_GLOBAL_OFFSET_TABLE_', '__stack_chk_fail'}

# In mb_text.c, for texts on the heap: those of handlers are `fixed`, which it asks first.
SAFE |= {'realloc'}

# Files of which all code is for handlers; and those of which some is.
HANDLERS = [
    'mb_emergency',
    'mb_append_dying',
    'mb_batch_dying',
    'mb_iov',
    'mb_seen',
    'mb_signals',
    'mb_signame',
]
HANDLERS += [
    'mb_image',
    'mb_moments',
    'mb_view',
    'mb_slot',
    'mb_slot_histogram',
    'mb_ticks',
    'mb_total',
]
HANDLERS += ['mb_watchdog']
PARTLY = ['mb_call_block', 'mb_clock', 'mb_endmark', 'mb_identity', 'mb_journal']
PARTLY += ['mb_mirror', 'mb_batch', 'mb_parent', 'mb_text']

SECTION = re.compile(r'^RELOCATION RECORDS FOR \[\.text\.?(\S*)\]:$')
REFERENCE = re.compile(r'^[0-9a-f]+ +R_\S+ +(\S+?)(?:[-+]0x[0-9a-f]+)?$')


class Objects:
    """Object files, with a section for each function.

    Attributes:
        defined: their symbols, by the name of the source.
        refers: by function, the symbols that it refers to: calls and data.
    """

    def __init__(self, where):
        compiler = shlex.split(os.environ.get('CC', 'cc'))
        flags = [
            '-std=c11',
            '-D_GNU_SOURCE',
            '-O2',
            '-fPIC',
            '-ffunction-sections',
            '-c',
            f'-I{CSRC}',
        ]
        machine = _lines(*compiler, '-dumpmachine')[0]
        if machine.startswith('aarch64'):
            flags.append('-mno-outline-atomics')  # as setup.py
        self.defined, self.refers = {}, {}
        for name in HANDLERS + PARTLY:
            made = where / f'{name}.o'
            [source] = CSRC.glob(f'*/{name}.c')
            subprocess.run([*compiler, *flags, source, '-o', made], check=True)
            listed = _lines('nm', '--defined-only', '--format=posix', made)
            self.defined[name] = {line.split()[0] for line in listed}
            self._read(made)

    def _read(self, made):
        function = None
        for line in _lines('objdump', '--reloc', made):
            section = SECTION.match(line)
            if line.startswith('RELOCATION'):
                function = section and section[1]
            reference = REFERENCE.match(line)
            if function and reference:
                name = reference[1].removeprefix('.text.')
                self.refers.setdefault(function, set()).add(name)

    def reached(self, functions):
        """Return all symbols that these functions reach, directly or not."""
        found, ahead = set(), list(functions)
        while ahead:
            for name in self.refers.get(ahead.pop(), set()) - found:
                found.add(name)
                ahead.append(name)
        return found


def _lines(*command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.fixture(scope='module')
def objects(tmp_path_factory):
    """Return the object files of the extension that handlers need."""
    return Objects(tmp_path_factory.mktemp('objects'))


def unsafe(objects, functions):
    """Return what these functions reach that is neither safe nor of these files."""
    defined = {symbol for symbols in objects.defined.values() for symbol in symbols}
    reached = objects.reached(functions)
    return {name for name in reached if not name.startswith('.')} - defined - SAFE


@pytest.mark.parametrize('name', HANDLERS)
def test_handlers_need_only_what_is_safe(objects, name):
    """No function that a handler reaches is unsafe, however far calls go."""
    assert unsafe(objects, objects.defined[name]) == set()


def test_handlers_come_to_all_that_writes_a_record(objects):
    """Calls are followed into other files as well."""
    reached = objects.reached(['mb_signals_handle'])
    wanted = {
        'mb_emergency_write',
        'mb_append_dying_to_path',
        'mb_slot_record',
        'mb_text_string',
    }
    assert wanted | {'mb_mirror_claim', 'clone'} <= reached


def test_the_handler_of_a_death_of_the_parent(objects):
    """The handler notes the time, and forwards other signals."""
    assert unsafe(objects, ['mb_parent_on_signal']) == set()
    assert 'mb_journals_stamp_parent' in objects.reached(['mb_parent_on_signal'])


def test_what_is_not_safe_would_be_found(objects):
    """Code that makes a journal shares a file with handlers, and is unsafe."""
    assert {'malloc', 'open', 'mmap'} <= unsafe(objects, ['mb_journal_file'])
