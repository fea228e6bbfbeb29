"""Clocks, sinks and fresh processes that the tests share."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from unittest import mock

import microbench
from microbench import Output, json_library

ROOT = Path(microbench.__file__).parents[1]

FREE_THREADED = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))

# Free-threaded builds of CPython have no orjson.
JSON_LIBRARIES = ['stdlib'] if json_library.orjson is None else ['orjson', 'stdlib']


@contextlib.contextmanager
def json_by(name):
    """Write and read JSON with this library, as if orjson were installed or not."""
    found = json_library.orjson if name == 'orjson' else None
    with mock.patch.object(json_library, 'orjson', found):
        yield


def dict_reasons(bench):
    """Return what makes the records of a bench dicts, without what to change."""
    sentences = [s for s in bench.explain_path() if not s.startswith(('text in', 'dict, '))]
    return [sentence.partition(': ')[0] for sentence in sentences]


class OneRecord:
    """What a process leaves: its only record among `records`."""

    @property
    def record(self):
        """Return the only record."""
        [record] = self.records
        return record

    @property
    def call(self):
        """Return the `call` object of the only record."""
        return self.record['call']


class Ticking:
    """A duration counter that goes on by one step at each reading."""

    def __init__(self, step=1.0):
        self.step = step
        self.readings = itertools.count(1)  # next() of it is atomic

    def __call__(self):
        return next(self.readings) * self.step


class TickingPerThread:
    """A duration counter that ticks for each thread by itself."""

    def __init__(self):
        self.local = threading.local()

    def __call__(self):
        self.local.now = getattr(self.local, 'now', 0.0) + 1.0
        return self.local.now


class FailingAt:
    """A ticking counter whose n-th readings, from 1, raise."""

    def __init__(self, *failing):
        self.failing = failing
        self.readings = 0

    def __call__(self):
        self.readings += 1
        if self.readings in self.failing:
            raise ArithmeticError(f'reading {self.readings}')
        return float(self.readings)


class Kept(Output):
    """A sink that keeps the lines it is given."""

    def __init__(self):
        self.lines = []

    def write_record(self, record, timeout=None):
        self.lines.append(record)

    @property
    def records(self):
        """The records of the lines."""
        return [json.loads(line) for line in self.lines]


class Failing(Output):
    """A sink that raises; it remembers how often it was tried."""

    def __init__(self, error=None):
        self.error = error or OSError('no room')
        self.tried = 0

    def __repr__(self):
        return 'Failing()'

    def write_record(self, record, timeout=None):
        self.tried += 1
        raise self.error


def only(records):
    """Return the one record."""
    [record] = records
    return record


def readable(value):
    """Return a value as a record has it, with lone surrogates escaped."""
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(readable, value))
    if not isinstance(value, str):
        return value
    paired = value.encode('utf-16-le', 'surrogatepass')
    return ''.join(map(_escaped, paired.decode('utf-16-le', 'surrogatepass')))


def _escaped(character):
    if '\udc80' <= character <= '\udcff':
        return f'\\x{ord(character) & 0xFF:02x}'
    is_lone = '\ud800' <= character <= '\udfff'
    return f'\\u{ord(character):04x}' if is_lone else character


def shape(value, like):
    """Return a value with types in the places where the pattern has types."""
    if isinstance(like, type):
        return type(value)
    if isinstance(like, dict):
        return {key: shape(value[key], like.get(key)) for key in value}
    if isinstance(like, list):
        return [shape(*pair) for pair in zip(value, like, strict=True)]
    return value


def call_of(bench):
    """Return the `call` object of a bench's only record."""
    return only(bench.get_results())['call']


# Seconds for Python to react to a signal, before native code writes: no load exceeds them.
# A test that expects a native record sets fewer.
PATIENT = '600'


def environment():
    """Return the environment of a child, without a switch set around the tests."""
    kept = {k: v for k, v in os.environ.items() if k != 'MICROBENCH'}
    return {**kept, 'MICROBENCH_EXIT_GRACE': PATIENT}


def python(code, *args, flags=(), env=None, stdin=None, timeout=300, root=ROOT, **options):
    """Run code in a fresh process that finds this microbench, or the one in `root`."""
    first = f'import sys; sys.path.insert(0, {str(root)!r})\n'
    if FREE_THREADED and '-I' in flags and os.environ.get('PYTHON_GIL') == '1':
        flags = (
            '-X',
            'gil=1',
            *flags,
        )  # the same, for an interpreter that reads no variable
    return subprocess.run(
        [sys.executable, *flags, '-c', first + code, *map(str, args)],
        env={**environment(), **(env or {})},
        input=stdin,
        capture_output=True,
        text=not isinstance(stdin, bytes),
        timeout=timeout,
        check=False,
        **options,
    )


# Of an `app` and a `bench` that the program has made.
CELERY_TASKS = """
@app.task
@bench
def add(x, y=1):
    with bench.time('sum'):
        return x + y

@app.task(bind=True, max_retries=2)
@bench
def flaky(self, x):
    if self.request.retries < 2:
        raise self.retry(countdown=0)
    return self.request.retries + x
"""


def printed(code, *args, **options):
    """Return the output of code in a fresh process, which has to succeed in silence."""
    done = python(code, *args, **options)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def next_line():
    """Return file and line of the caller's next statement, where a warning points."""
    frame = sys._getframe(1)
    return frame.f_code.co_filename, frame.f_lineno + 1
