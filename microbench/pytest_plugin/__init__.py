"""The pytest plugin: a fixture `microbench`, and a table at the end of the run.

pytest imports this module in every run, so it imports nothing: the others come with the
first test that asks for the fixture, or with an option.

    session.py     collects what tests have measured, also in processes of xdist
    found.py       what they have measured
    settings.py    options of the run and arguments of the marker
    fixture.py     what a test gets
    rounds.py      how a function is called: calibrated, in rounds, or once
    figures.py     statistics under the names that pytest-benchmark gives them
    against.py     the comparison with a baseline
    summary.py     the table
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .fixture import Fixture
    from .session import Session

MARKER = (
    'microbench(group=None, min_time=None, max_time=None, precision=None, '
    'min_rounds=None, warmup=True, warmup_iterations=None, disable_gc=False, timer=None): '
    'how the fixture microbench measures in this test'
)
VALUES = {
    'output': ('FILE', 'append the records to this file'),
    'json': ('FILE', 'write the rows of the table to this file, an object each'),
    'save': ('NAME', 'save the records as a baseline of this name'),
    'fail-over': ('PERCENT', 'fail if a test is slower for certain, and by more than that'),
    'min-time': ('SECONDS', 'the samples of a test take so long, at least (default: 0.1)'),
    'max-time': ('SECONDS', 'no sample begins later (default: 1)'),
    'precision': ('SHARE', 'end when the interval is as narrow as this (default: 0.01)'),
    'sort': ('COLUMN', 'order of the rows: collected, name, or a column of numbers'),
    'columns': ('COLUMNS', 'columns of the table, with commas between them'),
}
FLAGS = {
    'force': 'compare with a baseline of another machine or interpreter',
    'disable': 'call each function once, and measure nothing',
    'only': 'run only tests that use the fixture microbench',
    'skip': 'run no test that uses the fixture microbench',
}
SESSION = 'microbench-session'  # the name of the plugin that comes with it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup('microbench')
    for name, (metavar, text) in VALUES.items():
        group.addoption(f'--microbench-{name}', metavar=metavar, help=text)
    for name, text in FLAGS.items():
        group.addoption(f'--microbench-{name}', action='store_true', help=text)
    group.addoption(
        '--microbench-compare',
        metavar='NAME',
        nargs='?',
        const='',
        help='compare with a baseline: of this name, or the last that was saved',
    )


def pytest_configure(config: pytest.Config) -> None:
    """Add the marker; check the options, if there are some, before any test runs."""
    config.addinivalue_line('markers', MARKER)
    names = [*VALUES, *FLAGS, 'compare']
    given = (config.getoption(f'--microbench-{name}') for name in names)
    if any(value is not None and value is not False for value in given):
        session_of(config)


def session_of(config: pytest.Config) -> Session:
    """Return what the tests of this run have measured."""
    found: Session | None = config.pluginmanager.get_plugin(SESSION)
    if found is None:
        from .session import Session  # start-up time

        found = Session(config)
        config.pluginmanager.register(found, SESSION)
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a process of xdist the folder for its file."""
    session_of(node.config).prepare(node)


@pytest.fixture
def microbench(request: pytest.FixtureRequest) -> Fixture:
    """Measure how long code takes: see docs/pytest.md."""
    from .fixture import Fixture  # start-up time

    return Fixture(session_of(request.config), request.node)
