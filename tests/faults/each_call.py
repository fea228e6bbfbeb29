"""A program: each system call of the extension fails in turn, with each errno.

It runs with the library of faulty.c loaded before all others, and prints what went wrong:
one line a case. A case is three records into one file, of which the calls of the second
are tampered with. Whatever happens to them:

- the code that is timed gives its result, and nothing is raised;
- each record is either in the file or on standard error, once, and whole;
- the first record and the third, with which nothing is wrong, are in the file;
- without another writer, at most one piece of a record is left, alone on its line;
- lines that another writer appends meanwhile stay;
- no descriptor stays behind.
"""

import contextlib
import ctypes
import errno
import io
import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

from microbench import MicroBench
from microbench.outputs.report import Report
from microbench.results.reading import Lines

EVERY = -1
ENOSPC = errno.ENOSPC
OTHERS = b'{"other": 1}\n'
NAMES = """EIO ENOSPC EDQUOT EFBIG EROFS EACCES EPERM ENOENT ESTALE EBADF EMFILE ENOMEM
    EINTR EAGAIN EINVAL ENOSYS"""
ERRNOS = [getattr(errno, name) for name in NAMES.split()]


class Fault(NamedTuple):
    """A fault of one system call."""

    call: str
    first: int = 1
    times: int = 1
    error: int = 0
    most: int = 0  # bytes that a write takes
    others: bool = False  # append a line right before the call

    def __str__(self):
        what = errno.errorcode.get(self.error) or f'{self.most} bytes'
        if self.others:
            what += ', and others'
        return f'{self.call} {self.first} x{self.times}: {what}'


# --- the library ----------------------------------------------------------------------

ACTION = ctypes.CFUNCTYPE(None)
library = ctypes.PyDLL(None)
library.faulty_count.restype = ctypes.c_char_p


@contextlib.contextmanager
def tampered(faults, append):
    """Inject these faults; return the calls that were made, by name."""
    made, others, alone = {}, ACTION(append), ACTION()
    library.faulty_watch()
    for call, first, times, error, most, with_others in faults:
        action = others if with_others else alone
        most = ctypes.c_size_t(most)
        library.faulty_plan(call.encode(), first, times, error, most, action)
    try:
        yield made
    finally:
        library.faulty_clear()
        number = ctypes.c_int()
        for n in range(32):
            name = library.faulty_count(n, ctypes.byref(number))
            if name:
                made[name.decode()] = number.value


# --- one case -------------------------------------------------------------------------


class Case:
    """Three records into one file.

    Args:
        path: the file.
        before: what is in it already.
        fresh: whether the file is first opened by the record that is tampered with.
    """

    def __init__(self, path, before=b'', fresh=False):
        self.path, self.before, self.fresh = path, before, fresh
        self.names = ['second', 'third'] if fresh else ['first', 'second', 'third']
        self.wrong, self.others = [], 0
        Report.lost = 0
        path.unlink(missing_ok=True)
        if before:
            path.write_bytes(before)

    def run(self, *faults):
        """Make the records; return the calls that the second took."""
        printed, self.calls = io.StringIO(), {}
        with contextlib.redirect_stderr(printed), warnings.catch_warnings(record=True):
            warnings.simplefilter('always')
            try:
                self._record(faults)
            except BaseException as error:
                self.wrong.append(f'raised {error!r}')
        self.printed = printed.getvalue()
        self._check()
        return self.calls

    def _record(self, faults):
        bench = MicroBench(self.path)
        for name in self.names:
            with tampered(faults if name == 'second' else (), self.append) as made:
                with bench.record(name):
                    result = len(name)
            if name == 'second':
                self.calls = made
            if result != len(name):
                self.wrong.append('another result')
        bench._bench_config.delivery.sinks[0].close()

    def _check(self):
        contents = self.path.read_bytes() if self.path.exists() else b''
        lines = Lines(contents.split(b'\n'))
        stored = [r['call']['name'] for r in lines if 'call' in r]
        printed = [json.loads(line)['call']['name'] for line in self.printed.splitlines()]
        if sorted(stored + printed) != sorted(self.names):
            self.wrong.append(f'stored {stored}, printed {printed}')
        if not {'first', 'third'} & set(self.names) <= set(stored):
            self.wrong.append(f'of the others only {stored}')
        torn_before = not self.before.endswith(b'\n') and self.before != b''
        if lines.damaged > 1 + torn_before and not self.others:
            self.wrong.append(f'{lines.damaged} damaged lines')
        if not contents.startswith(self.before):
            self.wrong.append('what was there before is not there')
        if contents.count(OTHERS) != self.others:
            self.wrong.append('a line of another process is not there')

    def append(self):
        """Append a line, as another process does."""
        with self.path.open('ab', buffering=0) as file:
            if file.tell() and not self.path.read_bytes().endswith(b'\n'):
                file.write(b'\n')
            file.write(OTHERS)
        self.others += 1


