"""Settings of all tests: order, deadline, Hypothesis, and which skips are allowed."""

import faulthandler
import importlib.util
import os
import re
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

# With MICROBENCH_REQUIRE_ALL=1 a test that is skipped has failed: CI runs all of them.
# A reason that names versions is checked, and allowed where they are others:
# 'runs from CPython 3.14 on', 'runs before CPython 3.15: no wheel of jpype1'.
VERSIONS = re.compile(r'\b(from|before) CPython 3\.(\d+)')
SKIPS_FAIL = os.environ.get('MICROBENCH_REQUIRE_ALL') == '1'
SANITIZED = bool(os.environ.get('MICROBENCH_SANITIZE'))

# Seconds a test may take, many times what the slowest one needs; 0 for as long as it wants.
DEADLINE = float(os.environ.get('MICROBENCH_DEADLINE', '300'))

# No example is late: how long one takes is never what a test is about. Sanitized code
# is slow, and the same inputs are tried on the plain build anyway.
hypothesis.settings.register_profile(
    'microbench', deadline=None, max_examples=20 if SANITIZED else 100
)
hypothesis.settings.load_profile('microbench')


# A shell ignores these for what it starts in the background; programs of the tests
# inherit that, and many are about these signals.
for number, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(scope='session', autouse=True)
def _observe_all_blocks():
    """Observe blocks of any length: which fields they have does not depend on time."""
    from microbench import _core

    _core.observe_from(0)


# readline, which pytest imports, sets them for the programs that it starts: also for
# processes that share the tests. A terminal of a test has a size of its own.
for name in ('COLUMNS', 'LINES'):
    os.environ.pop(name, None)


# Files whose tests take longest, the longest first. Processes that share the tests get them
# file by file, in this order; so none is left with a long one when the others are done.
LONGEST = [
    'services/test_slurm.py',
    'structure/test_leaks.py',
    'structure/test_sdist.py',
    'exit/test_every_ending.py',
    'faults/test_crash_points.py',
    'neighbours/test_pyinstaller.py',
    'neighbours/test_runners.py',
    'neighbours/test_start_methods.py',
    'neighbours/test_functions.py',
    'neighbours/test_workers.py',
    'neighbours/test_graceful.py',
    'test_credentials.py',
    'test_csrc.py',
]


def pytest_collection_modifyitems(items):
    """Put the tests of LONGEST first."""
    place = {Path(__file__).parent / file: n for n, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def pytest_report_header():
    """Return which microbench is tested: the tree's, or a sanitized copy's."""
    found = importlib.util.find_spec('microbench')
    return f'microbench: {found.origin if found else "not found"}'


def _fail_late(number, frame):
    """Fail the running test, wherever it waits, and show where its threads are."""
    faulthandler.dump_traceback(2)
    pytest.fail(f'it hangs: not done after {DEADLINE:g} s (MICROBENCH_DEADLINE)')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Give the test a deadline, from its fixtures to their end; the next test follows.

    By a signal: a thread that watches, as of faulthandler_timeout, makes every fork() of a
    test warn, and ends all tests with the one that hangs. Processes of a test inherit
    neither timer nor handler.
    """
    if item.config.option.usepdb:
        return (yield)
    before = signal.signal(signal.SIGALRM, _fail_late)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_for_other_versions(reason, version=sys.version_info):
    """Return whether the reason of a skip names only other versions of CPython."""
    named = VERSIONS.search(str(reason))
    if named is None:
        return False
    return (version < (3, int(named[2]))) == (named[1] == 'from')


def _failed_if_skipped(report):
    if SKIPS_FAIL and report.skipped and not hasattr(report, 'wasxfail'):
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else where
        if is_for_other_versions(reason):
            return report
        report.outcome = 'failed'
        report.longrepr = f'MICROBENCH_REQUIRE_ALL forbids this skip. {reason}'
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Fail skips by mark, fixture or pytest.skip(), except for missing hardware."""
    report = yield
    if item.get_closest_marker('hardware'):
        return report
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    """Fail skips of whole modules, as by pytest.importorskip()."""
    return _failed_if_skipped((yield))