# --- all cases ------------------------------------------------------------------------


def descriptors():
    """Return the number of open descriptors."""
    return len(list(Path('/proc/self/fd').iterdir()))


def states(path):
    """Yield all states in which a file can be when a record comes."""
    for before in (b'', b'{"n": 1}\n', b'{"n": 1}\n{"torn'):
        for fresh in (True, False):
            yield lambda before=before, fresh=fresh: Case(path, before, fresh)


def single_faults(calls):
    """Yield each call of a record, with each errno, once and for ever."""
    for call, made in calls.items():
        for number in range(1, made + 1):
            for error in ERRNOS:
                for times in (1, EVERY):
                    yield [Fault(call, number, times, error)]


def short_writes(errors=ERRNOS):
    """Yield writes that take some bytes, and faults after them."""
    for most in (1, 2, 10, 17, 200):
        short = Fault('writev', 1, 1, 0, most)
        yield [short]
        yield [short._replace(times=50)]
        for error in errors:
            failed = Fault('writev', 2, 1, error)
            yield [short, failed]
            yield [short, failed, Fault('pwrite', 1, EVERY, errno.EIO)]
            yield [short, failed, Fault('statx', 3, EVERY, error)]


def failed_looks():
    """Yield faults of statx() and fstat(), which both look at the file.

    But for EBADF, the descriptor is open: it must not stay so.
    """
    for error in sorted({*ERRNOS} - {errno.EBADF}):
        for first in (1, 2, 3):
            for times in (1, 2, EVERY):
                yield [Fault('statx', first, EVERY, error), Fault('fstat', 1, times, error)]


def others():
    """Yield another writer at each moment, with and without a fault of the bench."""
    for trouble in ([], *short_writes((ENOSPC,))):
        for call in ('open', 'statx', 'pread', 'writev', 'pwrite'):
            for number in (1, 2, 3, 4):
                at = Fault(call, number, others=True)
                mine = [fault for fault in trouble if fault[:2] == at[:2]]
                rest = [fault for fault in trouble if fault[:2] != at[:2]]
                at = mine[0]._replace(others=True) if mine else at
                yield [at, *rest]


def all_cases(path):
    """Yield a fresh case and its faults."""
    for state in states(path):
        case = state()
        calls = case.run()
        yield case, []
        for faults in [*single_faults(calls), *failed_looks(), *short_writes()]:
            case = state()
            case.run(*faults)
            yield case, faults
        for faults in others():
            case = state()
            case.run(*faults)
            yield case, faults


def main(say=print):
    """Print each case that went wrong, then their number."""
    count = 0
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / 'records.jsonl'
        before = descriptors()
        for case, faults in all_cases(path):
            count += 1
            if descriptors() != before:
                case.wrong.append(f'{descriptors() - before} descriptors more')
                before = descriptors()
            if case.wrong:
                state = f'{case.before!r}, fresh: {case.fresh}'
                say(*faults, state, *case.wrong, sep='; ')
    say(count, 'cases')


if __name__ == '__main__':
    sys.exit(main())
